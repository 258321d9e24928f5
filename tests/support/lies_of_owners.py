"""Lies about owners: servers that mix up whose a record is and what a key may do, keep other values than were sent, or do not stop."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from lies import Lie
from mutants import Body, Bug, Mutant, asked, at, put, when
from signed_callbacks import told_by_callbacks

from runflow_mock.kit.suite.carriers import Answer

Change = Callable[[Any], Any]


def _learn(mutant: Mutant, answer: Answer) -> None:
    """Keeps the key of every tenant that was made, by each key that the tenant has."""
    if answer.path == "/_mock/tenants" and answer.status in (200, 201):
        told = answer.json
        mutant.memory.setdefault("owners", []).append(told["key"])
        mutant.memory.setdefault("full", {}).update(dict.fromkeys(told["keys"].values(), told["key"]))


def _any_scope_is_all(mutant: Mutant, answer: Answer) -> Answer:
    """A key that may do something may do everything."""
    _learn(mutant, answer)
    method, target, headers, body = asked(mutant)
    key = headers.get("Authorization", "").removeprefix("Bearer ")
    full = mutant.memory.get("full", {}).get(key)
    is_refused = answer.status == 403 and b"lacks the scope" in answer.body and "bare" not in key
    return mutant.again(method, target, {**headers, "Authorization": f"Bearer {full}"}, body) if is_refused and full else answer


def _readable_by_all(*methods: str) -> Callable[[Mutant, Answer], Answer]:
    """What is not there for one tenant is looked for at the one before."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        _learn(mutant, answer)
        method, target, headers, body = asked(mutant)
        if answer.status != 404 or method not in methods or not target.startswith("/v1/"):
            return answer
        for key in mutant.memory.get("owners", ())[-2:-1]:
            found = mutant.again(method, target, {**headers, "Authorization": f"Bearer {key}"}, body)
            if found.status < 300:
                return found
        return answer

    return spoil


def _shared_keys(mutant: Mutant, answer: Answer) -> Answer:
    """What was done under an idempotency key is told to whoever uses the same one."""
    method, _, headers, body = asked(mutant)
    used = headers.get("Idempotency-Key")
    if method != "POST" or used is None or answer.status >= 300:
        return answer
    return mutant.memory.setdefault("done", {}).setdefault((used, body), answer)  # type: ignore[no-any-return]


def _kept_otherwise(change: Change) -> Bug:
    """Metadata are kept with every value changed, and are the same wrong ones wherever they are told."""
    return when(lambda answer: answer.path.startswith("/v1/"), put("metadata", lambda value: _deeply(value, change)))


def _deeply(value: Any, change: Change) -> Any:
    if isinstance(value, dict):
        return {name: _deeply(part, change) for name, part in value.items()}
    if isinstance(value, list):
        return [_deeply(part, change) for part in value]
    return change(value)


def _of_text(change: Callable[[str], str]) -> Change:
    return lambda value: change(value) if isinstance(value, str) else value


def _never_off(method: str, target: str, headers: dict[str, str], body: bytes | None) -> tuple[str, str, dict[str, str], bytes | None]:
    if method == "PATCH" and target.startswith("/v1/webhooks/") and body and b"disabled_at" in body:
        content = {name: value for name, value in json.loads(body).items() if name != "disabled_at"}
        return method, target, headers, json.dumps(content).encode()
    return method, target, headers, body


def _in_callbacks(body: Body) -> None:
    body["metadata"] = _deeply(body.get("metadata"), _of_text(lambda text: text.encode("ascii", "replace").decode()))


KEPT = frozenset(("odd_value_is_kept",))
CASES: Mapping[str, Lie] = {
    "any scope opens everything": Lie(
        Bug(_any_scope_is_all), frozenset(("statuses_of_runs", "statuses_of_webhooks", "statuses_of_billing"))
    ),
    "records are shown to everybody who knows their id": Lie(Bug(_readable_by_all("GET")), frozenset(("record_is_ones_own",))),
    "records can be changed by everybody who knows their id": Lie(
        Bug(_readable_by_all("PATCH", "DELETE")), frozenset(("record_is_ones_own",))
    ),
    "idempotency keys are those of all organizations": Lie(Bug(_shared_keys), frozenset(("key_is_ones_own",))),
    "texts are kept as ASCII": Lie(_kept_otherwise(_of_text(lambda text: text.encode("ascii", "replace").decode())), KEPT),
    "texts are cut": Lie(_kept_otherwise(_of_text(lambda text: text[:255])), KEPT),
    "texts lose the blanks around them": Lie(_kept_otherwise(_of_text(str.strip)), KEPT),
    "texts without letters are kept as nothing": Lie(_kept_otherwise(_of_text(lambda text: text or None)), KEPT),  # type: ignore[arg-type,return-value]
    "true is kept as 1": Lie(_kept_otherwise(lambda value: int(value) if isinstance(value, bool) else value), KEPT),
    "big numbers are rounded": Lie(_kept_otherwise(lambda value: value - 1 if isinstance(value, int) and value > 2**50 else value), KEPT),
    "callbacks are ASCII": Lie(told_by_callbacks(_in_callbacks), KEPT),
    "a webhook that was switched off is told all the same": Lie(
        Bug(
            lambda mutant, answer: (
                answer.with_body(answer.body.replace(b'"disabled_at":null', b'"disabled_at":"2026-01-01T00:00:00.000Z"'))
                if at("PATCH", "/v1/webhooks/")(answer)
                else answer
            ),
            _never_off,
        ),
        frozenset(("webhook_stops",)),
    ),
}

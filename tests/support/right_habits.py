"""Right servers with habits: what is null is null or left out, and one thing is written in several ways, as other stacks do it."""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_UP, Decimal
from functools import cache
from itertools import count

from lies_of_moments import told_everywhere
from msgspec.structs import replace
from mutants import Asked, Body, Bug, Mutant, asked, changed, is_of_the_api, put, records, when
from signed_callbacks import PULL, known_secrets, resent

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.memories import packaged_walk
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.openapi.promises import documented_contract

INSTANT = re.compile(r"(T\d\d:\d\d:\d\d\.\d{3})Z")
READ = re.compile(r"(&|%26)reading(=|%3D)\d+")
AMOUNTS = ("cost", "balance", "balance_usd", "low_balance_threshold")
BETWEEN = ("cf-ray", "x-runtime", "x-amzn-trace-id", "x-served-by", "ratelimit-remaining", "expires", "x-envoy-upstream-service-time")


@cache
def _required() -> frozenset[str]:
    """What any schema of the contract's sources requires."""
    found, parts = set[str](), [documented_contract().document]
    while parts:
        part: Body = parts.pop()
        required = part.get("required") if isinstance(part, dict) else None
        found |= set(required) if isinstance(required, list) else set()
        parts += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return frozenset(found)


def _sparingly(mutant: Mutant, answer: Answer) -> Answer:
    """What is null and need not be there is left out; what a model made stays as it made it."""
    if not is_of_the_api(answer) or answer.json is None or answer.method == "HEAD":
        return answer
    addressed = packaged_contract().address(answer.path)
    declared = None if addressed is None else packaged_contract().operation(addressed.path, answer.method)
    pointer = None if declared is None else declared.responses.get(str(answer.status), {}).get("application/json")
    body, kept = answer.json, _required() - ({"errors"} if answer.status >= 400 else set())
    for part in () if pointer is None else list(packaged_walk().objects(pointer, body)):
        for name in () if "output" in part.way else part.described.properties.keys() - kept:
            if part.value.get(name, 0) is None:
                del part.value[name]
    return answer.with_body(json.dumps(body).encode())


def _null(*names: str, where: str = "") -> Bug:
    """Fields that are always null, in answers and in what is kept of callbacks; `where` is another field of the same record."""

    def change(record: Body) -> None:
        if not where or where in record:
            record |= {name: None for name in names if name in record}

    return when(is_of_the_api, records(change))


def _of_messages(change: Callable[[Body], None]) -> Bug:
    """A change of what is sent, signed as it is sent, and of what is kept of it; records stay as they are."""
    told = told_everywhere(records(lambda record: change(record) if "event" in record and "metadata" in record else None))
    return Bug(lambda mutant, answer: answer if answer.path == "/v1/openapi.json" else told.spoil(mutant, answer))


def _finer(record: Body) -> None:
    record |= {name: INSTANT.sub(r"\g<1>400Z", record[name]) for name in ("created_at", "completed_at") if record.get(name)}


def _just_made(mutant: Mutant, answer: Answer) -> Answer:
    """What was just made is told as exactly as it is in memory, and later as exactly as it was kept."""
    if answer.method != "POST" or answer.status not in (201, 202) or not is_of_the_api(answer) or "Idempotency-Key" in asked(mutant)[2]:
        return answer
    return changed(answer, records(lambda record: _finer(record) if "id" in record else None))


def _in_lists(change: Callable[[Body], None]) -> Bug:
    """A change of records in lists alone."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        if not is_of_the_api(answer) or answer.json is None or "items" not in answer.json or "id" in answer.json:
            return answer
        return changed(answer, records(change))

    return Bug(spoil)


def _to_the_second(record: Body) -> None:
    """Instants without their fractions; what was sent in a callback stays as it was sent."""
    if "event" not in record:
        instants = {name: value for name, value in record.items() if name.endswith(("_at", "timestamp")) and isinstance(value, str)}
        record |= {name: INSTANT.sub(lambda told: f"{told[1][:9]}Z", value) for name, value in instants.items()}


def _shorter(record: Body) -> None:
    """Amounts have no zeros at their end."""
    told = {name: record[name] for name in AMOUNTS if isinstance(record.get(name), str)}
    record |= {name: amount.rstrip("0").rstrip(".") or "0" for name, amount in told.items()}


def _to_the_cent(rounding: str) -> Bug:
    """What an account has is told to the cent, and what is charged as exactly as ever."""

    def change(record: Body) -> None:
        told = {name: record[name] for name in ("balance", "balance_usd") if isinstance(record.get(name), str)}
        record |= {name: str(Decimal(amount).quantize(Decimal("0.01"), rounding)) for name, amount in told.items()}

    return when(is_of_the_api, records(change))


def _signed_anew(mutant: Mutant, answer: Answer) -> Answer:
    """Each reading signs the addresses of files anew."""
    if not is_of_the_api(answer) or answer.json is None or b"/media/" not in answer.body:
        return answer
    number = mutant.memory["readings"] = mutant.memory.get("readings", 0) + 1

    def change(record: Body) -> None:
        for name in ("output", "thumbnail_url") if "id" in record else ():
            if record.get(name) is not None:
                told = json.dumps(record[name])
                record[name] = json.loads(re.sub(r"(/media/[^\"?]+\?[^\"]+)", rf"\g<1>&reading={number}", READ.sub("", told)))

    return changed(answer, records(change))


def _as_signed(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    return method, READ.sub("", target), headers, body


def _between() -> Bug:
    """Headers of what lies between server and client, others in each answer."""
    numbers = count(1)

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        return replace(answer, headers={**answer.headers, **{name: f"{next(numbers)}-FRA" for name in BETWEEN}})

    return Bug(spoil)


def _repeated_whole(mutant: Mutant, answer: Answer) -> Answer:
    """An answer under a key that was used is repeated with its headers."""
    method, target, sent, body = asked(mutant)
    if method != "POST" or "Idempotency-Key" not in sent or answer.status >= 300:
        return answer
    first = mutant.memory.setdefault(repr((sent.get("Authorization"), target, sent["Idempotency-Key"], body)), answer)
    return replace(answer, headers=first.headers) if first.body == answer.body else answer


def _problems(change: Callable[[str], str]) -> Bug:
    """Problems that are called otherwise."""
    return when(lambda answer: answer.status == 422 and is_of_the_api(answer), put("type", change))


def _dated(mutant: Mutant, answer: Answer) -> Answer:
    """Two servers behind one address, of which one is three seconds late."""
    number = mutant.memory["answers"] = mutant.memory.get("answers", 0) + 1
    return replace(answer, headers={**answer.headers, "date": f"Sun, 01 Mar 2026 10:00:0{3 * (number % 2)} GMT"})


def _spaced(mutant: Mutant, answer: Answer) -> Answer:
    """Callbacks are written with spaces, and kept so."""
    secrets = known_secrets(mutant, answer)

    def kept(record: Body) -> None:
        if isinstance(record.get("payload_bytes"), str):
            record["payload_bytes"] = json.dumps(json.loads(record["payload_bytes"]))

    def sent(item: Body) -> Body:
        return resent(item, json.dumps(json.loads(b64decode(item["base64"]))).encode(), secrets)

    if answer.path == PULL:
        return changed(answer, lambda body: {"items": [sent(item) for item in body["items"]]})
    return changed(answer, records(kept)) if is_of_the_api(answer) else answer


HABITS: Mapping[str, Bug] = {
    # No record has to have a field, and each may be null.
    "leaves out what is null": Bug(_sparingly),
    "does not say whose anything is": _null("org_id"),
    "does not say what a run was made with": _null("model_id", "comfyui_workflow_id", "flow_id", "target_type", "target_id"),
    "does not say when anything was changed": _null("updated_at"),
    "does not say when anything began": _null("started_at"),
    "does not say how secrets begin": _null("key_prefix"),
    "does not count attempts": _null("attempt_count", "max_attempts"),
    "keeps no answers and no times of receivers": _null("response_body", "response_time_ms", "error_message", where="attempt_number"),
    "does not show fingerprints": _null("secret_fingerprint"),
    "says little of assets": _null("r2_key", "source_type", "thumbnail_url"),
    "says little of evaluations": _null("target_type_code", "submitted_at", "override_reason"),
    "does not say which states end": _null("is_terminal"),
    "does not name the nodes of its steps": _null("node_id", "flow_id", "retry_count", where="retry_count"),
    # One thing may be written in several ways.
    "tells callbacks to the microsecond": _of_messages(_finer),
    "tells what was just made to the microsecond": Bug(_just_made),
    "tells more in callbacks": _of_messages(lambda content: content.update(api_version="2026-01", attempt=None)),
    "writes callbacks with spaces": Bug(_spaced),
    "writes amounts without zeros in lists": _in_lists(_shorter),
    "tells lists to the second": _in_lists(_to_the_second),
    "writes amounts with more zeros": when(
        is_of_the_api,
        records(lambda record: record.update({name: f"{record[name]}000" for name in AMOUNTS if isinstance(record.get(name), str)})),
    ),
    "signs addresses anew at each reading": Bug(_signed_anew, _as_signed),
    "stands behind much": _between(),
    "repeats headers as well": Bug(_repeated_whole),
    "calls problems in camels": _problems(lambda name: "".join(map(str.title, name.split("_")))),
    "calls problems with dashes": _problems(lambda name: name.replace("_", "-")),
    "is two servers with two clocks": Bug(_dated),
}
TELLS_CENTS: Mapping[str, Bug] = {
    "the nearest, or the even one": _to_the_cent(ROUND_HALF_EVEN),
    "the one below": _to_the_cent(ROUND_FLOOR),
    "the one above": _to_the_cent(ROUND_UP),
}
"""Balances to the cent, and which."""

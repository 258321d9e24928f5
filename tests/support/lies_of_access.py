"""Lies about keys and secrets: who comes in without one, which one counts, and who is shown it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from lies import Lie, lie
from msgspec.structs import replace
from mutants import Body, Bug, Mutant, asked, changed, is_granted_of_records, put, records
from signed_callbacks import PULL, known_secrets

from runflow_mock.kit.suite.carriers import Answer

SECRETS = "/v1/callback-secrets"
NO = {"loc": ["body"], "msg": "No.", "type": "value_error"}
Fits = Callable[[str, str], bool]


def key_of(mutant: Mutant) -> str | None:
    """Returns with what a request asks to be let in."""
    return {name.lower(): value for name, value in asked(mutant)[2].items()}.get("authorization")


def _refusing(answer: Answer, loc: list[str]) -> Answer:
    content = {"code": "VALIDATION_ERROR", "message": "No.", "errors": [{**NO, "loc": loc}]}
    return replace(answer.with_body(json.dumps(content).encode()), status=422)


def known_keys(mutant: Mutant, answer: Answer) -> list[str]:
    """Returns with what the tenants that were made so far are let in."""
    keys: list[str] = mutant.memory.setdefault("keys", [])
    if answer.path == "/_mock/tenants" and answer.status < 300 and "key" in answer.json:
        keys.append(f"Bearer {answer.json['key']}")
    return keys


def _head_is_open(mutant: Mutant, answer: Answer) -> Answer:
    keys, (method, target, _, _) = known_keys(mutant, answer), asked(mutant)
    if (method, answer.status, key_of(mutant)) != ("HEAD", 401, None) or not keys:
        return answer
    return replace(mutant.again("GET", target, {"Authorization": keys[-1]}), body=b"")


def _taken_for(fits: Fits) -> Bug:
    """Whatever fits a key that is known lets in as that one does."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        key, known = key_of(mutant), known_keys(mutant, answer)
        if not answer.path.startswith("/v1/") or key is None or answer.status != 401:
            return answer
        method, target, headers, body = asked(mutant)
        fitting = [each for each in known if fits(key, each)]
        return mutant.again(method, target, {**headers, "Authorization": fitting[0]}, body) if fitting else answer

    return Bug(spoil)


def _body_comes_first(mutant: Mutant, answer: Answer) -> Answer:
    method, _, _, body = asked(mutant)
    is_wrong = method == "POST" and body == b"{}" and answer.status == 401 and key_of(mutant) is None
    return _refusing(answer, ["body"]) if is_wrong else answer


def _query_comes_first(mutant: Mutant, answer: Answer) -> Answer:
    is_wrong = "limit=0" in answer.target and answer.status == 401 and key_of(mutant) is None
    return _refusing(answer, ["query", "limit"]) if is_wrong else answer


def _none_follows(mutant: Mutant, answer: Answer) -> Answer:
    """Once a secret was deleted none is current until another one is made."""
    method, _, _, _ = asked(mutant)
    if answer.path == "/_mock/tenants" or (method, answer.path) == ("POST", SECRETS):
        mutant.memory.pop("none", None)
    if method == "DELETE" and answer.path.startswith(SECRETS) and answer.status == 204:
        mutant.memory["none"] = True
    return changed(answer, put("is_current", lambda value: False)) if is_granted_of_records(answer) and "none" in mutant.memory else answer


def _called_by_its_end(mutant: Mutant, answer: Answer) -> Answer:
    ends: dict[str, str] = mutant.memory.setdefault("ends", {})
    if answer.path == SECRETS and answer.status == 201:
        ends[answer.json["id"]] = answer.json["plain_secret"][-12:]

    def change(record: Body) -> None:
        if "key_prefix" in record:
            record["key_prefix"] = ends.get(str(record.get("id")), record["key_prefix"])

    return changed(answer, records(change)) if is_granted_of_records(answer) else answer


def _shows_the_key(mutant: Mutant, answer: Answer) -> Answer:
    key = key_of(mutant)
    if not answer.path.startswith("/v1/") or answer.status not in (404, 422) or key is None or answer.json is None:
        return answer
    return changed(answer, lambda body: {**body, "message": f"This was asked with {key.removeprefix('Bearer ')}."})


def _sent_with_its_secret(mutant: Mutant, answer: Answer) -> Answer:
    secrets = known_secrets(mutant, answer)
    if answer.path != PULL or not secrets:
        return answer

    def more(item: dict[str, Any]) -> dict[str, Any]:
        return {**item, "headers": {**item["headers"], "X-Runflow-Secret": secrets[-1]}}

    return changed(answer, lambda body: {"items": [more(item) for item in body["items"]]})


def _changes_show_the_secret(mutant: Mutant, answer: Answer) -> Answer:
    """Who changes a webhook is shown the secret that it was made with."""
    method, _, _, body = asked(mutant)
    kept: dict[str, str] = mutant.memory.setdefault("of webhooks", {})
    if not answer.path.startswith("/v1/webhooks") or answer.status >= 300 or method not in ("POST", "PATCH"):
        return answer
    sent, key = json.loads(body or b"{}"), answer.json["id"]
    kept[key] = sent.get("secret", kept.get(key, ""))
    return changed(answer, lambda told: {**told, "secret": kept[key]}) if method == "PATCH" and "secret" not in sent else answer


NEEDED = "key_is_needed"
CASES: Mapping[str, Lie] = {
    "HEAD needs no key": lie(Bug(_head_is_open), NEEDED),
    "keys are known in any capitals": lie(_taken_for(lambda key, known: key != known and key.lower() == known.lower()), NEEDED),
    "any scheme brings a key in": lie(
        _taken_for(lambda key, known: " " in key and key != known and key.partition(" ")[2] == known.partition(" ")[2]), NEEDED
    ),
    "a key needs no scheme": lie(_taken_for(lambda key, known: key == known.partition(" ")[2]), NEEDED),
    "a wrong body is told to who has no key": lie(Bug(_body_comes_first), "statuses_of_webhooks", "statuses_of_callback_secrets"),
    "a wrong query is told to who has no key": lie(Bug(_query_comes_first), "statuses_of_webhooks", "statuses_of_runs"),
    "after the current secret was deleted none is": lie(Bug(_none_follows), "one_secret_signs"),
    "a secret is called by its end": lie(Bug(_called_by_its_end), "says_it_alike"),
    "a refusal shows the key of whoever asks": lie(Bug(_shows_the_key), "keeps_secrets"),
    "a callback is sent with the secret that signs it": lie(Bug(_sent_with_its_secret), "callback_is_sent_as_promised"),
    "who changes a webhook is shown its secret": lie(Bug(_changes_show_the_secret), "keeps_secrets"),
}

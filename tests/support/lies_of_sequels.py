"""Lies about what comes after: a change that is told and not taken, what is deleted and goes on, what is paid with the last cent."""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping

from lies import Lie, lie, read_body
from lies_of_access import key_of
from msgspec.structs import replace
from mutants import Asked, Body, Bug, Mutant, asked, changed, is_granted_of_records, records, same, when
from signed_callbacks import PULL

from runflow_mock.kit.suite.carriers import Answer

FAR = "2099-01-01T00:00:00.000Z"
TOO_POOR = {"code": "INSUFFICIENT_CREDITS", "message": "No.", "errors": None}


def _changed_when_gone(noun: str) -> Bug:
    """What was deleted is not found, and can be changed all the same."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        method, _, _, body = asked(mutant)
        place = f"{key_of(mutant)} {answer.path}"
        if not re.fullmatch(rf"/v1/{noun}/[^/]+", answer.path):
            return answer
        if answer.status == 200 and isinstance(answer.json, dict):
            mutant.memory[place] = answer.json
        if method != "PATCH" or answer.status != 404 or place not in mutant.memory:
            return answer
        return replace(answer.with_body(json.dumps({**mutant.memory[place], **read_body(body)}).encode()), status=200)

    return Bug(spoil)


def _at_its_old_address(mutant: Mutant, answer: Answer) -> Answer:
    """Whoever moves a webhook is told so, and what it is sent goes to where it was."""
    method, _, _, body = asked(mutant)
    was: dict[str, str] = mutant.memory.setdefault("was", {})
    told = answer.json if answer.path.startswith("/v1/webhooks") and answer.status < 300 and method in ("POST", "PATCH") else None
    if isinstance(told, dict) and "url" in told:
        first = mutant.memory.setdefault(f"{key_of(mutant)} {told['id']}", told["url"])
        was |= {told["url"]: first} if "url" in (read_body(body) or {}) else {}
    if answer.path != PULL:
        return answer
    return changed(answer, lambda sent: {"items": [{**item, "url": was.get(item["url"], item["url"])} for item in sent["items"]]})


def _told_at_one_place(mutant: Mutant, answer: Answer) -> Answer:
    """A run that succeeded and has an address of its own is not told to webhooks."""
    if answer.path != PULL or answer.json is None:
        return answer
    own: set[str] = mutant.memory.setdefault("own", set())
    contents = [json.loads(b64decode(item["base64"])) for item in answer.json["items"]]
    sent = list(zip(answer.json["items"], contents, strict=True))
    own |= {str(content.get("run_id")) for item, content in sent if item["url"].endswith("/own")}
    kept = [item for item, content in sent if content.get("run_id") not in own or item["url"].endswith("/own")]
    return changed(answer, lambda _: {"items": kept})


def _first_for_last(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    told = {name: re.sub(r"^bytes=-4$", "bytes=0-3", text) if name == "Range" else text for name, text in headers.items()}
    return method, target, told, body


def _used_together(mutant: Mutant, answer: Answer) -> Answer:
    """Every secret was used when one of them was."""
    used = [item["last_used_at"] for item in answer.json["items"] if item.get("last_used_at")] if _is_list_of_secrets(answer) else []
    if not used:
        return answer
    return changed(answer, lambda body: {**body, "items": [{**item, "last_used_at": max(used)} for item in body["items"]]})


def _is_list_of_secrets(answer: Answer) -> bool:
    return answer.path == "/v1/callback-secrets" and answer.method == "GET" and answer.status == 200


def _of(name: str, change: Callable[[Body], None]) -> Bug:
    return when(is_granted_of_records, records(lambda record: change(record) if name in record else None))


def _more_than_it_costs(mutant: Mutant, answer: Answer) -> Answer:
    """A run is made only where something is left after it."""
    _, target, headers, _ = asked(mutant)
    own = {name: text for name, text in headers.items() if name == "Authorization"}
    if answer.status != 201 or not target.endswith("/runs"):
        return answer
    left = float(mutant.again("GET", "/v1/billing/balance", own).json["balance"])
    return replace(answer.with_body(json.dumps(TOO_POOR).encode()), status=402) if 0 < left < 1 else answer


CASES: Mapping[str, Lie] = {
    "a secret can be changed after it was deleted": lie(_changed_when_gone("callback-secrets"), "deleted_is_gone"),
    "a webhook can be changed after it was deleted": lie(_changed_when_gone("webhooks"), "deleted_is_gone"),
    "what is sent to a webhook goes to where that was": lie(Bug(_at_its_old_address), "webhook_changes"),
    "webhooks are not told of what has an address of its own": lie(Bug(_told_at_one_place), "webhook_is_signed"),
    "the last bytes of a file are its first": lie(Bug(same, _first_for_last), "file_is_there"),
    "every secret was used when one of them was": lie(Bug(_used_together), "current_secret_signs"),
    "an account was warned of what is to come": lie(
        _of("low_balance_notified_at", lambda record: record.update(low_balance_notified_at=FAR)), "happens_when_it_says"
    ),
    "an asset that is there was deleted": lie(
        _of("r2_key", lambda record: record.update(deleted_at=record["created_at"]) if "created_at" in record else None), "made_is_there"
    ),
    "the last of a balance cannot be spent": lie(Bug(_more_than_it_costs), "poverty_is_told"),
}

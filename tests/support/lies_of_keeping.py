"""Lies about keeping: what a server keeps of a change and of a secret, how it dates it, and whom it shows what is somebody else's."""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from lies import Lie, lie
from mutants import Asked, Body, Bug, Mutant, asked, at, changed, put, records, same, when
from signed_callbacks import PULL

from runflow_mock.domain.signing import sign_bare, sign_timestamped
from runflow_mock.kit.suite.carriers import Answer


def later(text: Body, hours: float = 1) -> Body:
    if not isinstance(text, str):
        return text
    moved = datetime.fromisoformat(text) + timedelta(hours=hours)
    return moved.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown(where: Callable[[Answer], bool], secret_of: Callable[[Mutant, Answer], str | None], show: Callable[[Body, str], None]) -> Bug:
    """Something that should stay secret is told where a record is read."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        found = secret_of(mutant, answer)
        if found is not None:
            mutant.memory["secret"] = found
        if not where(answer) or "secret" not in mutant.memory:
            return answer
        return changed(answer, records(lambda record: show(record, mutant.memory["secret"])))

    return Bug(spoil)


def _of_a_webhook(mutant: Mutant, answer: Answer) -> str | None:
    method, target, _, body = asked(mutant)
    if method == "POST" and target == "/v1/webhooks" and answer.status == 201:
        return str(json.loads(body or b"{}")["secret"])
    return None


def _of_callbacks(mutant: Mutant, answer: Answer) -> str | None:
    return str(answer.json["plain_secret"]) if answer.path == "/v1/callback-secrets" and answer.status == 201 else None


def _of_the_caller(mutant: Mutant, answer: Answer) -> str | None:
    return asked(mutant)[2].get("Authorization") if answer.path.startswith("/v1/runs") else None


def _forgetful(start: str, named: str, empty: Body) -> Bug:
    """A change forgets what it was not told of."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        method, target, _, body = asked(mutant)
        if method == "PATCH" and target.startswith(start) and answer.status == 200:
            mutant.memory[f"{named} {answer.json['id']}"] = named not in json.loads(body or b"{}")
        if answer.status >= 300 or not answer.path.startswith(start):
            return answer

        def forget(record: Body) -> None:
            if named in record and mutant.memory.get(f"{named} {record.get('id')}"):
                record[named] = empty

        return changed(answer, records(forget))

    return Bug(spoil)


def _never_taken_back(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    """An opinion that was given cannot be taken back."""
    if method == "PATCH" and target.endswith("/feedback") and body and json.loads(body).get("is_positive", 0) is None:
        return method, target, headers, json.dumps({"is_positive": True}).encode()
    return method, target, headers, body


def _never_without(name: str, value: Body) -> Bug:
    """What is set to nothing is set to something."""

    def on_request(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
        sent = json.loads(body) if method == "PATCH" and body and body[:1] == b"{" and body[-1:] == b"}" else None
        if isinstance(sent, dict) and sent.get(name, 0) is None:
            return method, target, headers, json.dumps({**sent, name: value}).encode()
        return method, target, headers, body

    return Bug(same, on_request)


def _as_created(record: Body) -> None:
    if "updated_at" in record and "created_at" in record:
        record["updated_at"] = record["created_at"]


def _of_everybody(mutant: Mutant, answer: Answer) -> Answer:
    """A webhook is told of what others' runs do as well."""
    key = asked(mutant)[2].get("Authorization", "")
    if answer.path == "/v1/webhooks" and answer.status == 201:
        mutant.memory[f"hook {key}"] = answer.json["url"]
    if answer.path != PULL:
        return answer
    others = [item for owner, items in mutant.memory.get("pulled", {}).items() if owner != key for item in items]
    mutant.memory.setdefault("pulled", {}).setdefault(key, []).extend(answer.json["items"])
    hook = mutant.memory.get(f"hook {key}")
    if not hook or not others:
        return answer
    mutant.memory["pulled"] = {key: mutant.memory["pulled"][key]}
    return changed(answer, lambda told: {**told, "items": [*told["items"], *({**item, "url": hook} for item in others)]})


def _lent(mutant: Mutant, answer: Answer) -> Answer:
    """An asset is taken as an input whoever it belongs to."""
    method, target, headers, body = asked(mutant)
    if method == "POST" and answer.status == 422 and body and b"runflow://assets/" in body:
        other = re.sub(rb"runflow://assets/[0-9a-f-]{36}", b"https://cdn.example.com/shoe.jpg", body)
        return mutant.again(method, target, headers, other)
    return answer


def _sought_everywhere(mutant: Mutant, answer: Answer) -> Answer:
    """What is sought by its id is found whoever it belongs to."""
    if answer.path == "/_mock/tenants" and answer.status in (200, 201):
        mutant.memory.setdefault("owners", []).append(answer.json["key"])
    method, target, headers, body = asked(mutant)
    if method != "GET" or answer.status != 200 or "q=id" not in target or (answer.json or {}).get("items") != []:
        return answer
    for key in mutant.memory.get("owners", ())[-2:-1]:
        found = mutant.again(method, target, {**headers, "Authorization": f"Bearer {key}"}, body)
        if found.status == 200 and found.json.get("items"):
            return found
    return answer


def _listed_early(mutant: Mutant, answer: Answer) -> Answer:
    """What was announced is among the assets before it was brought."""
    key = asked(mutant)[2].get("Authorization")
    if answer.path == "/v1/asset-uploads" and answer.status == 201:
        mutant.memory.setdefault(f"announced {key}", []).append(answer.json["asset_id"])
    if at("GET", "/v1/assets", 200)(answer) and answer.path == "/v1/assets" and "q=" not in answer.target:
        have = {item.get("id") for item in answer.json["items"]}
        early = [each for each in mutant.memory.get(f"announced {key}", ()) if each not in have]
        like: Body = next(iter(answer.json["items"]), {})
        return changed(answer, lambda body: {**body, "items": [*body["items"], *({**like, "id": each} for each in early)]})
    return answer


def _signs_after_its_end(mutant: Mutant, answer: Answer) -> Answer:
    """A secret that was deleted goes on signing."""
    method, target, _, _ = asked(mutant)
    known = mutant.memory.setdefault("known", {})
    if answer.path == "/v1/callback-secrets" and answer.status == 201:
        known[answer.json["id"]] = answer.json["plain_secret"]
    if method == "DELETE" and target.startswith("/v1/callback-secrets/") and answer.status == 204:
        mutant.memory["deleted"] = known.get(target.rpartition("/")[2])
    if answer.path == "/_mock/tenants":
        mutant.memory.pop("deleted", None)
        known.clear()
    if answer.path != PULL or not mutant.memory.get("deleted"):
        return answer

    def resigned(item: Body) -> Body:
        raw, headers = b64decode(item["base64"]), dict(item["headers"])
        moment = headers.get("Runflow-Timestamp")
        secret = mutant.memory["deleted"]
        headers["Runflow-Signature"] = sign_bare(raw, secret) if moment is None else sign_timestamped(raw, int(moment), secret)
        return {**item, "headers": headers}

    return changed(answer, lambda told: {"items": [resigned(item) for item in told["items"]]})


def _coded(status: int, code: str) -> Bug:
    return when(
        lambda answer: answer.status == status and answer.path.startswith("/v1/") and isinstance(answer.json, dict),
        lambda body: {**body, "code": code},
    )


_WEBHOOK = at("GET", "/v1/webhooks", 200)


def _whoever_signed(mutant: Mutant, answer: Answer) -> Answer:
    """A file is given to whoever knows its path."""
    method, target, headers, _ = asked(mutant)
    right = mutant.memory.setdefault("addresses", {})
    if target.startswith(("/v1/", "/_mock/")):
        return answer
    if answer.status == 200:
        right[answer.path] = target
    return mutant.again(method, right[answer.path], headers) if answer.status == 403 and answer.path in right else answer


def _read_after_its_end(path: str) -> Bug:
    """What was deleted is read as before."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        method, target, headers, _ = asked(mutant)
        key = f"{headers.get('Authorization')} {target}"
        if method != "GET" or not target.startswith(path):
            return answer
        if answer.status == 200:
            mutant.memory[key] = answer
        return mutant.memory.get(key, answer) if answer.status == 404 else answer

    return Bug(spoil)


CASES: Mapping[str, Lie] = {
    # Secrets.
    "a webhook shows its secret": lie(
        _shown(_WEBHOOK, _of_a_webhook, lambda record, secret: record.update(secret=secret) if "secret_fingerprint" in record else None),
        "keeps_secrets",
    ),
    "a webhook shows its secret as its fingerprint": lie(
        _shown(
            _WEBHOOK,
            _of_a_webhook,
            lambda record, secret: record.update(secret_fingerprint=secret) if "secret_fingerprint" in record else None,
        ),
        "keeps_secrets",
    ),
    "a delivery shows the secret that signed it": lie(
        _shown(
            at("GET", "/v1/runs/", 200, "/callback"),
            _of_callbacks,
            lambda record, secret: record.update(failure_detail=secret) if "signing_secret_id" in record else None,
        ),
        "keeps_secrets",
    ),
    "a log shows the key of whoever asks": lie(
        _shown(
            at("GET", "/v1/runs/", 200),
            _of_the_caller,
            lambda record, secret: record.update(message=secret) if "level_code" in record else None,
        ),
        "keeps_secrets",
    ),
    "a secret that was deleted goes on signing": lie(Bug(_signs_after_its_end), "current_secret_signs"),
    # Changes.
    "a change of a webhook forgets its events": lie(_forgetful("/v1/webhooks", "event_subscriptions", []), "changes_what_it_says"),
    "a change of a secret forgets its label": lie(_forgetful("/v1/callback-secrets", "label", None), "changes_what_it_says"),
    "a change of a workflow forgets its description": lie(_forgetful("/v1/comfyui-workflows", "description", None), "changes_what_it_says"),
    "an opinion cannot be taken back": lie(Bug(same, _never_taken_back), "changes_what_it_says"),
    "a warning about the balance cannot be taken back": lie(_never_without("low_balance_threshold", 5), "changes_what_it_says"),
    "a secret was last changed when it was made": lie(
        when(lambda answer: answer.path.startswith("/v1/callback-secrets"), records(_as_created)), "change_is_dated"
    ),
    "a workflow was last changed when it was made": lie(
        when(lambda answer: answer.path.startswith("/v1/comfyui-workflows"), records(_as_created)), "change_is_dated"
    ),
    "a balance was last changed when it was made": lie(
        when(lambda answer: answer.path.startswith(("/v1/billing", "/v1/credit-balances")), records(_as_created)), "change_is_dated"
    ),
    "a webhook was made an hour before": lie(
        when(
            lambda answer: answer.path.startswith("/v1/webhooks") and "/deliveries" not in answer.path,
            records(
                lambda record: (
                    record.update(created_at=later(record["created_at"], -1))
                    if "secret_fingerprint" in record and "created_at" in record
                    else None
                )
            ),
        ),
        "made_in_its_turn",
    ),
    "an asset was made an hour later": lie(
        when(
            lambda answer: answer.path.startswith(("/v1/assets", "/v1/asset-uploads")),
            records(
                lambda record: (
                    record.update(created_at=later(record["created_at"]), updated_at=later(record["updated_at"]))
                    if "r2_key" in record and {"created_at", "updated_at"} <= record.keys()
                    else None
                )
            ),
        ),
        "made_in_its_turn",
        "records_agree",
    ),
    "no secret was ever used": lie(
        when(lambda answer: answer.path.startswith("/v1/callback-secrets"), put("last_used_at", lambda value: None)), "current_secret_signs"
    ),
    "no webhook was ever triggered": lie(
        when(lambda answer: answer.path.startswith("/v1/webhooks"), put("last_triggered_at", lambda value: None)), "webhook_is_signed"
    ),
    "a local time is told of an end": lie(
        when(at("GET", "/v1/", 200), put("completed_at", lambda text: text and later(text, 2).replace("Z", "+02:00"))), "time_in_order"
    ),
    "a local time is told of a log": lie(
        when(at("GET", "/v1/runs/", 200), put("timestamp", lambda text: later(text, 2).replace("Z", "+02:00"))), "answer_schema"
    ),
    "an evaluation was submitted before it was made": lie(
        when(at("GET", "/v1/evaluations/", 200), put("submitted_at", lambda text: later(text, -1))), "records_agree"
    ),
    # Whose it is.
    "webhooks are told of everybody's runs": lie(Bug(_of_everybody), "input_is_ones_own"),
    "an asset of somebody else is taken as an input": lie(Bug(_lent), "input_is_ones_own"),
    "what is sought by its id is found whoever it belongs to": lie(Bug(_sought_everywhere), "input_is_ones_own"),
    "a file is given to whoever knows its path": lie(Bug(_whoever_signed), "file_expires"),
    "a webhook is read after it was deleted": lie(_read_after_its_end("/v1/webhooks/"), "deleted_is_gone"),
    "a workflow is read after it was deleted": lie(_read_after_its_end("/v1/comfyui-workflows/"), "deleted_is_gone"),
    "lists of examples lose a name of their inputs": lie(
        when(
            lambda answer: answer.method == "GET" and answer.path.endswith("/examples"),
            records(lambda record: record["input"].pop("config", None) if isinstance(record.get("input"), dict) else None),
        ),
        "records_agree",
    ),
    "who made a model is not listed": lie(
        when(lambda answer: answer.path == "/v1/model-creators" and answer.status == 200, lambda body: {**body, "items": [], "next": None}),
        "model_creators_agree",
    ),
    "all webhooks have one fingerprint": lie(
        when(lambda answer: answer.path.startswith("/v1/webhooks"), put("secret_fingerprint", lambda value: value and "3f9a1c")),
        "secrets_told_apart",
    ),
    "an upload is listed before it is confirmed": lie(Bug(_listed_early), "upload_is_kept"),
    # Codes.
    "whatever is not there is a run that is not there": lie(_coded(404, "RUN_NOT_FOUND"), "code_fits_status"),
    "whoever may not do something has not verified their address": lie(_coded(403, "EMAIL_NOT_VERIFIED"), "statuses_of_runs"),
}

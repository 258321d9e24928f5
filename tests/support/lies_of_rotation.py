"""Lies about what is brought, counted, tried and signed: uploads, quotas, attempts, and secrets that took another's place."""

from base64 import b64decode
from collections.abc import Callable, Mapping

from lies import Lie, lie
from msgspec.structs import replace
from mutants import Body, Bug, Mutant, at, changed, put, when
from signed_callbacks import PULL, known_secrets

from runflow_mock.domain.signing import sign_bare, sign_timestamped
from runflow_mock.kit.suite.carriers import Answer

LIST = at("GET", "/v1/runs", 200)
DELIVERIES = at("GET", "/v1/", 200, "/callback")


def _is_new_world(answer: Answer) -> bool:
    return answer.path == "/_mock/tenants"


def _let_through(mutant: Mutant, answer: Answer) -> Answer:
    """The first request beyond a quota is answered as the one before."""
    if _is_new_world(answer):
        mutant.memory.clear()
    if LIST(answer):
        mutant.memory["right"] = answer
    if answer.status == 429 and answer.path == "/v1/runs" and "right" in mutant.memory:
        right: Answer = mutant.memory.pop("right")
        return right
    return answer


def _never_over(mutant: Mutant, answer: Answer) -> Answer:
    """Whoever was told to come back is told so for ever."""
    if _is_new_world(answer):
        mutant.memory.clear()
    if answer.status == 429 and answer.path == "/v1/runs":
        mutant.memory["refusal"] = answer
    return mutant.memory["refusal"] if LIST(answer) and "refusal" in mutant.memory else answer


def _retry_after(value: str) -> Bug:
    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        is_told = answer.status == 429 and "retry-after" in answer.headers
        return replace(answer, headers={**answer.headers, "retry-after": value}) if is_told else answer

    return Bug(spoil)


def _of_attempts(change: Callable[[list[Body]], list[Body]]) -> Bug:
    """The attempts of every delivery that is told of."""

    def retold(body: Body) -> Body:
        return [{**each, "attempts": change(each["attempts"])} if each.get("attempts") else each for each in body]

    return when(DELIVERIES, retold)


def _as_the_first(attempts: list[Body]) -> list[Body]:
    return [{**each, "status_code": attempts[0]["status_code"]} for each in attempts]


def _counted_from_nothing(attempts: list[Body]) -> list[Body]:
    return [{**each, "attempt_number": each["attempt_number"] - 1} for each in attempts]


def _under_one_id(attempts: list[Body]) -> list[Body]:
    return [{**each, "id": attempts[0]["id"]} for each in attempts]


def _learn(mutant: Mutant, answer: Answer) -> None:
    """Keeps every secret, in the order in which they were made or took another's place."""
    if _is_new_world(answer):
        mutant.memory["secrets"] = []
    known_secrets(mutant, answer)


def _signed(header: Callable[[Body, list[str], Callable[[str], str]], str]) -> Bug:
    """Attempts whose signature is what a function of the attempt, the secrets and a way to sign makes."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        _learn(mutant, answer)
        secrets = mutant.memory["secrets"]
        if answer.path != PULL or not secrets:
            return answer

        def resigned(item: Body) -> Body:
            raw, headers = b64decode(item["base64"]), item["headers"]

            def sign(secret: str) -> str:
                at_time = headers.get("Runflow-Timestamp")
                return sign_bare(raw, secret) if at_time is None else sign_timestamped(raw, int(at_time), secret)

            signature = header(item, secrets, sign)
            return {**item, "headers": {**headers, "Runflow-Signature": signature}} if "Runflow-Signature" in headers else item

        return changed(answer, lambda body: {"items": [resigned(item) for item in body["items"]]})

    return Bug(spoil)


def _by_the_old(item: Body, secrets: list[str], sign: Callable[[str], str]) -> str:
    """What was signed with the latest secret is signed with the one before."""
    was = item["headers"].get("Runflow-Signature", "")
    return sign(secrets[-2]) if len(secrets) > 1 and was == sign(secrets[-1]) else was


def _by_both(item: Body, secrets: list[str], sign: Callable[[str], str]) -> str:
    """As a server that leaves its receivers time: both secrets sign, in one header."""
    return ",".join([item["headers"].get("Runflow-Signature", ""), *(sign(secret) for secret in secrets[:-1])])


def _by_the_account(item: Body, secrets: list[str], sign: Callable[[str], str]) -> str:
    """Whatever the address, the first secret signs."""
    return sign(secrets[0])


def _by_nobody(item: Body, secrets: list[str], sign: Callable[[str], str]) -> str:
    return sign(f"{secrets[-1]} ")


def _all_current(body: Body) -> Body:
    return {**body, "items": [{**each, "is_current": True} if "is_current" in each else each for each in body["items"]]}


def _first_signed(mutant: Mutant, answer: Answer) -> Answer:
    """Every delivery names the first secret, whatever signed it."""
    if answer.path == "/v1/callback-secrets" and answer.status == 201:
        mutant.memory.setdefault("first", answer.json["id"])
    if _is_new_world(answer):
        mutant.memory.pop("first", None)
    if not DELIVERIES(answer) or "first" not in mutant.memory:
        return answer
    return changed(answer, lambda body: [{**each, "signing_secret_id": mutant.memory["first"]} for each in body])


CASES: Mapping[str, Lie] = {
    "an asset has the name of its folder": lie(
        when(at("POST", "/v1/asset-uploads/", 201), put("name", lambda name: "root")), "upload_is_kept"
    ),
    "an asset is of the type that its server likes": lie(
        when(at("POST", "/v1/asset-uploads/", 201), put("mime_type", lambda kind: "image/webp")), "upload_is_kept", "records_agree"
    ),
    "one request more than the quota is answered": lie(Bug(_let_through), "quota_is_told"),
    "a window never ends": lie(Bug(_never_over), "quota_is_told"),
    "Retry-After is longer than the window": lie(_retry_after("61"), "quota_is_told"),
    "Retry-After is a digit that stands above the line": lie(_retry_after("²"), "quota_is_told"),
    "Retry-After has more digits than a number": lie(_retry_after("9" * 5000), "quota_is_told"),
    "Retry-After is what time it will be": lie(_retry_after("Sun, 01 Mar 2026 10:00:00 GMT"), "quota_is_told"),
    "all attempts were answered as the first": lie(_of_attempts(_as_the_first), "attempts_are_told", "deliveries_are_kept"),
    "attempts are counted from nothing": lie(_of_attempts(_counted_from_nothing), "attempts_are_told", "deliveries_are_kept"),
    "attempts of a delivery share an id": lie(_of_attempts(_under_one_id), "attempts_are_told", "nothing_twice", "deliveries_are_kept"),
    "the last attempt is not told of": lie(_of_attempts(lambda attempts: attempts[:-1]), "attempts_are_told", "deliveries_are_kept"),
    "a secret that was rotated out goes on signing": lie(_signed(_by_the_old), "current_secret_signs", "webhook_changes"),
    "both secrets sign in one header": lie(_signed(_by_both), "current_secret_signs", "callback_is_sent_as_promised"),
    "the first secret signs for every address": lie(
        _signed(_by_the_account), "webhook_is_signed", "webhook_changes", "current_secret_signs"
    ),
    "a secret signs with a blank at its end": lie(_signed(_by_nobody), "callback_is_signed", "callback_is_sent_as_promised"),
    "every secret is the current one": lie(
        when(at("GET", "/v1/callback-secrets", 200), lambda body: _all_current(body) if "items" in body else body), "current_secret_signs"
    ),
    "deliveries name the first secret": lie(Bug(_first_signed), "current_secret_signs"),
}

"""Laws of changes: a change changes what it says and nothing else, what is made later is dated later, and what is secret is not told."""

from collections.abc import Iterator, Mapping
from operator import eq

from runflow_mock.kit.suite.agreements import COMPARED
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.laws_of_records import SKEW, instant
from runflow_mock.kit.suite.memories import Memory, is_replay

# What only whoever asks for it changes, by kind.
KEPT: Mapping[str, frozenset[str]] = {
    "Webhook": frozenset(("url", "secret_fingerprint", "event_subscriptions", "disabled_at")),
    "CallbackSecret": frozenset(("label", "disabled_at")),
    "ComfyuiWorkflow": frozenset(("name", "slug", "description", "version", "is_public", "category_code", "workflow_json")),
    "CreditBalance": frozenset(("low_balance_threshold",)),
}
# What changes with something else that was sent.
FOLLOWS = {"secret_fingerprint": "secret"}
# What the contract says that null takes away, and where that is seen.
CLEARED = {"is_positive": "feedback_is_positive", "low_balance_threshold": "low_balance_threshold", "disabled_at": "disabled_at"}
# Shorter ones stand in other texts by chance.
SECRET_LETTERS_MIN = 16


def changes_what_it_says(answer: Answer, memory: Memory) -> Iterator[str]:
    """A change leaves alone what was not sent, and takes away what was sent as null."""
    record, sent = memory.record, answer.sent
    if answer.method != "PATCH" or answer.status != 200 or record is None or not isinstance(sent, dict):
        return
    before, kind = memory.known(record["id"]), memory.parts[0].described.name
    for name in sorted(KEPT.get(kind, frozenset()) & before.keys() & record.keys()):
        is_same = eq if None in (before[name], record[name]) else COMPARED.get(name, eq)
        if not {name, FOLLOWS.get(name, name)} & sent.keys() and not is_same(before[name], record[name]):
            yield f"{sorted(sent)} of {kind} {record['id']} were changed, and {name} was {before[name]!r} and is {record[name]!r}"
    for name, told in CLEARED.items():
        if sent.get(name, 0) is None and record.get(told) is not None:
            yield f"{name} was sent as null, and {told} is {record[told]!r}"


def is_made_in_its_turn(answer: Answer, memory: Memory) -> Iterator[str]:
    """What is made later is not dated before what was made earlier."""
    record = memory.record
    if answer.method != "POST" or answer.status not in (201, 202) or record is None or is_replay(answer):
        return
    made = instant(record.get("created_at"))
    if made is None or answer.path.endswith("/cancellation"):
        return
    # An asset may be as old as the upload that announced it.
    if memory.made_last is not None and made < memory.made_last - SKEW and not answer.path.endswith("/confirmations"):
        yield f"created_at is {record['created_at']!r}, and what was made before it was made at {memory.made_last.isoformat()}"
    memory.made_last = made if memory.made_last is None else max(made, memory.made_last)


def keeps_secrets(answer: Answer, memory: Memory) -> Iterator[str]:
    """A signing secret, a webhook's secret and the caller's key are not told to whoever reads."""
    if answer.method != "GET":
        return
    key = answer.sent_headers.get("authorization", "").removeprefix("Bearer ")
    for what, secret in (*(("a signing secret", each) for each in sorted(memory.secrets_made)), ("the caller's key", key)):
        if len(secret) >= SECRET_LETTERS_MIN and secret.encode() in answer.body:
            yield f"{what} that was shown once is told again"
    for part in memory.parts if memory.secrets else ():
        if part.described.name == "Webhook":
            told = [name for name, value in part.value.items() if name != "url" and isinstance(value, str) and value in memory.secrets]
            yield from (f"{name} is the secret of a webhook" for name in told)


def tells_secrets_apart(answer: Answer, memory: Memory) -> Iterator[str]:
    """Webhooks have another fingerprint where they have another secret."""
    record, sent = memory.record, answer.sent
    secret = sent.get("secret") if isinstance(sent, dict) and answer.status < 300 and answer.path.startswith("/v1/webhooks") else None
    fingerprint = None if record is None else record.get("secret_fingerprint")
    if not isinstance(secret, str) or not isinstance(fingerprint, str):
        return
    # With the latest alone: among thousands two short ones may be the same by chance.
    if memory.fingerprint is not None and memory.fingerprint[0] != secret and memory.fingerprint[1] == fingerprint:
        yield f"two webhooks with different secrets have the secret_fingerprint {fingerprint!r}"
    memory.fingerprint = (secret, fingerprint)


LAWS = {
    "changes_what_it_says": changes_what_it_says,
    "made_in_its_turn": is_made_in_its_turn,
    "keeps_secrets": keeps_secrets,
    "secrets_told_apart": tells_secrets_apart,
}

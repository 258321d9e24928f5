"""Laws of changes: a change changes what it says and nothing else, what is made later is dated later, and what is secret is not told."""

from collections.abc import Iterator, Mapping
from typing import Any

from runflow_mock.domain.documents import object_of
from runflow_mock.kit.suite.agreements import COMPARED
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.instants import SKEW, instant
from runflow_mock.kit.suite.laws_of_belonging import LEAVES_ALL
from runflow_mock.kit.suite.laws_of_lists import items_of
from runflow_mock.kit.suite.memories import SECRET_LETTERS_MIN, Memory, is_replay

# What only whoever asks for it changes, by kind.
KEPT: Mapping[str, frozenset[str]] = {
    "Webhook": frozenset(("url", "secret_fingerprint", "event_subscriptions", "disabled_at")),
    "CallbackSecret": frozenset(("label", "disabled_at")),
    "ComfyuiWorkflow": frozenset(("name", "slug", "description", "version", "is_public", "category_code", "workflow_json")),
    "CreditBalance": frozenset(("low_balance_threshold",)),
}
# What else nobody changes but by asking for it, by kind: an opinion.
OPINION = frozenset(("feedback_is_positive", "feedback_reason"))
ASKED_FOR: Mapping[str, frozenset[str]] = {**KEPT, "Run": OPINION, "Evaluation": OPINION}
# What changes with something else that was sent.
FOLLOWS = {"secret_fingerprint": "secret"}
# What the contract says that null takes away, and where that is seen.
CLEARED = (
    *(("is_positive", "feedback_is_positive"), ("is_positive", "feedback_reason")),
    *(("low_balance_threshold", "low_balance_threshold"), ("disabled_at", "disabled_at")),
)
SECRETS = "/v1/callback-secrets"


def changes_what_it_says(answer: Answer, memory: Memory) -> Iterator[str]:
    """A change leaves alone what was not sent, and takes away what was sent as null."""
    record, sent = memory.record, answer.sent
    if answer.method != "PATCH" or answer.status != 200 or record is None or not isinstance(sent, dict):
        return
    before, kind = memory.known(record["id"]), memory.parts[0].described.name
    for name in sorted(KEPT.get(kind, frozenset()) & before.keys() & record.keys()):
        if {name, FOLLOWS.get(name, name)} & sent.keys() or _is_same(name, before[name], record[name]):
            continue
        # Between two requests that follow each other a server has no time for anything else.
        is_at_once = answer.moment is not None and memory.records[record["id"]].fields[name].moment == answer.moment - 1
        if is_at_once or not _may_be_its_own(kind, name, before[name], record[name], memory):
            yield f"{sorted(sent)} of {kind} {record['id']} were changed, and {name} was {before[name]!r} and is {record[name]!r}"
    for name, told in CLEARED:
        if sent.get(name, 0) is None and record.get(told) is not None:
            yield f"{name} was sent as null, and {told} is {record[told]!r}"


def _is_same(name: str, before: Any, now: Any) -> bool:
    return bool(before == now) if None in (before, now) or name not in COMPARED else COMPARED[name](before, now)


def _may_be_its_own(kind: str, name: str, before: Any, now: Any, memory: Memory) -> bool:
    """A server may switch a webhook off by itself, such as one that never answers, but not from an instant that was sent for another."""
    if (kind, name, before) != ("Webhook", "disabled_at", None):
        return False
    return not any(_is_same(name, sent, now) for sent in memory.switched_off)


def changes_nothing_else(answer: Answer, memory: Memory) -> Iterator[str]:
    """What somebody has of his own changes where it is asked for, and not because another record is changed, made or deleted."""
    # Of an account that others use as well nobody knows who changed what.
    if answer.moment is None:
        return
    if answer.method != "GET":
        # Whatever a request names or answers with may be another one from now on.
        named = {*answer.path.split("/"), *(str(part.value.get("id")) for part in memory.parts)}
        memory.kept = {key: told for key, told in memory.kept.items() if key not in named}
    for part in memory.parts if answer.status < 300 and not is_replay(answer) else ():
        kind, key = part.described.name, str(part.value.get("id"))
        told = {name: part.value[name] for name in ASKED_FOR.get(kind, frozenset()) & part.value.keys()}
        known = memory.kept.get(key, {})
        for name in sorted(told.keys() & known.keys()):
            if not _is_same(name, known[name], told[name]) and not _may_be_its_own(kind, name, known[name], told[name], memory):
                yield f"nobody has changed {kind} {key}, and {name} was {known[name]!r} and is {told[name]!r}"
        if told:
            memory.kept[key] = {**known, **told}


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
    """A signing secret, a webhook's secret and the caller's key are not told again, whatever is asked for or refused."""
    key = answer.sent_headers.get("authorization", "").removeprefix("Bearer ")
    # Who makes a secret is shown it.
    made = () if (answer.method, answer.path) == ("POST", SECRETS) else sorted(memory.secrets_made)
    for what, secret in (*(("a signing secret", each) for each in made), ("the caller's key", key)):
        if len(secret) >= SECRET_LETTERS_MIN and secret.encode() in answer.body:
            yield f"{what} that was shown once is told again"
    # What was sent just now is no news to who sent it.
    known = memory.secrets - {str(each) for each in object_of(answer.sent).values()}
    for part in memory.parts if known else ():
        if part.described.name == "Webhook":
            told = [name for name, value in part.value.items() if name != "url" and isinstance(value, str) and value in known]
            yield from (f"{name} is the secret of a webhook" for name in told)


def tells_secrets_apart(answer: Answer, memory: Memory) -> Iterator[str]:
    """Webhooks have another fingerprint where they have another secret, and no two signing secrets are one."""
    record, sent = memory.record, answer.sent
    if (answer.method, answer.path) == ("POST", SECRETS) and record is not None and not is_replay(answer):
        for key, known in memory.records.items():
            told = known.fields.get("plain_secret")
            if key != record["id"] and told is not None and told.value is not None and told.value == record.get("plain_secret"):
                yield f"the secrets {key} and {record['id']} are one text"
    secret = sent.get("secret") if isinstance(sent, dict) and answer.status < 300 and answer.path.startswith("/v1/webhooks") else None
    fingerprint = None if record is None else record.get("secret_fingerprint")
    if not isinstance(secret, str) or not isinstance(fingerprint, str):
        return
    # With the latest alone: among thousands two short ones may be the same by chance.
    if memory.fingerprint is not None and memory.fingerprint[0] != secret and memory.fingerprint[1] == fingerprint:
        yield f"two webhooks with different secrets have the secret_fingerprint {fingerprint!r}"
    memory.fingerprint = (secret, fingerprint)


def one_secret_signs(answer: Answer, memory: Memory) -> Iterator[str]:
    """No two of the secrets that are enabled are current; where the suite moves the clock, one of them always is."""
    items = items_of(answer) if answer.path == SECRETS and not answer.query.keys() - LEAVES_ALL else None
    if not items or answer.json.get("next") is not None:
        return
    states = [item.get("is_current") for item in items if item.get("disabled_at", "") is None]
    current = states.count(True)
    # That one is before any was promoted, and once that one is gone, is this project's choice.
    if states and None not in states and (current > 1 or (current == 0 and answer.moment is not None)):
        yield f"of {len(states)} enabled secrets {current} are current"


LAWS = {
    "changes_what_it_says": changes_what_it_says,
    "changes_nothing_else": changes_nothing_else,
    "made_in_its_turn": is_made_in_its_turn,
    "keeps_secrets": keeps_secrets,
    "secrets_told_apart": tells_secrets_apart,
    "one_secret_signs": one_secret_signs,
}

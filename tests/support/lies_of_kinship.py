"""Lies about what belongs together: attempts and their delivery, steps and their run, a part and its whole, what is sent and kept."""

import re
from collections.abc import Callable, Mapping

from lies import Lie
from lies_of_moments import moved
from msgspec.structs import replace
from mutants import Body, Bug, Mutant, changed, is_of_the_api, records, when

from runflow_mock.kit.suite.carriers import Answer

SECRETS = "/v1/callback-secrets"
ENDS, JUDGED, KEPT = "deliveries_go_on_or_end", "judged_at_the_end", "deliveries_are_kept"
OF_FILES = ("file_is_there", "file_expires", "upload_is_kept", "reading_is_free")


def _lie(bug: Bug, *rules: str) -> Lie:
    return Lie(bug, frozenset(rules))


def _of(mark: str, change: Callable[[Body], None]) -> Bug:
    """A change of every record that has a field."""
    return when(is_of_the_api, records(lambda record: change(record) if mark in record else None))


def _tried_before(record: Body) -> None:
    for attempt in record.get("attempts") or ():
        attempt["created_at"] = moved(record["created_at"], hours=-1)


def _a_minute_longer(record: Body) -> None:
    if record.get("duration_ms") is not None:
        record["duration_ms"] += 60_000


def _an_hour_before(*names: str) -> Callable[[Body], None]:
    def change(record: Body) -> None:
        for name in names:
            if record.get(name):
                record[name] = moved(record[name], hours=-1)

    return change


def _made_before_its_run(record: Body) -> None:
    if record.get("run_id"):
        _an_hour_before("created_at", "submitted_at")(record)


def _its_own_parent(record: Body) -> None:
    record["parent_evaluation_id"] = record.get("id")


def _kept_otherwise(**change: Body) -> Callable[[Body], None]:
    """What a webhook was sent is kept otherwise."""

    def change_of(record: Body) -> None:
        if isinstance(record.get("payload"), dict):
            record["payload"] = {**record["payload"], **change}

    return change_of


def _in_part(pattern: str, instead: str) -> Bug:
    """A part of a file that tells otherwise where it lies in the whole."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        told = re.sub(pattern, instead, answer.headers.get("content-range", ""))
        return replace(answer, headers={**answer.headers, "content-range": told}) if answer.status == 206 else answer

    return Bug(spoil)


def _one_text(mutant: Mutant, answer: Answer) -> Answer:
    """Every secret of a tenant is the text of its first one."""
    if answer.path == "/_mock/tenants":
        mutant.memory.pop("text", None)
    if (answer.method, answer.path, answer.status) != ("POST", SECRETS, 201):
        return answer
    told = {name: answer.json[name] for name in ("secret", "plain_secret", "key_prefix") if name in answer.json}
    return changed(answer, lambda body: {**body, **mutant.memory.setdefault("text", told)})


CASES: Mapping[str, Lie] = {
    "attempts were made an hour before their delivery": _lie(_of("max_attempts", _tried_before), ENDS),
    "a webhook was tried an hour before its delivery was made": _lie(_of("event_type_code", _tried_before), ENDS),
    "a step took a minute longer than it lasted": _lie(_of("retry_count", _a_minute_longer), "steps"),
    "a step was made an hour before its run": _lie(_of("retry_count", _an_hour_before("created_at")), "steps"),
    "an evaluation was made an hour before its run": _lie(_of("overall_passed", _made_before_its_run), JUDGED),
    "an evaluation is its own parent": _lie(_of("overall_passed", _its_own_parent), JUDGED),
    "a webhook keeps other metadata than it sent": _lie(_of("event_type_code", _kept_otherwise(metadata={"other": 1})), KEPT),
    "a webhook keeps another duration than it sent": _lie(_of("event_type_code", _kept_otherwise(duration_ms=1)), KEPT),
    "a part says that the whole is longer": _lie(_in_part("/.*", "/99999"), *OF_FILES),
    "a part says that it is longer": _lie(_in_part("-[0-9]+", "-9"), *OF_FILES),
    "all secrets are one text": _lie(Bug(_one_text), "secrets_told_apart"),
}

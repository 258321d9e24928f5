"""What a server may choose for itself is held against no server, unless it speaks the control API and so is one of ours."""

import json
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import pytest

from runflow_mock.kit.suite.agreements import records_agree
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.flows_of_records import paths_of_models
from runflow_mock.kit.suite.flows_of_rules import record_of
from runflow_mock.kit.suite.laws_of_changes import changes_nothing_else, changes_what_it_says, one_secret_signs
from runflow_mock.kit.suite.memories import Law, Memory
from runflow_mock.kit.suite.requests import Request
from runflow_mock.openapi.contracts import packaged_contract

SECRETS = "/v1/callback-secrets"
FIRST, SECOND = "019b76da-a800-7000-8abc-0123456789ab", "019b76da-a800-7000-8abc-0123456789ac"


def breaches(law: Law, *answers: Answer) -> int:
    memory, found = Memory(), list[str]()
    for answer in answers:
        memory.look_at(answer)
        found += law(answer, memory)
    return len(found)


def told(path: str, body: object, moment: int | None, method: str = "GET", sent: object = None) -> Answer:
    content = b"" if sent is None else json.dumps(sent).encode()
    return Answer(method, path, 200, {}, json.dumps(body).encode(), moment=moment, sent_body=content)


@pytest.mark.parametrize(
    ("states", "moment", "found"),
    [
        ((False, False), None, 0),
        ((False, False), 1, 1),
        ((False,), None, 0),
        ((True, True), None, 1),
        ((True, True), 1, 1),
        ((True, False), None, 0),
        ((True, False), 1, 0),
    ],
)
def test_no_secret_need_sign_before_one_is_chosen_but_never_two_do(states: tuple[bool, ...], moment: int | None, found: int) -> None:
    items = [{"id": key, "is_current": state, "disabled_at": None} for key, state in zip((FIRST, SECOND), states, strict=False)]
    page = {"items": items, "first": None, "next": None, "previous": None}
    assert breaches(one_secret_signs, told(SECRETS, page, moment)) == found


OFF, ITS_OWN = "2026-01-01T00:00:00.000Z", "2026-05-01T00:00:09.000Z"


def webhook(key: str, disabled_at: str | None, moment: int, sent: dict[str, str] | None = None) -> Answer:
    record = {"id": key, "url": "https://a.example/1", "disabled_at": disabled_at}
    return told(f"/v1/webhooks/{key}", record, moment, "GET" if sent is None else "PATCH", sent)


@pytest.mark.parametrize(("before", "after", "found"), [(None, ITS_OWN, 0), (None, OFF, 1), (ITS_OWN, None, 1), (OFF, ITS_OWN, 1)])
def test_webhook_may_be_switched_off_by_its_server_and_not_with_another_one(before: str | None, after: str | None, found: int) -> None:
    answers = webhook(FIRST, before, 1), webhook(SECOND, OFF, 2, {"disabled_at": OFF}), webhook(FIRST, after, 2)
    assert breaches(changes_nothing_else, *answers) == found


@pytest.mark.parametrize(("moment", "found"), [(2, 1), (3, 0)])
def test_webhook_may_be_switched_off_by_its_server_before_it_is_changed_and_not_by_that(moment: int, found: int) -> None:
    def law(answer: Answer, memory: Memory) -> Iterator[str]:
        yield from changes_what_it_says(answer, memory)
        yield from records_agree(answer, memory)

    changed = webhook(FIRST, ITS_OWN, moment, {"url": "https://a.example/1"})
    assert breaches(law, webhook(FIRST, None, 1), changed) == found


class Signing:
    """Shows a run whose files are signed anew at each reading."""

    def __init__(self, *names: str) -> None:
        self._names, self._numbers = iter(names), count()

    def get(self, path: str) -> Answer:
        url = f"https://files.example/{next(self._names)}.png?signature={next(self._numbers):064x}"
        return told(path, {"id": FIRST, "output": {"outputs": [{"url": url}]}}, 1)


@pytest.mark.parametrize(("names", "is_same"), [(("a", "a"), True), (("a", "b"), False)])
def test_record_that_is_signed_anew_at_each_reading_has_not_changed(names: tuple[str, str], is_same: bool) -> None:
    operation = packaged_contract().operation("/v1/runs/{run_id}/feedback", "PATCH")
    assert operation is not None
    tenant: Any = Signing(*names)
    request = Request(operation, f"/v1/runs/{FIRST}/feedback")
    before, after = record_of(tenant, request), record_of(tenant, request)
    assert (before == after) is is_same


@pytest.mark.parametrize(
    ("model", "paths"),
    [
        ({"model_creator_id": "c", "slug": "x"}, ["/v1/models/acme/x"]),
        ({"model_creator_id": "c", "slug": None}, []),
        ({"model_creator_id": "n", "slug": "x"}, []),
        ({"model_creator_id": "unknown", "slug": "x"}, []),
        ({"model_creator_id": ["c"], "slug": "x"}, []),
    ],
)
def test_model_is_looked_for_where_it_and_who_made_it_have_a_name(model: Mapping[str, Any], paths: list[str]) -> None:
    creators: list[Mapping[str, Any]] = [{"id": "c", "slug": "acme"}, {"id": "n", "slug": None}]
    assert [path for path, _ in paths_of_models([model], creators)] == paths

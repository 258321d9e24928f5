"""Every answer of the whole suite is held against the contract; here it is shown that a wrong one would be found."""

import pytest
from answers import Answers
from contract import operations
from doors import Door
from figures import Figures
from msgspec.structs import replace
from steps import post_run

from runflow_mock.domain.exchanges import BODY_BYTES_MAX, Exchange


@pytest.fixture(scope="module")
def exchange() -> Exchange:
    """What the journal keeps of a run that was read."""
    with Door() as door:
        run = post_run(door)
        door.get(f"/v1/runs/{run['id']}")
        tenant = door.runtime.tenants.get("test")
        assert tenant is not None
        return tenant.journal.latest(1)[0]


def judged(*exchanges: Exchange) -> Answers:
    answers = Answers()
    for given in exchanges:
        answers.exchange("test", given)
    return answers


def test_right_answer_is_judged_once_and_counted_twice(exchange: Exchange) -> None:
    answers = judged(exchange, exchange)
    assert (answers.exchanges, answers.distinct, answers.take_wrong()) == (2, 1, [])
    assert answers.pairs == {("get_run", 200): 2}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"status": 418}, "status 418 is not declared"),
        ({"response_body": b'{"id": 7}'}, "id: 7 is not of type 'string'"),
        ({"response_headers": ((b"content-type", b"text/plain"),)}, "content type 'text/plain' is not declared"),
        ({"status": 404}, "'code' is a required property"),
        ({"operation": "delete_asset", "status": 204}, "bytes where none is declared"),
        ({"operation": "delete_asset", "status": 405}, "header Allow is missing"),
    ],
)
def test_planted_answer_is_found(exchange: Exchange, change: dict[str, object], found: str) -> None:
    answers = judged(exchange, replace(exchange, **change))
    assert any(found in wrong for wrong in answers.wrong)
    assert answers.violations == len(answers.take_wrong()) > 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"operation": None, "status": 404}, "leads nowhere"),
        ({"fault": "rule"}, "spoiled by a fault rule"),
        ({"operation": "get_sitemap"}, "beside the contract"),
        ({"response_body": b"x" * BODY_BYTES_MAX}, "cut by the journal"),
    ],
)
def test_answer_that_cannot_be_judged_is_counted(exchange: Exchange, change: dict[str, object], reason: str) -> None:
    answers = judged(replace(exchange, **change))
    assert (answers.distinct, dict(answers.others)) == (0, {reason: 1})


def test_door_does_not_close_over_a_wrong_answer(exchange: Exchange) -> None:
    door = Door(answers=Answers())
    with pytest.raises(AssertionError, match="status 418"), door:
        door.answers.exchange("test", replace(exchange, status=418))


def test_figures_of_several_processes_add_up() -> None:
    figures = Figures()
    told = {
        "exchanges": 3,
        "distinct": 2,
        "violations": 1,
        "pairs": [["get_run", 200]],
        "walked": [["get_run", 404]],
        "others": {"leads nowhere": 1},
    }
    figures.add(told)
    figures.add({**told, "walked": [["get_run", 200]]})
    operation, models, exchanges = figures.lines()
    assert f"operations: {len(operations())} (" in operation
    assert ", 1 called" in operation
    assert ", 2 walked" in operation
    assert models == "models: 65, 50 active"
    assert exchanges == "exchanges: 6, 4 different ones judged, 2 violations; not judged: 2 leads nowhere"

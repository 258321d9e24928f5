"""Every answer that the contract declares is given: each operation's success and each of its errors, with headers and body as stated."""

from collections.abc import Iterator

import pytest
from answers import ANSWERS
from contract import Declared, fits, operations
from doors import Door
from spoilers import SPOILERS, Doors, spoil
from steps import finished_run
from walks import GOOD, Tour

from runflow_mock.domain.dialects import BUNDLES
from runflow_mock.domain.money import parse_money
from runflow_mock.wire.item_names import item_names

every_operation = pytest.mark.parametrize("declared", operations().values(), ids=operations())

# These answer with a bare list.
BARE = {"list_run_deliveries", "list_batch_deliveries"}
LISTS = [name for name in operations() if name.startswith("list_") and name not in BARE]
# What only an embedding request, or only one with a key, gets to see, and what not every table has.
NOT_ALWAYS = {"model_creator", "description", "org_id", "is_public", "created_by", "deleted_at", "deleted_by"}


@pytest.fixture(scope="module")
def doors() -> Iterator[Doors]:
    with Door(balance=parse_money("1000")) as usual, Door(balance=parse_money("0")) as poor, Door(body_bytes_max=1) as narrow:
        yield Doors(Tour(usual), poor, narrow)


def test_walk_has_every_operation_and_every_error() -> None:
    assert set(GOOD) == set(operations())
    errors = {status for declared in operations().values() for status in declared.statuses if status >= 300}
    assert errors == set(SPOILERS)


@every_operation
def test_operation_succeeds(doors: Doors, declared: Declared) -> None:
    response = fits(GOOD[declared.id](doors.usual).send(doors.usual.door), declared.id)
    assert response.is_success
    ANSWERS.walked.add((declared.id, response.status_code))


@every_operation
def test_operation_answers_with_each_of_its_errors(doors: Doors, declared: Declared) -> None:
    errors = [status for status in declared.statuses if status >= 300]
    call = GOOD[declared.id](doors.usual)
    given = {status: spoil(doors, declared, call, status) for status in errors}
    assert {status: fits(response, declared.id).status_code for status, response in given.items()} == {each: each for each in errors}
    ANSWERS.walked |= {(declared.id, status) for status in errors}


@pytest.mark.parametrize("operation", LISTS)
def test_items_have_the_names_that_the_contract_states(doors: Doors, operation: str) -> None:
    call = GOOD[operation](doors.usual)
    stated = item_names(call.path, BUNDLES["seed"])
    for item in call.send(doors.usual.door).json()["items"]:
        assert stated - set(item) <= NOT_ALWAYS
        assert set(item) <= stated


def test_only_one_operation_has_two_ways_to_succeed() -> None:
    successes = {name: [status for status in each.statuses if status < 300] for name, each in operations().items()}
    assert [name for name, statuses in successes.items() if len(statuses) != 1] == ["cancel_run"]


def test_run_that_has_ended_is_told_with_200_when_it_is_cancelled(doors: Doors) -> None:
    tour = doors.usual
    response = tour.cancellation(finished_run(tour.door)).send(tour.door)
    assert fits(response, "cancel_run").status_code == 200
    ANSWERS.walked.add(("cancel_run", 200))

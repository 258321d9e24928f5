"""The suite has teeth: every planted bug is caught, and the server without one is not accused."""

import sys

import pytest
from mutants import MUTANTS, Mutant

from runflow_mock.kit.suite.carriers import AppCarrier
from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import Flow, play, play_all
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.kit.suite.tallies import Tally
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.testing.in_process import InProcess


@pytest.fixture(scope="module")
def caught() -> dict[str, Tally]:
    """What was found of each bug, so that the table need not look for all of them again."""
    return {}


def caught_by(app: InProcess, name: str, caught: dict[str, Tally]) -> Tally:
    """What the flows find, one after the other, until they have found something."""
    if name in caught:
        return caught[name]
    target, total = Target(Mutant(AppCarrier(app), MUTANTS[name]), None), Tally()
    for flow in FLOWS:
        total.add(play(flow, target, packaged_contract()))
        if total.breaches:
            break
    caught[name] = total
    return total


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["seed", "docs"])
@pytest.mark.parametrize("flow", FLOWS, ids=[flow.id for flow in FLOWS])
def test_fake_without_a_bug_is_not_accused(app: InProcess, flow: Flow, dialect: str) -> None:
    tally = play(flow, Target(AppCarrier(app), None, dialect=dialect), packaged_contract())
    assert (tally.breaches, tally.errors, tally.notes) == ([], [], [])
    assert tally.cases > 0


def test_at_least_25_bugs_are_planted() -> None:
    assert len(MUTANTS) >= 25


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_planted_bug_is_caught(app: InProcess, name: str, caught: dict[str, Tally]) -> None:
    tally = caught_by(app, name, caught)
    assert (tally.exit_code, bool(tally.breaches)) == (1, True)


@pytest.mark.slow
def test_table_of_bugs_and_checks_is_printed(app: InProcess, caught: dict[str, Tally], capsys: pytest.CaptureFixture[str]) -> None:
    found = {name: sorted({check for check, _ in caught_by(app, name, caught).broken}) for name in MUTANTS}
    with capsys.disabled():
        sys.stdout.write("".join(f"\n{name:42} {', '.join(checks) or 'NOT CAUGHT'}" for name, checks in found.items()) + "\n")
    assert all(found.values())


def test_what_was_not_exercised_is_no_pass(app: InProcess) -> None:
    assert play_all((), Target(AppCarrier(app), None), packaged_contract()).exit_code == 3

"""A server that shares no line with the fake: the suite accepts it where it is right, and fails exactly where it is wrong."""

import pytest
from tiny import KEY, Tiny

from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import play
from runflow_mock.kit.suite.stages import Pace, Target
from runflow_mock.kit.suite.tallies import Tally
from runflow_mock.openapi.contracts import packaged_contract

# What the tiny server has.
PLAYED = ("run_lives", "success_costs", "repeat_is_replayed", "list_is_complete")


# The suite is gentle to what is no fake; nobody lives at this one.
AT_ONCE = Pace(1e9, 0.0)


def verdict(*wrong: str) -> Tally:
    target, total = Target(Tiny(*wrong), KEY, spend_usd=10, pace=AT_ONCE), Tally()
    for flow in FLOWS:
        if flow.id in PLAYED:
            total.add(play(flow, target, packaged_contract()))
    return total


def test_server_that_is_right_is_accepted() -> None:
    tally = verdict()
    assert (tally.breaches, tally.notes) == ([], [])
    assert tally.operations == {"create_run", "get_run", "list_runs", "get_balance"}


@pytest.mark.parametrize(
    ("wrong", "checks"),
    [
        ("money", {"answer_schema", "money_is_text", "success_costs"}),
        ("charge", {"success_costs"}),
        ("terminal", {"run_lives", "state_machines"}),
        ("pages", {"list_is_complete"}),
        ("idempotency", {"repeat_is_replayed"}),
    ],
)
def test_server_fails_exactly_where_it_is_wrong(wrong: str, checks: set[str]) -> None:
    assert {check for check, _ in verdict(wrong).broken} == checks


def test_without_leave_to_spend_nothing_is_created() -> None:
    tally = play(next(flow for flow in FLOWS if flow.id == "run_lives"), Target(Tiny(), KEY), packaged_contract())
    assert (tally.cases, tally.exit_code) == (0, 3)
    assert "--allow-spend" in tally.notes[0]

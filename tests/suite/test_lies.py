"""Servers that lie in one thing are caught, by a rule that names it."""

import lies
import lies_at_edges
import lies_in_time
import lies_of_asking
import lies_of_deeds
import lies_of_files
import lies_of_items
import lies_of_keeping
import lies_of_lists
import lies_of_messages
import lies_of_moments
import lies_of_owners
import lies_of_parts
import lies_of_receipts
import lies_of_rotation
import lies_of_tries
import pytest
from mutants import Mutant

from runflow_mock.kit.suite.carriers import AppCarrier
from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import play
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.kit.suite.tallies import Tally
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.testing.in_process import InProcess

CASES = {
    **lies.CASES,
    **lies_of_owners.CASES,
    **lies_in_time.CASES,
    **lies_of_messages.CASES,
    **lies_of_deeds.CASES,
    **lies_of_rotation.CASES,
    **lies_at_edges.CASES,
    **lies_of_keeping.CASES,
    **lies_of_receipts.CASES,
    **lies_of_asking.CASES,
    **lies_of_parts.CASES,
    **lies_of_files.CASES,
    **lies_of_lists.CASES,
    **lies_of_tries.CASES,
    **lies_of_moments.CASES,
    **lies_of_items.CASES,
}
# By this dialect no 429 says when to come back, and no attempt says when it was made.
TRUE_IN = {
    (name, "docs")
    for name in (
        "a 429 has no Retry-After",
        "Retry-After is a second, whatever the window",
        "Retry-After is in milliseconds",
        "Retry-After is zero",
        "Retry-After is longer than the window",
        "Retry-After is what time it will be",
        "Retry-After is a digit that stands above the line",
        "Retry-After has more digits than a number",
        "a callback says that it was sent an hour ago",
        "an attempt is dated in milliseconds",
    )
}


def found_by(app: InProcess, name: str, dialect: str) -> Tally:
    """What the flows find, one after the other, until a rule that names the lie is among it."""
    lie = CASES[name]
    target, total = Target(Mutant(AppCarrier(app), lie.bug), None, dialect=dialect), Tally()
    # The flow that should find it comes first; the others follow, so that all of them are asked before a lie is called true.
    for flow in sorted(FLOWS, key=lambda flow: flow.id not in lie.rules):
        total.add(play(flow, target, packaged_contract()))
        if lie.rules & {check for check, _ in total.broken}:
            break
    return total


def test_at_least_eighty_lies_are_told() -> None:
    assert len(CASES) >= 80


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("dialect", ["seed", "docs"])
@pytest.mark.parametrize("name", CASES)
def test_lie_is_caught_by_the_rule_that_it_breaks(app: InProcess, name: str, dialect: str) -> None:
    tally = found_by(app, name, dialect)
    if (name, dialect) in TRUE_IN:
        assert (tally.breaches, tally.errors) == ([], [])
    else:
        assert tally.exit_code == 1
        assert {check for check, _ in tally.broken} & CASES[name].rules

"""Servers that lie in one thing are caught, by a rule that names it."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping

import lies
import lies_at_edges
import lies_in_time
import lies_of_access
import lies_of_asking
import lies_of_bytes
import lies_of_deeds
import lies_of_files
import lies_of_items
import lies_of_keeping
import lies_of_kinship
import lies_of_labels
import lies_of_lists
import lies_of_messages
import lies_of_moments
import lies_of_neighbours
import lies_of_owners
import lies_of_parts
import lies_of_receipts
import lies_of_rotation
import lies_of_sequels
import lies_of_targets
import lies_of_tries
import lies_of_values
import pytest
from lies_met import MET_BY
from mutants import Mutant
from signed_callbacks import PULL, told_by_callbacks

from runflow_mock.domain.signing import sign_bare
from runflow_mock.kit.suite.carriers import Answer, AppCarrier
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
    **lies_of_access.CASES,
    **lies_of_bytes.CASES,
    **lies_of_labels.CASES,
    **lies_of_neighbours.CASES,
    **lies_of_targets.CASES,
    **lies_of_kinship.CASES,
    **lies_of_sequels.CASES,
    **lies_of_values.CASES,
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
    for flow in sorted(FLOWS, key=lambda flow: flow.id not in lie.rules and name not in MET_BY.get(flow.id, ())):
        total.add(play(flow, target, packaged_contract()))
        if lie.rules & {check for check, _ in total.broken}:
            break
    return total


def test_at_least_eighty_lies_are_told() -> None:
    assert len(CASES) >= 80


def test_flows_that_are_said_to_meet_lies_are_there_and_so_are_these() -> None:
    assert MET_BY.keys() <= {flow.id for flow in FLOWS}
    assert {name for names in MET_BY.values() for name in names} <= CASES.keys()


class Sender:
    """Says that everything was done, and hands out one callback."""

    url = "http://sender.example"

    def __init__(self, body: bytes, secret: str) -> None:
        self.body = body
        headers = {"Runflow-Signature": sign_bare(body, secret)}
        self.item = {"delivery_id": "d", "number": 1, "headers": headers, "base64": b64encode(body).decode()}

    def carry(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        told = {"items": [self.item]} if target == PULL else {}
        return Answer(method, target, 200, {}, json.dumps(told).encode())

    def close(self) -> None:
        """Has nothing to close."""


def test_callback_that_a_lie_is_not_about_is_sent_as_it_was() -> None:
    sender = Sender('{"event": "run.completed", "metadata": {"café": 1.0}}'.encode(), "whsec")
    liar = Mutant(sender, told_by_callbacks(lambda body: None))
    assert liar.carry("POST", PULL, {}, b"{}").json["items"] == [sender.item]


def test_liar_knows_the_secret_that_a_webhook_was_given_later() -> None:
    sender = Sender('{"metadata":"café"}'.encode(), "later")
    liar = Mutant(sender, told_by_callbacks(lambda body: body.update(event="run.failed")))
    liar.carry("PATCH", "/v1/webhooks/w", {}, b'{"secret":"later"}')
    [item] = liar.carry("POST", PULL, {}, b"{}").json["items"]
    body = b64decode(item["base64"])
    assert body == '{"metadata":"café","event":"run.failed"}'.encode()
    assert item["headers"] == {"Runflow-Signature": sign_bare(body, "later")}


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

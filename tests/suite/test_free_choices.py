"""What a flow looks at closely a server may do in several ways: each is played with the flow that met it first."""

import re
from urllib.parse import quote, unquote

import pytest
from msgspec.structs import replace
from mutants import Asked, Body, Bug, Mutant, changed, is_of_the_api, records, same

from runflow_mock.kit.suite.carriers import Answer, AppCarrier
from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import play
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.testing.in_process import InProcess

COMPARED = re.compile(r"created_at([<>=]+)'([^']*)'")
# What is compared with an instant that is kept a little later than it is told.
A_LITTLE_LATER = {">": ">=", ">=": ">=", "<": "<", "<=": "<"}


def _free(mutant: Mutant, answer: Answer) -> Answer:
    """Nothing costs anything."""
    if answer.path == "/_mock/tenants":
        mutant.memory.pop("balance", None)
    if not is_of_the_api(answer) or answer.json is None:
        return answer

    def change(record: Body) -> None:
        record |= {name: "0.000000" for name in ("cost", "price", "unit_price", "total") if isinstance(record.get(name), str)}
        if "balance" in record:
            record["balance"] = mutant.memory.setdefault("balance", record["balance"])

    return changed(answer, records(change))


def _gone(status: int) -> Bug:
    """Whoever keeps the files has a status of its own for what has expired."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        return replace(answer, status=status) if answer.path.startswith("/media/") and answer.status == 403 else answer

    return Bug(spoil)


def _ties_stand_upwards(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    return method, re.sub(r"sort_by=created_at(:|%3A)(asc|desc)(?=&|$)", r"sort_by=created_at:\2,id:asc", target), headers, body


def _kept_a_little_later(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    compared = COMPARED.search(unquote(target))
    if compared is None:
        return method, target, headers, body
    sign, moment = compared.groups()
    ways = [A_LITTLE_LATER[sign]] if sign in A_LITTLE_LATER else [">", "<"]
    sought = " AND ".join(f"created_at{way}'{moment}'" for way in ways)
    return method, re.sub(r"q=[^&]*", f"q={quote(sought)}", target), headers, body


CHOICES: dict[str, tuple[Bug, tuple[str, ...]]] = {
    "everything is free": (Bug(_free), ("success_costs",)),
    "what has expired is gone": (_gone(410), ("file_expires",)),
    "what has expired is a bad request": (_gone(400), ("file_expires",)),
    "what was made in one moment stands upwards": (Bug(same, _ties_stand_upwards), ("list_is_complete", "filter_finds_in_company")),
    "instants are kept more exactly than they are told": (Bug(same, _kept_a_little_later), ("comparison_finds",)),
}


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["seed", "docs"])
@pytest.mark.parametrize("name", CHOICES)
def test_choice_of_a_server_is_left_to_it(app: InProcess, name: str, dialect: str) -> None:
    bug, flows = CHOICES[name]
    target = Target(Mutant(AppCarrier(app), bug), None, dialect=dialect)
    for flow in (flow for flow in FLOWS if flow.id in flows):
        tally = play(flow, target, packaged_contract())
        assert (tally.breaches, tally.errors) == ([], [])
        assert tally.cases

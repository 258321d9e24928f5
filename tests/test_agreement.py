"""The code agrees with the contract: tables, refusals, sources and operations are stated in both and compared here."""

import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from arrows import arrows

from runflow_mock.domain import errors
from runflow_mock.domain.assets import UPLOAD_TRANSITIONS, UploadStatus
from runflow_mock.domain.batches import BATCH_TRANSITIONS, BatchStatus
from runflow_mock.domain.deliveries import DELIVERY_TRANSITIONS, DeliveryStatus
from runflow_mock.domain.dialects import BUNDLES
from runflow_mock.domain.errors import DomainError
from runflow_mock.domain.evaluations import EVALUATION_TRANSITIONS, EvaluationStatus
from runflow_mock.domain.filters import QueryError
from runflow_mock.domain.machine import Table, is_terminal
from runflow_mock.domain.money import Money
from runflow_mock.domain.runs import RUN_IN_BATCH_TRANSITIONS, RUN_TRANSITIONS, RunStatus
from runflow_mock.web.operations import API_OPERATIONS
from runflow_mock.wire.problems import _PROBLEMS, problem_of

ROOT = Path(__file__).parent.parent
CONTRACTS = ROOT / "contracts"
MACHINES: dict[str, tuple[Table[Any], str]] = {
    "run": (RUN_TRANSITIONS, RunStatus.QUEUED),
    "run_in_batch": (RUN_IN_BATCH_TRANSITIONS, RunStatus.QUEUED),
    "batch": (BATCH_TRANSITIONS, BatchStatus.QUEUED),
    "delivery": (DELIVERY_TRANSITIONS, DeliveryStatus.PENDING),
    "evaluation": (EVALUATION_TRANSITIONS, EvaluationStatus.PENDING),
    "asset_upload": (UPLOAD_TRANSITIONS, UploadStatus.PENDING),
}
IN_BACKTICKS = re.compile(r"`([a-z]+\.[a-z0-9-]+)`")
# What stands in backticks beside sources: the events of callbacks.
EVENT_PREFIXES = ("run.", "batch.")
METHODS = ("get", "post", "patch", "put", "delete")
ORGANIZATION_HEADER = {"$ref": "#/components/parameters/OrganizationId"}


@cache
def _contract(name: str) -> Any:
    return json.loads((CONTRACTS / name).read_text())


@cache
def _operations() -> dict[str, tuple[str, str, str]]:
    """Method, path and evidence of every operation of the contract by its id."""
    paths = _contract("openapi.json")["paths"]
    found = ((method, path, path_item[method]) for path, path_item in paths.items() for method in METHODS if method in path_item)
    return {operation["operationId"]: (method.upper(), path, operation["x-evidence"]) for method, path, operation in found}


def _sources() -> Iterator[tuple[str, str]]:
    """The ids in backticks of every paragraph or sentence that begins with `Source:`, and the file in which it stands."""
    for path in sorted((ROOT / "mock_server").rglob("*.py")):
        for paragraph in re.split(r"\n\s*\n|\"\"\"", path.read_text()):
            _, begins, text = paragraph.partition("Source:")
            ids = (found for found in IN_BACKTICKS.findall(text) if begins and not found.startswith(EVENT_PREFIXES))
            yield from ((path.name, found) for found in ids)


def _provenance() -> set[str]:
    return {entry["id"] for entry in _contract("provenance.json")}


def test_every_machine_of_the_contract_is_compared() -> None:
    assert set(MACHINES) == set(_contract("state_machines.json"))


@pytest.mark.parametrize("name", MACHINES)
def test_table_has_the_arrows_of_the_contract(name: str) -> None:
    table, _ = MACHINES[name]
    stated = [(source, target) for source, target in _contract("state_machines.json")[name]["transitions"]]
    assert len(stated) == len(set(stated))
    assert arrows(table) == set(stated)


@pytest.mark.parametrize("name", MACHINES)
def test_table_has_the_first_and_the_last_states_of_the_contract(name: str) -> None:
    table, initial = MACHINES[name]
    stated = _contract("state_machines.json")[name]
    assert initial == stated["initial"]
    assert {state.value for state in table if is_terminal(table, state)} == set(stated["terminal"])


@pytest.mark.parametrize("name", MACHINES)
def test_every_state_can_be_reached(name: str) -> None:
    table, initial = MACHINES[name]
    reached = {initial}
    for _ in table:
        reached |= {target for source, target in arrows(table) if source in reached}
    assert reached == set(table)


REFUSALS: tuple[DomainError, ...] = (
    errors.NotFound("run", "019b76da-a800-7000-8000-000000000001"),
    errors.ModelNotFound("no/such-model", None),
    errors.ModelNotBatchable("a/b"),
    errors.InsufficientCredits(projected=Money(2), available=Money(1)),
    errors.NotTerminal("run", "r", "queued"),
    errors.CallbackUrlMissing("run", "r"),
    errors.DeliveryInFlight("run", "r", "d"),
    errors.SecretIsCurrent("s"),
    errors.NameTaken("workflow", "w"),
    errors.ForeignRecord("workflow", "w"),
    errors.Outdated("balance"),
    errors.BytesMissing("u"),
    errors.KeyReused("k"),
    errors.LimitReached("runs_max", 1),
    QueryError("q", "unknown field"),
)


def _refusal_classes() -> set[type[DomainError]]:
    """Every refusal that floors 0 and 1 can make."""
    found, left = set[type[DomainError]](), [DomainError]
    while left:
        for each in left.pop().__subclasses__():
            found.add(each)
            left.append(each)
    return {each for each in found if each.__module__.startswith(("runflow_mock.domain.", "runflow_mock.engine."))}


def test_every_refusal_has_an_answer_and_an_example_here() -> None:
    assert set(_PROBLEMS) == _refusal_classes()
    assert {type(refusal) for refusal in REFUSALS} == _refusal_classes()


@pytest.mark.parametrize(
    ("refusal", "dialect"), list(product(REFUSALS, BUNDLES)), ids=lambda value: value if isinstance(value, str) else type(value).__name__
)
def test_answer_to_a_refusal_has_a_status_and_code_of_the_contract(refusal: DomainError, dialect: str) -> None:
    known = {(entry["status"], entry["code"]) for entry in _contract("errors.json")["http"]}
    for entry in _contract("errors.json")["http"]:
        spelled = entry.get("dialects", {}).get(dialect, "")
        known |= {(entry["status"], spelled)} if re.fullmatch(r"[A-Z_]+", spelled) else set()
    problem = problem_of(refusal, BUNDLES[dialect])
    assert (problem.status, problem.code) in known


@pytest.mark.slow(is_covering=True)
def test_every_source_in_a_docstring_is_in_the_provenance() -> None:
    known = _provenance()
    assert {(file, found) for file, found in _sources() if found not in known} == set()


def test_ids_of_sources_are_never_mistaken_for_events() -> None:
    assert not {found for found in _provenance() if found.startswith(EVENT_PREFIXES)}


@pytest.mark.slow(is_covering=True)
def test_sources_are_found_in_many_files() -> None:
    assert len({file for file, _ in _sources()}) > 20


def test_operations_have_ids_of_their_own() -> None:
    assert len({operation.id for operation in API_OPERATIONS}) == len(API_OPERATIONS)


@pytest.mark.parametrize("operation", API_OPERATIONS, ids=lambda operation: operation.id)
def test_operation_is_the_one_of_the_contract(operation: Any) -> None:
    path = operation.path.replace("...}", "}")
    assert _operations().get(operation.id) == (operation.method, path, operation.evidence)


@pytest.mark.parametrize("operation", [each for each in API_OPERATIONS if not each.is_public], ids=lambda operation: operation.id)
def test_operation_takes_the_organization_header_where_the_contract_has_it(operation: Any) -> None:
    path_item = _contract("openapi.json")["paths"][operation.path.replace("...}", "}")]
    stated = [*path_item.get("parameters", ()), *path_item[operation.method.lower()].get("parameters", ())]
    assert operation.takes_organization is (ORGANIZATION_HEADER in stated)

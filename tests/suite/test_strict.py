"""A strict server knows what is documented and nothing else: the suite does not accuse it of what it rightly lacks."""

from collections.abc import Iterator

import pytest

from runflow_mock.kit.suite.carriers import AppCarrier
from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import play_all
from runflow_mock.kit.suite.generating import PHASES, STATEFUL, Effort
from runflow_mock.kit.suite.runner import generated
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.runtime.config import Config
from runflow_mock.testing.in_process import InProcess

FEW = Effort(examples=1, sequences=5)
# Callback addresses, a list that is only inferred beside its POST, and links to what is not there.
OPERATIONS = ("POST /v1/webhooks", "POST /v1/batches", "GET /v1/batches/{id}")


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    app = InProcess(Config(strict=True), callbacks_open=False)
    yield Target(AppCarrier(app), None)
    app.stop()


@pytest.mark.slow
def test_strict_server_is_not_accused_by_flows(target: Target) -> None:
    tally = play_all(FLOWS, target, packaged_contract())
    assert (tally.breaches, tally.errors, tally.notes) == ([], [], [])


@pytest.mark.slow
@pytest.mark.parametrize("phases", [PHASES, (STATEFUL,)])
def test_strict_server_is_not_accused_by_generated_requests(target: Target, phases: tuple[str, ...]) -> None:
    with target.open() as tenant:
        assert tenant.is_strict
    tally = generated(target, packaged_contract().document, FEW, phases, operations=OPERATIONS if phases == PHASES else ())
    assert (tally.breaches, tally.errors) == ([], [])
    assert tally.cases > 0

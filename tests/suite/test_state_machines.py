"""Sequences against the model: the fake keeps to it, and one that does not is found."""

from collections.abc import Iterator

import pytest
from mutants import MUTANTS, Mutant

from runflow_mock.kit.suite.carriers import AppCarrier
from runflow_mock.kit.suite.generating import Effort
from runflow_mock.kit.suite.machines import CHECK, run_machines
from runflow_mock.kit.suite.stages import Target
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.testing.in_process import InProcess

FEW = Effort(sequences=4)


@pytest.fixture(scope="module")
def app() -> Iterator[InProcess]:
    app = InProcess(callbacks_open=False)
    yield app
    app.stop()


def test_fake_keeps_to_the_model(app: InProcess) -> None:
    tally = run_machines(Target(AppCarrier(app), None), packaged_contract(), FEW)
    assert (tally.breaches, tally.exit_code) == ([], 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["succeeded runs have no output", "batches cost a cent more", "counters do not add up"])
def test_server_that_departs_from_the_model_is_found(app: InProcess, name: str) -> None:
    tally = run_machines(Target(Mutant(AppCarrier(app), MUTANTS[name]), None), packaged_contract(), FEW)
    assert CHECK in {check for check, _ in tally.broken}

"""Sequences against the model: the fake keeps to it, and one that does not is found."""

import json
from collections.abc import Callable, Mapping

import pytest
from mutants import MUTANTS, Mutant

from runflow_mock.kit.suite.carriers import Answer, AppCarrier
from runflow_mock.kit.suite.flows import CRASHED, STOPPED_BY_DEPTH
from runflow_mock.kit.suite.generating import Effort
from runflow_mock.kit.suite.machines import CHECK, UNSTEADY, run_machines
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.testing.in_process import InProcess

FEW = Effort(sequences=4)


@pytest.mark.slow(is_covering=True)
def test_fake_keeps_to_the_model(app: InProcess) -> None:
    tally = run_machines(Target(AppCarrier(app), None), packaged_contract(), FEW)
    assert (tally.breaches, tally.exit_code) == ([], 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["succeeded runs have no output", "batches cost a cent more", "counters do not add up"])
def test_server_that_departs_from_the_model_is_found(app: InProcess, name: str) -> None:
    tally = run_machines(Target(Mutant(AppCarrier(app), MUTANTS[name]), None), packaged_contract(), FEW)
    assert CHECK in {check for check, _ in tally.broken}


class OnReadings:
    """A carrier to a fake that tells some readings of balances and runs otherwise; they are counted from one on."""

    def __init__(self, app: InProcess, change: Callable[[Answer, int], Answer]) -> None:
        self._inner = AppCarrier(app)
        self.url = self._inner.url
        self._change = change
        self._readings = 0

    def carry(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """The answer to a request, changed where it is a reading that succeeds."""
        answer = self._inner.carry(method, target, headers, body)
        if method != "GET" or answer.status != 200 or not target.startswith(("/v1/billing/balance", "/v1/runs/")):
            return answer
        self._readings += 1
        return self._change(answer, self._readings)

    def close(self) -> None:
        """Does nothing."""


def told_of(app: InProcess, change: Callable[[Answer, int], Answer]) -> list[str]:
    tally = run_machines(Target(OnReadings(app, change), None), packaged_contract(), FEW)
    return [breach.says for breach in tally.breaches if breach.check == CHECK]


@pytest.mark.slow
def test_server_that_answers_the_same_steps_otherwise_is_told_so(app: InProcess) -> None:
    def once(answer: Answer, number: int) -> Answer:
        return answer if number != 4 else answer.with_body(json.dumps({**answer.json, "balance": "1.00"}).encode())

    (says,) = told_of(app, once)
    assert says.startswith(f"{UNSTEADY}; the first time: ")
    assert "1.00" in says
    assert CRASHED not in says


def test_sequence_that_runs_out_of_frames_is_told_as_one_of_the_server(app: InProcess) -> None:
    def deep(_: Answer, __: int) -> Answer:
        raise RecursionError

    assert told_of(app, deep) == [STOPPED_BY_DEPTH]

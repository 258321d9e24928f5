"""Sequences of steps against a model of runs, batches and money, stated apart from any server."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from runflow_mock.kit.suite.generating import Effort
from runflow_mock.kit.suite.machines import run_machines
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.kit.suite.tallies import Tally
from runflow_mock.openapi.contracts import Contract


@pytest.mark.timeout(36000)
def test_runs_and_batches(target: Target, document: Mapping[str, Any], effort: Effort, settle: Callable[[Tally], None]) -> None:
    settle(run_machines(target, Contract(dict(document)), effort))

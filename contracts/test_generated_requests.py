"""Requests made up from the document: examples, coverage and fuzzing of each operation, then sequences along links."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from runflow_mock.kit.suite.generating import PHASES, STATEFUL, Effort
from runflow_mock.kit.suite.runner import generated
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.kit.suite.tallies import Tally


@pytest.mark.timeout(3600)
def test_operation(label: str, target: Target, document: Mapping[str, Any], effort: Effort, settle: Callable[[Tally], None]) -> None:
    settle(generated(target, document, effort, PHASES, operations=(label,)))


@pytest.mark.timeout(36000)
def test_links_between_operations(target: Target, document: Mapping[str, Any], effort: Effort, settle: Callable[[Tally], None]) -> None:
    if target.may_create and not target.has_control:
        pytest.skip("sequences cost what they cost: without the control API they are left out")
    settle(generated(target, document, effort, (STATEFUL,)))

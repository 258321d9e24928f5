"""Stories that a server must get right, every answer held against the document and the laws on the way."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import Flow, play
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.kit.suite.tallies import Tally
from runflow_mock.openapi.contracts import Contract


@pytest.mark.timeout(900)
@pytest.mark.parametrize("flow", FLOWS, ids=[flow.id for flow in FLOWS])
def test_flow(flow: Flow, target: Target, document: Mapping[str, Any], settle: Callable[[Tally], None]) -> None:
    settle(play(flow, target, Contract(dict(document))))

"""A server that speaks as single switches say is not accused: whatever `verify --profile` and `--switches` may set is right."""

import pytest

from runflow_mock.domain.dialects import BUNDLES, SWITCHES
from runflow_mock.kit.suite.carriers import AppCarrier
from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import play_all
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.testing.in_process import InProcess

# Every switch the other way round than the bundle has it, but for headers of quotas, of which there are three ways.
TURNED = {name: next(value for value in values if value != getattr(BUNDLES["seed"], name)) for name, values in SWITCHES.items()}


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_server_with_every_switch_turned_is_not_accused() -> None:
    app = InProcess(callbacks_open=False)
    try:
        target = Target(AppCarrier(app), None, dialect="seed", switches={**TURNED, "rate_limit_headers": "full"})
        tally = play_all(FLOWS, target, packaged_contract())
    finally:
        app.stop()
    assert (tally.breaches, tally.errors) == ([], [])


def test_switches_reach_the_tenants_of_the_suite() -> None:
    app = InProcess(callbacks_open=False)
    try:
        with Target(AppCarrier(app), None, dialect="docs", switches={"run_error": "present"}).open() as tenant:
            assert (tenant.settings["dialect"], tenant.settings["switches"]) == ("docs", {"run_error": "present"})
    finally:
        app.stop()

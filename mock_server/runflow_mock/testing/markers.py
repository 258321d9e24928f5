"""The marker `runflow`: how the tenant of a test is made, how strict its end is, and what is wrong with it, in words."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from runflow_mock.domain.hints import did_you_mean
from runflow_mock.testing.scenario_files import ScenarioUnreadable, scenario_body
from runflow_mock.wire.tenants import SETTINGS

STRICTNESS = ("allow_unused", "allow_violations", "allow_exceptions")
# The plugin gives a tenant its name, so that no two tests share one.
_NAMES = (*SETTINGS, "scenario", *STRICTNESS)


class MarkerError(ValueError):
    """A marker that cannot be meant."""


class Wishes(NamedTuple):
    """What markers ask for: settings of the tenant, and how strict its end is."""

    settings: dict[str, Any]
    strictness: dict[str, Any]


def read_wishes(given: Mapping[str, Any]) -> Wishes:
    """Returns what the keywords of a marker ask for; what is nothing is as if it were not there.

    Raises:
        MarkerError: there is no such keyword, or no such file of a scenario.
    """
    for name in given:
        if name not in _NAMES:
            hint = did_you_mean(name, _NAMES) or "."
            raise MarkerError(f"@pytest.mark.runflow knows no {name!r}{hint} It takes {', '.join(sorted(_NAMES))}.")
    meant = {name: value for name, value in given.items() if value is not None}
    if "scenario" in meant:
        try:
            meant["scenario"] = scenario_body(meant["scenario"])
        except ScenarioUnreadable as error:
            raise MarkerError(f"@pytest.mark.runflow: {error}") from None
    return Wishes(
        {name: value for name, value in meant.items() if name not in STRICTNESS},
        {name: value for name, value in meant.items() if name in STRICTNESS},
    )

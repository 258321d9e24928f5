"""Scenes: how far the story of a tenant's scenario has come, and the bodies that ask for another one."""

from collections.abc import Sequence

import msgspec

from runflow_mock.domain.expectations import Checked
from runflow_mock.domain.reports import Unfired
from runflow_mock.domain.scenarios import Scenario
from runflow_mock.wire.control import decode, refused
from runflow_mock.wire.expectations import represent_checked
from runflow_mock.wire.reports import represent_unfired


class _Scene(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: str | None = None
    scenario: str | dict[str, object] | None = None


def decode_scene(raw: bytes) -> str | dict[str, object]:
    """Returns the name of a scenario, or a whole one, of `{"name": …}` or `{"scenario": …}`."""
    body = decode(raw, _Scene)
    asked = body.name if body.scenario is None else body.scenario
    if asked is None or (body.name is not None and body.scenario is not None):
        way_out = '{"name": "happy-path"}, {"scenario": {…}}, or YAML as application/yaml'
        raise refused(f"say which scenario: {way_out}")
    return asked


def represent_scene(scenario: Scenario, checked: Sequence[Checked], unreached: Sequence[Unfired]) -> dict[str, object]:
    """Returns a scenario with what became of its expectations, and the rules of the tenant that never fired, both one by one."""
    as_expected = all(each.held for each in checked)
    return {
        "name": scenario.name,
        "story": scenario.story,
        "unused": "allowed" if scenario.allows_unused else "error",
        "held": as_expected and (scenario.allows_unused or not unreached),
        "expectations": map(represent_checked, checked),
        "unreached": map(represent_unfired, unreached),
    }

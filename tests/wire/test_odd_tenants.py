"""Settings, rules, histories and kept files that come from elsewhere: what no body could have led to is refused."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from worlds import catalog, make_world

from runflow_mock.domain.deliveries import RetrySchedule
from runflow_mock.domain.documents import write_document
from runflow_mock.domain.fault_kinds import Latency
from runflow_mock.domain.faults import FaultRule
from runflow_mock.domain.identity import RuleId
from runflow_mock.domain.places import Where
from runflow_mock.domain.quotas import Quota
from runflow_mock.domain.snapshots import Timer
from runflow_mock.domain.tenants import STANDING_START, TenantSettings
from runflow_mock.wire.control import ControlError
from runflow_mock.wire.faults import check_rule
from runflow_mock.wire.history import decode_history, represent_history
from runflow_mock.wire.kept import HEAD, read_tenant
from runflow_mock.wire.seals import Unreadable
from runflow_mock.wire.snapshots import SavedTenant, decode_snapshot, represent_snapshot
from runflow_mock.wire.tenants import WAITS_MAX, check_settings

USUAL = TenantSettings(name="a")


@pytest.mark.parametrize(
    "changes",
    [
        {"quota": Quota(requests=0, window=timedelta(minutes=1))},
        {"models": (replace(catalog().get("runflow/background-removal"), input_schema=write_document({"type": "nonsense"})),)},
        {"name": "No Name"},
        {"retries": RetrySchedule(waits=(timedelta(seconds=1),) * (WAITS_MAX + 1))},
        {"scopes": ("no:scope",)},
    ],
)
def test_settings_that_no_body_leads_to_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ControlError):
        check_settings(replace(USUAL, **changes))


def test_settings_that_a_body_leads_to_pass() -> None:
    given = replace(USUAL, quota=Quota(requests=1, window=timedelta(minutes=1)), start=STANDING_START, models=(catalog().models[0],))
    check_settings(given)


@pytest.mark.parametrize("changes", [{"matched": -1}, {"fired": 2**80}])
def test_rule_whose_counts_are_impossible_is_refused(changes: dict[str, int]) -> None:
    rule = FaultRule(id=RuleId("r"), where=Where(operation="get_run"), what=Latency(seconds=1.0))
    check_rule(rule)
    with pytest.raises(ControlError, match="must be from 0"):
        check_rule(replace(rule, **changes))


def test_snapshot_with_a_model_that_cannot_be_is_refused() -> None:
    model = replace(catalog().models[0], run_seconds=(-1.0, 2.0))
    world = replace(make_world().snapshot(), settings=replace(USUAL, models=(model,)))
    saved = SavedTenant(rate=0.0, changes=0, reads=0, world=world, files=())
    with pytest.raises(Unreadable, match="model "):
        decode_snapshot(represent_snapshot(saved, saved.world.timers))


def test_history_whose_base_contradicts_itself_is_refused() -> None:
    world = make_world()
    base = replace(world.snapshot(), timers=(Timer(world.now, "nobody"),))
    raw = represent_history(USUAL, catalog(), (), started_at=world.now, now=world.now, forgotten=0, base=base)
    with pytest.raises(Unreadable, match="the base of the history contradicts itself: a timer is set for nobody"):
        decode_history(raw)


@pytest.mark.parametrize(
    ("base", "message"), [((), "it has no beginning"), (((HEAD, b"\xc1"),), "malformed"), ((("nothing", b""),), "nothing")]
)
def test_kept_file_that_nobody_wrote_is_refused(base: tuple[tuple[str, bytes], ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_tenant(base, (), ())

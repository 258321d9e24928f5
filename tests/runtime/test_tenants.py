from datetime import UTC, datetime, timedelta

import pytest
from doors import Door
from worlds import catalog, create_run

from runflow_mock.domain.instants import whole_milliseconds
from runflow_mock.domain.principals import ADMIN
from runflow_mock.domain.tenants import ClockMode, KeySpec, TenantSettings
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.refusals import TenantsFull
from runflow_mock.runtime.tenants import Tenants

PRESENT = datetime(2026, 11, 22, 12, 0, 0, 123_456, tzinfo=UTC)


def make(**settings: object) -> Tenants:
    return Tenants(Config(**settings), catalog(), monotonic=lambda: 7.0, wall=PRESENT.timestamp)  # type: ignore[arg-type]


def test_first_use_of_a_key_makes_its_tenant_and_the_next_finds_it() -> None:
    tenants = make()
    found = tenants.find("rf_live_mock_shop")
    assert found is not None
    tenant, principal = found
    assert (tenant.settings.name, principal.key, ADMIN in principal.scopes) == ("shop", "rf_live_mock_shop", False)
    assert tenants.find("rf_live_mock_shop") == found
    assert (len(tenants), list(tenants)) == (1, [tenant])


def test_admin_key_is_the_same_tenant_with_another_principal() -> None:
    tenants = make()
    admin, ordinary = tenants.find("rf_svc_mock_shop"), tenants.find("rf_live_mock_shop")
    assert admin is not None
    assert ordinary is not None
    assert admin[0] is ordinary[0]
    assert (ADMIN in admin[1].scopes, ADMIN in ordinary[1].scopes) == (True, False)


@pytest.mark.parametrize("key", ["", "shop", "rf_live_mock_", "rf_live_mock_A", "rf_live_real", "RF_LIVE_MOCK_shop", "rf_live_mock_shop\n"])
def test_other_keys_make_nothing(key: str) -> None:
    tenants = make()
    assert tenants.find(key) is None
    assert len(tenants) == 0


def test_further_key_is_found_with_its_scopes() -> None:
    tenants = make()
    tenants.create(TenantSettings(name="shop", keys=(KeySpec("ci", ("runs:read",)),)))
    found = tenants.find("rf_live_mock_shop_ci")
    assert found is not None
    assert (found[0].settings.name, found[1].name, found[1].scopes) == ("shop", "ci", frozenset(("runs:read",)))


def test_creating_again_replaces_world_and_keys_and_drops_the_old() -> None:
    tenants = make()
    old = tenants.create(TenantSettings(name="shop", keys=(KeySpec("ci", ()),)))
    new = tenants.create(TenantSettings(name="shop"))
    assert (tenants.get("shop"), old.is_dropped, new.is_dropped, len(tenants)) == (new, True, False, 1)
    found = tenants.find("rf_live_mock_shop")
    assert found is not None
    assert found[0] is new


def test_dropped_tenant_is_not_found() -> None:
    tenants = make()
    tenant = tenants.create(TenantSettings(name="shop"))
    assert tenants.drop("shop") is tenant
    assert (tenants.get("shop"), tenants.drop("shop"), tenant.is_dropped) == (None, None, True)


def test_replacing_is_possible_where_another_tenant_is_not() -> None:
    tenants = make(tenants_max=1)
    tenants.create(TenantSettings(name="a"))
    tenants.create(TenantSettings(name="a"))
    with pytest.raises(TenantsFull) as raised:
        tenants.create(TenantSettings(name="b"))
    assert (raised.value.tenants_max, tenants.get("b")) == (1, None)


STANDING = datetime(2026, 1, 1, tzinfo=UTC)
RATES = [(ClockMode.REAL, 1.0), (ClockMode.SCALED, 60.0), (ClockMode.MANUAL, 0.0), (ClockMode.AUTO, 0.0)]


@pytest.mark.parametrize(
    ("mode", "start"), [(ClockMode.MANUAL, STANDING), (ClockMode.AUTO, STANDING), (ClockMode.REAL, whole_milliseconds(PRESENT))]
)
def test_standing_clock_starts_in_2026_and_a_running_one_at_the_present(mode: ClockMode, start: datetime) -> None:
    assert make().create(TenantSettings(name="shop", clock=mode)).world.now == start


def test_given_start_is_taken_in_whole_milliseconds() -> None:
    start = datetime(2030, 1, 1, 0, 0, 0, 1_999, tzinfo=UTC)
    assert make().create(TenantSettings(name="shop", start=start)).world.now == start - timedelta(microseconds=999)


@pytest.mark.parametrize(("mode", "rate"), RATES)
def test_clock_passes_as_its_mode_says(mode: ClockMode, rate: float) -> None:
    assert make().create(TenantSettings(name="shop", clock=mode, scale=60.0)).clock.rate == rate


def test_reads_do_not_shift_the_ids_of_changes() -> None:
    """Ids in records must not depend on how often a client polls."""
    few, many = (make().create(TenantSettings(name="shop")) for _ in range(2))
    for _ in range(5):
        many.issue_request_id(changes=False)
    assert few.issue_request_id(changes=True) == many.issue_request_id(changes=True)
    assert few.issue_request_id(changes=False) != many.issue_request_id(changes=False)


def test_world_of_a_tenant_takes_commands() -> None:
    tenant = make().create(TenantSettings(name="shop", clock=ClockMode.MANUAL))
    tenant.world.execute(create_run())
    assert len(tenant.world.store.runs) == 1


def test_named_key_of_one_tenant_never_leads_to_another() -> None:
    with Door(tenant="a_b") as door:
        assert door.get("/v1/auth/me").status_code == 200
        refused = door.post("/_mock/tenants", {"name": "a", "keys": [{"name": "b", "scopes": ["runs:read"]}]})
        assert refused.status_code == 409
        assert "rf_live_mock_a_b belongs to tenant a_b" in refused.json()["error"]["message"]
        assert door.get("/_mock/tenants/a", key=None).status_code == 404

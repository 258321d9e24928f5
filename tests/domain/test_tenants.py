import pytest

from runflow_mock.domain.records import Limits
from runflow_mock.domain.tenants import NEW_ACCOUNT_BALANCE, STANDING_START, ClockMode, TenantSettings, is_tenant_name


@pytest.mark.parametrize("text", ["a", "test_1", "0", "x" * 64])
def test_tenant_name_fits_a_key(text: str) -> None:
    assert is_tenant_name(text)


@pytest.mark.parametrize("text", ["", "x" * 65, "Test", "a-b", "a b", "a/b", "é", "a\n"])
def test_anything_else_names_no_tenant(text: str) -> None:
    assert not is_tenant_name(text)


@pytest.mark.parametrize(("mode", "stands"), [("real", False), ("scaled", False), ("manual", True), ("auto", True)])
def test_manual_and_auto_clocks_move_by_jumps_only(mode: str, stands: bool) -> None:
    assert ClockMode(mode).stands is stands


def test_new_tenant_has_what_was_decided() -> None:
    settings = TenantSettings(name="test")
    assert settings.balance == NEW_ACCOUNT_BALANCE == 10_000_000
    assert settings.batch_items_max == 100
    assert settings.retries.attempts_max == 5
    assert "admin" not in settings.scopes
    assert STANDING_START.isoformat() == "2026-01-01T00:00:00+00:00"


def test_everything_that_grows_has_a_limit() -> None:
    assert all(getattr(Limits(), name) > 0 for name in Limits.__struct_fields__)
    assert all(name.endswith("_max") for name in Limits.__struct_fields__)

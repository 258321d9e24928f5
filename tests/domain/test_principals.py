import pytest

from runflow_mock.domain.principals import (
    ADMIN,
    ADMIN_KEY_PREFIX,
    CUSTOMER_SCOPES,
    KEY_PREFIX,
    REAL_PREFIXES,
    SCOPES,
    allows,
)


@pytest.mark.parametrize("scope", SCOPES)
def test_scope_covers_itself(scope: str) -> None:
    assert allows((scope,), scope)


@pytest.mark.parametrize("scope", CUSTOMER_SCOPES)
def test_admin_covers_every_scope_and_no_customer_scope_covers_admin(scope: str) -> None:
    assert allows((ADMIN,), scope)
    assert not allows(CUSTOMER_SCOPES, ADMIN)


def test_creating_and_executing_runs_are_two_words_for_one_right() -> None:
    assert allows(("runs:execute",), "runs:create")
    assert allows(("runs:create",), "runs:execute")
    assert not allows(("runs:create", "runs:execute"), "runs:read")


def test_scope_covers_no_other() -> None:
    pairs = {("runs:create", "runs:execute"), ("runs:execute", "runs:create")}
    covered = {(held, wanted) for held in CUSTOMER_SCOPES for wanted in SCOPES if held != wanted and allows((held,), wanted)}
    assert covered == pairs


def test_no_scopes_allow_nothing() -> None:
    assert not any(allows((), scope) for scope in SCOPES)


def test_scopes_are_listed_once() -> None:
    assert len(set(SCOPES)) == len(SCOPES)


def test_keys_of_the_fake_pass_a_prefix_check_of_clients() -> None:
    assert KEY_PREFIX.startswith(REAL_PREFIXES)
    assert ADMIN_KEY_PREFIX.startswith(REAL_PREFIXES)


@pytest.mark.parametrize(("scopes", "is_admin"), [(("runs:read", ADMIN), True), (CUSTOMER_SCOPES, False)])
def test_admin_scope_makes_an_administrator(scopes: tuple[str, ...], is_admin: bool) -> None:
    assert allows(scopes, ADMIN) is is_admin

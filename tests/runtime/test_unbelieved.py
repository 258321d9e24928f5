"""Receivers that believe no genuine callback: the log tells of each once."""

import pytest

from runflow_mock.runtime.unbelieved import RECEIVERS_MAX, Unbelieved

HOOK = "http://127.0.0.1:9/hook"


@pytest.mark.parametrize("status", [401, 403])
def test_first_refusal_is_told_once_with_both_forms(status: int) -> None:
    told: list[str] = []
    unbelieved = Unbelieved(told.append)
    for _ in range(3):
        unbelieved.note("shop", HOOK, status, is_dated=True)
    assert told == [
        f"tenant shop: {HOOK} answers {status} to genuine callbacks: it is sent `v1=` and hex digits over `timestamp.body`, with "
        "Runflow-Timestamp, and seems to expect bare hex digits over the body (serve --dialect docs, or --switches signature=bare), or "
        "another secret"
    ]


def test_other_receivers_are_told_of_by_themselves() -> None:
    told: list[str] = []
    unbelieved = Unbelieved(told.append)
    for tenant, url in (("shop", HOOK), ("shop", f"{HOOK}s"), ("other", HOOK)):
        unbelieved.note(tenant, url, 401, is_dated=False)
    assert len(told) == 3


@pytest.mark.parametrize("earlier", [200, 204])
def test_receiver_that_has_taken_one_is_never_told_of(earlier: int) -> None:
    told: list[str] = []
    unbelieved = Unbelieved(told.append)
    for status in (500, None, earlier, 401):
        unbelieved.note("shop", HOOK, status, is_dated=True)
    assert told == []


def test_so_many_receivers_are_remembered_and_no_more() -> None:
    told: list[str] = []
    unbelieved = Unbelieved(told.append)
    for number in range(RECEIVERS_MAX + 5):
        unbelieved.note("shop", f"{HOOK}/{number}", 401, is_dated=True)
    assert len(told) == RECEIVERS_MAX

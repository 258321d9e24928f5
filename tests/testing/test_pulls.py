"""Deliveries that the test carries to its receiver itself."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from steps import MODEL

from runflow_mock.testing.client import ClientError
from runflow_mock.testing.outlooks import TenantOutlook
from runflow_mock.testing.receiver import Received
from runflow_mock.testing.runflow import PulledDelivery, Runflow, open_tenant

SECRET = "rf_whsec_of_the_test"
ANYWHERE = "https://shop.example/hooks"


@pytest.fixture
def pulling(url: str) -> Iterator[Runflow]:
    with open_tenant(url, clock="manual", deliveries="pull", callback_secret=SECRET) as opened:
        yield opened
        opened.control.delete_tenant(opened.tenant)


def finish(tenant: Runflow) -> dict[str, Any]:
    body = {"input": {"image_url": "https://cdn.example.com/shirt.jpg"}, "callback_url": ANYWHERE}
    created: dict[str, Any] = requests.post(
        f"{tenant.base_url}/v1/models/{MODEL}/runs", json=body, headers=tenant.headers, timeout=5
    ).json()
    tenant.clock.run_until_idle()
    return created


def only(tenant: Runflow) -> PulledDelivery:
    (delivery,) = tenant.deliveries.pull()
    return delivery


def test_pulled_delivery_is_what_would_have_been_sent(pulling: Runflow) -> None:
    run = finish(pulling)
    delivery = only(pulling)
    received = Received("/hooks", {name.lower(): value for name, value in delivery.headers.items()}, delivery.body)
    received.verify(SECRET)
    assert (delivery.url, delivery.number, received.request_id) == (ANYWHERE, 1, f"{delivery.id}-1")
    assert run["id"].encode() in delivery.body


def test_answer_feeds_the_retries(pulling: Runflow) -> None:
    finish(pulling)
    only(pulling).answer(500)
    pulling.clock.advance("10s")
    again = only(pulling)
    assert again.number == 2
    again.answer(204)
    assert [attempt.status_code for attempt in pulling.deliveries[0].attempts] == [500, 204]
    assert pulling.deliveries[0].state == "succeeded"


def test_delivery_without_an_answer_counts_as_taken_once_time_goes_on(pulling: Runflow) -> None:
    finish(pulling)
    only(pulling)
    assert pulling.deliveries[0].state == "delivering"
    pulling.clock.advance("1s")
    assert pulling.deliveries[0].state == "succeeded"


def test_time_does_not_wait_for_what_nobody_pulls(pulling: Runflow) -> None:
    finish(pulling)
    assert pulling.clock.run_until_idle() == []
    assert only(pulling).number == 1


def test_duplicate_is_pulled_twice_and_the_last_answer_counts(pulling: Runflow) -> None:
    pulling.faults.add(what="callback.duplicate")
    finish(pulling)
    first, second = pulling.deliveries.pull()
    assert (first.id, first.headers, first.body) == (second.id, second.headers, second.body)
    first.answer(200)
    second.answer(503)
    assert [attempt.status_code for attempt in pulling.deliveries[0].attempts] == [503]


def test_dropped_delivery_is_not_there_to_be_pulled(pulling: Runflow) -> None:
    pulling.faults.add(what="callback.drop")
    finish(pulling)
    assert pulling.deliveries.pull() == ()
    assert pulling.deliveries[0].state == "succeeded"


def test_answer_is_given_once(pulling: Runflow) -> None:
    finish(pulling)
    delivery = only(pulling)
    delivery.answer(200)
    with pytest.raises(ValueError, match="answered already"):
        delivery.answer(500)
    with pytest.raises(ClientError, match="attempt that waits"):
        pulling.control.answer_delivery(delivery.id, 500)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("status", [0, 99, 600])
def test_answer_must_be_a_status(pulling: Runflow, status: int) -> None:
    finish(pulling)
    with pytest.raises(ClientError, match=f"status {status}"):
        only(pulling).answer(status)


def test_tenant_whose_deliveries_are_sent_has_nothing_to_pull(tenant: Runflow) -> None:
    with pytest.raises(ClientError, match='"deliveries": "pull"'):
        tenant.deliveries.pull()


def test_wait_for_what_is_to_be_pulled_says_so(pulling: Runflow) -> None:
    finish(pulling)
    reason = TenantOutlook(pulling.control).reason()
    assert 'attempt 1 waits to be carried: the tenant was made with "deliveries": "pull"; carry what runflow.deliveries.pull()' in reason

from dataclasses import dataclass
from hashlib import sha256

import pytest
from msgspec.structs import replace
from records import LATER, ORG, a_delivery, nth_id
from worlds import START

from runflow_mock.domain.identity import WebhookId
from runflow_mock.domain.runs import RunStatus
from runflow_mock.domain.webhooks import (
    EVENT_TYPES,
    FINGERPRINT_CHARACTERS,
    RUN_EVENT_TYPES,
    Webhook,
    listeners,
)

ID = WebhookId(nth_id(1))


def a_webhook(*event_types: str) -> Webhook:
    return Webhook(
        id=ID,
        org_id=ORG,
        url="https://app.example/hook",
        secret="example_secret",
        event_types=event_types,
        created_at=START,
        updated_at=START,
    )


def test_event_types_are_the_three_of_the_contract() -> None:
    assert set(EVENT_TYPES) == {"run.completed", "run.failed", "run.cancelled"}
    assert set(RUN_EVENT_TYPES) == {RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED}
    assert all(event_type.id == code for code, event_type in EVENT_TYPES.items())


def test_fingerprint_tells_secrets_apart_and_does_not_show_them() -> None:
    webhook = a_webhook()
    assert webhook.fingerprint == sha256(webhook.secret.encode()).hexdigest()[:FINGERPRINT_CHARACTERS]
    assert replace(webhook, secret="other").fingerprint != webhook.fingerprint


@dataclass
class Case:
    webhook: Webhook
    hears: bool


@pytest.mark.parametrize(
    "case",
    [
        Case(a_webhook("run.completed", "run.failed"), hears=True),
        Case(a_webhook("run.completed"), hears=False),
        Case(a_webhook(), hears=False),
        Case(replace(a_webhook("run.failed"), disabled_at=LATER), hears=False),
        Case(replace(a_webhook("run.failed"), deleted_at=LATER), hears=False),
    ],
)
def test_only_enabled_subscribers_hear(case: Case) -> None:
    assert listeners([case.webhook], "run.failed") == ((case.webhook,) if case.hears else ())


def test_delivery_of_a_webhook_stands_in_its_own_history() -> None:
    assert a_delivery(webhook_id=ID).told_under == f"{ID} {a_delivery().parent_id}"
    assert a_delivery(webhook_id=ID).parent_id == a_delivery().parent_id == a_delivery().told_under

"""Organization webhooks: addresses that hear of every run of the organization, with or without a callback URL of its own.

Theory. A webhook subscribes to event types; one that subscribes to none hears nothing. When a run ends, each webhook that is enabled and
subscribed gets a delivery: the machine, the retries and the headers are those of callbacks (`domain.deliveries`), the secret is its own.
A deleted webhook leaves every list, but what was sent to it stays readable.

Source: `webhooks.routes`, `webhooks.events`, `webhooks.create-fields`. Inferred: `webhooks.signature`, `webhooks.no-subscription`, and
`webhooks.switched-off` (what waits for another attempt when a webhook is switched off or deleted is given up).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256

import msgspec

from runflow_mock.domain.identity import OrganizationId, WebhookId
from runflow_mock.domain.runs import RunStatus

FINGERPRINT_CHARACTERS = 12


class EventType(msgspec.Struct, frozen=True):
    """An event one can subscribe to."""

    code: str
    label: str
    description: str

    @property
    def id(self) -> str:
        """The code, which tells it apart in a list."""
        return self.code


RUN_EVENT_TYPES: Mapping[RunStatus, EventType] = {
    RunStatus.SUCCEEDED: EventType("run.completed", "Run completed", "A run ended with its whole output."),
    RunStatus.FAILED: EventType("run.failed", "Run failed", "A run ended without output."),
    RunStatus.CANCELLED: EventType("run.cancelled", "Run cancelled", "A run was stopped before its end."),
}
EVENT_TYPES: Mapping[str, EventType] = {event_type.code: event_type for event_type in RUN_EVENT_TYPES.values()}


class Webhook(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """One subscription of the organization; `secret` is what its deliveries are signed with and is never shown."""

    id: WebhookId
    org_id: OrganizationId
    url: str
    secret: str
    event_types: tuple[str, ...] = ()
    created_at: datetime
    updated_at: datetime
    disabled_at: datetime | None = None
    deleted_at: datetime | None = None
    last_triggered_at: datetime | None = None

    @property
    def is_enabled(self) -> bool:
        """Whether anything is sent to it."""
        return self.disabled_at is None and self.deleted_at is None

    @property
    def fingerprint(self) -> str:
        """Tells secrets apart without showing them."""
        return sha256(self.secret.encode()).hexdigest()[:FINGERPRINT_CHARACTERS]


def listeners(webhooks: Iterable[Webhook], event_type: str) -> tuple[Webhook, ...]:
    """Returns the enabled webhooks that subscribe to an event."""
    return tuple(webhook for webhook in webhooks if webhook.is_enabled and event_type in webhook.event_types)

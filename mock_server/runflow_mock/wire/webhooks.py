"""Organization webhooks on the wire: their bodies and records, and what was sent to them. A secret comes in and never goes out.

Source: `webhooks.routes`, `webhooks.create-fields`, `webhooks.record`. Inferred: `webhooks.fingerprint` and the columns of an event type.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import cast

import msgspec

from runflow_mock.domain.callback_policy import URL_CHARACTERS_MAX
from runflow_mock.domain.commands import CreateWebhook, UpdateWebhook
from runflow_mock.domain.deliveries import Attempt, Delivery
from runflow_mock.domain.documents import Json
from runflow_mock.domain.filters import Field
from runflow_mock.domain.identity import WebhookId
from runflow_mock.domain.webhooks import EVENT_TYPES, EventType, Webhook
from runflow_mock.wire.fields import Checker, Schema
from runflow_mock.wire.listing import flag_fields, number_field, text_field, text_fields, time_field, time_fields
from runflow_mock.wire.problems import invalid
from runflow_mock.wire.requests import Rules, optional_instant, optional_text, url_errors
from runflow_mock.wire.times import write_instant, write_optional

SECRET_CHARACTERS_MAX = 255
SUBSCRIPTIONS_MAX = 100
WEBHOOK_EMBEDS = ("deliveries",)
DELIVERY_EMBEDS = ("attempts", "webhook")
ATTEMPT_EMBEDS = ("delivery",)

_SECRET: Schema = {"type": "string", "minLength": 1, "maxLength": SECRET_CHARACTERS_MAX}
_SUBSCRIPTIONS: Schema = {
    "type": ["array", "null"],
    "maxItems": SUBSCRIPTIONS_MAX,
    "items": {
        "type": "object",
        "required": ["event_type_code"],
        "properties": {"event_type_code": {"type": "string", "enum": [*EVENT_TYPES]}},
    },
}
_PROPERTIES: Schema = {
    "url": {"type": "string", "maxLength": URL_CHARACTERS_MAX},
    "secret": _SECRET,
    "event_subscriptions": _SUBSCRIPTIONS,
}
_create = Checker({"type": "object", "required": ["url", "secret"], "properties": _PROPERTIES})
_update = Checker(
    {
        "type": "object",
        "properties": {**_PROPERTIES, "disabled_at": {"type": ["string", "null"]}, "updated_at": {"type": ["string", "null"]}},
    }
)


class WebhookAttempt(msgspec.Struct, frozen=True):
    """One attempt together with the delivery that it belongs to."""

    delivery: Delivery
    attempt: Attempt

    @property
    def id(self) -> str:
        """The id of the attempt."""
        return self.attempt.id

    @property
    def succeeded(self) -> bool:
        """Whether the receiver took it. Inferred: while it is under way it has not, as the source has a boolean there."""
        result = self.attempt.result
        return result is not None and result.is_success

    @property
    def next_retry_at(self) -> datetime | None:
        """When the attempt after this one is due or was made, if there is one."""
        later = self.delivery.attempts[self.attempt.number :]
        return later[0].at if later else self.delivery.next_attempt_at


def decode_create_webhook(body: dict[str, Json], rules: Rules) -> CreateWebhook:
    """Returns the command in a body."""
    errors = [*_create.errors(body, ("body",)), *url_errors(body, "url", rules)]
    if errors:
        raise invalid(*errors)
    return CreateWebhook(url=cast(str, body["url"]), secret=cast(str, body["secret"]), event_types=_event_types(body))


def decode_update_webhook(body: dict[str, Json], webhook_id: str, rules: Rules) -> UpdateWebhook:
    """Returns the command in a body; what is left out stays as it is."""
    errors = [*_update.errors(body, ("body",)), *url_errors(body, "url", rules)]
    disabled_at, updated_at = (optional_instant(body, name, errors) for name in ("disabled_at", "updated_at"))
    if errors:
        raise invalid(*errors)
    return UpdateWebhook(
        webhook_id=WebhookId(webhook_id),
        url=optional_text(body, "url"),
        secret=optional_text(body, "secret"),
        event_types=_event_types(body) if "event_subscriptions" in body else None,
        switches="disabled_at" in body,
        disabled_at=disabled_at,
        updated_at=updated_at,
    )


def represent_webhook(webhook: Webhook, deliveries: Iterable[Delivery] | None = None) -> dict[str, object]:
    """Returns a webhook without its secret, and with its deliveries if they are given: each is made when somebody comes to it."""
    return {
        "id": webhook.id,
        "org_id": webhook.org_id,
        "url": webhook.url,
        "secret_fingerprint": webhook.fingerprint,
        "disabled_at": write_optional(webhook.disabled_at),
        "last_triggered_at": write_optional(webhook.last_triggered_at),
        "created_at": write_instant(webhook.created_at),
        "updated_at": write_instant(webhook.updated_at),
        "event_subscriptions": [{"webhook_id": webhook.id, "event_type_code": code} for code in webhook.event_types],
        "deliveries": None if deliveries is None else map(represent_webhook_delivery, deliveries),
    }


def represent_webhook_delivery(delivery: Delivery, webhook: Webhook | None = None) -> dict[str, object]:
    """Returns what was sent to a webhook, with the webhook itself if it is given."""
    return {
        "id": delivery.id,
        "webhook_id": delivery.webhook_id,
        "event_type_code": delivery.event_type,
        "payload": msgspec.Raw(delivery.payload),
        "created_at": write_instant(delivery.created_at),
        "attempts": [represent_webhook_attempt(each) for each in webhook_attempts(delivery)],
        "webhook": None if webhook is None else represent_webhook(webhook),
    }


def webhook_attempts(delivery: Delivery) -> list[WebhookAttempt]:
    """Returns the attempts of a delivery in order."""
    return [WebhookAttempt(delivery, attempt) for attempt in delivery.attempts]


def represent_webhook_attempt(entry: WebhookAttempt, *, is_embedding: bool = False) -> dict[str, object]:
    """Returns one POST and the answer to it, with the delivery if it is to be embedded."""
    attempt, result = entry.attempt, entry.attempt.result
    return {
        "id": attempt.id,
        "delivery_id": entry.delivery.id,
        "attempt_number": attempt.number,
        "status_code": None if result is None else result.status_code,
        "response_body": None if result is None else result.response_body,
        "response_time_ms": None if result is None else result.response_time_ms,
        "succeeded": entry.succeeded,
        "next_retry_at": write_optional(entry.next_retry_at),
        "created_at": write_instant(attempt.at),
        "delivery": represent_webhook_delivery(entry.delivery) if is_embedding else None,
    }


def represent_event_type(event_type: EventType) -> dict[str, object]:
    """Returns an event one can subscribe to."""
    return {"code": event_type.code, "label": event_type.label, "description": event_type.description}


WEBHOOK_FIELDS: dict[str, Field[Webhook]] = {
    **text_fields("id", "url"),
    **time_fields("disabled_at", "last_triggered_at", "created_at", "updated_at"),
    "secret_fingerprint": text_field(lambda webhook: webhook.fingerprint),
}
DELIVERY_FIELDS: dict[str, Field[Delivery]] = {
    **text_fields("id", "webhook_id"),
    **time_fields("created_at"),
    "event_type_code": text_field(lambda delivery: delivery.event_type),
}
ATTEMPT_FIELDS: dict[str, Field[WebhookAttempt]] = {
    **text_fields("id"),
    **flag_fields("succeeded"),
    "delivery_id": text_field(lambda entry: entry.delivery.id),
    "attempt_number": number_field(lambda entry: entry.attempt.number),
    "status_code": number_field(lambda entry: None if entry.attempt.result is None else entry.attempt.result.status_code),
    "created_at": time_field(lambda entry: entry.attempt.at),
}
EVENT_TYPE_FIELDS: dict[str, Field[EventType]] = {
    **text_fields("code", "label"),
}


def _event_types(body: dict[str, Json]) -> tuple[str, ...]:
    subscriptions = cast("list[dict[str, str]]", body.get("event_subscriptions") or [])
    return tuple(dict.fromkeys(subscription["event_type_code"] for subscription in subscriptions))

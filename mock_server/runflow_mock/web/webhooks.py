"""Organization webhooks: create, list, read, change, delete, and the events one can subscribe to."""

from itertools import islice
from typing import cast

from runflow_mock.domain.commands import DeleteWebhook
from runflow_mock.domain.errors import NotFound
from runflow_mock.domain.identity import WebhookId
from runflow_mock.domain.records import WEBHOOKS, RecordCreated
from runflow_mock.domain.webhooks import EVENT_TYPES, Webhook
from runflow_mock.web.calls import Answer, Call, Handler, answer, no_content
from runflow_mock.web.lists import answer_list, write_in_steps
from runflow_mock.web.pieces import Steps, answer_in_steps
from runflow_mock.web.routing import Operation
from runflow_mock.wire.accounts import decode_embed
from runflow_mock.wire.webhooks import (
    EVENT_TYPE_FIELDS,
    WEBHOOK_EMBEDS,
    WEBHOOK_FIELDS,
    decode_create_webhook,
    decode_update_webhook,
    represent_event_type,
    represent_webhook,
)

DELIVERIES = "deliveries"


def create_webhook(call: Call) -> Answer:
    """POST /v1/webhooks"""
    created = cast(RecordCreated, call.execute(decode_create_webhook(call.read_body(), call.caller.rules)).events[0])
    return answer(represent_webhook(call.store.webhook(created.record.id)), 201)


def list_webhooks(call: Call) -> Answer:
    """GET /v1/webhooks"""
    embed = _embed(call)
    return answer_list(call, call.store.present(WEBHOOKS), WEBHOOK_FIELDS, lambda webhook: _body(call, webhook, embed), long=DELIVERIES)


def get_webhook(call: Call) -> Answer:
    """GET /v1/webhooks/{id}"""
    return answer_in_steps(_one(_body(call, call.store.webhook(call.uuid("id")), _embed(call))))


def update_webhook(call: Call) -> Answer:
    """PATCH /v1/webhooks/{id}"""
    webhook = call.store.webhook(call.uuid("id"))
    call.execute(decode_update_webhook(call.read_body(), webhook.id, call.caller.rules))
    return answer(represent_webhook(call.store.webhook(webhook.id)))


def delete_webhook(call: Call) -> Answer:
    """DELETE /v1/webhooks/{id}"""
    call.execute(DeleteWebhook(WebhookId(call.uuid("id"))))
    return no_content()


def list_webhook_event_types(call: Call) -> Answer:
    """GET /v1/webhooks/event-types"""
    return answer_list(call, tuple(EVENT_TYPES.values()), EVENT_TYPE_FIELDS, represent_event_type, order="code")


def get_webhook_event_type(call: Call) -> Answer:
    """GET /v1/webhooks/event-types/{code}"""
    code = call.params["code"]
    event_type = EVENT_TYPES.get(code)
    if event_type is None:
        raise NotFound("event type", code)
    return answer(represent_event_type(event_type))


def _one(body: dict[str, object]) -> Steps:
    return answer((yield from write_in_steps(body, DELIVERIES)))


def _embed(call: Call) -> frozenset[str]:
    return decode_embed(call.parameters.get("embed"), WEBHOOK_EMBEDS)


def _body(call: Call, webhook: Webhook, embed: frozenset[str]) -> dict[str, object]:
    if DELIVERIES not in embed:
        return represent_webhook(webhook)
    heard = call.store.deliveries_heard_by(webhook.id)
    # Not those that come while this goes on.
    return represent_webhook(webhook, islice(heard, len(heard)))


_COLLECTION, _ONE = "/v1/webhooks", "/v1/webhooks/{id}"

OPERATIONS: tuple[Operation[Handler], ...] = (
    Operation("GET", _COLLECTION, list_webhooks, scope="webhooks:read"),
    Operation("POST", _COLLECTION, create_webhook, scope="webhooks:create"),
    Operation("GET", f"{_COLLECTION}/event-types", list_webhook_event_types, scope="webhooks:read"),
    Operation("GET", f"{_COLLECTION}/event-types/{{code}}", get_webhook_event_type, scope="webhooks:read"),
    Operation("GET", _ONE, get_webhook, scope="webhooks:read"),
    Operation("PATCH", _ONE, update_webhook, scope="webhooks:edit"),
    Operation("DELETE", _ONE, delete_webhook, scope="webhooks:delete"),
)

"""What was sent to organization webhooks: deliveries and their attempts; `any` as webhook searches all, deleted ones included."""

from collections.abc import Sequence

from runflow_mock.domain.deliveries import Delivery
from runflow_mock.domain.errors import NotFound
from runflow_mock.web.calls import Answer, Call, Handler, answer
from runflow_mock.web.lists import ANY, answer_list, find_one
from runflow_mock.web.routing import Operation
from runflow_mock.wire.accounts import decode_embed
from runflow_mock.wire.webhooks import (
    ATTEMPT_EMBEDS,
    ATTEMPT_FIELDS,
    DELIVERY_EMBEDS,
    DELIVERY_FIELDS,
    represent_webhook_attempt,
    represent_webhook_delivery,
    webhook_attempts,
)


def list_webhook_deliveries(call: Call) -> Answer:
    """GET /v1/webhooks/{webhook_id}/deliveries"""
    embed = decode_embed(call.parameters.get("embed"), DELIVERY_EMBEDS)
    return answer_list(
        call,
        _deliveries(call),
        DELIVERY_FIELDS,
        lambda delivery: _delivery_body(call, delivery, embed),
        waits=lambda delivery: not delivery.is_terminal,
    )


def get_webhook_delivery(call: Call) -> Answer:
    """GET /v1/webhooks/{webhook_id}/deliveries/{id}"""
    embed = decode_embed(call.parameters.get("embed"), DELIVERY_EMBEDS)
    return answer(_delivery_body(call, _delivery(call, "id"), embed))


def list_webhook_delivery_attempts(call: Call) -> Answer:
    """GET /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/attempts"""
    is_embedding = bool(decode_embed(call.parameters.get("embed"), ATTEMPT_EMBEDS))
    attempts = webhook_attempts(_delivery(call, "delivery_id"))
    return answer_list(
        call,
        attempts,
        ATTEMPT_FIELDS,
        lambda entry: represent_webhook_attempt(entry, is_embedding=is_embedding),
        order="attempt_number",
    )


def get_webhook_delivery_attempt(call: Call) -> Answer:
    """GET /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/attempts/{id}"""
    return answer(represent_webhook_attempt(find_one(call, "attempt", webhook_attempts(_delivery(call, "delivery_id")))))


def _deliveries(call: Call) -> Sequence[Delivery]:
    if call.params["webhook_id"] == ANY:
        return [delivery for delivery in call.store.deliveries.values() if delivery.webhook_id is not None]
    return call.store.deliveries_heard_by(call.store.webhook(call.uuid("webhook_id")).id)


def _delivery(call: Call, name: str) -> Delivery:
    """Returns a delivery of the webhook in the path; a client that reads an unfinished one waits for it."""
    parent = None if call.params["webhook_id"] == ANY else call.store.webhook(call.uuid("webhook_id")).id
    wanted = call.uuid(name)
    delivery = call.store.delivery(wanted)
    if delivery.webhook_id is None or parent not in (None, delivery.webhook_id):
        raise NotFound("delivery", wanted)
    if not delivery.is_terminal:
        call.wait_for(delivery.id)
    return delivery


def _delivery_body(call: Call, delivery: Delivery, embed: frozenset[str]) -> dict[str, object]:
    assert delivery.webhook_id is not None
    return represent_webhook_delivery(delivery, call.store.webhooks[delivery.webhook_id] if "webhook" in embed else None)


_DELIVERIES = "/v1/webhooks/{webhook_id}/deliveries"
_ATTEMPTS = f"{_DELIVERIES}/{{delivery_id}}/attempts"

OPERATIONS: tuple[Operation[Handler], ...] = (
    Operation("GET", _DELIVERIES, list_webhook_deliveries, scope="webhooks:read"),
    Operation("GET", f"{_DELIVERIES}/{{id}}", get_webhook_delivery, scope="webhooks:read"),
    Operation("GET", _ATTEMPTS, list_webhook_delivery_attempts, scope="webhooks:read"),
    Operation("GET", f"{_ATTEMPTS}/{{id}}", get_webhook_delivery_attempt, scope="webhooks:read"),
)

"""Deliveries: every callback with every attempt, one of them with what was signed and how it compares, and sending one again."""

from typing import cast

from runflow_mock.domain.callback_policy import objection
from runflow_mock.domain.commands import RedeliverBatchCallback, RedeliverRunCallback, ResendDelivery
from runflow_mock.domain.deliveries import Delivery, DeliveryCreated
from runflow_mock.domain.documents import Json
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.clock import represent_clock
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.pieces import answer_window, document_in_pieces, list_in_pieces, look
from runflow_mock.web.routing import Operation
from runflow_mock.wire.callbacks import represent_delivery_in_full, signed_text
from runflow_mock.wire.control import ControlError, decode_resend, refused
from runflow_mock.wire.diagnoses import diagnose_delivery
from runflow_mock.wire.rows import represent_delivery_row
from runflow_mock.wire.snippets import attempt_as_curl, differences
from runflow_mock.wire.windows import Window, read_window

WAITING = "waiting"


async def list_deliveries(call: Call) -> Answer:
    """GET /_mock/deliveries: every delivery with every attempt; with `limit` a window of one line each, newest first."""
    tenant = tenant_of(call)
    window = read_window(call.parameters, "state", "about")
    store = tenant.world.store
    if window is None:
        told_of = tuple(store.deliveries)
        return answer({"items": await list_in_pieces(represent_delivery_in_full(store.deliveries[each]) for each in told_of)})
    found, total = await look(store.deliveries.values(), window, lambda delivery: _keeps(window, delivery))
    rows = (represent_delivery_row(delivery, store.deliveries_about(delivery.told_under)) for delivery in found)
    return await answer_window(call, rows, total)


async def get_delivery(call: Call) -> Answer:
    """GET /_mock/deliveries/{id}: a delivery with every attempt, what was signed, and what `runflow-mock doctor` says about it."""
    tenant = tenant_of(call)
    store = tenant.world.store
    delivery = store.delivery(call.params["id"])
    body = represent_delivery_in_full(delivery)
    attempts = cast("list[dict[str, Json]]", body["attempts"])
    for before, attempt in zip((None, *attempts), attempts, strict=False):
        attempt["signed"] = signed_text(attempt, tenant.dialect)
        attempt["curl"] = attempt_as_curl(delivery.url, attempt)
        attempt["differences"] = None if before is None else cast(Json, differences(before, attempt))
    about_the_same = store.deliveries_about(delivery.told_under)
    row = represent_delivery_row(delivery, about_the_same)
    earlier = [other for other in about_the_same if other.id != delivery.id]
    findings = diagnose_delivery(body, represent_clock(call, tenant))
    others = (represent_delivery_row(one, about_the_same) for one in earlier)
    told = {"delivery": {**body, "attempts": iter(attempts)}, "row": row, "findings": findings, "others": others}
    return answer(await document_in_pieces(told, call.runtime.scrubber.scrub))


async def resend_delivery(call: Call) -> Answer:
    """POST /_mock/deliveries/{id}/resend: tells once more, with a payload rendered now; `{"url", "body"}` sends it elsewhere or changed."""
    tenant = tenant_of(call)
    delivery = tenant.world.store.delivery(call.params["id"])
    asked = decode_resend(call.body)
    if asked.is_changed:
        objection_to_size = call.runtime.holdings.objection(tenant, len(call.body))
        if objection_to_size is not None:
            raise ControlError(503, "full", objection_to_size)
        if asked.url is not None:
            refusal = objection(call.caller.rules.callbacks, asked.url, "url")
            if refusal is not None:
                raise refused(refusal)
        command: RedeliverRunCallback | RedeliverBatchCallback | ResendDelivery = ResendDelivery(
            delivery_id=delivery.id, url=asked.url, payload=None if asked.body is None else asked.body.encode()
        )
    elif delivery.run_id is not None and delivery.webhook_id is None:
        command = RedeliverRunCallback(delivery.run_id)
    elif delivery.batch_id is not None:
        command = RedeliverBatchCallback(delivery.batch_id)
    else:
        way_out = 'give "body" or "url" to send its bytes once more'
        raise ControlError(409, "refused", f"an evaluation or a webhook is told once; {way_out}")
    made = next(event.delivery for event in call.execute(command).events if isinstance(event, DeliveryCreated))
    # With its other bytes it is kept for good, as all deliveries are.
    call.runtime.holdings.keep(tenant, len(call.body))
    return answer(represent_delivery_in_full(tenant.world.store.delivery(made.id)), 201)


def _keeps(window: Window, delivery: Delivery) -> bool:
    is_wanted = window.has("state", delivery.status.value, None if delivery.is_terminal else WAITING)
    return is_wanted and window.has("about", delivery.parent_id) and window.finds(delivery.id, delivery.url, delivery.parent_id)


OPERATIONS: tuple[Operation[ControlHandler], ...] = (
    Operation("GET", "/_mock/deliveries", list_deliveries, is_long=True),
    Operation("GET", "/_mock/deliveries/{id}", get_delivery),
    Operation("POST", "/_mock/deliveries/{id}/resend", resend_delivery),
)

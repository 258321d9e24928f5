"""Webhooks for tests: steps that create, read and change one."""

from typing import Any

from contract import fits
from doors import Door
from steps import Body, ok

WEBHOOKS = "/v1/webhooks"
URL = "http://127.0.0.1:9000/organization"
SECRET = "example_not_a_real_secret"
CREATED: Body = {"url": URL, "secret": SECRET}


def subscriptions(*codes: str) -> list[Body]:
    """The subscriptions to these events as a body writes them."""
    return [{"event_type_code": code} for code in codes]


def new(door: Door, **body: Any) -> Body:
    """Creates a webhook and returns its record."""
    return ok(fits(door.post(WEBHOOKS, {**CREATED, **body}), "create_webhook"), 201)


def read(door: Door, webhook: Body) -> Body:
    """The webhook as it stands now."""
    return ok(fits(door.get(f"{WEBHOOKS}/{webhook['id']}"), "get_webhook"))


def change(door: Door, webhook: Body, **body: Any) -> Body:
    """Changes a webhook and returns its record."""
    return ok(fits(door.patch(f"{WEBHOOKS}/{webhook['id']}", body), "update_webhook"))

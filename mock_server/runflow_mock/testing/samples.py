"""Sample callbacks of every event: each is the real message of a small world in this process, which is led to the event and sends it.

Nothing is rendered here: what arrives is what the engine froze, signed and sent by the same code as the callbacks of a sandbox.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace

from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.testing.control import Control
from runflow_mock.testing.in_process import InProcess

STEPS_MAX = 50

_ABSENT = "00000000-0000-7000-8000-000000000000"
_MODEL = "/v1/models/runflow/background-removal"
_IMAGE = "https://cdn.example.com/shoe.jpg"
_RUN: Mapping[str, Any] = {"input": {"image_url": _IMAGE}, "client_ref": "sku-123", "metadata": {"sample": True}}
_ITEMS = [{"image_url": _IMAGE, "client_ref": "sku-123"}, {"image_url": "https://cdn.example.com/boot.jpg", "client_ref": "sku-124"}]
_BATCH: Mapping[str, Any] = {"input": _ITEMS, "metadata": {"sample": True}}
_EVALUATION = {"generated_image_url": _IMAGE, "task_type": "background_removal"}


class Sample(NamedTuple):
    """What leads to an event: a creation, the rule that interferes with it, or the noun by which it is cancelled."""

    path: str
    body: Mapping[str, Any]
    rule: Mapping[str, Any] | None = None
    cancels: str | None = None


EVENTS: Mapping[str, Sample] = {
    "run.completed": Sample(f"{_MODEL}/runs", _RUN),
    "run.partial_succeeded": Sample(f"{_MODEL}/runs", _RUN, {"where": {}, "what": {"kind": "succeed_partially"}}),
    "run.failed": Sample(f"{_MODEL}/runs", _RUN, {"where": {}, "what": {"kind": "fail"}}),
    "run.cancelled": Sample(f"{_MODEL}/runs", _RUN, cancels="runs"),
    "batch.succeeded": Sample(f"{_MODEL}/batches", _BATCH),
    "batch.partial_succeeded": Sample(f"{_MODEL}/batches", _BATCH, {"where": {"edge": "batch.item[1]"}, "what": {"kind": "fail"}}),
    "batch.failed": Sample(f"{_MODEL}/batches", _BATCH, {"where": {}, "what": {"kind": "fail"}}),
    "batch.cancelled": Sample(f"{_MODEL}/batches", _BATCH, cancels="batches"),
    "evaluation.completed": Sample("/v1/evaluations", _EVALUATION),
    "evaluation.failed": Sample("/v1/evaluations", {**_EVALUATION, "generated_image_url": f"runflow://assets/{_ABSENT}"}),
}
"""Every event that is told at a callback URL, under the name that its message carries."""

ALIASES: Mapping[str, str] = {"run.succeeded": "run.completed"}
"""Names that people expect; the message says what the service says."""


def send_sample(event: str, url: str, config: Config) -> dict[str, Any]:
    """Sends the message of an event to a URL once, and returns its delivery as `GET /_mock/deliveries` shows it.

    Dialect, seed and callback secret are the configuration's.

    Raises:
        ClientError: the URL cannot be a callback URL.
    """
    sample = EVENTS[ALIASES.get(event, event)]
    app = InProcess(replace(config, clock=ClockMode.MANUAL, speed=1.0))
    try:
        control = Control("http://localhost", "rf_live_mock_sample", app)
        if sample.rule is not None:
            control.add_fault(**sample.rule)
        created = control.client.post(sample.path, {**sample.body, "callback_url": url})
        if sample.cancels is not None:
            control.client.post(f"/_mock/{sample.cancels}/{created['id']}/cancel")
        return _first_attempt(control)
    finally:
        app.stop()


def _first_attempt(control: Control) -> dict[str, Any]:
    """Moves time on until the message has been sent once."""
    for _ in range(STEPS_MAX):
        for delivery in control.client.get("/_mock/deliveries")["items"]:
            attempted: dict[str, Any] = delivery
            if attempted["attempts"] and attempted["state"] != "delivering":
                return attempted
        if not control.next():
            # Nothing is due: to move by nothing waits for the answer to what is on its way.
            control.advance(0)
    raise AssertionError("the sample world has come to rest without a delivery")

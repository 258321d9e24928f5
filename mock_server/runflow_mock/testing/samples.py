"""Sample callbacks of every event: each is the real message of a small world in this process, which is led to the event and sends it.

Nothing is rendered here: what arrives is what the engine froze, signed and sent by the same code as the callbacks of a sandbox.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.hints import did_you_mean
from runflow_mock.domain.tenants import PULL, ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.testing.arguments import check_text
from runflow_mock.testing.control import Control
from runflow_mock.testing.in_process import BASE_URL, InProcess

STEPS_MAX = 50
RECEIVER_URL = "https://receiver.example.com/callbacks"

_TEXTS = {"secret": "'rf_whsec_of_the_test'", "dialect": "'docs'", "seed": "'42'"}
_MAPPINGS = {"switches": "{'signature': 'bare'}", "metadata": "{'order': '17'}"}
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


class SampleCallback(msgspec.Struct, frozen=True):
    """One message as a receiver gets it: the exact bytes and the headers, signed where a secret was given."""

    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """What the body says."""
        document: dict[str, Any] = json.loads(self.body)
        return document

    def with_headers(self, **headers: str | None) -> "SampleCallback":
        """Returns the sample with other headers; `_` stands for `-`, and nothing takes one away."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in given.items():
            if value is not None and not isinstance(value, str):
                raise TypeError(f"the header {name} is a text or None, not {value!r:.80}")
        merged = {**self.headers, **{name: value for name, value in given.items() if value is not None}}
        return SampleCallback({name: value for name, value in merged.items() if name not in given or given[name] is not None}, self.body)


def sample_callback(
    event: str,
    *,
    secret: str | None = None,
    dialect: str = "seed",
    switches: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    seed: str | None = None,
    at: datetime | None = None,
) -> SampleCallback:
    """Returns the callback of an event, for a unit test of the code that takes callbacks; no server and no socket is needed.

    Time begins at this moment of the machine's clock, or `at` another, at which the callback is then signed too. Each is about a new run or
    batch, unless a seed is given; with both, it is the same bytes and headers every time.

    Raises:
        ValueError: there is no such event; the message names those that there are.
        TypeError: something is of another kind than it has to be.
        ClientError: the dialect, a switch, the secret or the metadata cannot be meant.
    """
    if not isinstance(event, str):
        raise TypeError(f"an event is a text such as 'run.completed', not {event!r:.80}")
    name = ALIASES.get(event, event)
    if name not in EVENTS:
        hint = did_you_mean(event[:80], EVENTS) or "."
        raise ValueError(f"no callback tells of the event {event!r:.80}{hint} There are {', '.join(EVENTS)}.")
    _check(secret=secret, dialect=dialect, seed=seed, switches=switches, metadata=metadata)
    if at is not None and not isinstance(at, datetime):
        raise TypeError(f"at is a datetime, not {at!r:.80}")
    app = InProcess(Config(clock=ClockMode.MANUAL, speed=1.0))
    try:
        with sample_world(app, secret=secret, dialect=dialect, switches=switches or {}, seed=seed, at=at) as control:
            lead_to(control, EVENTS[name], RECEIVER_URL, metadata)
            return carry(control)
    finally:
        app.stop()


def _check(**given: object) -> None:
    for name, value in given.items():
        if value is None:
            continue
        if name in _TEXTS:
            check_text(name, value, _TEXTS[name])
        elif not isinstance(value, Mapping):
            raise TypeError(f"{name} is a mapping such as {_MAPPINGS[name]}, not {value!r:.80}")


@contextmanager
def sample_world(
    app: InProcess,
    *,
    secret: str | None,
    dialect: str,
    switches: Mapping[str, str],
    seed: str | None = None,
    at: datetime | None = None,
) -> Iterator[Control]:
    """Makes a small world in which time begins now, or then, whose callbacks nobody sends: they are taken. It is gone afterwards."""
    control = Control(BASE_URL, None, app)
    tenant = control.create_tenant(
        seed=seed or secrets.token_hex(8),
        start=(at or datetime.now(UTC)).isoformat(),
        # Signatures carry the machine's time, or that of the world where it has one of its own.
        client_time="wall" if at is None else "virtual",
        dialect=dialect,
        switches=switches,
        callback_secret=secret,
        deliveries=PULL,
    )
    try:
        yield Control(BASE_URL, tenant.key, app)
    finally:
        control.delete_tenant(tenant.tenant)


def lead_to(control: Control, sample: Sample, url: str, metadata: Mapping[str, Any] | None = None, client_ref: str | None = None) -> None:
    """Creates what a sample tells of, with another client_ref where it has one; its callback is due when time has moved on."""
    if sample.rule is not None:
        control.add_fault(**sample.rule)
    given: dict[str, Any] = {} if metadata is None else {"metadata": metadata}
    if client_ref is not None and "client_ref" in sample.body:
        given["client_ref"] = client_ref
    created = control.client.post(sample.path, {**sample.body, **given, "callback_url": url})
    if sample.cancels is not None:
        control.client.post(f"/_mock/{sample.cancels}/{created['id']}/cancel")


def carry(control: Control) -> SampleCallback:
    """Moves time on until nothing is due but what waits to be taken, and takes it; to the sender it is as if nobody had answered."""
    control.run_until_idle()
    for pulled in control.pull_deliveries():
        control.answer_delivery(pulled.delivery_id, 504)
        return SampleCallback(pulled.headers, pulled.body)
    raise AssertionError("the world of the sample has come to rest without a delivery")


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
        lead_to(control, sample, url)
        # Time moves on until the message has been sent once.
        for _ in range(STEPS_MAX):
            for delivery in control.client.get("/_mock/deliveries")["items"]:
                attempted: dict[str, Any] = delivery
                if attempted["attempts"] and attempted["state"] != "delivering":
                    return attempted
            if not control.next():
                # Nothing is due: to move by nothing waits for the answer to what is on its way.
                control.advance(0)
        raise AssertionError("the sample world has come to rest without a delivery")
    finally:
        app.stop()

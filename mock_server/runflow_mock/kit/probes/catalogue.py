"""All probes for receivers, in one literal table; the first one is the control of all others."""

from collections.abc import Mapping
from typing import Any

import msgspec

from runflow_mock.domain.verdicts import Weight
from runflow_mock.kit.probes.probe_steps import (
    UNUSUAL,
    ProbeStep,
    acts_once,
    borrows_signature,
    refuses,
    survives,
    survives_headers,
    survives_method,
    takes,
    takes_any_order,
    takes_changed,
    takes_copy,
    takes_next_attempt,
    takes_previous_secret,
    takes_rewritten,
    takes_slow_body,
)
from runflow_mock.kit.probes.sample_callbacks import SampleCallback
from runflow_mock.testing.samples import EVENTS


class Probe(msgspec.Struct, frozen=True):
    """One thing that a receiver is sent: what it is called, the rule that it is about, and whether it needs samples with a timestamp."""

    name: str
    rule: str
    step: ProbeStep
    needs_timestamp: bool = False


ASKS: Mapping[str, str] = {
    "takes-genuine": "A genuine callback is answered with 2xx.",
    "takes-every-event": "Every documented event is answered with 2xx, whether it is of interest or not.",
    "verifies-raw-bytes": "The signature is checked over the raw bytes, not over JSON that was parsed and written again.",
    "refuses-forged": "What is not signed with the secret, over these bytes, is not answered with 2xx.",
    "refuses-stale": "A timestamp more than five minutes off is not answered with 2xx, although the signature fits.",
    "takes-delayed": "A timestamp a few minutes off is answered with 2xx: clocks differ.",
    "takes-repeats": "What was delivered already is answered with 2xx again, so that the sender stops.",
    "acts-once": "However often a delivery arrives, it has one effect.",
    "takes-any-order": "Callbacks are taken in whatever order they arrive.",
    "takes-slow-bodies": "A body that arrives slowly is read to its end.",
    "takes-previous-secret": "During a rotation a callback under the secret before the present one is taken.",
    "tolerates-news": "Fields and events that nobody documented yet are answered with 2xx.",
    "tolerates-spelling": "Headers and content types that are spelled differently and mean the same are taken.",
    "survives-oddities": "Odd methods, content types and bodies are answered, and not with an error of the receiver's own.",
    "answers-in-time": "Every answer comes before the sender gives up waiting.",
}
WARNINGS = frozenset(("tolerates-spelling", "survives-oddities"))
IN_TIME = "answers-in-time"


def weight_of(rule: str) -> Weight:
    """Returns how much it matters that a rule is broken."""
    return Weight.WARNING if rule in WARNINGS else Weight.ERROR


def _with_field(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "x_unknown": {"since": "tomorrow"}}


def _with_event(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "event": "run.hibernated", "status": "hibernating"}


def _lower(sample: SampleCallback) -> SampleCallback:
    return SampleCallback({name.lower(): value for name, value in sample.headers.items()}, sample.body)


def _with_charset(sample: SampleCallback) -> SampleCallback:
    return sample.with_headers(Content_Type="application/json; charset=utf-8")


def _as_text(sample: SampleCallback) -> SampleCallback:
    return sample.with_headers(Content_Type="text/plain")


def _untyped(sample: SampleCallback) -> SampleCallback:
    return sample.with_headers(Content_Type=None)


CONTROL = Probe("genuine", "takes-genuine", takes())

PROBES: tuple[Probe, ...] = (
    CONTROL,
    *(Probe(event, "takes-every-event", takes(event)) for event in EVENTS if event != "run.completed"),
    Probe("unusual bytes", "verifies-raw-bytes", takes(metadata=UNUSUAL)),
    Probe("wrong secret", "refuses-forged", refuses("wrong_secret")),
    Probe("unsigned", "refuses-forged", refuses("unsigned")),
    Probe("changed body", "refuses-forged", refuses("tamper")),
    Probe("borrowed signature", "refuses-forged", borrows_signature),
    Probe("ten minutes old", "refuses-stale", refuses("stale", by="10m"), needs_timestamp=True),
    Probe("ten minutes ahead", "refuses-stale", refuses("future", by="10m"), needs_timestamp=True),
    Probe("four minutes old", "takes-delayed", takes(distortion={"kind": "callback.stale", "by": "4m"}), needs_timestamp=True),
    Probe("copy", "takes-repeats", takes_copy),
    Probe("next attempt", "takes-repeats", takes_next_attempt),
    Probe("repeats", "acts-once", acts_once),
    Probe("reordered", "takes-any-order", takes_any_order),
    Probe("slow body", "takes-slow-bodies", takes_slow_body),
    Probe("rotation", "takes-previous-secret", takes_previous_secret),
    Probe("unknown field", "tolerates-news", takes_rewritten(_with_field)),
    Probe("unknown event", "tolerates-news", takes_rewritten(_with_event)),
    Probe("lower-case headers", "tolerates-spelling", takes_changed(_lower)),
    Probe("charset", "tolerates-spelling", takes_changed(_with_charset)),
    Probe("GET", "survives-oddities", survives_method("GET")),
    Probe("PUT", "survives-oddities", survives_method("PUT")),
    Probe("text/plain", "survives-oddities", survives_headers(_as_text)),
    Probe("no content type", "survives-oddities", survives_headers(_untyped)),
    Probe("no JSON", "survives-oddities", survives(b"not json")),
    Probe("a list", "survives-oddities", survives(b"[]")),
    Probe("no body", "survives-oddities", survives(b"")),
)

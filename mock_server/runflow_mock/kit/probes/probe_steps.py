"""Plays: how a probe uses the sender and the carrier, and what it concludes from the answers.

Each step differs from sending a genuine sample in one thing, so that a refusal can have one reason only.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from runflow_mock.kit.probes.carriers import Answer, Carrier
from runflow_mock.kit.probes.sample_callbacks import SIGNATURE, SampleCallback, Sender

# Bytes that come out differently when they are parsed and written again: other escapes, numbers, an order of keys, and a slash.
UNUSUAL: Mapping[str, Any] = {
    "note": "Größe 50 % ✓ \u2028",
    "ratio": 1.0,
    "10": "ten",
    "9": "nine",
    "path": "a/b",
    "html": "<b>&amp;</b>",
}


class ProbeKit(msgspec.Struct, frozen=True):
    """Who takes part: the writer of samples, the way to the receiver, and the secret before the present one where there is one."""

    sender: Sender
    carrier: Carrier
    previous_secret: str | None = None


class Seen(msgspec.Struct, frozen=True):
    """One thing that was seen: as it should be or not, in words; nothing where it could not be seen."""

    is_held: bool | None
    told: str


ProbeStep = Callable[[ProbeKit], Iterator[Seen]]


def takes(event: str = "run.completed", **how: Any) -> ProbeStep:
    """Returns the step of a sample that must be taken."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        yield _taken(kit.carrier.carry(kit.sender.write(event, **how)))

    return step


def refuses(kind: str, **how: Any) -> ProbeStep:
    """Returns the step of a sample that is distorted in one way and must not be taken."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        yield _refused(kit.carrier.carry(kit.sender.write(distortion={"kind": f"callback.{kind}", **how})))

    return step


def takes_changed(change: Callable[[SampleCallback], SampleCallback]) -> ProbeStep:
    """Returns the step of a sample whose headers are changed in a way that means the same."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        yield _taken(kit.carrier.carry(change(kit.sender.write())))

    return step


def takes_rewritten(change: Callable[[dict[str, Any]], dict[str, Any]]) -> ProbeStep:
    """Returns the step of a sample with another content, signed as the service would."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        sample = kit.sender.write()
        yield _taken(kit.carrier.carry(kit.sender.sign(sample, msgspec.json.encode(change(msgspec.json.decode(sample.body))))))

    return step


def survives(body: bytes) -> ProbeStep:
    """Returns the step of bytes that are no message, signed as if they were: any answer will do but an error of the receiver's own."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        yield _orderly(kit.carrier.carry(kit.sender.sign(kit.sender.write(), body)))

    return step


def survives_method(method: str) -> ProbeStep:
    """Returns the step of a sample that comes by another method."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        sample = kit.sender.write()
        yield _orderly(kit.carrier.carry(SampleCallback(sample.headers, b"") if method == "GET" else sample, method))

    return step


def survives_headers(change: Callable[[SampleCallback], SampleCallback]) -> ProbeStep:
    """Returns the step of a sample with odd headers."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        yield _orderly(kit.carrier.carry(change(kit.sender.write())))

    return step


def borrows_signature(kit: ProbeKit) -> Iterator[Seen]:
    """A sample with the signature, and timestamp, of another one."""
    other = kit.sender.write()
    headers = {name: other.headers[name] for name in other.headers if name != "Runflow-Request-Id"}
    assert SIGNATURE in headers
    mine = kit.sender.write()
    yield _refused(kit.carrier.carry(SampleCallback({**mine.headers, **headers}, mine.body)))


def takes_copy(kit: ProbeKit) -> Iterator[Seen]:
    """The same sample twice, equal in every byte."""
    sample = kit.sender.write()
    yield from _both_taken(kit, sample, sample)


def takes_next_attempt(kit: ProbeKit) -> Iterator[Seen]:
    """The next attempt of a delivery whose answer was lost: same delivery, new timestamp and signature."""
    yield from _both_taken(kit, *kit.sender.write_twice())


def acts_once(kit: ProbeKit) -> Iterator[Seen]:
    """A sample, its copy, and one more attempt of another delivery: each delivery has one effect."""
    if not kit.carrier.counts_effects:
        yield Seen(None, "nobody tells how often the receiver acts: give an address that answers with that number, with --effects")
        return
    for name, pair in (("copy", (kit.sender.write(),) * 2), ("next attempt", kit.sender.write_twice())):
        before = kit.carrier.effects()
        for sample in pair:
            kit.carrier.carry(sample)
        count = kit.carrier.effects() - before
        yield Seen(count == 1, f"a sample and its {name} had {count} effects")


def takes_any_order(kit: ProbeKit) -> Iterator[Seen]:
    """What happened later is told first."""
    earlier, later = kit.sender.write(), kit.sender.write("batch.succeeded")
    for sample in (later, earlier):
        yield _taken(kit.carrier.carry(sample))


def takes_slow_body(kit: ProbeKit) -> Iterator[Seen]:
    """A sample whose body comes in two halves."""
    yield _taken(kit.carrier.carry_slowly(kit.sender.write()))


def takes_previous_secret(kit: ProbeKit) -> Iterator[Seen]:
    """During a rotation samples are still signed with the secret before."""
    if kit.previous_secret is None:
        yield Seen(None, "no secret before the present one is known: give it with --previous-secret")
        return
    yield _taken(kit.carrier.carry(kit.sender.write(secret=kit.previous_secret)))


def _both_taken(kit: ProbeKit, *samples: SampleCallback) -> Iterator[Seen]:
    for name, sample in zip(("first", "second"), samples, strict=True):
        answer = kit.carrier.carry(sample)
        yield Seen(answer.is_taken, f"the {name} was {answer.told}")


def _taken(answer: Answer) -> Seen:
    return Seen(answer.is_taken, answer.told)


def _refused(answer: Answer) -> Seen:
    return Seen(None if answer.status is None else not answer.is_taken, answer.told)


def _orderly(answer: Answer) -> Seen:
    return Seen(answer.is_orderly, answer.told)

"""Plays: how a probe uses the sender and the carrier, and what it concludes from the answers.

Each play differs from sending a genuine letter in one thing, so that a refusal can have one reason only.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from runflow_mock.testing.probes.carriers import Answer, Carrier
from runflow_mock.testing.probes.letters import SIGNATURE, Letter, Sender

# Bytes that come out differently when they are parsed and written again: other escapes, numbers, an order of keys, and a slash.
UNUSUAL: Mapping[str, Any] = {
    "note": "Größe 50 % ✓ \u2028",
    "ratio": 1.0,
    "10": "ten",
    "9": "nine",
    "path": "a/b",
    "html": "<b>&amp;</b>",
}


class Stage(msgspec.Struct, frozen=True):
    """Who takes part: the writer of letters, the way to the receiver, and the secret before the present one where there is one."""

    sender: Sender
    carrier: Carrier
    previous_secret: str | None = None


class Seen(msgspec.Struct, frozen=True):
    """One thing that was seen: as it should be or not, in words; nothing where it could not be seen."""

    is_held: bool | None
    told: str


Play = Callable[[Stage], Iterator[Seen]]


def takes(event: str = "run.completed", **how: Any) -> Play:
    """Returns the play of a letter that must be taken."""

    def play(stage: Stage) -> Iterator[Seen]:
        yield _taken(stage.carrier.carry(stage.sender.write(event, **how)))

    return play


def refuses(kind: str, **how: Any) -> Play:
    """Returns the play of a letter that is distorted in one way and must not be taken."""

    def play(stage: Stage) -> Iterator[Seen]:
        yield _refused(stage.carrier.carry(stage.sender.write(distortion={"kind": f"callback.{kind}", **how})))

    return play


def takes_changed(change: Callable[[Letter], Letter]) -> Play:
    """Returns the play of a letter whose headers are changed in a way that means the same."""

    def play(stage: Stage) -> Iterator[Seen]:
        yield _taken(stage.carrier.carry(change(stage.sender.write())))

    return play


def takes_rewritten(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Play:
    """Returns the play of a letter with another content, signed as the service would."""

    def play(stage: Stage) -> Iterator[Seen]:
        letter = stage.sender.write()
        yield _taken(stage.carrier.carry(stage.sender.sign(letter, msgspec.json.encode(change(msgspec.json.decode(letter.body))))))

    return play


def survives(body: bytes) -> Play:
    """Returns the play of bytes that are no message, signed as if they were: any answer will do but an error of the receiver's own."""

    def play(stage: Stage) -> Iterator[Seen]:
        yield _orderly(stage.carrier.carry(stage.sender.sign(stage.sender.write(), body)))

    return play


def survives_method(method: str) -> Play:
    """Returns the play of a letter that comes by another method."""

    def play(stage: Stage) -> Iterator[Seen]:
        letter = stage.sender.write()
        yield _orderly(stage.carrier.carry(Letter(letter.headers, b"") if method == "GET" else letter, method))

    return play


def survives_headers(change: Callable[[Letter], Letter]) -> Play:
    """Returns the play of a letter with odd headers."""

    def play(stage: Stage) -> Iterator[Seen]:
        yield _orderly(stage.carrier.carry(change(stage.sender.write())))

    return play


def borrows_signature(stage: Stage) -> Iterator[Seen]:
    """A letter with the signature, and timestamp, of another one."""
    other = stage.sender.write()
    headers = {name: other.headers[name] for name in other.headers if name != "Runflow-Request-Id"}
    assert SIGNATURE in headers
    mine = stage.sender.write()
    yield _refused(stage.carrier.carry(Letter({**mine.headers, **headers}, mine.body)))


def takes_copy(stage: Stage) -> Iterator[Seen]:
    """The same letter twice, equal in every byte."""
    letter = stage.sender.write()
    yield from _both_taken(stage, letter, letter)


def takes_next_attempt(stage: Stage) -> Iterator[Seen]:
    """The next attempt of a delivery whose answer was lost: same delivery, new timestamp and signature."""
    yield from _both_taken(stage, *stage.sender.write_twice())


def acts_once(stage: Stage) -> Iterator[Seen]:
    """A letter, its copy, and one more attempt of another delivery: each delivery has one effect."""
    if not stage.carrier.counts_effects:
        yield Seen(None, "nobody tells how often the receiver acts: give an address that answers with that number, with --effects")
        return
    for name, pair in (("copy", (stage.sender.write(),) * 2), ("next attempt", stage.sender.write_twice())):
        before = stage.carrier.effects()
        for letter in pair:
            stage.carrier.carry(letter)
        count = stage.carrier.effects() - before
        yield Seen(count == 1, f"a letter and its {name} had {count} effects")


def takes_any_order(stage: Stage) -> Iterator[Seen]:
    """What happened later is told first."""
    earlier, later = stage.sender.write(), stage.sender.write("batch.succeeded")
    for letter in (later, earlier):
        yield _taken(stage.carrier.carry(letter))


def takes_slow_body(stage: Stage) -> Iterator[Seen]:
    """A letter whose body comes in two halves."""
    yield _taken(stage.carrier.carry_slowly(stage.sender.write()))


def takes_previous_secret(stage: Stage) -> Iterator[Seen]:
    """During a rotation letters are still signed with the secret before."""
    if stage.previous_secret is None:
        yield Seen(None, "no secret before the present one is known: give it with --previous-secret")
        return
    yield _taken(stage.carrier.carry(stage.sender.write(secret=stage.previous_secret)))


def _both_taken(stage: Stage, *letters: Letter) -> Iterator[Seen]:
    for name, letter in zip(("first", "second"), letters, strict=True):
        answer = stage.carrier.carry(letter)
        yield Seen(answer.is_taken, f"the {name} was {answer.told}")


def _taken(answer: Answer) -> Seen:
    return Seen(answer.is_taken, answer.told)


def _refused(answer: Answer) -> Seen:
    return Seen(None if answer.status is None else not answer.is_taken, answer.told)


def _orderly(answer: Answer) -> Seen:
    return Seen(answer.is_orderly, answer.told)

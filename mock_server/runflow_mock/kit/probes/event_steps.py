"""Event steps: what a receiver does for its genuine event is tried for every other one as well, and several things one after the other.

Many a receiver has a handler of its own for each event, or each noun, of which one forgets what the others do.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec

from runflow_mock.kit.probes.content_steps import carry_rewritten, with_fields
from runflow_mock.kit.probes.forgeries import BY_NAME_A_GET, FORGERIES, Forge, signed_with
from runflow_mock.kit.probes.known_records import NoRecord
from runflow_mock.kit.probes.probe_steps import (
    ProbeKit,
    ProbeStep,
    Seen,
    refuses,
    refuses_at,
    seen_orderly,
    seen_taken,
    survives_forgery,
    under_name,
)
from runflow_mock.testing.samples import EVENTS, SampleCallback

# Where time zones, weeks, months and years are counted wrongly, or not at all, in hours; and where a number of seconds is cut to its last
# digits or bits.
HOURS_OFF = (-8766, -8760, -731, -720, -168, -12, -5.5, -2, 1, 2, 5.5, 12, 168, 720, 731, 8760, 8766)
CUT_OFF = (-100_000, -65_536, 65_536, 100_000, 2**31, 2**32)
NOT_TAKEN = "it is not taken, which another rule is about"
BELIEVED = "a plainer forgery of it is taken, which another rule is about"
KNOWN_TO_ALL = "your secret is one that everybody knows: take another"
READ = "it is read as the GET that it names, and a plain GET is answered in the same way; what comes of it is told with --effects"
# So many genuine callbacks and as many forgeries arrive together, so often. Servers that serve one at a time let some five wait.
PAIRS, ROUNDS = 2, 16
# What stands where an event should be named.
NO_EVENTS: tuple[Any, ...] = (5, None, True, ["run.completed"], {}, "", "\u0000")
# More digits than some take for a number.
DIGITS = b"9" * 5000
NEW_EVENTS = ("run.hibernated", "batch.hibernated", "evaluation.hibernated", "asset.hibernated")


def of_other_events(step: ProbeStep) -> ProbeStep:
    """Returns the step that is made for each event but the genuine one, where that is taken and a plain forgery of it is not."""

    def each(kit: ProbeKit) -> Iterator[Seen]:
        for event in kit.events or EVENTS:
            if event == kit.sender.event:
                continue
            with suppress(NoRecord), kit.sender.telling_of(event):
                if event not in kit.hindrances:
                    kit.hindrances[event] = _hindrance(kit)
                if (why := kit.hindrances[event]) is not None:
                    yield Seen(None, f"{event}: {why}")
                else:
                    yield from map(partial(under_name, event), step(kit))

    return each


def _hindrance(kit: ProbeKit) -> str | None:
    """Why nothing more can be said of the genuine event, where it cannot."""
    if not kit.carrier.carry(kit.sender.write()).is_taken:
        return NOT_TAKEN
    return BELIEVED if kit.carrier.carry(FORGERIES["wrong secret"](kit.sender)).is_taken else None


def in_turn(steps: Mapping[str, ProbeStep]) -> ProbeStep:
    """Returns the step that makes several, each under its name."""

    def each(kit: ProbeKit) -> Iterator[Seen]:
        for name, step in steps.items():
            yield from map(partial(under_name, name), step(kit))

    return each


def refuses_all(forgeries: Mapping[str, Forge]) -> ProbeStep:
    """Returns the step of several forgeries, none of which must be taken."""
    return in_turn({name: refuses(forge) for name, forge in forgeries.items()})


def refuses_secret(secret: str) -> ProbeStep:
    """Returns the step of a sample signed with a secret that everybody knows, which must not be taken; who has that secret is told so."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        if secret in (kit.sender.secret, kit.sender.previous_secret):
            yield Seen(None, KNOWN_TO_ALL)
        else:
            yield from refuses(signed_with(secret))(kit)

    return step


def refuses_as_get(kit: ProbeKit) -> Iterator[Seen]:
    """A forgery that names GET as its method; who has a page for that answers with the page, and is judged by the effects."""
    (seen,) = refuses(BY_NAME_A_GET)(kit)
    if seen.is_held is not False or not kit.carrier.carry(SampleCallback({}, b""), "GET").is_taken:
        yield seen
    elif kit.effects is None or not kit.effects.has_acted:
        yield Seen(None, READ)
    else:
        before = kit.effects.at_rest()
        with kit.telling_what_acts():
            answer = kit.carrier.carry(BY_NAME_A_GET(kit.sender))
        count = kit.effects.at_rest() - before
        yield Seen(count == 0, f"{answer.told} as a GET is, and had {count} effects", is_proof=count > 0)


def refuses_beside_genuine(kit: ProbeKit) -> Iterator[Seen]:
    """Forgeries that arrive at the same moment as genuine callbacks: whoever notes in one place for all what it has verified takes them."""
    forge = FORGERIES["wrong secret"]
    for _ in range(ROUNDS):
        answers = kit.carrier.carry_together([write() for _ in range(PAIRS) for write in (kit.sender.write, partial(forge, kit.sender))])
        taken = next((answer for answer in answers[1::2] if answer.is_taken), None)
        yield Seen(taken is None, f"beside genuine ones, {(taken or answers[1]).told}", is_proof=taken is not None)
        if taken is not None:
            return


def survives_all(forgeries: Mapping[str, Forge]) -> ProbeStep:
    """Returns the step of several forgeries that anybody can send: each is answered, and not with an error."""
    return in_turn({name: survives_forgery(name, forge) for name, forge in forgeries.items()})


refuses_far_off = in_turn(
    {
        **{f"{hours:g} hours": refuses_at(int(hours * 3600)) for hours in HOURS_OFF},
        **{f"{seconds} seconds": refuses_at(seconds) for seconds in CUT_OFF},
    }
)


def survives_odd_events(kit: ProbeKit) -> Iterator[Seen]:
    """Signed messages whose event is none that can be read, and a number without end."""
    sample = kit.sender.write()
    for event in NO_EVENTS:
        answer = carry_rewritten(kit, sample, with_fields(event=event))
        yield under_name(f"the event {event!r}", seen_orderly(answer))
    yield seen_orderly(kit.carrier.carry(kit.sender.sign(sample, DIGITS)))


def takes_new_events(kit: ProbeKit) -> Iterator[Seen]:
    """Events of each noun, and of none that is known, that nobody documented; of who takes none of a noun it says nothing."""
    for event in NEW_EVENTS:
        known = next((one for one in EVENTS if one.partition(".")[0] == event.partition(".")[0]), kit.sender.event)
        with suppress(NoRecord), kit.sender.telling_of(known):
            if kit.carrier.carry(kit.sender.write()).is_taken:
                yield under_name(event, seen_taken(carry_rewritten(kit, kit.sender.write(), with_fields(event=event))))


def takes_items_with(news: Mapping[str, Any]) -> ProbeStep:
    """Returns the step of a batch of which an item says something that nobody documented."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        if kit.sender.known is not None:
            yield Seen(None, "what the application has created is told as it is")
            return
        if not kit.carrier.carry(kit.sender.write("batch.succeeded")).is_taken:
            yield Seen(None, f"batch.succeeded: {NOT_TAKEN}")
            return
        sample = kit.sender.write("batch.succeeded")
        output = msgspec.json.decode(sample.body)["output"]
        told = {**output, "items": [{**item, **news} for item in output["items"]]}
        yield seen_taken(carry_rewritten(kit, sample, with_fields(output=told)))

    return step

"""Steps: how a probe uses the sender and the carrier, and what it concludes from the answers.

Each step differs from sending a genuine sample in one thing, so that a refusal can have one reason only.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager

import msgspec

from runflow_mock.domain.attempt_faults import other_digits
from runflow_mock.domain.signing import TOLERANCE
from runflow_mock.kit.probes.carriers import Answer, Carrier
from runflow_mock.kit.probes.effects import FIRST_OF, Effects
from runflow_mock.kit.probes.forgeries import Forge
from runflow_mock.kit.probes.known_records import KnownRecords
from runflow_mock.kit.probes.sample_callbacks import REQUEST_ID, SIGNATURE, Sender, digits_of
from runflow_mock.openapi.messages import Message, Messages
from runflow_mock.testing.samples import EVENTS, SampleCallback

TOLERANCE_SECONDS = TOLERANCE.total_seconds()
# So far from the edge it is clear on which side a callback arrived, although clocks have whole seconds.
SURE_SECONDS = 2.0
# With these a receiver says that it does not know what it is told of, and with those that it does not believe it.
UNKNOWN, UNSIGNED = frozenset((404, 409, 410, 422, 424)), frozenset((401, 403))
LET_IT_END = "has not ended in the sandbox: let it end there, and nothing be told of it (without a callback_url)"
NO_ROTATION = "no secret before the present one is known: give it with --previous-secret"
# So often a callback comes again at most, until a record is read for it once more.
READ_AGAIN = 2
# Of the digits of a signature so many at its end.
DIGITS_WRONG = 32
GIVE_SANDBOX = "give the sandbox in which it was created, with --sandbox"
OTHER_FORM: Mapping[bool, str] = {
    True: "the bare signature over the body: give --dialect docs, or --switches signature=bare",
    False: "the timestamped signature: give --dialect seed, or --switches signature=timestamped",
}


class ProbeKit(msgspec.Struct, frozen=True):
    """Who takes part: the writer of samples, the way to the receiver, its effects where it tells of them, and secrets of other times.

    `events` are those that the receiver takes, where it does not take all of them; the first is the genuine one. `messages` is what a
    document of the user's says of callbacks, where there is one. `taken` are samples that were taken, for later, and `hindrances` say of
    other events than the genuine one why nothing can be tried with them, if nothing can. `odd` are the answers to odd forgeries.
    """

    sender: Sender
    carrier: Carrier
    effects: Effects | None = None
    retired_secret: str | None = None
    events: tuple[str, ...] = ()
    messages: Messages | None = None
    taken: list[SampleCallback] = msgspec.field(default_factory=list)
    hindrances: dict[str, str | None] = msgspec.field(default_factory=dict)
    odd: dict[str, Answer] = msgspec.field(default_factory=dict)

    def telling_what_acts(self) -> AbstractContextManager[None]:
        """Lets the genuine event be one on which the receiver acts, as long as the context lasts."""
        return self.sender.telling_of((self.effects and self.effects.event) or self.sender.event)


class Seen(msgspec.Struct, frozen=True):
    """One thing that was seen: as it should be or not, in words; nothing where it could not be seen.

    It `is_proof` of a fault where no refusal can look like that: what a receiver has taken, or done, it has.
    """

    is_held: bool | None
    told: str
    is_proof: bool = False


ProbeStep = Callable[[ProbeKit], Iterator[Seen]]


def under_name(name: str, seen: Seen) -> Seen:
    """Returns what was seen, told under the name of what was tried."""
    return msgspec.structs.replace(seen, told=f"{name}: {seen.told}")


def takes_genuine(kit: ProbeKit) -> Iterator[Seen]:
    """A genuine sample; a receiver that keeps state may not know what it is about, and one that speaks another dialect is told of that."""
    sample, doubts = kit.sender.write(), _Doubts(kit)
    before = None if kit.effects is None else kit.effects.at_rest()
    answer = kit.carrier.carry(sample)
    if answer.is_taken:
        kit.taken.append(sample)
        if kit.effects is not None and before is not None:
            if kit.sender.known is None:
                _wait_for_first_effect(kit, kit.effects, before)
            else:
                kit.effects.since(before)
    if answer.status in UNKNOWN and kit.sender.known is None:
        yield Seen(None, f"{answer.told}: it may take only what its application has created, or the address is another: {GIVE_SANDBOX}")
    elif answer.status in UNSIGNED and kit.carrier.carry(kit.sender.in_other_form(sample)).is_taken:
        yield Seen(is_held=False, told=f"{answer.told}, but it takes {OTHER_FORM[kit.sender.dates_attempts]}")
    else:
        yield doubts.about(sample, answer) or seen_as_described(kit, sample, answer)


def _wait_for_first_effect(kit: ProbeKit, effects: Effects, before: int) -> None:
    """Waits for the effect of the first genuine callback, and where it has none for those of all other events that the receiver takes."""
    began = time.monotonic()
    effects.first(before)
    others = [event for event in kit.events or EVENTS if event != kit.sender.event]
    if effects.has_acted or effects.late is not None or not others:
        return
    # Twice: what appears at first may be a late effect of the first callback, and is none once nothing has appeared for as long.
    for times in (1, FIRST_OF):
        before = effects.at_rest(time.monotonic() - began) if effects.has_acted else effects.count()
        for event in others:
            kit.carrier.carry(kit.sender.write(event))
        effects.first(before, times)
        if not effects.has_acted:
            return
    effects.event = next((event for event in others if _has_effect(kit, effects, event)), None)
    effects.has_acted = effects.is_counted = effects.event is not None


def _has_effect(kit: ProbeKit, effects: Effects, event: str) -> bool:
    before = effects.at_rest()
    kit.carrier.carry(kit.sender.write(event))
    return effects.since(before) > 0


def takes(event: str) -> ProbeStep:
    """Returns the step of a sample of an event, which must be taken."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        sample, doubts = kit.sender.write(event, is_fresh=True), _Doubts(kit)
        answer = kit.carrier.carry(sample)
        yield doubts.about(sample, answer) or seen_as_described(kit, sample, answer)

    return step


class _Doubts:
    """Says of a refusal that the receiver has looked at a record that has not ended, and so cannot believe what it is told.

    An application that polls may read it meanwhile by chance, and not twice.
    """

    def __init__(self, kit: ProbeKit) -> None:
        self._known, self._carrier = kit.sender.known, kit.carrier
        self._before = None if self._known is None or self._known.has_latest_ended else self._known.latest_reading()

    def about(self, sample: SampleCallback, answer: Answer) -> Seen | None:
        if answer.is_taken or self._known is None or self._known.has_latest_ended or self._known.latest_reading() == self._before:
            return None
        if not any(self._is_read_for(sample, self._known) for _ in range(READ_AGAIN)):
            return None
        return Seen(None, f"{answer.told}, and it has read the record, which {LET_IT_END}")

    def _is_read_for(self, sample: SampleCallback, known: KnownRecords) -> bool:
        before = known.latest_reading()
        self._carrier.carry(sample)
        return known.latest_reading() != before


def takes_beginning_with(digit: str) -> ProbeStep:
    """Returns the step of a genuine sample whose signature begins with a digit: a number has no zeros in front, and may have a sign, and
    the digit of `v1=` is one of those that may be stripped with it.
    """

    def step(kit: ProbeKit) -> Iterator[Seen]:
        sample = next((each for each in kit.sender.variants() if digits_of(each).startswith(digit)), None)
        if sample is None:
            yield Seen(None, f"no signature of what the application has created begins with {digit}")
        else:
            yield seen_as_described(kit, sample, kit.carrier.carry(sample))

    return step


def answers_as_declared(kit: ProbeKit) -> Iterator[Seen]:
    """A genuine sample; the status of the answer is one that the user's document declares."""
    if kit.messages is None:
        yield Seen(None, "no document is given: --openapi")
        return
    sample = kit.sender.write()
    answer = kit.carrier.carry(sample)
    wrong = kit.messages.undeclared_status(Message(sample.headers, sample.body, answer.status))
    yield Seen(wrong is None, wrong or answer.told)


def refuses(forge: Forge, unless: Forge | None = None) -> ProbeStep:
    """Returns the step of a forgery, which must not be taken; of whoever takes the plainer one that is `unless` it says nothing."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        if unless is not None and kit.carrier.carry(unless(kit.sender)).is_taken:
            yield Seen(None, "it takes a plainer forgery, which another rule is about")
        else:
            yield seen_refused(kit.carrier.carry(forge(kit.sender)))

    return step


def takes_at(offset_seconds: int) -> ProbeStep:
    """Returns the step of a genuine sample that was signed so many seconds from now, just within the window."""
    return _at(offset_seconds, is_taken=True)


def refuses_at(offset_seconds: int, attempt: int = 1) -> ProbeStep:
    """Returns the step of a genuine sample that was signed so many seconds from now, beyond the window: of any attempt a fresh one."""
    return _at(offset_seconds, attempt, is_taken=False)


def _at(offset_seconds: int, attempt: int = 1, *, is_taken: bool) -> ProbeStep:
    def step(kit: ProbeKit) -> Iterator[Seen]:
        sample = as_attempt(kit.sender.write(), attempt)
        stamp = int(time.time()) + offset_seconds
        answer = kit.carrier.carry(kit.sender.sign(sample, sample.body, at=stamp))
        # While the sample was on its way it has grown older.
        distance = abs(time.time() - stamp)
        if (distance < TOLERANCE_SECONDS - SURE_SECONDS) is not is_taken or abs(distance - TOLERANCE_SECONDS) < SURE_SECONDS:
            yield Seen(None, f"{answer.told}, so late that it was on the other side of the window")
        else:
            yield seen_taken(answer) if is_taken else seen_refused(answer)

    return step


def as_attempt(sample: SampleCallback, number: int) -> SampleCallback:
    """Returns a sample as an attempt of another number."""
    return sample.with_headers(Runflow_Request_Id=f"{sample.headers[REQUEST_ID].rpartition('-')[0]}-{number}")


def takes_changed(change: Callable[[SampleCallback], SampleCallback]) -> ProbeStep:
    """Returns the step of a sample whose headers are changed in a way that means the same."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        yield seen_taken(kit.carrier.carry(change(kit.sender.write())))

    return step


def survives(body: bytes) -> ProbeStep:
    """Returns the step of bytes that are no message, signed as if they were: any answer will do but an error of the receiver's own."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        yield seen_orderly(kit.carrier.carry(kit.sender.sign(kit.sender.write(), body)))

    return step


def survives_forgery(name: str, forge: Forge) -> ProbeStep:
    """Returns the step of an odd forgery, which anybody can send: it is answered, and not with an error; how is kept for another rule."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        answer = kit.carrier.carry(forge(kit.sender))
        kit.odd[name] = answer
        yield seen_orderly(answer)

    return step


def survives_method(method: str) -> ProbeStep:
    """Returns the step of a sample that comes by another method."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        sample = kit.sender.write()
        yield seen_orderly(kit.carrier.carry(SampleCallback(sample.headers, b"") if method in ("GET", "HEAD") else sample, method))

    return step


def survives_headers(change: Callable[[SampleCallback], SampleCallback]) -> ProbeStep:
    """Returns the step of a sample with odd headers."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        yield seen_orderly(kit.carrier.carry(change(kit.sender.write())))

    return step


def takes_copy(kit: ProbeKit) -> Iterator[Seen]:
    """The same sample twice, equal in every byte."""
    sample = kit.sender.write()
    yield from _both_taken(kit, sample, sample)


def takes_next_attempt(kit: ProbeKit) -> Iterator[Seen]:
    """The next attempt of a delivery whose answer was lost: same delivery, new timestamp and signature."""
    yield from _both_taken(kit, *kit.sender.write_twice())


def takes_slow_body(kit: ProbeKit) -> Iterator[Seen]:
    """A sample whose body comes in two halves."""
    yield seen_taken(kit.carrier.carry_slowly(kit.sender.write()))


def at_rotation(*, seconds_ago: int = 0, attempt: int = 1) -> ProbeStep:
    """Returns the step of a sample signed with the secret before, as during a rotation: it is taken, unless it was signed long ago."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        if kit.sender.previous_secret is None:
            yield Seen(None, NO_ROTATION)
            return
        sample = as_attempt(kit.sender.write(secret=kit.sender.previous_secret), attempt)
        signed = kit.sender.sign(sample, sample.body, secret=kit.sender.previous_secret, at=int(time.time()) - seconds_ago)
        yield (seen_refused if seconds_ago else seen_taken)(kit.carrier.carry(signed))

    return step


def refuses_at_rotation(kit: ProbeKit) -> Iterator[Seen]:
    """A sample of whose signature under the secret before only the beginning is right: whoever compares that one otherwise takes it."""
    if kit.sender.previous_secret is None:
        yield Seen(None, NO_ROTATION)
        return
    sample = kit.sender.write(secret=kit.sender.previous_secret)
    signature = sample.headers[SIGNATURE]
    yield seen_refused(
        kit.carrier.carry(sample.with_headers(Runflow_Signature=signature[:-DIGITS_WRONG] + other_digits(signature[-DIGITS_WRONG:])))
    )


def refuses_retired_secret(kit: ProbeKit) -> Iterator[Seen]:
    """After a rotation a secret that was retired is as good as any other."""
    if kit.retired_secret is None:
        yield Seen(None, "no secret is known that the receiver must no longer accept: give it with --retired-secret")
        return
    yield seen_refused(kit.carrier.carry(kit.sender.write(secret=kit.retired_secret)))


def _both_taken(kit: ProbeKit, *samples: SampleCallback) -> Iterator[Seen]:
    for name, sample in zip(("first", "second"), samples, strict=True):
        answer = kit.carrier.carry(sample)
        yield Seen(answer.is_taken, f"the {name} was {answer.told}")


def seen_as_described(kit: ProbeKit, sample: SampleCallback, answer: Answer) -> Seen:
    """Says whether a sample was taken; a refusal says nothing where the receiver's document describes it otherwise, or not at all."""
    if answer.is_taken or kit.messages is None:
        return seen_taken(answer)
    departures = kit.messages.departures(Message(sample.headers, sample.body))
    if departures is None:
        return Seen(None, f"{answer.told}; {kit.messages.source} describes no such message")
    if departures:
        return Seen(None, f"{answer.told}; {kit.messages.source} describes it otherwise: {departures[0]}")
    return seen_taken(answer)


def seen_whole(kit: ProbeKit, answer: Answer) -> Seen:
    """Says whether a body was taken, where that is not what another rule is about."""
    if answer.is_late:
        return Seen(None, "it was not answered in time, which another rule is about")
    if answer.is_taken or kit.carrier.carry_slowly(kit.sender.write()).is_taken:
        return seen_taken(answer)
    return Seen(None, "it does not read a body to its end, which another rule is about")


def seen_taken(answer: Answer) -> Seen:
    """Says whether a sample was taken."""
    return Seen(answer.is_taken, answer.told)


def seen_refused(answer: Answer) -> Seen:
    """Says whether a forgery was refused; one that was taken is proof."""
    return Seen(None if answer.status is None else not answer.is_taken, answer.told, is_proof=answer.is_taken)


def seen_orderly(answer: Answer) -> Seen:
    """Says whether a sample was answered, and not with an error of the receiver's own."""
    return Seen(answer.is_orderly, answer.told)

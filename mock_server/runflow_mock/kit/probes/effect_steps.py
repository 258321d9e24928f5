"""Steps that look at effects: what a receiver does besides answering, as often as it must and never for a forgery."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from urllib.parse import urlsplit

import msgspec

from runflow_mock.kit.probes.carriers import Answer
from runflow_mock.kit.probes.content_steps import INSTANTS
from runflow_mock.kit.probes.effects import Effects
from runflow_mock.kit.probes.forgeries import FORGERIES, UNHEARD_OF, Forge, distorted, of_event, old_of_event, telling
from runflow_mock.kit.probes.known_records import NoRecord
from runflow_mock.kit.probes.probe_steps import GIVE_SANDBOX, LET_IT_END, ProbeKit, ProbeStep, Seen
from runflow_mock.testing.samples import EVENTS, SampleCallback

# Of so many at once two meet in a receiver that looks whether it knows a delivery before it notes it; not each time, so it is tried again.
COPIES = 5
ROUNDS = 2
# More than fit into a memory of a hundred; of who is slow so many as it takes meanwhile.
OTHERS, OTHERS_SECONDS_MAX = 110, 40.0
OTHER_METHODS = ("PUT", "PATCH", "DELETE", "GET")
# Where ids differ that begin alike, and that end alike.
ALIKE: Mapping[str, slice] = {"begin": slice(24, 36), "end": slice(9, 13)}
# One of each kind of refusal: what a receiver checks first, and last.
WITHOUT_EFFECT = ("wrong secret", "unsigned", "changed body")
NOT_TOLD = "nobody tells how often the receiver acts: give an address that answers with that number, with --effects"
NONE_TAKEN = "none of them was taken, which other rules are about"
NO_EFFECT = (
    f"a genuine callback had no effect: if the receiver acts only on what its application has created, {GIVE_SANDBOX}; "
    f"if it reads the record, it may be that this {LET_IT_END}"
)


def where_told(step: Callable[[ProbeKit, Effects], Iterator[Seen]]) -> ProbeStep:
    """Returns a step about effects: where nobody tells of them it says nothing."""

    def told(kit: ProbeKit) -> Iterator[Seen]:
        if kit.effects is None:
            yield Seen(None, NOT_TOLD)
        elif kit.effects.late is not None:
            yield Seen(None, kit.effects.late)
        else:
            with kit.telling_what_acts():
                yield from step(kit, kit.effects)

    return told


def acts_once(kit: ProbeKit, effects: Effects) -> Iterator[Seen]:
    """A sample and its copy, and the next attempt of another delivery: each delivery has one effect."""
    counts: dict[str, tuple[int, list[Answer]]] = {}
    for name, first, second in (("copy", *(kit.sender.write(is_fresh=True),) * 2), ("next attempt", *kit.sender.write_twice())):
        before = effects.at_rest()
        answers = [kit.carrier.carry(first), _carry_anew(kit, second)]
        counts[name] = effects.since(before), answers
        if answers[0].is_taken:
            kit.taken.append(first)
    for name, (count, answers) in counts.items():
        yield _counted(effects, count, f"a callback and its {name}", answers)


def _carry_anew(kit: ProbeKit, sample: SampleCallback) -> Answer:
    """Sends what comes again as it does, on a connection of its own: behind one port several workers may listen."""
    kit.carrier.close()
    return kit.carrier.carry(sample)


def acts_once_for_each_event(kit: ProbeKit, effects: Effects) -> Iterator[Seen]:
    """The next attempts of callbacks of every event that the receiver takes: whatever they tell of, they have no further effect."""
    genuine = _of_each_event(kit, lambda event: lambda sender: sender.write(event))
    taken = [sample for sample in genuine if kit.carrier.carry(sample).is_taken]
    before = effects.at_rest()
    if not effects.has_acted:
        yield Seen(None, NO_EFFECT)
        return
    for sample in taken:
        _carry_anew(kit, kit.sender.attempt_again(sample))
    count = effects.at_rest() - before
    told = f"the next attempts of {len(taken)} callbacks, of one event each, had {count} further effects"
    yield Seen(count == 0, told, is_proof=count > 0)


def acts_on_each_alike(kit: ProbeKit, effects: Effects) -> Iterator[Seen]:
    """Two callbacks whose ids begin alike, and two whose ids end alike: whoever keeps a part of an id loses the second."""
    if kit.sender.known is not None:
        yield Seen(None, "what the application has created has ids of its own")
        return
    for where, part in ALIKE.items():
        first, before = kit.sender.write(is_fresh=True), effects.at_rest()
        answers = [kit.carrier.carry(sample) for sample in (first, kit.sender.write_alike(first, part))]
        yield _kept(effects, effects.since(before), f"2 callbacks whose ids {where} alike", answers)


def acts_on_each_of_one_moment(kit: ProbeKit, effects: Effects) -> Iterator[Seen]:
    """Two callbacks about what began and ended at the same moments: whoever tells them apart by these loses the second."""
    if kit.sender.known is not None:
        yield Seen(None, "what the application has created has moments of its own")
        return
    first, second = (kit.sender.write(is_fresh=True) for _ in range(2))
    # How long it took follows from these.
    moments = {name: value for name, value in msgspec.json.decode(first.body).items() if name in INSTANTS | {"duration_ms"}}
    alike = kit.sender.sign(second, msgspec.json.encode({**msgspec.json.decode(second.body), **moments}))
    before = effects.at_rest()
    answers = [kit.carrier.carry(sample) for sample in (first, alike)]
    yield _kept(effects, effects.since(before), "2 callbacks about what ended at the same moment", answers)


def acts_on_each(event: str) -> Callable[[ProbeKit, Effects], Iterator[Seen]]:
    """Returns the step of two callbacks of an event, one after the other: whoever acts on the one acts on the other, and does not take both
    for the same.
    """

    def step(kit: ProbeKit, effects: Effects) -> Iterator[Seen]:
        if kit.sender.known is not None:
            yield Seen(None, "it would use up records of the application's that other probes need")
            return
        counts = list[int]()
        for _ in range(2):
            before = effects.at_rest()
            answer = kit.carrier.carry(kit.sender.write(event))
            counts.append(effects.since(before))
            if not answer.is_taken or not counts[0]:
                yield Seen(None, f"{event} was {answer.told}, and had no effect")
                return
        yield Seen(counts[1] > 0, f"two times {event}, about two records, had {counts[0]} and {counts[1]} effects", is_proof=counts[1] == 0)

    return step


def acts_once_at_once(kit: ProbeKit, effects: Effects) -> Iterator[Seen]:
    """Copies of a sample that arrive at the same moment have one effect together, whatever those beside the first are answered."""
    for _ in range(ROUNDS):
        sample, before = kit.sender.write(is_fresh=True), effects.at_rest()
        answers = kit.carrier.carry_at_once(sample, COPIES)
        count = effects.since(before)
        yield _counted(effects, count, f"{COPIES} copies of a callback that arrived at the same moment", answers)


def acts_once_for_attempts_at_once(kit: ProbeKit, effects: Effects) -> Iterator[Seen]:
    """Two attempts of one delivery that arrive at the same moment, as where the answer to the first takes too long, have one effect."""
    for _ in range(ROUNDS):
        attempts, before = kit.sender.write_twice(), effects.at_rest()
        answers = kit.carrier.carry_together(attempts)
        yield _counted(effects, effects.since(before), "two attempts of a delivery that arrived at the same moment", answers)


def acts_on_each_at_once(kit: ProbeKit, effects: Effects) -> Iterator[Seen]:
    """Different callbacks that arrive at the same moment: whichever is taken has its effect, and none is lost."""
    samples = [kit.sender.write(is_fresh=True) for _ in range(COPIES)]
    before = effects.at_rest()
    answers = kit.carrier.carry_together(samples)
    yield _kept(effects, effects.since(before), f"{COPIES} callbacks that arrived at the same moment", answers)


def acts_once_later(kit: ProbeKit, effects: Effects) -> Iterator[Seen]:
    """The next attempt of an early delivery, of which nothing was forged, after as many others: however long ago it was, it has no further
    effect.
    """
    if not effects.has_acted:
        yield Seen(None, NO_EFFECT)
        return
    until, others = time.monotonic() + OTHERS_SECONDS_MAX, 0
    while others < OTHERS and time.monotonic() < until:
        kit.carrier.carry(kit.sender.write())
        others += 1
    before = effects.at_rest()
    answer = kit.carrier.carry(kit.sender.attempt_again(kit.taken[-1]))
    count = effects.at_rest() - before
    what = f"the next attempt of an early callback, after {others} others and more,"
    yield Seen(count == 0, f"{what} was {answer.told}, and had {count} further effects", is_proof=count > 0)


def acts_once_despite_forgery(kit: ProbeKit, effects: Effects) -> Iterator[Seen]:
    """The next attempt of what was taken, after a forgery that names it: whoever forgets what it could not verify acts again."""
    if not effects.has_acted:
        yield Seen(None, NO_EFFECT)
        return
    genuine = kit.sender.write(is_fresh=True)
    kit.carrier.carry(genuine)
    before = effects.at_rest()
    kit.carrier.carry(kit.sender.attempt_again(genuine))
    if effects.at_rest() > before:
        yield Seen(None, "a repeat has an effect without a forgery as well, which another rule is about")
        return
    if kit.carrier.carry(kit.sender.sign_for_nobody(genuine, genuine.body)).is_taken:
        yield Seen(None, "the forgery was taken, which another rule is about")
        return
    kit.carrier.carry(kit.sender.attempt_again(genuine))
    count = effects.at_rest() - before
    yield Seen(count == 0, f"the next attempt of a callback, after a forgery of it, had {count} further effects", is_proof=count > 0)


def acts_after_verifying(kit: ProbeKit, effects: Effects) -> Iterator[Seen]:
    """Forgeries have no effect, where a genuine sample has one."""
    if not _acts(kit, effects):
        yield Seen(None, NO_EFFECT)
        return
    forge, names = FORGERIES["wrong secret"], ", ".join(OTHER_METHODS)
    if kit.carrier.carry(forge(kit.sender)).is_taken:
        yield Seen(None, "forgeries are taken, which another rule is about")
        return
    # Whatever is said to another method, or at another address, may be meant for people; what counts is that nothing comes of it.
    yield _without_effect(kit, effects, f"that came by {names}", [(forge(kit.sender), method, None) for method in OTHER_METHODS])
    near = [(forge(kit.sender), "POST", url) for url in _near(kit.carrier.url)]
    yield _without_effect(kit, effects, f"that came to {', '.join(url for _, _, url in near)}", near)
    yield _without_effect(kit, effects, "of every event", [(sample, "POST", None) for sample in _of_each_event(kit, of_event)])
    yield _without_effect(kit, effects, "of an unknown event", [(telling(event=UNHEARD_OF)(kit.sender), "POST", None)])
    if kit.sender.dates_attempts:
        old = [(sample, "POST", None) for sample in _of_each_event(kit, old_of_event)]
        yield _without_effect(kit, effects, "of every event, an hour old,", old)
    forged = {name: FORGERIES[name] for name in WITHOUT_EFFECT}
    if kit.sender.dates_attempts:
        forged["stale"] = distorted("stale")
    for name, forge in forged.items():
        before = effects.at_rest()
        answer = kit.carrier.carry(forge(kit.sender))
        # One that was taken is told of by the rule about taking it.
        if not answer.is_taken:
            count = effects.at_rest() - before
            told = f"a callback that was forged or stale ({name}) was {answer.told}, and had {count} effects"
            yield Seen(count == 0, told, is_proof=count > 0)


def _without_effect(kit: ProbeKit, effects: Effects, what: str, forged: Sequence[tuple[SampleCallback, str, str | None]]) -> Seen:
    """Says whether nothing comes of forgeries, each with its method and, where it is not the usual one, its address."""
    before = effects.at_rest()
    # One that was taken as the genuine one would be is told of by the rule about taking it.
    # What is left unread of a body that nobody expected is not taken for the next request.
    taken = [
        kit.carrier.carry(sample.with_headers(Connection="close"), method, url).is_taken and (method, url) == ("POST", None)
        for sample, method, url in forged
    ]
    count = effects.at_rest() - before
    return Seen(count <= sum(taken), f"forged callbacks {what} had {count} effects", is_proof=count > sum(taken))


def _of_each_event(kit: ProbeKit, sample_of: Callable[[str], Forge]) -> Iterator[SampleCallback]:
    """Yields a sample of each event that the receiver takes, where something is known that it can be about."""
    for event in kit.events or EVENTS:
        with suppress(NoRecord):
            yield sample_of(event)(kit.sender)


def _near(url: str) -> Iterator[str]:
    """Yields addresses that many frameworks lead to the same place, and whoever compares texts does not."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    yield parts._replace(path=f"{path}/" if parts.path == path else path or "/").geturl()
    yield parts._replace(path=parts.path.swapcase()).geturl()
    yield parts._replace(path=f"/{parts.path}").geturl()
    yield parts._replace(query="&".join(filter(None, (parts.query, "again=1")))).geturl()


def acts_after_forgery(kit: ProbeKit) -> Iterator[Seen]:
    """A forgery that names a delivery does not keep the genuine one from being taken, and from its effect."""
    with kit.telling_what_acts():
        is_idle = kit.effects is None or not _acts(kit, kit.effects)
        genuine = kit.sender.write(is_fresh=True)
        before = None if kit.effects is None else kit.effects.at_rest()
        if kit.carrier.carry(SampleCallback(genuine.headers, genuine.body.replace(b'"status":"', b'"status":"x', 1))).is_taken:
            yield Seen(None, "the forgery was taken, which another rule is about")
            return
        answer = kit.carrier.carry(genuine)
        what = "the genuine callback, after a forgery of the same delivery,"
        yield Seen(answer.is_taken, f"{what} was {answer.told}")
        if kit.effects is not None and before is not None and not is_idle:
            count = kit.effects.since(before)
            if count > 1 and _effects_of_one(kit, kit.effects) == count:
                yield Seen(None, "a genuine callback alone has as many effects, which another rule is about")
            elif count or not answer.is_taken or _acts_on_both(kit, kit.effects):
                yield _counted(kit.effects, count, what, [answer])
            else:
                yield Seen(None, "of two genuine callbacks one has no effect either, which another rule is about")


def _acts_on_both(kit: ProbeKit, effects: Effects) -> bool:
    """Whether two genuine callbacks, one right after the other, have two effects."""
    before = effects.at_rest()
    for _ in range(2):
        kit.carrier.carry(kit.sender.write(is_fresh=True))
    return effects.since(before) > 1


def _acts(kit: ProbeKit, effects: Effects) -> bool:
    """Whether a genuine sample has an effect."""
    return _effects_of_one(kit, effects) > 0


def _effects_of_one(kit: ProbeKit, effects: Effects) -> int:
    """How many effects a genuine sample has."""
    before = effects.at_rest()
    kit.carrier.carry(kit.sender.write(is_fresh=True))
    return effects.since(before)


def _kept(effects: Effects, count: int, what: str, answers: Sequence[Answer]) -> Seen:
    """Says whether different callbacks had an effect each; who has done it and is late with its answer is told of by another rule."""
    if not effects.has_acted:
        return Seen(None, NO_EFFECT)
    taken = sum(answer.is_taken for answer in answers)
    return Seen(count >= taken, f"of {what} {taken} were taken, and had {count} effects", is_proof=count < taken)


def _counted(effects: Effects, count: int, what: str, answers: Sequence[Answer]) -> Seen:
    """Says whether there was one effect; none at all says nothing of a receiver that has never acted, or has taken nothing."""
    if not effects.has_acted:
        return Seen(None, NO_EFFECT)
    if count == 0 and not any(answer.is_taken for answer in answers):
        return Seen(None, f"{what}: {NONE_TAKEN}")
    return Seen(count == 1, f"{what} had {count} effects", is_proof=count > 1)

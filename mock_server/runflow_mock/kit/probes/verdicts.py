"""Verdicts on a receiver: all probes one after the other, and the sheet that comes of them."""

import time
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus

from runflow_mock.domain.verdicts import Judgement
from runflow_mock.kit.probes.carriers import Carrier, OutOfWhole
from runflow_mock.kit.probes.catalogue import ASKS, CONTROL, IN_TIME, KEEPS_SECRETS, PROBES, Probe, weight_of
from runflow_mock.kit.probes.effects import NoCount
from runflow_mock.kit.probes.known_records import NoRecord
from runflow_mock.kit.probes.other_protocols import what_speaks
from runflow_mock.kit.probes.probe_steps import ProbeKit, Seen
from runflow_mock.kit.sheets.records import Place, Row, Sheet
from runflow_mock.openapi.messages import Message
from runflow_mock.testing.samples import EVENTS

# Some 850 samples: whoever needs a fifth of a second for each is sent all of them.
SECONDS_MAX = 185.0
NO_CONTROL = "the genuine callback was not taken, so that a refusal says nothing"
NO_TIME = "the time for the whole was up"
LAST_SECONDS = 15.0
LIMITED = "it answers 429, whatever is sent: it limits how often it is called; let it take more for this test"
OTHER_EVENT = "it is about another event than --event names"
NO_TIMESTAMP = "callbacks of this dialect carry no timestamp"
ALL_ANSWERS = "all answers"
Tell = Callable[[Row], None]


def verify_receiver(
    kit: ProbeKit,
    url: str,
    tell: Tell,
    *,
    answer_seconds_max: float,
    seconds_max: float = SECONDS_MAX,
    last_seconds: float = LAST_SECONDS,
) -> Sheet:
    """Returns the sheet of a receiver; `tell` hears of each row when it is known.

    After `seconds_max` no probe begins, and `last_seconds` later the one that is under way ends.

    Raises:
        ValueError: nobody answers at the address at all, or the one for effects tells no number.
    """
    rows: list[Row] = []
    errors = list(_described_otherwise(kit))
    begun_until = time.monotonic() + seconds_max
    kit.carrier.until = begun_until + last_seconds
    for probe in _chosen(kit):
        reason = _obstacle(probe, kit, rows, is_late=bool(rows) and time.monotonic() > begun_until)
        first, seen = len(kit.carrier.answers), list[Seen]()
        try:
            if reason is None:
                seen.extend(probe.step(kit))
                reason = _limited(probe, kit, first)
        except NoRecord as error:
            reason = str(error)
        except OutOfWhole:
            reason = NO_TIME
        except NoCount as error:
            # Who has told it before has gone meanwhile, which the rows about that say.
            if probe is CONTROL:
                raise
            reason = str(error)
        except AssertionError as error:
            errors.append(f"probe {probe.name}: {error}")
            reason = "this probe failed through a fault of ours"
        # Whatever came between, what was proven before remains.
        row = _row(probe, seen if reason is None else [each for each in seen if each.is_proof] or [Seen(None, reason)])
        if probe is CONTROL:
            _check_reached(kit.carrier, url)
        rows.append(row)
        tell(row)
    for row in (_keeps_secrets(kit.carrier, rows[0]), _in_time(kit.carrier, answer_seconds_max, rows[0])):
        rows.append(row)
        tell(row)
    return Sheet(title=f"Receiver at {url}", rows=tuple(rows), errors=tuple(errors))


def places_of(kit: ProbeKit) -> tuple[Place, ...]:
    """Returns where the sheet of a receiver has rows, whatever becomes of its probes."""
    return (*((probe.name, probe.rule) for probe in _chosen(kit)), *((ALL_ANSWERS, rule) for rule in (KEEPS_SECRETS, IN_TIME)))


def _chosen(kit: ProbeKit) -> Iterator[Probe]:
    # The genuine event is tried by the control.
    return (probe for probe in PROBES if probe.event != kit.sender.event and (kit.messages is not None or not probe.needs_document))


def _described_otherwise(kit: ProbeKit) -> Iterator[str]:
    """Says where what is sent is not as the user's document has it, which is no fault of the receiver."""
    if kit.messages is None:
        return
    for event in kit.events or EVENTS:
        try:
            sample = kit.sender.write(event, is_forged=True)
        except NoRecord:
            continue
        for departure in kit.messages.departures(Message(sample.headers, sample.body)) or ():
            yield f"{event} is not sent as the document has it: {departure}"


def _obstacle(probe: Probe, kit: ProbeKit, rows: list[Row], *, is_late: bool) -> str | None:
    """Why a probe is not made, if it is not; what holds for every probe comes first."""
    if rows and rows[0].judgement is not Judgement.HELD:
        return NO_CONTROL if rows[0].reason is None else f"{NO_CONTROL}: {rows[0].reason}"
    if probe.needs_timestamp and not kit.sender.dates_attempts:
        return NO_TIMESTAMP
    if probe.event is not None and kit.events and probe.event not in kit.events:
        return OTHER_EVENT
    return NO_TIME if is_late else None


def _limited(probe: Probe, kit: ProbeKit, first: int) -> str | None:
    """Why a probe says nothing of a receiver that limits how often it is called, as it may: whatever is sent is told to come later."""
    if probe is CONTROL or all(answer.status != HTTPStatus.TOO_MANY_REQUESTS for answer in kit.carrier.answers[first:]):
        return None
    return LIMITED if kit.carrier.carry(kit.sender.write()).status == HTTPStatus.TOO_MANY_REQUESTS else None


def _row(probe: Probe, seen: Sequence[Seen]) -> Row:
    wrong = tuple(each.told for each in seen if each.is_held is False)
    unclear = tuple(each.told for each in seen if each.is_held is None)
    held = tuple(each.told for each in seen if each.is_held)
    if not wrong and not held:
        return _absent(probe.name, probe.rule, unclear[0] if unclear else "nothing was seen")
    return Row(
        subject=probe.name,
        rule=probe.rule,
        judgement=Judgement.BROKEN if wrong else Judgement.HELD,
        asks=ASKS[probe.rule],
        weight=weight_of(probe.rule),
        evidence=wrong or held,
    )


def _absent(subject: str, rule: str, reason: str) -> Row:
    return Row(subject=subject, rule=rule, judgement=Judgement.NOT_EXERCISED, asks=ASKS[rule], weight=weight_of(rule), reason=reason)


def _keeps_secrets(carrier: Carrier, control: Row) -> Row:
    betrayed = [answer.betrayed for answer in carrier.answers if answer.betrayed is not None]
    told = f"{len(betrayed)} answers hold {betrayed[0]}" if betrayed else f"{len(carrier.answers)} answers hold neither"
    return _of_all(KEEPS_SECRETS, told, control, is_broken=bool(betrayed))


def _in_time(carrier: Carrier, seconds_max: float, control: Row) -> Row:
    late = sum(answer.seconds > seconds_max for answer in carrier.answers)
    slowest = max((answer.seconds for answer in carrier.answers), default=0.0)
    told = f"{late} answers took more than {seconds_max:g} s; the slowest took {slowest:.2f} s"
    return _of_all(IN_TIME, told, control, is_broken=late > 0)


def _of_all(rule: str, told: str, control: Row, *, is_broken: bool) -> Row:
    """A rule about all answers; where none took the genuine callback, only a fault says something."""
    if not is_broken and control.judgement is not Judgement.HELD:
        return _absent(ALL_ANSWERS, rule, NO_CONTROL)
    judgement = Judgement.BROKEN if is_broken else Judgement.HELD
    return Row(subject=ALL_ANSWERS, rule=rule, judgement=judgement, asks=ASKS[rule], evidence=(told,))


def _check_reached(carrier: Carrier, url: str) -> None:
    if not carrier.answers or carrier.answers[0].status is not None:
        return
    if (speaks := what_speaks(url)) is not None:
        raise ValueError(f"{url} is no place for callbacks: {speaks}")
    # Who is there and takes too long is told so.
    if not carrier.answers[0].is_late:
        raise ValueError(f"{url} does not answer: {carrier.answers[0].error}; start the receiver first")

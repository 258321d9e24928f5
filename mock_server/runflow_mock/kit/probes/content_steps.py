"""Content steps: samples that tell something else than usual, or more, and what is concluded where a record says otherwise.

A receiver that reads the record from the API is right to refuse what contradicts it. So of a known record a refusal counts only if the
receiver takes what differs from the record in the same field and in no other way.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from runflow_mock.kit.probes.carriers import Answer
from runflow_mock.kit.probes.forgeries import ATTEMPTS, NEWS
from runflow_mock.kit.probes.probe_steps import (
    ProbeKit,
    ProbeStep,
    Seen,
    as_attempt,
    seen_as_described,
    seen_orderly,
    seen_taken,
    seen_whole,
)
from runflow_mock.testing.samples import SampleCallback

COMPARED = "it takes nothing that says otherwise than the record of the application"
NO_PLUS = "it takes the same where JSON says the plus sign by its number: it does not sign the raw bytes, which another rule is about"
# Bytes that come out differently when they are parsed and written again: other escapes, numbers, an order of keys, and a slash.
UNUSUAL: Mapping[str, Any] = {
    "note": "Größe 50 % ✓ \u2028",
    "ratio": 1.0,
    "10": "ten",
    "9": "nine",
    "path": "a/b",
    "html": "<b>&amp;</b>",
    # A letter of two characters, one beyond the first plane, and what whoever decodes once too often reads differently.
    "accent": "e\u0301",
    "face": "\U0001f389",
    "query": "a%41+b",
    "quoted": 'a"b\\c',
    # What has no width, or no meaning, and what is taken for code or for bad typography.
    "unseen": "\x7f\x80\x9f\xa0\xad\u200b\u200d\ufeff\ufffd\uffff",
    "odd": "it's \u201cso\u201d \u2014 {{a}} ${b} %c <?d?> --",
}

# The last attempt comes so long after the first; these are the fields that tell of instants.
LATE = timedelta(minutes=37)
# The offset of an instant has a plus sign, which means something else in a form; JSON can say it without one.
PLUS, ESCAPED_PLUS = b'+00:00"', b'\\u002b00:00"'
# Before whatever else was told, so that whoever compares instants as texts is not confused by what follows.
SOON = timedelta(minutes=1)
INSTANTS = frozenset(("created_at", "started_at", "completed_at"))

# A letter of more than one byte, which is cut in two.
LETTER = "ß"
# As much metadata as the API takes, but for a few bytes, and as many items.
ITEMS_MAX = 100
LONG = "0123456789abcdef" * 80
LARGE: Mapping[str, Any] = {"note": "abcdefgh" * 2000}

Change = Callable[[dict[str, Any]], dict[str, Any]]


def with_fields(**fields: Any) -> Change:
    """Returns the change by which some fields say something else."""
    return lambda message: {**message, **fields}


OTHER_METADATA = with_fields(metadata={"note": "of something else"})


def moved(message: dict[str, Any], by: timedelta = SOON, unit: str = "milliseconds", *, swaps_offset: bool = False) -> dict[str, Any]:
    """Returns a message whose instants lie so long before, in the spelling in which they were given but for their fractions or offset."""

    def earlier(instant: str) -> str:
        then = (datetime.fromisoformat(instant) - by).isoformat(timespec=unit)
        return then.replace("+00:00", "Z") if instant.endswith("Z") is not swaps_offset else then

    return {name: earlier(value) if name in INSTANTS and value is not None else value for name, value in message.items()}


def takes_rewritten(change: Change, otherwise: Change | None = None) -> ProbeStep:
    """Returns the step of a sample with another content, signed as the service would; `otherwise` differs there too, and is usual."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        answer = carry_rewritten(kit, kit.sender.write(), change)
        yield _compared(kit, answer, otherwise) or seen_taken(answer)

    return step


def takes_new_event(kit: ProbeKit) -> Iterator[Seen]:
    """An event that nobody documented; the state of a known record is what the record says."""
    status = {} if kit.sender.known is not None else {"status": "hibernating"}
    yield seen_taken(carry_rewritten(kit, kit.sender.write(), with_fields(event=NEWS, **status)))


def takes_unusual_bytes(kit: ProbeKit) -> Iterator[Seen]:
    """A sample that comes out differently when it is parsed and written again."""
    sample = kit.sender.write(metadata=UNUSUAL)
    answer = kit.carrier.carry(sample)
    yield _compared(kit, answer, OTHER_METADATA) or seen_as_described(kit, sample, answer)


def takes_unusual_spaces(kit: ProbeKit) -> Iterator[Seen]:
    """A sample with all the white space that JSON may have: whoever trims it, or writes one kind for another, signs other bytes."""
    sample = kit.sender.write()
    spaced = kit.sender.sign(sample, b" \t\r\n" + sample.body.replace(b'","', b'"\t,\r\n  "', 1) + b"\r\n\n ")
    yield seen_as_described(kit, spaced, kit.carrier.carry(spaced))


def survives_rewritten(change: Change, event: str | None = None) -> ProbeStep:
    """Returns the step of a genuine sample of what an application may never create: such a one may refuse it, in order."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        if kit.sender.known is not None:
            yield Seen(None, "what the application has created is told as it is")
            return
        yield seen_orderly(carry_rewritten(kit, kit.sender.write(event), change))

    return step


def takes_late(kit: ProbeKit) -> Iterator[Seen]:
    """The last attempt of a delivery about what ended long ago, as after an outage; of who wants order it says nothing."""
    sample = as_attempt(kit.sender.write(), ATTEMPTS)
    if kit.sender.known is not None and not (answer := kit.carrier.carry(sample)).is_taken:
        yield seen_taken(answer)
    else:
        yield _of_earlier(kit, sample, partial(moved, by=LATE))


def takes_spelled(**spelling: Any) -> ProbeStep:
    """Returns the step of a sample whose instants are spelled otherwise and lie a little before; of who wants order it says nothing."""

    def step(kit: ProbeKit) -> Iterator[Seen]:
        change = partial(moved, **spelling)
        seen = _of_earlier(kit, kit.sender.write(), change)
        yield Seen(None, NO_PLUS) if seen.is_held is False and _takes_without_plus(kit, change) else seen

    return step


def _takes_without_plus(kit: ProbeKit, change: Change) -> bool:
    """Whether a receiver takes what it has refused once no plus sign stands there, although it says the same."""
    sample = kit.sender.write()
    body = msgspec.json.encode(change(msgspec.json.decode(sample.body)))
    return kit.carrier.carry(kit.sender.sign(sample, body.replace(PLUS, ESCAPED_PLUS))).is_taken


def _of_earlier(kit: ProbeKit, sample: SampleCallback, change: Change) -> Seen:
    """Whether a sample is taken whose instants lie before; of who is told of the same record twice, these are what it compares."""
    answer = carry_rewritten(kit, sample, change)
    if kit.sender.known is not None:
        return _compared(kit, answer, moved) or seen_taken(answer)
    if answer.is_taken or all(seen.is_held for seen in takes_any_order(kit)):
        return seen_taken(answer)
    return Seen(None, "it takes nothing that happened before what it was told of, which another rule is about")


def takes_any_order(kit: ProbeKit) -> Iterator[Seen]:
    """What happened later is told first."""
    earlier, later = kit.sender.write_in_order()
    for sample in (later, earlier):
        yield seen_taken(kit.carrier.carry(sample))


def takes_large_body(kit: ProbeKit) -> Iterator[Seen]:
    """A sample with as much metadata as there can be; of who does not read bodies to their end it says nothing."""
    answer = kit.carrier.carry(kit.sender.write(metadata=LARGE))
    yield _compared(kit, answer, OTHER_METADATA) or seen_whole(kit, answer)


def takes_large_batch(kit: ProbeKit) -> Iterator[Seen]:
    """The end of a batch of as many items as there can be; of who does not take that of a small one it says nothing."""
    if kit.sender.known is not None:
        yield Seen(None, "no batch of the application's has so many items")
        return
    small = kit.sender.write("batch.succeeded", metadata=LARGE)
    message = msgspec.json.decode(small.body)
    items = message["output"]["items"]
    # Each with an address as long as signed ones are: more than the 100 kB that some frameworks take by default.
    many = [_with_long_address(items[index % len(items)], index) for index in range(ITEMS_MAX)]
    message["output"] = {**message["output"], "items": many, "succeeded": ITEMS_MAX, "total": ITEMS_MAX}
    answer = kit.carrier.carry(kit.sender.sign(small, msgspec.json.encode(message)))
    if not answer.is_taken and not kit.carrier.carry(kit.sender.write("batch.succeeded")).is_taken:
        yield Seen(None, "it takes no end of a batch, which another rule is about")
    else:
        yield seen_whole(kit, answer)


def _with_long_address(item: Mapping[str, Any], index: int) -> dict[str, Any]:
    return {**item, "sequence_index": index, "input": {**item["input"], "image_url": f"https://cdn.example.com/{index}.jpg?signed={LONG}"}}


def takes_cut_letter(kit: ProbeKit) -> Iterator[Seen]:
    """A sample whose body comes in two parts, cut within a letter: whoever decodes each part for itself reads another one there."""
    sample = kit.sender.write(metadata=UNUSUAL)
    answer = kit.carrier.carry_slowly(sample, sample.body.index(LETTER.encode()) + 1)
    yield _compared(kit, answer, OTHER_METADATA) or seen_whole(kit, answer)


def carry_rewritten(kit: ProbeKit, sample: SampleCallback, change: Change) -> Answer:
    """Sends a sample with another content, signed as the service would, and returns the answer."""
    return kit.carrier.carry(kit.sender.sign(sample, msgspec.json.encode(change(msgspec.json.decode(sample.body)))))


def _compared(kit: ProbeKit, answer: Answer, otherwise: Change | None) -> Seen | None:
    """Says of a refusal that a receiver compares with the record, where it refuses whatever is `otherwise` too."""
    if kit.sender.known is None or otherwise is None or answer.is_taken:
        return None
    return None if carry_rewritten(kit, kit.sender.write(), otherwise).is_taken else Seen(None, COMPARED)

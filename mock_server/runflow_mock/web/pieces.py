"""Pieces: long answers that are made part by part, so that others have their turn in between."""

from asyncio import sleep
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Reversible, Sequence, Sized
from functools import partial
from typing import Protocol, TypeVar, cast

import msgspec

from runflow_mock.domain.pages import RECORDS_AT_ONCE
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.wire.windows import Window, represent_window

PIECE_BYTES = 64 * 1024
"""After so many bytes others have their turn; one value is never cut."""

LINES_BYTES = 4_096
"""The same for lines about records: what they are read from, and the look for secrets in them, cost more than their bytes say."""

RecordT = TypeVar("RecordT")
MadeT = TypeVar("MadeT")
ListedT_co = TypeVar("ListedT_co", covariant=True)
Keeps = Callable[[RecordT], bool]
Steps = Generator[None, None, Answer]

_encoder = msgspec.json.Encoder()


def answer_in_steps(steps: Steps) -> Answer:
    """Returns the answer that steps lead to if the first one does, or one that is made while others have their turn between the others."""
    try:
        next(steps)
    except StopIteration as end:
        return cast(Answer, end.value)
    return Answer(200, b"", made_later=partial(_go_on, steps))


async def _go_on(steps: Steps) -> Answer:
    await sleep(0)
    return await to_the_end(steps)


def in_one_step(steps: Generator[None, None, MadeT]) -> MadeT:
    """Returns what steps lead to, where there are few of them or nobody else has to wait."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast(MadeT, end.value)


async def to_the_end(steps: Generator[None, None, MadeT]) -> MadeT:
    """Returns what steps lead to, and lets others have their turn between them."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast(MadeT, end.value)
        await sleep(0)


class Listed(Sized, Reversible[ListedT_co], Protocol[ListedT_co]):
    """What can be looked at from its end: a list, a view of a dictionary."""


async def look(records: Listed[RecordT], window: Window, keeps: Keeps[RecordT]) -> tuple[list[RecordT], int]:
    """Returns the records in a window, and how many there are to look at, all as they stand now."""
    if window.is_whole:
        return window.part(reversed(records)), len(records)
    kept = await kept_in_pieces(tuple(reversed(records)), keeps)
    return window.part(kept), len(kept)


async def kept_in_pieces(records: Sequence[RecordT], keeps: Keeps[RecordT]) -> list[RecordT]:
    """Returns those of many records that are to be kept."""
    kept = list[RecordT]()
    for begin in range(0, len(records), RECORDS_AT_ONCE):
        if begin:
            await sleep(0)
        kept += filter(keeps, records[begin : begin + RECORDS_AT_ONCE])
    return kept


async def list_in_pieces(
    values: Iterable[object], scrub: Callable[[bytes], bytes] = bytes, *, piece_bytes: int = PIECE_BYTES
) -> msgspec.Raw:
    """Returns the JSON of a list; see `list_in_steps`."""
    return await to_the_end(list_in_steps(values, scrub, piece_bytes=piece_bytes))


def list_in_steps(
    values: Iterable[object], scrub: Callable[[bytes], bytes] = bytes, *, piece_bytes: int = PIECE_BYTES
) -> Generator[None, None, msgspec.Raw]:
    """Writes the JSON of a list step by step. Each value is asked for when its turn comes, so that making it is part of a step, too.

    What scrubs looks at each value by itself. Where a value costs far more than its bytes say, `piece_bytes` is smaller.
    """
    written, since = list[bytes](), 0
    for value in values:
        part = scrub(_encoder.encode(value))
        written.append(part)
        since += len(part)
        if since >= piece_bytes:
            since = 0
            yield
    return msgspec.Raw(b"[" + b",".join(written) + b"]")


async def document_in_pieces(document: Mapping[str, object], scrub: Callable[[bytes], bytes]) -> dict[str, object]:
    """Returns an object without secrets; see `document_in_steps`."""
    return await to_the_end(document_in_steps(document, scrub))


def document_in_steps(
    document: Mapping[str, object], scrub: Callable[[bytes], bytes] = bytes, *, piece_bytes: int = LINES_BYTES
) -> Generator[None, None, dict[str, object]]:
    """Writes an object whose lists are iterators where they may be long: these step by step, the rest at once.

    What scrubs looks at each value of such a list by itself, and at the rest with the names of its fields, which stay as they are.
    """
    short = {name: value for name, value in document.items() if not _is_in_steps(value)}
    plain = _encoder.encode(short)
    is_clean = scrub(plain) == plain
    written: dict[str, object] = short if is_clean else {name: _without_secrets(name, value, scrub) for name, value in short.items()}
    for name, value in document.items():
        if isinstance(value, Iterator):
            written[name] = yield from list_in_steps(value, scrub, piece_bytes=piece_bytes)
        elif isinstance(value, dict) and name not in short:
            written[name] = yield from document_in_steps(value, scrub, piece_bytes=piece_bytes)
    return {name: written[name] for name in document}


def _without_secrets(name: str, value: object, scrub: Callable[[bytes], bytes]) -> msgspec.Raw:
    """Returns the JSON of a value, looked at with its name, which may be somebody's secret."""
    ((_, shown),) = msgspec.json.decode(scrub(_encoder.encode({name: value})), type=dict[str, msgspec.Raw]).items()
    return shown


def in_parts(document: Mapping[str, object]) -> dict[str, object]:
    """Returns an object, whose own names are none of a client's, for its lists to be written step by step."""
    return {name: iter(value) if isinstance(value, list) else value for name, value in document.items()}


def _is_in_steps(value: object) -> bool:
    return isinstance(value, Iterator) or (isinstance(value, dict) and any(map(_is_in_steps, value.values())))


async def answer_window(call: Call, lines: Iterable[object], total: int, **more: object) -> Answer:
    """Returns a window of lines about records, without secrets, and of how many."""
    items = await list_in_pieces(lines, call.runtime.scrubber.scrub, piece_bytes=LINES_BYTES)
    return answer(represent_window(items, total, **more))

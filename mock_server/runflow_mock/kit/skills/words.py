"""Lists of statuses, and limits: what prose says in a form that leaves no doubt. Everything else in prose is left to its readers."""

import re
from collections.abc import Iterator

from runflow_mock.kit.skills.blocks import Block, Kind
from runflow_mock.kit.skills.claims import Endpoint, Limit, Statement, Status

Found = tuple[int, Statement]
"""A statement, and where in the text of its block it begins."""

_CODE = r"[1-5](?:\d\d|xx|XX)"
_MARK = r"[`*_]{0,3}"
_LISTED = rf"{_MARK}{_CODE}{_MARK}(?:(?:\s*[,/]\s*|\s+(?:and|or)\s+){_MARK}{_CODE}{_MARK}){{0,20}}"
_HEADS = {
    Kind.ITEM: re.compile(rf"\s*[-*+]\s+(?P<codes>{_LISTED})(?:\s+[\w ]{{1,40}})?\s*(?:[:–—-]|→|\()"),  # noqa: RUF001 - dashes that people write
    Kind.ROW: re.compile(rf"\s*\|\s*(?P<codes>{_LISTED})(?:\s[^|]*)?\|"),
}
_ONE_CODE = re.compile(_CODE)
_ABOUT_STATUSES = re.compile(r"\b(?:status|error|response|code|http)", re.IGNORECASE)
# What is registered with IANA; other numbers are statuses only where the text is about nothing else.
_REFUSALS = frozenset(map(str, (*range(400, 419), *range(421, 427), 428, 429, 431, 451, *range(500, 509), 510, 511)))

_LIMIT = re.compile(
    r"(?:≤|<=|\bup to|\bat most|\bno more than|\bmaximum(?: of)?|\bmax\.?)\s*(?P<most>\d[\d,_]{0,30})(?:\s{0,9}(?P<unit>[A-Za-z]{1,20}))?",
    re.IGNORECASE,
)
_UNITS = {
    "char": "characters", "chars": "characters", "character": "characters", "characters": "characters", "item": "items", "items": "items",
    "entries": "items", "byte": "bytes", "bytes": "bytes",
}  # fmt: skip
_ANY_NAME = re.compile(r"`(\w{1,80})`")
# A name stands near its limit; looking further back would cost a long line its square.
_NEAR = 400


def find_statuses(block: Block, about: str) -> Iterator[Found]:
    """Yields the statuses at the head of an item or a row.

    Args:
        block: the part of the text.
        about: what stands above: where that is about statuses, every number at a head is one.
    """
    head = _HEADS[block.kind].match(block.text) if block.kind in _HEADS else None
    if head is not None:
        for code in _ONE_CODE.finditer(head["codes"]):
            if code[0] in _REFUSALS or code[0][1:].lower() == "xx" or _ABOUT_STATUSES.search(about):
                yield head.start("codes") + code.start(), Status(code=code[0].lower())


def find_limits(block: Block, endpoint: Endpoint | None) -> Iterator[Found]:
    """Yields the limits in a block, each of the field that is named last before it in its sentence."""
    for match in _LIMIT.finditer(block.text):
        start = max(block.bounds_at(match.start())[0], match.start() - _NEAR)
        names = _ANY_NAME.findall(block.text, start, match.start())
        unit = (match["unit"] or "").lower()
        most = int(re.sub(r"[,_]", "", match["most"]))
        yield match.start(), Limit(field=names[-1] if names else "", most=most, unit=_UNITS.get(unit, unit), endpoint=endpoint)

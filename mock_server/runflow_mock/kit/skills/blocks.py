"""Blocks: a Markdown text cut into headings, paragraphs, list items, rows of tables and code, each with its first line.

This is not CommonMark: texts for agents put indented code directly under a paragraph, where CommonMark sees more of the paragraph, and
commands without any mark.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from runflow_mock.kit.skills.shells import read_command

SENTENCE_MAX = 400
"""How much is shown of a sentence in which something stands, and how much of that before it."""
BEFORE_MAX = 60
CELL_END = re.compile(r"(?<!\\)\|")
"""Ends a cell of a row, in code as well, unless it is escaped."""

_INDENTS = ("    ", "\t")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_COMMAND = re.compile(r"(?:\$ )?curl(?:\.exe)?\s")
_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+")
_HEADING = re.compile(r"#")
_BEGINNINGS = (_FENCE, _COMMAND, _HEADING, _ITEM)
_LINE_END = re.compile(r"\r\n?")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---[ \t]*(?=\n|\Z)", re.DOTALL)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+(?=\S)")
# Says of what the sentence before speaks of that it is not so.
_DENYING = re.compile(
    r"\W{0,12}(?:A(?:nswer)?\W{1,12})?No\b(?!\s+\w)"
    r"|(?:it|this|that|they|there|these|those)\b[^.;!?]{0,40}?(?:\b(?:no|not|never|gone|removed|wrong)\b|n['\u2019]t\b)",
    re.IGNORECASE,
)


class Kind(StrEnum):
    """What a block is."""

    HEADING = "heading"
    PROSE = "prose"
    ITEM = "item"
    ROW = "row"
    CODE = "code"


class Block(msgspec.Struct, frozen=True):
    """A part of a text; `line` is the number of its first line, counted from 1, and `ends` is where its sentences end."""

    kind: Kind
    line: int
    text: str
    ends: tuple[int, ...]

    def line_at(self, offset: int) -> int:
        """Returns the number of the line on which something in the text of the block stands."""
        return self.line + self.text.count("\n", 0, offset)

    def sentence_at(self, offset: int) -> str:
        """Returns the sentence in which something stands, in code the line; of a long one what is around it."""
        if self.kind is Kind.CODE:
            ended = self.text.find("\n", offset, offset + SENTENCE_MAX)
            start = self.text.rfind("\n", max(0, offset - SENTENCE_MAX), offset) + 1 or max(0, offset - SENTENCE_MAX)
            end = ended if ended >= 0 else min(len(self.text), offset + SENTENCE_MAX)
        else:
            start, end = self.bounds_at(offset)
            if _DENYING.match(self.text, end):
                end = self.bounds_at(end)[1]
        # Thousands of claims may stand in one line: each would keep a copy of it.
        if end - start > SENTENCE_MAX:
            start, end = max(start, offset - BEFORE_MAX), min(end, offset + SENTENCE_MAX - BEFORE_MAX)
        found = self.text[start:end]
        return found.strip() if self.kind is Kind.CODE else " ".join(found.split())

    def bounds_at(self, offset: int) -> tuple[int, int]:
        """Returns where the sentence begins and ends in which something stands."""
        place = bisect_right(self.ends, offset)
        return self.ends[place - 1] if place else 0, self.ends[place] if place < len(self.ends) else len(self.text)


def read_blocks(text: str) -> Iterator[Block]:
    """Yields the blocks of a text in their order; front matter and empty lines belong to no block."""
    text = _LINE_END.sub("\n", text.removeprefix("\ufeff"))
    front = _FRONT_MATTER.match(text)
    skipped = 0 if front is None else front[0].count("\n") + 1
    lines = text.split("\n")
    index = skipped
    while index < len(lines):
        if not lines[index].strip():
            index += 1
            continue
        kind, first, end = _extent(lines, index, is_in_list=_is_in_list(lines, index, skipped))
        part = "\n".join(lines[first:end])
        yield Block(kind, first + 1, part, tuple(match.end() for match in _SENTENCE_END.finditer(part)))
        index = end + (kind is Kind.CODE and first > index)


def _extent(lines: list[str], index: int, *, is_in_list: bool) -> tuple[Kind, int, int]:
    """Returns what begins at a line: its kind, its first line, and the line after it."""
    line = lines[index]
    fence = _FENCE.match(line)
    if fence is not None:
        end = next((at for at in range(index + 1, len(lines)) if lines[at].strip().startswith(fence[1])), len(lines))
        return Kind.CODE, index + 1, end
    if _HEADING.match(line):
        return Kind.HEADING, index, index + 1
    if line.lstrip().startswith("|"):
        return Kind.ROW, index, index + 1
    if _COMMAND.match(line):
        return Kind.CODE, index, index + read_command("\n".join(lines[index:]), 0)[1].count("\n") + 1
    if _is_code(line) and not is_in_list:
        return Kind.CODE, index, _end_of_code(lines, index)
    kind = Kind.ITEM if _ITEM.match(line) else Kind.PROSE
    end = index + 1
    while end < len(lines) and _goes_on(lines[end], kind):
        end += 1
    return kind, index, end


def _goes_on(line: str, kind: Kind) -> bool:
    """Tells whether a line belongs to the paragraph or list item before it."""
    begins = not line.strip() or line.lstrip().startswith("|") or any(mark.match(line) for mark in _BEGINNINGS)
    return not begins and not (kind is Kind.PROSE and _is_code(line))


def _is_code(line: str) -> bool:
    return line.startswith(_INDENTS) and not _ITEM.match(line)


def _end_of_code(lines: list[str], index: int) -> int:
    """Indented code goes on over empty lines, if more of it follows."""
    end = index
    for at in range(index, len(lines)):
        if not lines[at].strip():
            continue
        if not lines[at].startswith(_INDENTS):
            break
        end = at + 1
    return end


def _is_in_list(lines: list[str], index: int, skipped: int) -> bool:
    """Tells whether the paragraph before an indented line is a list item, of which it is then a part."""
    above = (lines[at] for at in range(index - 1, skipped - 1, -1) if lines[at].strip())
    for line in above:
        if _ITEM.match(line):
            return True
        if not line.startswith(" "):
            return False
    return False

"""Summaries: what a command that judges has to say, said once for all its forms.

Theory. Whoever judges makes a summary and knows of no form; `terminal`, `markdown` and `junit` render one and know of nobody who judges.
What others wrote stands in it as they wrote it, because each form has its own way to show that as text: only a rendering escapes.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

import msgspec


class Line(NamedTuple):
    """A line of a terminal: the label keeps its columns and all its characters, as names must; the text is prose, folded and cut."""

    label: str
    text: str = ""


class Strong(msgspec.Struct, frozen=True):
    """A text that is to be seen first."""

    text: str


class Code(msgspec.Struct, frozen=True):
    """A name out of one of our tables, which has nothing to escape."""

    name: str


Cell = str | Strong | Code | tuple[str, ...]
"""What stands in a cell: a text, or several one below the other."""


class Table(NamedTuple):
    """Rows below the names of their columns."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Section(msgspec.Struct, frozen=True):
    """A part of a report for people; one with nothing in it is left out, its title too."""

    title: str | None = None
    table: Table | None = None
    items: tuple[str, ...] = ()
    paragraphs: tuple[str, ...] = ()


class Outcome(StrEnum):
    """How a case ended that has not passed, as JUnit names it."""

    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case of JUnit; without an outcome it has passed. `times` says how often it was so, where that was counted."""

    group: str
    name: str
    outcome: Outcome | None = None
    message: str = ""
    times: int | None = None
    weight: str | None = None
    text: str | None = None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to say: `lines` for a terminal, `json` for programs, `cases` for CI, and for people a verdict with its sections.

    `suite` is the name in JUnit where the title is another one each time: tools follow a suite over its runs by name.
    """

    title: str
    verdict: Cell | None = None
    suite: str | None = None
    lines: tuple[Line, ...] = ()
    sections: tuple[Section, ...] = ()
    cases: tuple[Case, ...] = ()
    json: Mapping[str, object] = {}

"""Commands as a shell reads them: where one ends, and its words."""

import re
import shlex
from collections.abc import Sequence
from typing import NamedTuple

LINES_MAX = 100

# A line goes on behind a backslash; in PowerShell behind a backtick, in cmd behind a caret.
_CONTINUED = re.compile(r"(?:\\|(?<=\s)[`^])[ \t]*\n")
_GOES_ON = re.compile(r"(?:\\|(?<=\s)[`^])[ \t]*\Z")
# Quotes in which a backslash stands for what it does in programs.
_ANSI_QUOTES = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_MEANT = {"n": "\n", "t": "\t", "r": "\r"}


class Command(NamedTuple):
    """A command: its words, or nothing where its quotes do not close, and its text."""

    words: Sequence[str] | None
    text: str


def read_command(text: str, start: int) -> Command:
    """Returns the command that begins at a place: a line that ends in a backslash or inside quotes goes on."""
    end = start - 1
    for _ in range(LINES_MAX):
        newline = text.find("\n", end + 1)
        end = len(text) if newline < 0 else newline
        words = _split(text[start:end])
        if words is not None:
            return Command(words, text[start:end])
        if newline < 0:
            break
    return Command(None, text[start:].partition("\n")[0])


def _split(command: str) -> Sequence[str] | None:
    """Returns the words of a command, or nothing if it goes on."""
    try:
        if _GOES_ON.search(command):
            return None
        return shlex.split(_ANSI_QUOTES.sub(_quoted, _CONTINUED.sub(" ", command)))
    except ValueError:
        return None


def _quoted(found: re.Match[str]) -> str:
    return shlex.quote(_ESCAPED.sub(lambda each: _MEANT.get(each[1], each[1]), found[1]))

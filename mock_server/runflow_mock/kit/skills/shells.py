"""Commands as a shell reads them: where one ends, and its words."""

import re
import shlex
from collections.abc import Sequence
from typing import NamedTuple

LINES_MAX = 100

_CONTINUED = re.compile(r"\\[ \t]*\n")


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
        return None if command.rstrip().endswith("\\") else shlex.split(_CONTINUED.sub(" ", command))
    except ValueError:
        return None

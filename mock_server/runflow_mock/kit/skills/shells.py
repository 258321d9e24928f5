"""Commands as a shell reads them: where one ends, and its words."""

import re
import shlex
import sys
from collections.abc import Sequence
from typing import NamedTuple

LINES_MAX = 100

# What is read in another way than `shlex` does; what stands in other quotes is left as it is.
_PARTS = re.compile(
    r"""
    \$'(?P<ansi>(?:[^'\\]|\\.)*)'            # a backslash stands for what it does in programs
    | '[^']*'
    | "(?P<quoted>(?:[^"\\]|\\.)*)"
    | (?P<continued>(?:\\|(?<=\s)[`^])[ \t]*\n) # a line goes on; in PowerShell behind a backtick, in cmd behind a caret
    | \\.
    """,
    re.DOTALL | re.VERBOSE,
)
_GOES_ON = re.compile(r"(?:\\|(?<=\s)[`^])[ \t]*\Z")
_ESCAPED = re.compile(
    rb"\\(?:(?P<octal>[0-7]{1,3})|x(?P<byte>[0-9A-Fa-f]{1,2})|u(?P<short>[0-9A-Fa-f]{1,4})|U(?P<long>[0-9A-Fa-f]{1,8})|(?P<letter>.))",
    re.DOTALL,
)
_MEANT = {**dict(zip(b"abeEfnrtv", b"\a\b\x1b\x1b\f\n\r\t\v", strict=True)), **{each: each for each in b"\\'\"?"}}


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
        return shlex.split(_PARTS.sub(_as_plain, command))
    except ValueError:
        return None


def _as_plain(part: re.Match[str]) -> str:
    """Returns a part of a command as `shlex` reads it."""
    if part["ansi"] is not None:
        return shlex.quote(_ESCAPED.sub(_unescaped, part["ansi"].encode()).decode(errors="replace"))
    if part["continued"] is not None:
        return " "
    return part[0] if part["quoted"] is None else part[0].replace("\\\n", "")


def _unescaped(found: re.Match[bytes]) -> bytes:
    """Returns what bash makes of a backslash and what it belongs to; what it does not know stays."""
    if (digits := found["octal"] or found["byte"]) is not None:
        return bytes((int(digits, 8 if found["octal"] else 16) & 0xFF,))
    if (number := found["short"] or found["long"]) is not None:
        return chr(int(number, 16)).encode(errors="replace") if int(number, 16) <= sys.maxunicode else found[0]
    meant = _MEANT.get(found["letter"][0])
    return found[0] if meant is None else bytes((meant,))

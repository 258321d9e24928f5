"""Printing: texts that others wrote, as a terminal, a log and a CI job may have them.

A terminal obeys what it is shown: a text with an escape can clear the screen, set the title, or write into what is pasted next. So every
character that is no character to look at is shown by its number. What turns the direction of writing is one of them. GitHub's runner obeys
lines that begin with `::error::` and the like, and `##[error]` anywhere in one. A number has the form that it may have in JSON as well,
because what is printed may be that.
"""

import re

_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u200b\u2028\u2029\u202a-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
_COMMAND = re.compile(r"^([ \t]*):(?=:\w)|(##)\[", re.MULTILINE)
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")


def printable(text: str, *, has_colours: bool = False) -> str:
    """Returns a text of any lines with its escapes shown; `has_colours` leaves those in place that only choose colours."""
    if "::" in text or "##[" in text:
        text = _COMMAND.sub(_as_no_command, text)
    if _UNSEEN.search(text) is None:
        return text
    parts = _COLOUR.split(text) if has_colours else [text]
    return "".join(part if number % 2 else _UNSEEN.sub(_shown, part) for number, part in enumerate(parts))


def on_one_line(value: object) -> str:
    """Returns the text of a value on one line: what cannot be shown, line breaks among it, stands by its escape."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in str(value))


def _shown(found: re.Match[str]) -> str:
    number = ord(found[0])
    if number < 0x20:
        return f"\\x{number:02x}"
    if number < 0x10000:
        return f"\\u{number:04x}"
    return "".join(f"\\u{half:04x}" for half in (0xD800 + ((number - 0x10000) >> 10), 0xDC00 + (number & 0x3FF)))


def _as_no_command(found: re.Match[str]) -> str:
    return f"{found[2]}\\u005b" if found[2] else f"{found[1]}\\u003a"

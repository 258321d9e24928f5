r"""Patterns: regular expressions as JSON Schema means them, which are those of ECMA-262, where the validator means something else.

The validator's dot takes every character but a line feed, its words have letters of every alphabet, and it knows neither `[]`, which takes
nothing, nor `[^]`, which takes everything, nor a brace that repeats nothing. What it means by `\d`, `\w` and `\s` it has from ECMA-262
only in patterns that are matched without trying; what leads back to a group is said otherwise (`back_references`). A character that is put
in the place of another spelling is `\x{3C}`, which ECMA-262 has not, so that what was written can be told of it.
"""

import re
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

from runflow_mock.openapi.back_references import with_marks, without_marks
from runflow_mock.openapi.pattern_classes import (
    CHARACTERS,
    CONTROL,
    EVERYTHING,
    HALF,
    LONG_ESCAPE,
    NOTHING,
    PAIR,
    SETS,
    SETS_IN_CLASSES,
    control,
    matched_class,
    paired,
)
from runflow_mock.openapi.schemas import SIZE_MAX, compile_schema

SIZES = (2_000, 10_000, 100_000, 1_000_000, 3_000_000, SIZE_MAX)
"""By which sizes patterns are told apart, in bytes of what they are compiled to."""
LENGTH_MAX = 30_000
"""How many characters a pattern may have."""
KNOWN_MAX, KNOWN_LENGTH_MAX = 2_048, 200
"""Of how many patterns, and how long ones, the size stays known."""

# What nothing closes takes the rest, so that every character is read once.
_GROUP = r"\((?!\?)|\(\?<[^=!>][^>]*(?:>|\Z)"
_CLASS = r"\[\^?\]|\[(?:\\.|[^\]\\])*(?:\]|\\?\Z)"
_LITERAL_BRACE = r"\{(?![0-9]+(?:,[0-9]*)?\})"
_TOKEN = re.compile(
    rf"(?P<pair>{PAIR})|(?P<half>{HALF})|(?P<control>{CONTROL})|{LONG_ESCAPE}|\\k<[^>]*(?:>|\Z)|\\(?:0[0-9]+|.)|{_GROUP}|{_CLASS}"
    rf"|\(\?[A-Za-z]*s|\.|{_LITERAL_BRACE}",
    re.DOTALL,
)
_TAKES_ALL = re.compile(r"\(\?[A-Za-z]*s")
_IS_TRIED = re.compile(r"\(\?<?[=!]|\\[1-9]|\\k<")
# Escapes that others have: the ends of a text, a bell, a digit of sixteen.
_FOREIGN = re.compile(r"\\[aeg-jlmoqyzACE-OQRTUVXYZ]")
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_CHARACTER = re.compile(r"\\x\{(?P<code>[0-9A-F]+)\}|\\.", re.DOTALL)
_COUNT = re.compile(r"\{[0-9]+(?:,[0-9]*)?\}")
_WORD = "[0-9A-Za-z_]"
_DOT = {".": r"[^\n\r\u2028\u2029]"}
_CLASSES = {"[]": NOTHING, "[^]": EVERYTHING}
_CHARACTERS = {**CHARACTERS, "{": r"\x{7B}"}
# Words of ASCII; the second way is for patterns that look around, which know no other.
_EDGES = {r"\b": r"(?-u:\b)", r"\B": r"(?-u:\B)"}
_EDGES_LOOKED_FOR = {
    r"\b": f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))",
    r"\B": f"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))",
}
_WAYS: tuple[Mapping[str, str], ...] = (
    {**_CHARACTERS, **_CLASSES, **_EDGES, **_DOT},
    # A pattern may be too large with all that its dots do not take: `.{1,8192}`.
    {**_CHARACTERS, **_CLASSES, **_EDGES},
    {**_CHARACTERS, **_CLASSES, **_EDGES_LOOKED_FOR, **_DOT},
    {**_CHARACTERS, **_CLASSES, **_EDGES_LOOKED_FOR},
)
_WRITTEN = {
    **{f"{code:X}": rf"\c{chr(code + 64)}" for code in range(1, 27)},
    "0": r"\0",
    "8": r"\b",
    "26": "&",
    "2D": "-",
    "3C": r"\<",
    "3E": r"\>",
    "5B": "[",
    "5F": r"\_",
    "7B": "{",
    "7E": "~",
}


def size_of(text: str, most: int = SIZE_MAX) -> int | None:
    """Returns the size that what a pattern is compiled to does not exceed, or nothing where it is too large or no regular expression."""
    return (_known_size if len(text) <= KNOWN_LENGTH_MAX else _found_size)(text, most)


def is_too_large(text: str, most: int) -> bool:
    """Tells whether a text would be a pattern if only it stood for less: without the counts of its repeats it is one."""
    if len(text) > LENGTH_MAX:
        return True
    return size_of(as_matched(text, most), most) is None and size_of(as_matched(_COUNT.sub("?", text), most), most) is not None


def is_pattern(text: str, most: int = SIZE_MAX) -> bool:
    """Tells whether a text is a regular expression that the validator understands, and that is not too large for it."""
    return size_of(text, most) is not None


def foreign_escape(pattern: str) -> str | None:
    """Returns an escape in a pattern that ECMA-262 has not, and that other languages read in their own ways, if there is one."""
    found = (_FOREIGN.search(token[0]) for token in _ESCAPED.finditer(pattern))
    return next((each[0] for each in found if each is not None), None)


def as_matched(pattern: str, most: int = SIZE_MAX) -> str:
    """Returns a pattern that means to the validator what this one means by ECMA-262, where there is one that it understands.

    Dots stay as they are where the pattern says that they take everything, `(?s:.)`.
    """
    takes_all = any(_TAKES_ALL.fullmatch(token[0]) for token in _TOKEN.finditer(pattern))
    is_tried = _IS_TRIED.search(pattern) is not None
    more = {**(SETS if is_tried else {}), **({".": "."} if takes_all else {})}
    marked = with_marks(pattern) if is_tried else pattern
    for way in _WAYS:
        matched = _TOKEN.sub(partial(_meant, {**way, **more}, is_tried), marked)
        if matched == pattern or is_pattern(matched, most):
            return matched
    return pattern


def otherwise_matched(schema: Mapping[str, Any], most: int = SIZE_MAX) -> str | None:
    """Returns the pattern of a schema as it is matched, or nothing where it has none or means the same as it stands."""
    pattern = schema.get("pattern")
    matched = as_matched(pattern, most) if isinstance(pattern, str) else None
    return None if matched == pattern else matched


def as_written(text: str) -> str:
    """Returns a text about a pattern that was matched with the one that somebody wrote, but for the case of its hexadecimal digits, and
    with numbers for the names of groups.
    """
    text = without_marks(text)
    for way in (_DOT, _CLASSES, _EDGES, _EDGES_LOOKED_FOR, SETS, SETS_IN_CLASSES):
        for written, matched in way.items():
            text = text.replace(matched, written)
    return _CHARACTER.sub(_written, text)


def _found_size(text: str, most: int) -> int | None:
    import jsonschema_rs

    for size in SIZES if len(text) <= LENGTH_MAX else ():
        if size > most:
            break
        try:
            compiled = compile_schema({"pattern": text}, size_max=size)
        except (jsonschema_rs.ValidationError, ValueError):
            continue
        # One that looks around is compiled in pieces, each of which may be so large.
        return size if compiled.is_linear else size * (1 + text.count("("))
    return None


_known_size = lru_cache(maxsize=KNOWN_MAX)(_found_size)


def _written(found: re.Match[str]) -> str:
    code = found["code"]
    if code is None or len(code) < 5:
        return _WRITTEN.get(str(code), found[0])
    beyond = int(code, 16) - 0x10000
    return rf"\u{0xD800 + (beyond >> 10):X}\u{0xDC00 + (beyond & 0x3FF):X}"


def _meant(meanings: Mapping[str, str], is_tried: bool, token: re.Match[str]) -> str:  # noqa: FBT001 - partial gives it its name
    text = token[0]
    if text in meanings:
        return meanings[text]
    if text.startswith("["):
        return matched_class(text, is_tried=is_tried) if text.endswith("]") else text
    if token["pair"] is not None:
        return paired(text)
    if token["half"] is not None:
        return NOTHING
    return control(text) if token["control"] is not None else text

"""Patterns: regular expressions as JSON Schema means them, which are those of ECMA-262, where the validator means something else.

Classes of characters mean the same to both. The validator's dot takes every character but a line feed.
"""

import re
from functools import lru_cache

import jsonschema_rs

from runflow_mock.openapi.schemas import compile_schema

_DOT = r"[^\n\r\u2028\u2029]"
# A class that nothing closes takes the rest, so that every character is read once.
_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])*(?:\]|\\?\Z)|\(\?[A-Za-z]*s|\.", re.DOTALL)


@lru_cache(maxsize=4096)
def is_pattern(text: str) -> bool:
    """Tells whether a text is a regular expression that the validator understands, and that is not too large for it."""
    try:
        compile_schema({"pattern": text})
    except (jsonschema_rs.ValidationError, ValueError):
        return False
    return True


def as_matched(pattern: str) -> str:
    """Returns a pattern whose dots take for the validator what they take by ECMA-262: anything but the four ends of a line.

    It is the pattern itself where that says that its dots take everything, `(?s:.)`, and where it would be too large: `.{1,8192}`.
    """
    if any(token[0].startswith("(") for token in _TOKEN.finditer(pattern)):
        return pattern
    matched = _TOKEN.sub(lambda token: _DOT if token[0] == "." else token[0], pattern)
    return matched if matched == pattern or is_pattern(matched) else pattern


def as_written(text: str) -> str:
    """Returns a text about a pattern with the dots that somebody wrote."""
    return text.replace(_DOT, ".")

"""Patterns: regular expressions as JSON Schema means them, which are those of ECMA-262, where the validator means something else.

Classes of characters mean the same to both. The validator's dot takes every character but a line feed.
"""

import re

_DOT = r"[^\n\r\u2028\u2029]"
_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\.", re.DOTALL)
# Where a pattern says itself that its dots take everything.
_IS_OPEN = re.compile(r"\(\?[a-z]*s")


def as_matched(pattern: str) -> str:
    """Returns a pattern whose dots take for the validator what they take by ECMA-262: anything but the four ends of a line."""
    return pattern if _IS_OPEN.search(pattern) else _TOKEN.sub(lambda token: _DOT if token[0] == "." else token[0], pattern)


def as_written(text: str) -> str:
    """Returns a text about a pattern with the dots that somebody wrote."""
    return text.replace(_DOT, ".")

r"""Pattern lengths: how long a pattern is once its counted repeats are written out, which says what it costs, before anything compiles it.

Theory. A pattern that is matched without trying is compiled to a machine with a state for each part that is written out: `(a{1,9}){1,9}`
has 81. Compiling it, the memory that it takes, and reading one character of a text at worst, all grow with that number and not with the
length of what was written, so that twenty characters can stand for ten megabytes and for five milliseconds a character.
"""

import re
from functools import lru_cache
from math import inf
from typing import NamedTuple

LENGTH_MAX = 10_000
"""How long a pattern of a model may be."""
LENGTHS_MAX = 50_000
"""How long all patterns of a model may be together."""
REPEATED_MIN = 16
"""From how many states that repeats add a long text may cost more than its length."""
READ_MAX = 100_000_000
"""How many characters, times those states, a text may have; a state takes up to ten nanoseconds for each."""

_LETTERS = 100
"""How many parts the letters of all alphabets take."""
_NUMBER_MAX = 1_000_000
_TOKEN = re.compile(
    r"(?P<letters>\\[pP]\{[^}]*\})|\\[xu]\{[^}]*\}|\\.|\[(?:\\.|[^\]\\])*\]|\{(?P<least>\d+)(?:,(?P<most>\d*))?\}|.", re.DOTALL
)
_WITHOUT_LENGTH = frozenset("*+?|^$")


class PatternLength(NamedTuple):
    """How many parts a pattern has, and how many of them are there because of counted repeats."""

    parts: int
    repeated: int


@lru_cache(maxsize=4_096)
def length_of(pattern: str) -> PatternLength:
    """Returns how long a pattern is at most; what is no pattern has some length as well."""
    written, latest = 0, 0
    open_groups = [0]
    for token in _TOKEN.finditer(pattern):
        text = token[0]
        if text == "(":
            open_groups.append(0)
            latest = 0
        elif text == ")" and len(open_groups) > 1:
            latest = min(open_groups.pop(), _NUMBER_MAX**2)
            open_groups[-1] += latest
        elif token["least"] is not None:
            times = max(1, *(int(each[:7]) if len(each) < 7 else _NUMBER_MAX for each in (token["least"], token["most"] or "0")))
            latest = min(latest * times, _NUMBER_MAX**2)
            open_groups[-1] += latest - latest // times
        elif text not in _WITHOUT_LENGTH:
            latest = 1 if token["letters"] is None else _LETTERS
            open_groups[-1] += latest
            written += latest
    return PatternLength(sum(open_groups), sum(open_groups) - written)


def characters_max(pattern: str) -> float:
    """Returns how long a text may be that is held against a pattern which is matched without trying."""
    repeated = length_of(pattern).repeated
    return inf if repeated < REPEATED_MIN else READ_MAX // repeated

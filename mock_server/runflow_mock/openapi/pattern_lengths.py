r"""Pattern lengths: how long a pattern is once its counted repeats are written out, which says what it costs, before anything compiles it.

Theory. A pattern that is matched without trying is compiled to a machine with a state for each part that is written out: `(a{1,9}){1,9}`
has 81. Compiling it, the memory that it takes, and reading one character of a text at worst, all grow with that number and not with the
length of what was written, so that twenty characters can stand for ten megabytes and for five milliseconds a character. Reading takes as
long where choices are written out one by one: after `[01]*1`, twenty times `[01]` can be at a million places at once.
"""

import re
from functools import lru_cache
from math import inf
from typing import NamedTuple

LENGTH_MAX = 10_000
"""How long a pattern of a model may be."""
LENGTHS_MAX = 50_000
"""How long all patterns of a model may be together."""
DOCUMENT_LENGTHS_MAX = 200_000
"""How long the different patterns of a document may be together."""
REPEATED_MIN = 16
"""From how many states that repeats add a long text may cost more than its length."""
READ_MAX = 100_000_000
"""How many characters, times those states, a text may have; a state takes up to ten nanoseconds for each."""
CHOICES_MIN = 12
"""From how many choices that are written out a long text may cost more than its length: fewer are all remembered."""
CHOICE = 50
"""As many states as a choice counts: where choices are at many places at once, what was found out is forgotten again."""

_LETTERS = 100
"""How many parts the letters of all alphabets take."""
_NUMBER_MAX = 1_000_000
_TOKEN = re.compile(
    r"(?P<letters>\\[pP]\{[^}]*\})|\\[xu]\{[^}]*\}|\\.|\[(?:\\.|[^\]\\])*\]|\{(?P<least>\d+)(?:,(?P<most>\d*))?\}|.", re.DOTALL
)
_WITHOUT_LENGTH = frozenset("*+?|^$")
_CHOICES = frozenset("*+?|.")
_CHOOSING = re.compile(r"\[|\\[dDsSwWpP]")


class PatternLength(NamedTuple):
    """How many parts a pattern has, how many of them are there because of counted repeats, and at how many places as written, beyond a
    beginning that is bounded, more than one thing may follow.
    """

    parts: int
    repeated: int
    choices: int


class Room:
    """What is left for patterns that may be so long together."""

    def __init__(self, most: int) -> None:
        self._most = self._left = most

    def objection(self, pattern: str) -> str | None:
        """Returns why there is no room for one more, or nothing where there is: then it is taken."""
        length = length_of(pattern).parts
        if length > LENGTH_MAX:
            return f"with its repeats written out it has {length} parts, and {LENGTH_MAX} are possible"
        if length > self._left:
            return f"with this one and their repeats written out, the patterns have more than {self._most} parts"
        self._left -= length
        return None


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
    return PatternLength(sum(open_groups), sum(open_groups) - written, _choices_of(pattern))


def _choices_of(pattern: str) -> int:
    """Returns how many choices a pattern has as written, without those of a beginning that is bounded, and read only once."""
    choices, depth, before = 0, 0, ""
    at_part, at_endless = 0, -1
    is_read_once = pattern.startswith("^")
    for token in _TOKEN.finditer(pattern):
        text = token[0]
        if not depth and text not in "*+?" and token["least"] is None:
            at_part = choices
        is_read_once = is_read_once and (depth > 0 or text != "|")
        if at_endless < 0 and (text in "*+" or token["most"] == ""):
            at_endless = at_part
        # What says of which kind a group is, is no choice.
        choices += (text in _CHOICES and (text, before) != ("?", "(")) or _CHOOSING.match(text) is not None
        depth = max(0, depth + (text == "(") - (text == ")"))
        before = text
    beginning = choices if at_endless < 0 else at_endless
    return choices - beginning if is_read_once else choices


def characters_max(pattern: str) -> float:
    """Returns how long a text may be that is held against a pattern which is matched without trying."""
    states = states_of(pattern)
    return READ_MAX // states if states else inf


def states_of(pattern: str) -> int:
    """Returns at how many places of a pattern a text may be at once, or 0 where reading it costs no more than its length."""
    length = length_of(pattern)
    repeated = length.repeated if length.repeated >= REPEATED_MIN else 0
    return repeated + (CHOICE * length.choices if length.choices >= CHOICES_MIN else 0)

r"""Pattern states: what a character of a text costs at worst that is held against a pattern which is matched without trying.

Theory. Such a pattern is a machine with a state for each part that its counted repeats are written out to: `(a{1,9}){1,9}` has 81. For a
character it looks at every state in which it may be. From one place of the text these are few as long as everything before them has one
width: `^a[ab]{500}` is in one, and `^[ab]*a[ab]{500}` in up to 501. What may begin anywhere, for want of a `^`, begins at each character.
A part that begins with a character which the part before it never takes, `@` behind `[a-z]*`, begins at one place as well. What it finds
out it remembers, so that few states cost no more than one.
"""

import re
from math import inf
from typing import NamedTuple

from runflow_mock.openapi.pattern_letters import ANY, NONE, letters_of

READ_MAX = 1_500_000
"""How many states may be looked at for all characters of a value together; each takes up to 125 nanoseconds."""
REMEMBERED_MAX = 10
"""In how many states a pattern may be at once for all their combinations to be remembered."""
LETTERS_MAX = 64
"""How many letters written one behind the other count as one part: they fit at few places."""
TRIED_ANEW = 50
"""Of how many characters a pattern that looks around is tried anew from one in the time in which another one is first."""
TRIED_ANEW_MAX = 40
"""How often that is at most: longer texts are held against none."""

_NUMBER_MAX = 1_000_000
# What nothing closes takes the rest, so that every character is read once.
_CLASS = r"\[(?:\\.|[^\]\\])*(?:\]|\\?\Z)"
_REPEAT = r"\{(?P<least>[0-9]*)(?:,(?P<most>[0-9]*))?\}|(?P<sign>[*+?])"
_TOKEN = re.compile(rf"(?P<class>\\[pPxu]\{{[^}}]*(?:\}}|\Z)|\\[dDsSwW]|{_CLASS}|\.)|\(\??:?|\\.|{_REPEAT}|.", re.DOTALL)
_IS_ANCHORED = re.compile(r"\^(?![*+?{])")
_LOOKS_AROUND = re.compile(r"\(\?<?[=!]|\\[1-9k]")
_HAS_FLAGS = re.compile(r"\(\?[A-Za-z-]+[:)]")
_HAS_COMMENTS = re.compile(r"\(\?[A-Za-z-]*x")
_SIGNS: dict[str, tuple[int, float]] = {"*": (0, inf), "+": (1, inf), "?": (0, 1)}


class PatternStates(NamedTuple):
    """How many states a pattern, or a part of it, has; in how many it may be that began at one place; and in how many after a long text.

    `least` and `most` are the lengths of what it takes, `takes` all characters that it may take, and `begins` those that may be the first.
    From one place it ends at one place at most, if it `has_one_end`.
    """

    states: float
    at_once: float
    lasting: float
    least: float
    most: float
    takes: int = NONE
    begins: int = NONE
    has_one_end: bool = True
    is_anchored: bool = False
    is_tried_anew: bool = False

    @property
    def most_each(self) -> float:
        """How many states one character costs at most."""
        counted = (self.at_once, self.lasting) if self.is_anchored else (self.states,)
        most = max((each for each in counted if each > REMEMBERED_MAX), default=0)
        return most * TRIED_ANEW_MAX if self.is_tried_anew else most

    def cost(self, characters: int) -> float:
        """Returns how many states are looked at for a text of so many characters, beside those that are remembered."""
        if self.is_anchored:
            begun = self.at_once * min(characters, self.states, self.most) if self.at_once > REMEMBERED_MAX else 0
            return begun + (self.lasting * characters if self.lasting > REMEMBERED_MAX else 0)
        met = min(self.states, self.at_once * characters)
        anew = min(max(1, characters / TRIED_ANEW), TRIED_ANEW_MAX) if self.is_tried_anew else 1
        return met * characters * anew if met > REMEMBERED_MAX else 0


_NOTHING = PatternStates(0, 0, 0, 0, 0)
_UNKNOWN = PatternStates(_NUMBER_MAX, _NUMBER_MAX, _NUMBER_MAX, 0, inf, ANY, ANY, has_one_end=False)


class _Group:
    """What was read of a group: its ways, and of the one that is under way all but its last part, which may be repeated."""

    def __init__(self) -> None:
        self.before = self.ways = self.last = self.once = _NOTHING
        self.letters = self.least = 0
        self.has_ways = False

    def add(self, part: PatternStates, *, is_letter: bool = False) -> None:
        """Puts a part behind the others; a letter behind others is another state only where they are many."""
        self.letters = self.letters + 1 if is_letter else 0
        self.before = _behind(self.before, self.last)
        is_counted = not 1 < self.letters <= LETTERS_MAX
        self.once = part
        self.last = part if is_counted else part._replace(states=0, at_once=0, lasting=0)
        self.least = 1

    def repeat(self, least: int, most: float) -> None:
        """Repeats the last part; a letter that is repeated counts."""
        once = self.last if self.letters == 0 else self.once
        self.letters, self.once, self.last, self.least = 0, once, _repeated(once, least, most), least

    def end_early(self) -> None:
        """Repeats the last part no more often than it has to be."""
        if not self.has_ways and self.letters == 0:
            self.last = _repeated(self.once, self.least, self.least) if self.least else _NOTHING

    def end_way(self) -> None:
        """Ends one way, so that another may begin."""
        one = _behind(self.before, self.last)
        self.ways = _beside(self.ways, one) if self.has_ways else one
        self.before = self.last = self.once = _NOTHING
        self.letters, self.has_ways = 0, True

    def whole(self) -> PatternStates:
        """Returns the group as a part."""
        one = _behind(self.before, self.last)
        return _beside(self.ways, one) if self.has_ways else one


def states_of(pattern: str) -> PatternStates:
    """Returns how many states a pattern has at most; what is no pattern has some as well."""
    # Of letters that stand for nothing, and of comments, nothing is read.
    if _HAS_COMMENTS.search(pattern):
        return _UNKNOWN
    groups = [_Group()]
    # Letters that are taken in any case, or only looked at, may be others than those that stand there.
    is_plain = _LOOKS_AROUND.search(pattern) is None and _HAS_FLAGS.search(pattern) is None
    for token in _TOKEN.finditer(pattern):
        _read(token, groups, is_plain=is_plain)
    # Nobody asks how much of a text a pattern takes: where nothing has to follow, its last repeat ends as early as it may.
    if len(groups) == 1 and not pattern.endswith("$"):
        groups[0].end_early()
    while len(groups) > 1:
        group = groups.pop()
        groups[-1].add(group.whole())
    is_anchored = _IS_ANCHORED.match(pattern) is not None and not groups[0].has_ways
    is_tried_anew = not is_anchored and _LOOKS_AROUND.search(pattern) is not None
    return groups[0].whole()._replace(is_anchored=is_anchored, is_tried_anew=is_tried_anew)


def _read(token: re.Match[str], groups: list[_Group], *, is_plain: bool) -> None:
    text, group = token[0], groups[-1]
    if text[0] == "(":
        groups.append(_Group())
    elif text == ")" and len(groups) > 1:
        groups.pop()
        groups[-1].add(group.whole())
    elif text == "|":
        group.end_way()
    elif token["sign"] is not None:
        group.repeat(*_SIGNS[text])
    elif token["least"] is not None:
        least = _number(token["least"])
        group.repeat(least, least if token["most"] is None else _number(token["most"]) if token["most"] else inf)
    elif text not in "^$":
        letters = letters_of(text) if is_plain else ANY
        group.add(PatternStates(1, 1, 0, 1, 1, letters, letters), is_letter=token["class"] is None)


def _behind(first: PatternStates, second: PatternStates) -> PatternStates:
    """Returns two parts, one behind the other."""
    least, most = first.least + second.least, first.most + second.most
    takes, begins = first.takes | second.takes, first.begins if first.least else first.begins | second.begins
    has_one_end = second.has_one_end and _begins_once(first, second)
    if not second.states or not first.states:
        only = second if second.states else first
        return only._replace(least=least, most=most, takes=takes, begins=begins, has_one_end=has_one_end)
    at_once, lasting = _under_way(first, second)
    return PatternStates(first.states + second.states, at_once, lasting, least, most, takes, begins, has_one_end=has_one_end)


def _under_way(first: PatternStates, second: PatternStates) -> tuple[float, float]:
    """Returns in how many states two parts, one behind the other, may be at once, and in how many after a long text."""
    if first.least == first.most:
        return max(first.at_once, second.at_once), min(second.states, second.lasting)
    if _begins_once(first, second):
        return first.at_once + second.at_once, first.lasting + second.lasting
    if first.most == inf:
        return first.at_once + second.states, first.lasting + second.states
    begun = first.most - first.least + 1
    return first.at_once + min(second.states, second.at_once * begun), min(second.states, second.lasting * begun)


def _begins_once(first: PatternStates, second: PatternStates) -> bool:
    """Tells whether a part begins at one place at most behind one that began at one place."""
    return first.has_one_end or (second.least > 0 and not first.takes & second.begins)


def _beside(first: PatternStates, second: PatternStates) -> PatternStates:
    """Returns two parts of which one is chosen."""
    return PatternStates(
        first.states + second.states,
        first.at_once + second.at_once,
        first.lasting + second.lasting,
        min(first.least, second.least),
        max(first.most, second.most),
        first.takes | second.takes,
        first.begins | second.begins,
        has_one_end=first.least == first.most == second.least == second.most,
    )


def _repeated(part: PatternStates, least: float, most: float) -> PatternStates:
    """Returns a part written out as often as it may be."""
    if not part.states:
        return part
    times = max(1, least if most == inf else most)
    states = min(part.states * times, _NUMBER_MAX**2)
    has_one_width = part.least == part.most
    longest = inf if most == inf else min(part.most * most, _NUMBER_MAX**2) if most else 0
    at_once = part.at_once if has_one_width else states
    lasting, shortest = at_once if longest == inf else 0, min(part.least * least, _NUMBER_MAX**2)
    has_one_end = least == most and part.has_one_end
    return PatternStates(states, at_once, lasting, shortest, longest, part.takes, part.begins, has_one_end=has_one_end)


def _number(digits: str) -> int:
    return int(digits) if 0 < len(digits) < 7 else _NUMBER_MAX if digits else 0

r"""Back references in patterns: to ECMA-262 a group that took no part has taken nothing, and `(a)?\1` matches an empty text.

To the validator what leads back to such a group fails. So each group to which something leads back ends with an empty one, its mark,
which took part where the group did: `(a([0]{0}))?(?:\2\1|(?!\2))`. The alternatives of a group are one part before its mark. What leads
to a group that has not ended, `(a\1)`, or that is in another alternative, `(?:(a)|b\1)+`, finds nothing there, whatever repeats it:
`(?:[1]{0})`. What a group took in an earlier round of what repeats it stays known where ECMA-262 forgets it: to what leads there from
within, `(?:(a)?b\1)+`, and from behind, `^(?:(a)|b)+\1$`, which does not take `ab`.
"""

import re
from itertools import count
from typing import NamedTuple

# What nothing closes takes the rest, so that every character is read once.
_PART = re.compile(
    r"\\k<(?P<named>[^>]*)(?:>|\Z)|\\(?P<number>[1-9][0-9]*)|\\.|\[\^?\]|\[(?:\\.|[^\]\\])*(?:\]|\\?\Z)"
    r"|(?P<group>\((?!\?)|\(\?<(?P<name>[^=!>][^>]*)(?:>|\Z))|(?P<other>\()|(?P<end>\))|(?P<or>\|)",
    re.DOTALL,
)
_MARKED = re.compile(r"\(\?:\\(?P<mark>[0-9]{1,5})\\(?P<group>[0-9]{1,5})\|\(\?!\\(?P=mark)\)\)")
_NOTHING = re.compile(r"\(\?:\[([0-9]+)\]\{0\}\)")
# A group of nothing, written as nobody writes one.
_MARK = "([0]{0})"
# Around alternatives, which would otherwise be marked in the last of them alone; written as nobody writes it.
_EITHER, _EITHER_MARK = "(?:[0]{0,0}", ")([0]{0,0})"


class _Frame:
    """The whole pattern, or what stands in brackets: in which alternative it is now, and in what, and in which alternative of that."""

    def __init__(self, around: "tuple[_Frame, int] | None") -> None:
        self.around = around
        self.alternative = 0
        self.has_ended = False


class Marked(NamedTuple):
    """A group that is led to: its number, where it begins and ends, whether it has alternatives, and the number of its mark, if something
    behind it leads there.
    """

    number: int
    start: int
    end: int
    has_alternatives: bool
    mark: int | None


def with_marks(pattern: str) -> str:
    """Returns a pattern that means to the validator what it means by ECMA-262 where it leads back to groups."""
    parts = list(_PART.finditer(pattern))
    groups = [part for part in parts if part["group"] is not None]
    names = {part["name"]: str(number) for number, part in enumerate(groups, 1) if part["name"] is not None}
    known = {str(number) for number in range(1, len(groups) + 1)}
    apart = _apart(parts, names)
    leading = {part.start(): number for part in parts if (number := _number(part, names)) in known}
    led_to = {number: start for start, number in leading.items() if start not in apart}
    # What leads to a group that is not there is no pattern, and would be one if it led to a mark.
    if not leading or any(part["number"] is not None and part["number"] not in known for part in parts):
        return pattern
    marked = _numbered(parts, led_to)
    having = [group for group in marked.values() if group.mark is not None]
    before = {group.end: _EITHER_MARK if group.has_alternatives else _MARK for group in having}
    behind = {group.start: _EITHER for group in having if group.has_alternatives}
    return _PART.sub(
        lambda part: f"{before.get(part.start(), '')}{_meant(names, marked, apart, part)}{behind.get(part.start(), '')}",
        pattern,
    )


def without_marks(text: str) -> str:
    """Returns a text about a pattern with marks as it was without them, but with numbers for the names of groups."""
    text = _NOTHING.sub(r"\\\1", text)
    marks = {int(found["mark"]) for found in _MARKED.finditer(text)}
    if not marks:
        return text
    return (
        _MARKED.sub(lambda found: _written(found, marks), text)
        .replace(f"{_EITHER_MARK})", ")")
        .replace(_EITHER, "")
        .replace(f"{_MARK})", ")")
    )


def _number(part: re.Match[str], names: dict[str, str]) -> str:
    """Returns the number of the group to which a part leads back; nothing where it does not."""
    return part["number"] or names.get(part["named"], "")


def _numbered(parts: list[re.Match[str]], led_to: dict[str, int]) -> dict[str, Marked]:
    """Returns the groups that are led to, by the numbers that they had, given from where last."""
    marked: dict[str, Marked] = {}
    opened: list[tuple[str, int, int]] = []
    divided: set[int] = set()
    now, before = count(1), count(1)
    for part in parts:
        if part["group"] is not None:
            opened.append((str(next(before)), next(now), part.start()))
        elif part["other"] is not None:
            opened.append(("", 0, part.start()))
        elif part["or"] is not None and opened:
            divided.add(opened[-1][2])
        elif part["end"] is not None and opened:
            name, number, start = opened.pop()
            if name in led_to:
                mark = next(now) if led_to[name] > part.start() else None
                marked[name] = Marked(number, start, part.start(), start in divided, mark)
    return marked


def _apart(parts: list[re.Match[str]], names: dict[str, str]) -> frozenset[int]:
    """Returns where references are that stand in another alternative than their group, of whatever both are in."""
    frames = [_Frame(None)]
    groups: dict[str, tuple[_Frame, int]] = {}
    found = set[int]()
    for part in parts:
        number = _number(part, names)
        if number in groups:
            frame, alternative = groups[number] = _still_open(*groups[number])
            if frame.alternative != alternative:
                found.add(part.start())
        if part["group"] is not None:
            groups[str(len(groups) + 1)] = (frames[-1], frames[-1].alternative)
        if part["group"] is not None or part["other"] is not None:
            frames.append(_Frame((frames[-1], frames[-1].alternative)))
        elif part["or"] is not None:
            frames[-1].alternative += 1
        elif part["end"] is not None and len(frames) > 1:
            frames.pop().has_ended = True
    return frozenset(found)


def _still_open(frame: _Frame, alternative: int) -> tuple[_Frame, int]:
    """Returns what has not ended of all that is around something, from within, and the alternative of it that this is in."""
    passed = list[_Frame]()
    while frame.has_ended and frame.around is not None:
        passed.append(frame)
        frame, alternative = frame.around
    for each in passed:
        # What has ended is not looked through again.
        each.around = (frame, alternative)
    return frame, alternative


def _meant(names: dict[str, str], marked: dict[str, Marked], apart: frozenset[int], part: re.Match[str]) -> str:
    number = _number(part, names)
    if part.start() in apart:
        return f"(?:[{number}]{{0}})"
    group = marked.get(number)
    if group is None:
        return part[0]
    return f"(?:[{number}]{{0}})" if part.start() < group.end else rf"(?:\{group.mark}\{group.number}|(?!\{group.mark}))"


def _written(found: re.Match[str], marks: set[int]) -> str:
    group = int(found["group"])
    return rf"\{group - sum(mark < group for mark in marks)}"

"""Globs: patterns for paths, in which `?` is one character of a segment, `*` any number of them, and `**` anything, slashes included.

Theory. A pattern with one star is a regular expression that never goes back far. With several, an expression tries every division of the
text among them, which takes for ever on a text that nearly fits. So the stars are taken one after the other, each as short as it can be:
what stands between two stars is looked for at its first place behind the one before, because a later place leaves the rest no choice that
the first one does not leave. This holds within a segment. Where a part between two `**` fails, every place that begins in the same segment
fails with it, and the next try begins in the next one: no segment is looked at more often than the pattern has slashes.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

GLOBS_MAX = 1_000
"""How many patterns are kept ready."""


def matches_glob(pattern: str, text: str) -> bool:
    """Tells whether the whole of a text fits a glob, in time that grows with the length of the text and no faster."""
    return _compiled(pattern).matches(text)


class _Chunk(NamedTuple):
    """What stands between two stars: it is as long wherever it fits."""

    expression: re.Pattern[str]
    length: int


class _OneStar:
    """A pattern with one star at most, which an expression matches fastest."""

    def __init__(self, pattern: str) -> None:
        star = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
        self._expression = re.compile("".join(star.get(part, re.escape(part)) for part in re.split(r"(\*\*|\*|\?)", pattern)), re.DOTALL)

    def matches(self, text: str) -> bool:
        """Tells whether the text fits."""
        return self._expression.fullmatch(text) is not None


class _WithinSegments:
    """A pattern in which no star crosses a slash."""

    def __init__(self, pattern: str) -> None:
        *self._chunks, self._last = _chunks(pattern)

    def matches(self, text: str) -> bool:
        """Tells whether the text fits."""
        at = _follow(self._chunks, text, 0)
        begin = len(text) - self._last.length
        if at is None or begin < at or "/" in text[at:begin]:
            return False
        return self._last.expression.fullmatch(text, begin) is not None


class _AcrossSegments:
    """A pattern with `**` in it: the first part stands at the beginning, the last at the end, those between one after the other."""

    def __init__(self, pattern: str) -> None:
        first, *between, last = pattern.split("**")
        self._first, self._between = _chunks(first), [_chunks(part) for part in between]
        # It is looked for from the end, backwards.
        self._last = _chunks(last[::-1])

    def matches(self, text: str) -> bool:
        """Tells whether the text fits."""
        at, behind = _follow(self._first, text, 0), _follow(self._last, text[::-1], 0)
        for part in self._between:
            at = None if at is None else _find(part, text, at)
        return at is not None and behind is not None and at + behind <= len(text)


@lru_cache(maxsize=GLOBS_MAX)
def _compiled(pattern: str) -> _OneStar | _WithinSegments | _AcrossSegments:
    if len(re.findall(r"\*\*|\*", pattern)) < 2:
        return _OneStar(pattern)
    return _AcrossSegments(pattern) if "**" in pattern else _WithinSegments(pattern)


def _chunks(part: str) -> list[_Chunk]:
    texts = part.split("*")
    return [_Chunk(re.compile("".join("[^/]" if each == "?" else re.escape(each) for each in text)), len(text)) for text in texts]


def _follow(chunks: Sequence[_Chunk], text: str, at: int) -> int | None:
    """Returns where chunks with stars between them end, if the first of them begins right here."""
    first, *others = chunks
    if first.expression.match(text, at) is None:
        return None
    at += first.length
    for chunk in others:
        slash = text.find("/", at)
        segment_end = len(text) if slash < 0 else slash
        found = chunk.expression.search(text, at, min(segment_end + chunk.length, len(text)))
        if found is None:
            return None
        at = found.end()
    return at


def _find(chunks: Sequence[_Chunk], text: str, at: int) -> int | None:
    """Returns the first place at which chunks with stars between them end, if they begin here or later."""
    first = chunks[0]
    while (found := first.expression.search(text, at)) is not None:
        end = _follow(chunks, text, found.start())
        if end is not None:
            return end
        # All that end in this segment lead to the same slash, and fail there.
        slash = text.find("/", found.end())
        if slash < 0:
            return None
        at = max(found.start() + 1, slash + 1 - first.length)
    return None

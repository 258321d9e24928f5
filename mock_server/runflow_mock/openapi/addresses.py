"""Addresses: which path of a document the path of a request leads to.

Of several that fit, the one with most fixed segments wins. A parameter is one segment; one that spans slashes takes several.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from runflow_mock.domain.documents import Json, list_of
from runflow_mock.openapi.parts import ALSO_AT

PARAMETER = re.compile(r"\{([^{}]+)\}")
"""A parameter in a path; its name may hold whatever is no brace, a slash too."""

_SLASH = re.compile("%2f", re.IGNORECASE)
# Stands for an encoded slash while paths are told apart; no path of a document holds it.
_KEPT = "\x00"

_SEGMENTS = 2

Methods = Mapping[str, Mapping[str, str]]


class Addressed(msgspec.Struct, frozen=True):
    """What a path leads to: a path of the document, its methods, and the parameters in it, decoded, and `raw` as they were sent."""

    path: str
    methods: Mapping[str, str]
    params: Mapping[str, str]
    raw: Mapping[str, str]

    def takes(self, method: str) -> bool:
        """Tells whether there is an operation of a method; HEAD is GET without the body."""
        return method in self.methods or (method == "HEAD" and "GET" in self.methods)


class Segment(NamedTuple):
    """A segment of a path of a contract, and whether it is a parameter that spans slashes."""

    text: str
    is_spanning: bool


class Addresses:
    """The paths of one document; `keeps_slashes` says that an encoded slash is a part of a value where a path fits so."""

    def __init__(
        self, paths: Mapping[str, dict[str, Json]], methods: Methods, spanning: Mapping[str, frozenset[str]], *, keeps_slashes: bool
    ) -> None:
        written = [(path, path) for path in paths] + [
            (str(other), path) for path, item in paths.items() for other in list_of(item.get(ALSO_AT))
        ]
        ranked = sorted(written, key=lambda each: _rank(each[0]))
        forms = [
            (tuple(PARAMETER.findall(each)), path, _slashes(each, spanning[path]), _form(each, spanning[path])) for each, path in ranked
        ]
        beginnings = [_beginning(each) for each, _ in ranked]
        # Tried are those alone that begin as a path does, in the order of all, and those whose beginning may be anything.
        self._forms = {
            known: tuple(form for form, beginning in zip(forms, beginnings, strict=True) if beginning in (known, None))
            for known in {None, *beginnings}
        }
        self._methods = methods
        self._spanning = spanning
        self._keeps_slashes = keeps_slashes

    def find(self, path: str, method: str | None) -> Addressed | None:
        """Returns what a path, percent-encoded as it was sent, leads to; of several that which takes the method."""
        found = self._find(path, unquote(_SLASH.sub(_KEPT, path)), method) if self._keeps_slashes and _SLASH.search(path) else None
        return found or self._find(path, unquote(path), method)

    def _find(self, path: str, decoded: str, method: str | None) -> Addressed | None:
        first = None
        for addressed in self._fitting(path, decoded):
            first = first or addressed
            # A parameter that spans slashes would take the end of another path for a part of its value.
            is_plain = first is addressed or not self._spanning[addressed.path]
            if method is None or (is_plain and addressed.takes(method)):
                return addressed
        return first

    def _fitting(self, path: str, decoded: str) -> Iterator[Addressed]:
        slashes = decoded.count("/")
        for names, known, slashes_of, form in self._forms.get(_two_segments(decoded)) or self._forms[None]:
            # To count is much less than to match, and tells most paths apart that begin alike.
            match = form.fullmatch(decoded) if slashes_of in (slashes, None) else None
            if match is not None:
                as_sent = match if path == decoded else form.fullmatch(path) or match
                params = {name: value.replace(_KEPT, "/") for name, value in zip(names, match.groups(), strict=True)}
                raw = {name: value.replace(_KEPT, "%2F") for name, value in zip(names, as_sent.groups(), strict=True)}
                yield Addressed(known, self._methods[known], params, raw)


def unnamed(path: str) -> str:
    """Returns a path with `{}` for each parameter, whatever it is called."""
    return PARAMETER.sub("{}", path)


def why_unread(path: str, name: str) -> str | None:
    """Returns why the value of a parameter in a path cannot be known, if it cannot."""
    if name not in PARAMETER.findall(path):
        return f"{path} has no {{{name}}}"
    if f"}}{{{name}}}" in path or f"{{{name}}}{{" in path:
        return f"{path} has nothing between {{{name}}} and the next, so that nobody knows where it ends"
    return None


def _beginning(written: str) -> str | None:
    """Returns the first two segments of a path, unless a parameter may stand in them."""
    fixed, *parameters = PARAMETER.split(written, maxsplit=1)
    fixed = unquote(fixed)
    return None if parameters and fixed.count("/") <= _SEGMENTS else _two_segments(fixed)


def _two_segments(path: str) -> str:
    return "/".join(path.split("/", _SEGMENTS + 1)[: _SEGMENTS + 1])


def _slashes(written: str, spanning: frozenset[str]) -> int | None:
    """Returns how many slashes a path has that fits, unless a parameter spans some."""
    parts = PARAMETER.split(written)
    return None if spanning.intersection(parts[1::2]) else sum(unquote(part).count("/") for part in parts[::2])


def _form(written: str, spanning: frozenset[str]) -> re.Pattern[str]:
    parts = PARAMETER.split(written)
    texts = (re.escape(unquote(part)) if index % 2 == 0 else "(.+)" if part in spanning else "([^/]+)" for index, part in enumerate(parts))
    return re.compile("".join(texts))


def _rank(path: str) -> tuple[int, int, int, str]:
    """Most fixed segments first, then fewest with parameters, then those of which most is fixed: `{id}.wav` before `{id}`."""
    segments = path.split("/")
    fixed = sum("{" not in segment for segment in segments)
    return -fixed, len(segments) - fixed, -len(PARAMETER.sub("", path)), path

"""Texts of documents: JSON or YAML of anybody as plain values, bounded in depth and size, what aliases repeat included.

YAML is read from the parser's events, compiled where libyaml is there, so that no nesting recurses. Scalars are those of YAML 1.2, as
OpenAPI has it: `no`, `on` and `2023-06-31` are texts, and so is every name.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import msgspec

from runflow_mock.domain.documents import BYTE_ORDER_MARK, VALUES_MAX, Json, list_of, object_of

BYTES_MAX = 32 * 1024 * 1024
DEPTH_MAX = 200
REPEATED_MAX = 200_000
TOLD_MAX = 10


class TextError(ValueError):
    """A text that cannot be read; the message says where and why."""


def ignore(line: str) -> None:
    """Tells nothing."""


def read_text(raw: bytes, tell: Callable[[str], None] = ignore) -> Json:
    """Returns the values of JSON or YAML; `tell` gets a line for each name that comes twice, of which the last one counts.

    Raises:
        TextError: the bytes are neither, or go beyond a limit.
    """
    if len(raw) > BYTES_MAX:
        raise TextError(f"it has {len(raw)} bytes; a document may have {BYTES_MAX}")
    raw = raw.removeprefix(BYTE_ORDER_MARK)
    try:
        value = cast("Json", msgspec.json.decode(raw))
    except RecursionError:
        raise TextError(f"it is nested deeper than {DEPTH_MAX} levels") from None
    except (msgspec.DecodeError, UnicodeError):
        return _read_yaml(raw, tell)
    if _depth_of(value) > DEPTH_MAX:
        raise TextError(f"it is nested deeper than {DEPTH_MAX} levels")
    if tell is not ignore:
        _tell(_repeated(raw), tell)
    return value


def _tell(lines: Sequence[str], tell: Callable[[str], None]) -> None:
    for line in lines[:TOLD_MAX]:
        tell(line)
    if len(lines) > TOLD_MAX:
        tell(f"{len(lines) - TOLD_MAX} more names come twice")


def _repeated(raw: bytes) -> list[str]:
    """Returns which names come twice in an object of JSON; where, its parser does not say."""

    def look(pairs: list[tuple[str, Json]]) -> None:
        if len({name for name, _ in pairs}) < len(pairs):
            for name, count in Counter(name for name, _ in pairs).items():
                if count > 1:
                    told[f"{name[:80]!r} comes {count} times in one object; the last one counts"] = None

    told: dict[str, None] = {}
    json.loads(raw, object_pairs_hook=look)
    return list(told)


def _depth_of(value: Json) -> int:
    """Returns how deep lists and objects are nested; nothing recurses."""
    depth, layer = 0, [value]
    while layer and depth <= DEPTH_MAX:
        inner: list[Json] = []
        for part in layer:
            inner.extend(part.values() if isinstance(part, dict) else list_of(part))
        layer = [part for part in inner if isinstance(part, dict | list)]
        depth += 1
    return depth


def _read_yaml(raw: bytes, tell: Callable[[str], None]) -> Json:
    # Only whoever brings YAML waits for its parser to be imported.
    import yaml

    try:
        reader = _Reader()
        for met, event in enumerate(yaml.parse(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))):
            if met > VALUES_MAX:
                raise TextError(f"{_place(event.start_mark)}it has more than {VALUES_MAX} names and values")
            handler = _HANDLERS.get(type(event).__name__)
            if handler is not None:
                handler(reader, event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise TextError(f"it is neither JSON nor YAML: {_place(mark)}{error.problem or error.context}") from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise TextError(f"it is neither JSON nor YAML: {' '.join(str(error).split())[:200]}") from None
    _tell(reader.repeated, tell)
    return reader.result


class _Known(NamedTuple):
    """What an anchor names: a value, how many values it is, and how deep it goes."""

    value: Json
    values: int
    depth: int


class _Open:
    """A list or object whose end has not come; `merged` are the objects that `<<` brings in."""

    def __init__(self, value: dict[str, Json] | list[Json], anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.key: str | None = None
        self.is_merging = False
        self.merged: list[Json] = []
        self.values = 1
        self.depth = 1

    def add(self, known: _Known) -> None:
        """Takes the next value."""
        self.values += known.values
        self.depth = max(self.depth, known.depth + 1)
        if isinstance(self.value, list):
            self.value.append(known.value)
        elif self.is_merging and _can_merge(known.value):
            self.merged.extend(known.value if isinstance(known.value, list) else [known.value])
            self.key = None
        else:
            assert self.key is not None
            self.value[self.key], self.key = known.value, None

    def finish(self) -> _Known:
        """Returns the whole value: what is merged in gives way to what stands there."""
        if isinstance(self.value, dict) and self.merged:
            merged: dict[str, Json] = {}
            # Of what several parts name, the first one counts.
            for part in reversed(self.merged):
                merged |= object_of(part)
            self.value = merged | self.value
        return _Known(self.value, self.values, self.depth)


def _can_merge(value: Json) -> bool:
    """Tells whether there are names in a value; what else stands under `<<` is a value like any."""
    return isinstance(value, dict) or (isinstance(value, list) and all(isinstance(each, dict) for each in value))


class _Reader:
    """Puts values together as the parser's events come. What an alias repeats is the same value, and counts as often as it stands there."""

    def __init__(self) -> None:
        self.result: Json = None
        self.repeated: list[str] = []
        self._documents = 0
        self._open: list[_Open] = []
        self._anchors: dict[str, _Known] = {}
        self._repeated = 0

    def document(self, event: Any) -> None:
        """Begins the document, of which there is one."""
        self._documents += 1
        if self._documents > 1:
            raise TextError(f"{_place(event.start_mark)}there is a second document; one file holds one")

    def scalar(self, event: Any) -> None:
        """Takes a text, number, truth value or nothing; where a key is due, it is the key, and a text as it is written."""
        around = self._open[-1] if self._open else None
        if around is not None and isinstance(around.value, dict) and around.key is None:
            self._name(around, event.value, event, is_merging=event.value == "<<" and event.implicit[0])
            if event.anchor is not None:
                self._anchors[event.anchor] = _Known(event.value, 1, 1)
            return
        known = _Known(_scalar(event), 1, 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = known
        self._put(known)

    def _name(self, around: "_Open", name: str, event: Any, *, is_merging: bool = False) -> None:
        """Takes the name of the next value."""
        if name in around.value and not is_merging:
            self.repeated.append(f"{_place(event.start_mark)}{name[:80]!r} comes twice in one object; the last one counts")
        around.key, around.is_merging = name, is_merging

    def collection(self, event: Any) -> None:
        """Begins a list or an object."""
        self._check_key(event)
        if len(self._open) >= DEPTH_MAX:
            raise TextError(f"{_place(event.start_mark)}it is nested deeper than {DEPTH_MAX} levels")
        self._open.append(_Open({} if type(event).__name__ == "MappingStartEvent" else [], event.anchor))

    def end(self, event: Any) -> None:
        """Ends a list or an object."""
        ended = self._open.pop()
        known = ended.finish()
        if ended.anchor is not None:
            self._anchors[ended.anchor] = known
        self._put(known)

    def alias(self, event: Any) -> None:
        """Repeats what an anchor named; where a name is due, a text is one."""
        around, known = self._open[-1] if self._open else None, self._anchors.get(event.anchor)
        if (
            around is not None
            and isinstance(around.value, dict)
            and around.key is None
            and known is not None
            and isinstance(known.value, str)
        ):
            self._name(around, known.value, event)
            return
        self._check_key(event)
        if known is None:
            is_open = any(around.anchor == event.anchor for around in self._open)
            told = "leads to itself" if is_open else "names nothing that has ended before"
            raise TextError(f"{_place(event.start_mark)}*{event.anchor[:80]} {told}")
        self._repeated += known.values
        if self._repeated > REPEATED_MAX:
            raise TextError(f"{_place(event.start_mark)}its aliases repeat more than {REPEATED_MAX} values")
        if len(self._open) + known.depth > DEPTH_MAX:
            raise TextError(f"{_place(event.start_mark)}it is nested deeper than {DEPTH_MAX} levels")
        self._put(known)

    def _put(self, known: _Known) -> None:
        if self._open:
            self._open[-1].add(known)
        else:
            self.result = known.value

    def _check_key(self, event: Any) -> None:
        if self._open and isinstance(self._open[-1].value, dict) and self._open[-1].key is None:
            raise TextError(f"{_place(event.start_mark)}a name must be a text")


_HANDLERS: Mapping[str, Callable[[_Reader, Any], None]] = {
    "DocumentStartEvent": _Reader.document,
    "ScalarEvent": _Reader.scalar,
    "SequenceStartEvent": _Reader.collection,
    "MappingStartEvent": _Reader.collection,
    "SequenceEndEvent": _Reader.end,
    "MappingEndEvent": _Reader.end,
    "AliasEvent": _Reader.alias,
}

# The plain words of YAML's core schema that are no texts.
YAML_WORDS: Mapping[str, Json] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = re.compile(r"[-+]?[0-9]{1,40}")
_BASED = re.compile(r"0o[0-7]{1,21}|0x[0-9a-fA-F]{1,16}")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]{1,18}(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?")
_BY_TAG: Mapping[str, Callable[[str], Json]] = {
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
    "tag:yaml.org,2002:bool": lambda text: text.lower() in ("true", "yes", "on"),
    "tag:yaml.org,2002:null": lambda text: None,
}


def _scalar(event: Any) -> Json:
    text: str = event.value
    if event.tag in _BY_TAG:
        try:
            return _BY_TAG[event.tag](text[:40])
        except ValueError:
            raise TextError(f"{_place(event.start_mark)}{text[:80]!r} is not what its tag says") from None
    # Of a quoted text the second of both is true; other tags are texts, as dates are.
    if not event.implicit[0] or event.tag is not None:
        return text
    if text in YAML_WORDS:
        return YAML_WORDS[text]
    if _WHOLE.fullmatch(text):
        # What is beyond 64 bits is as exact as JSON has it.
        whole = int(text)
        return whole if -(2**63) <= whole < 2**64 else float(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    return float(text) if _NUMBER.fullmatch(text) else text


def _place(mark: Any) -> str:
    return "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "

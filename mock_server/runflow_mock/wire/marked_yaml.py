"""YAML as values whose places in the text are known, so that an error can say in which line and column something stands.

Read by ourselves from the parser's events, because the text may come from anybody: plain values only, no tags, no merge keys, every key
once, and everything bounded, what aliases repeat included. Values are those of YAML 1.2: `no`, `on` and `12:30` are texts. JSON is YAML.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from runflow_mock.domain.documents import Json
from runflow_mock.openapi.texts import YAML_WORDS

CHARACTERS_MAX = 1024 * 1024
DEPTH_MAX = 32
NODES_MAX = 50_000
# Bytes, as JSON, of what is written in the form of YAML: a fraction of a second's work.
WRITTEN_MAX = 128 * 1024
# What stands in a text of JSON as it is, and would be a break or an error in one of YAML.
_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")

Path = tuple[str | int, ...]


class Mark(NamedTuple):
    """A place in a text, counted from 1."""

    line: int
    column: int


class YamlError(ValueError):
    """A text that cannot be read; `mark` is where."""

    def __init__(self, message: str, mark: Mark) -> None:
        super().__init__(message)
        self.message = message
        self.mark = mark


class Marked(NamedTuple):
    """A value, and the place of each of its parts."""

    value: Json
    marks: Mapping[Path, Mark]

    def mark_of(self, path: Path) -> Mark:
        """Returns where a part stands; of one that is not there, where the nearest part around it stands."""
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks.get(path, Mark(1, 1))


def read_yaml(text: str) -> Marked:
    """Returns the value of a text with one document.

    Raises:
        YamlError: the text is not valid, goes beyond a limit, or uses what is not understood here.
    """
    if len(text) > CHARACTERS_MAX:
        raise YamlError(f"the text has {len(text)} characters; at most {CHARACTERS_MAX} are read", Mark(1, 1))
    # Only whoever brings YAML waits for its parser to be imported.
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        reader = _Reader()
        for event in yaml.parse(text, Loader=loader):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(f"this is not YAML: {error.problem}", Mark(1, 1) if mark is None else _mark(mark)) from None
    except yaml.YAMLError as error:
        raise YamlError(f"this is not YAML: {error}", Mark(1, 1)) from None
    return Marked(reader.result, reader.marks)


def write_yaml(value: Json | Mapping[str, Json | msgspec.Raw]) -> str:
    """Returns a value as YAML that `read_yaml`, within its limits, reads back as the same; a large one in the form of JSON, which is YAML.

    To write YAML takes a hundred times as long as to write JSON, and nothing else has its turn meanwhile.
    """
    as_json = msgspec.json.encode(value)
    if len(as_json) > WRITTEN_MAX:
        text = msgspec.json.format(as_json, indent=2).decode()
        # Part by part, so that a thread that does this does not keep the others from going on.
        parts = (text[begin : begin + WRITTEN_MAX] for begin in range(0, len(text), WRITTEN_MAX))
        return "".join(_NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", part) for part in parts)
    import yaml

    class Writer(yaml.SafeDumper):
        """Quotes what would not be read as the text that it is, and writes several lines as several lines."""

        def ignore_aliases(self, data: object) -> bool:
            return True

    def represent_text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        style = "|" if "\n" in text else None if _plain(text) is text else "'"
        return writer.represent_scalar("tag:yaml.org,2002:str", text, style)

    Writer.add_representer(str, represent_text)
    return yaml.dump(msgspec.json.decode(as_json), Dumper=Writer, sort_keys=False, allow_unicode=True, width=120)


class _Open:
    """A list or object whose end has not come."""

    def __init__(self, value: dict[str, Json] | list[Json], path: Path, anchor: str | None, nodes_before: int) -> None:
        self.value = value
        self.path = path
        self.anchor = anchor
        self.nodes_before = nodes_before
        self.key: str | None = None


class _Reader:
    """Puts values together as the parser's events come; nothing recurses."""

    def __init__(self) -> None:
        self.result: Json = None
        self.marks: dict[Path, Mark] = {}
        self._documents = 0
        self._nodes = 0
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Json, int]] = {}

    def take(self, event: Any) -> None:
        """Takes note of the next event."""
        handler = _HANDLERS.get(type(event).__name__)
        if handler is not None:
            handler(self, event, _mark(event.start_mark))

    def document(self, event: Any, mark: Mark) -> None:
        """Begins the document, of which there is one."""
        self._documents += 1
        if self._documents > 1:
            raise YamlError("there is a second document; one file holds one", mark)

    def scalar(self, event: Any, mark: Mark) -> None:
        """Takes a text, number, truth value or nothing; where a key is due, it is the key."""
        around = self._open[-1] if self._open else None
        if around is not None and isinstance(around.value, dict) and around.key is None:
            self._begin_entry(around, event.value, mark)
            return
        self._check_tag(event, mark)
        is_plain = event.implicit[0] and event.tag is None
        self._put(_plain(event.value) if is_plain else event.value, event.anchor, 1, mark)

    def collection(self, event: Any, mark: Mark) -> None:
        """Begins a list or an object."""
        self._check_tag(event, mark)
        self._check_key(mark)
        if len(self._open) >= DEPTH_MAX:
            raise YamlError(f"this is nested deeper than {DEPTH_MAX} levels", mark)
        value: dict[str, Json] | list[Json] = {} if type(event).__name__ == "MappingStartEvent" else []
        path = self._path()
        self.marks.setdefault(path, mark)
        self._open.append(_Open(value, path, event.anchor, self._nodes))

    def end(self, event: Any, mark: Mark) -> None:
        """Ends a list or an object."""
        ended = self._open.pop()
        self._put(ended.value, ended.anchor, 1, mark, self._nodes - ended.nodes_before)

    def alias(self, event: Any, mark: Mark) -> None:
        """Repeats what an anchor named."""
        self._check_key(mark)
        if event.anchor not in self._anchors:
            raise YamlError(f"*{event.anchor} names nothing that has ended before", mark)
        value, nodes = self._anchors[event.anchor]
        self._put(value, None, nodes, mark)

    def _put(self, value: Json, anchor: str | None, more: int, mark: Mark, inside: int = 0) -> None:
        path = self._path()
        self.marks.setdefault(path, mark)
        self._nodes += more
        if self._nodes > NODES_MAX:
            raise YamlError(f"this has more than {NODES_MAX} values, those that aliases repeat included", mark)
        if anchor is not None:
            self._anchors[anchor] = (value, more + inside)
        if not self._open:
            self.result = value
        elif isinstance(around := self._open[-1].value, list):
            around.append(value)
        else:
            key = self._open[-1].key
            assert key is not None
            around[key], self._open[-1].key = value, None

    def _begin_entry(self, around: _Open, key: str, mark: Mark) -> None:
        assert isinstance(around.value, dict)
        if key == "<<":
            raise YamlError("merge keys are not understood; repeat what is meant", mark)
        if key in around.value:
            raise YamlError(f"{key[:80]!r} stands here a second time", mark)
        around.key = key
        self.marks[(*around.path, key)] = mark

    def _path(self) -> Path:
        if not self._open:
            return ()
        around = self._open[-1]
        return (*around.path, len(around.value) if around.key is None else around.key)

    def _check_key(self, mark: Mark) -> None:
        if self._open and isinstance(self._open[-1].value, dict) and self._open[-1].key is None:
            raise YamlError("a key must be a text", mark)

    def _check_tag(self, event: Any, mark: Mark) -> None:
        if event.tag not in (None, "!"):
            raise YamlError(f"tags such as {event.tag[:80]} are not understood; write a plain value", mark)


_HANDLERS: Mapping[str, Callable[[_Reader, Any, Mark], None]] = {
    "DocumentStartEvent": _Reader.document,
    "ScalarEvent": _Reader.scalar,
    "SequenceStartEvent": _Reader.collection,
    "MappingStartEvent": _Reader.collection,
    "SequenceEndEvent": _Reader.end,
    "MappingEndEvent": _Reader.end,
    "AliasEvent": _Reader.alias,
}

_WHOLE = re.compile(r"[-+]?[0-9]{1,19}")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]{1,18}(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,2})?")


def _plain(text: str) -> Json:
    if text in YAML_WORDS:
        return YAML_WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)

"""Values of YAML from the parser's events, compiled where libyaml is there, so that no nesting recurses; the text may come from anybody.

What aliases repeat is the same value, and counts as often as it stands there. Scalars are those of YAML 1.2, as OpenAPI has it: `no`, `on`
and `2023-06-31` are texts, and so is every name. JSON is YAML.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from runflow_mock.domain.documents import Json, object_of

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


class NotYamlError(ValueError):
    """A text that is no YAML at all; `mark` is where, if the parser says so."""

    def __init__(self, message: str, mark: Mark | None) -> None:
        super().__init__(message)
        self.message = message
        self.mark = mark


class YamlOptions(NamedTuple):
    """How the texts of one kind are read.

    Strict is: no tags, no merge keys, every name once, and `Reader.marks` says where each part stands.
    """

    depth_max: int
    values_max: int
    repeated_max: int
    plain: Callable[[str], Json]
    """Returns what a plain text stands for; raises `ValueError` where that cannot be."""
    is_strict: bool = False


# The plain words of YAML's core schema that are no texts.
YAML_WORDS: Mapping[str, Json] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TAG = "tag:yaml.org,2002:"
# What a plain text has to stand for to be what its tag says; a whole number may be too long to be exact.
_BY_TAG: Mapping[str, tuple[type, ...]] = {
    f"{_TAG}int": (int,),
    f"{_TAG}float": (float, int),
    f"{_TAG}bool": (bool,),
    f"{_TAG}null": (type(None),),
}
_OF_LISTS, _OF_OBJECTS, _OF_TEXTS = f"{_TAG}seq", f"{_TAG}map", (*_BY_TAG, f"{_TAG}str")


def read_values(text: str | bytes, options: YamlOptions) -> "Reader":
    """Returns the reader that has read a text with one document.

    Raises:
        NotYamlError: the parser cannot read it.
        YamlError: it goes beyond a limit, or uses what is not understood.
    """
    # Only whoever brings YAML waits for its parser to be imported.
    import yaml

    try:
        reader = Reader(options)
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            handler = _HANDLERS.get(type(event).__name__)
            if handler is not None:
                handler(reader, event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = None if mark is None else Mark(mark.line + 1, mark.column + 1)
        raise NotYamlError(str(error.problem or error.context), at) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise _unreadable(text) or NotYamlError(" ".join(str(error).split())[:200], None) from None
    return reader


def _unreadable(text: str | bytes) -> NotYamlError | None:
    """Returns where a text has something that no text of YAML has, which the parser says by a number of bytes or of characters."""
    from yaml.reader import Reader as Characters

    try:
        whole = text if isinstance(text, str) else text.decode()
    except UnicodeDecodeError as error:
        return NotYamlError("it is not UTF-8", _mark_at(error.object[: error.start].decode()))
    found = Characters.NON_PRINTABLE.search(whole)
    return None if found is None else NotYamlError(f"the character U+{ord(found[0]):04X} is not allowed", _mark_at(whole[: found.start()]))


def _mark_at(before: str) -> Mark:
    return Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))


class _Known(NamedTuple):
    """What an anchor names: a value, how many values it is, and how deep it goes."""

    value: Json
    values: int
    depth: int


class _Open:
    """A list or object whose end has not come; `merged` are the objects that `<<` brings in."""

    def __init__(self, value: dict[str, Json] | list[Json], anchor: str | None, path: Path) -> None:
        self.value = value
        self.anchor = anchor
        self.path = path
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


class Reader:
    """What was read: the value, the places of its parts if the options are strict, and where names come twice if it is not."""

    def __init__(self, options: YamlOptions) -> None:
        self.result: Json = None
        self.marks: dict[Path, Mark] = {}
        self.twice: list[tuple[str, Mark]] = []
        self._options = options
        self._documents = 0
        self._values = 0
        self._repeated = 0
        self._open: list[_Open] = []
        self._anchors: dict[str, _Known] = {}

    def document(self, event: Any) -> None:
        """Begins the document, of which there is one."""
        self._documents += 1
        if self._documents > 1:
            raise YamlError("there is a second document; one file holds one", _mark(event))

    def scalar(self, event: Any) -> None:
        """Takes a text, number, truth value or nothing; where a name is due, it is the name, and a text as it is written."""
        around = self._unnamed()
        if around is not None:
            known = _Known(event.value, 1, 1)
            self._name(around, event.value, event, is_merging=event.value == "<<" and event.implicit[0])
        else:
            known = _Known(self._scalar(event), 1, 1)
            self._put(known, event)
        if event.anchor is not None:
            self._anchors[event.anchor] = known

    def collection(self, event: Any) -> None:
        """Begins a list or an object."""
        is_object = type(event).__name__ == "MappingStartEvent"
        self._check_tag(event, _OF_LISTS if is_object else _OF_OBJECTS, *_OF_TEXTS)
        self._check_name(event)
        self._check_depth(1, event)
        self._open.append(_Open({} if is_object else [], event.anchor, self._place(event)))

    def end(self, event: Any) -> None:
        """Ends a list or an object."""
        ended = self._open.pop()
        known = ended.finish()
        if ended.anchor is not None:
            self._anchors[ended.anchor] = known
        self._put(known, event)

    def alias(self, event: Any) -> None:
        """Repeats what an anchor named; where a name is due, a text is one."""
        around, known = self._unnamed(), self._anchors.get(event.anchor)
        if around is not None and known is not None and isinstance(known.value, str):
            self._name(around, known.value, event)
            return
        self._check_name(event)
        name = event.anchor[:80]
        if known is None:
            is_open = any(each.anchor == event.anchor for each in self._open)
            says = "leads to itself" if is_open else "names nothing that has ended before"
            raise YamlError(f"*{name} {says}", _mark(event))
        self._repeated += known.values
        if self._repeated > self._options.repeated_max:
            raise YamlError(f"its aliases repeat more than {self._options.repeated_max} values", _mark(event))
        self._check_depth(known.depth, event)
        self._put(known, event, known.values)

    def _name(self, around: _Open, name: str, event: Any, *, is_merging: bool = False) -> None:
        """Takes the name of the next value."""
        if self._options.is_strict:
            if is_merging:
                raise YamlError("merge keys are not understood; repeat what is meant", _mark(event))
            if name in around.value:
                raise YamlError(f"{name[:80]!r} stands here a second time", _mark(event))
            self.marks[(*around.path, name)] = _mark(event)
        elif name in around.value and not is_merging:
            self.twice.append((name, _mark(event)))
        around.key, around.is_merging = name, is_merging

    def _put(self, known: _Known, event: Any, more: int = 1) -> None:
        """Takes a whole value, of which so many values were not counted yet."""
        self._place(event)
        self._values += more
        if self._values > self._options.values_max:
            told = f"it has more than {self._options.values_max} values, those that aliases repeat included"
            raise YamlError(told, _mark(event))
        if self._open:
            self._open[-1].add(known)
        else:
            self.result = known.value

    def _place(self, event: Any) -> Path:
        """Returns where the next value stands in the whole, and takes note of where it begins in the text, if somebody is to know."""
        if not self._options.is_strict:
            return ()
        path: Path = ()
        if self._open:
            around = self._open[-1]
            path = (*around.path, len(around.value) if around.key is None else around.key)
        self.marks.setdefault(path, _mark(event))
        return path

    def _scalar(self, event: Any) -> Json:
        self._check_tag(event, _OF_LISTS, _OF_OBJECTS)
        text: str = event.value
        if event.tag in _BY_TAG:
            return self._tagged(text, event)
        # Of a quoted text the second of both is true; other tags are texts, as dates are.
        return self._plain(text, event) if event.implicit[0] and event.tag is None else text

    def _tagged(self, text: str, event: Any) -> Json:
        """Returns what a text stands for that says of which type it is."""
        value, kinds = self._plain(text, event), _BY_TAG[event.tag]
        is_long = isinstance(value, float) and text.lstrip("+-").isdecimal()
        if type(value) not in kinds and not (is_long and int in kinds):
            raise YamlError(f"{text[:80]!r} is not what its tag says", _mark(event))
        return float(value) if isinstance(value, int) and float is kinds[0] else value

    def _plain(self, text: str, event: Any) -> Json:
        try:
            return self._options.plain(text)
        except ValueError as error:
            raise YamlError(str(error), _mark(event)) from None

    def _unnamed(self) -> _Open | None:
        """Returns the object in which a name is due, if one is."""
        around = self._open[-1] if self._open else None
        return around if around is not None and isinstance(around.value, dict) and around.key is None else None

    def _check_name(self, event: Any) -> None:
        if self._unnamed() is not None:
            raise YamlError("a name must be a text", _mark(event))

    def _check_tag(self, event: Any, *others: str) -> None:
        """Refuses tags of values of other forms, and any if the options are strict."""
        if self._options.is_strict and event.tag not in (None, "!"):
            raise YamlError(f"tags such as {event.tag[:80]} are not understood; write a plain value", _mark(event))
        if event.tag in others:
            raise YamlError(f"it is not what its tag !!{event.tag.removeprefix(_TAG)} says", _mark(event))

    def _check_depth(self, more: int, event: Any) -> None:
        if len(self._open) + more > self._options.depth_max:
            raise YamlError(f"it is nested deeper than {self._options.depth_max} levels", _mark(event))


_HANDLERS: Mapping[str, Callable[[Reader, Any], None]] = {
    "DocumentStartEvent": Reader.document,
    "ScalarEvent": Reader.scalar,
    "SequenceStartEvent": Reader.collection,
    "MappingStartEvent": Reader.collection,
    "SequenceEndEvent": Reader.end,
    "MappingEndEvent": Reader.end,
    "AliasEvent": Reader.alias,
}


def _mark(event: Any) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)

"""Texts of documents: JSON or YAML of anybody as plain values, bounded in depth and size, what aliases repeat included."""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from math import inf

import msgspec

from runflow_mock.domain.documents import BYTE_ORDER_MARK, DEPTH_MAX, VALUES_MAX, Json, list_of, read_document
from runflow_mock.openapi.yaml_values import YAML_WORDS, Mark, NotYamlError, YamlError, YamlOptions, read_values
from runflow_mock.user_files import FILE_BYTES_MAX

REPEATED_MAX = 200_000
TOLD_MAX = 10


# What is longer is no number that anybody means.
NUMBER_MAX = 400
LARGEST = 1.7976931348623157e308
"""The largest number of JSON, as programs read it: one of 64 bits."""
_WHOLE = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


class TextError(ValueError):
    """A text that cannot be read; the message says where and why."""


def ignore(line: str) -> None:
    """Tells nothing."""


def read_text(raw: bytes, tell: Callable[[str], None] = ignore) -> Json:
    """Returns the values of JSON or YAML; `tell` gets a line for each name that comes twice, of which the last one counts.

    Raises:
        TextError: the bytes are neither, or go beyond a limit.
    """
    if len(raw) > FILE_BYTES_MAX:
        raise TextError(f"it has {len(raw)} bytes; a document may have {FILE_BYTES_MAX}")
    raw = raw.removeprefix(BYTE_ORDER_MARK)
    try:
        value = read_document(raw)
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
    try:
        read = read_values(raw, _OPTIONS)
    except NotYamlError as error:
        raise TextError(f"it is neither JSON nor YAML: {_place(error.mark)}{error.message}") from None
    except YamlError as error:
        raise TextError(f"{_place(error.mark)}{error.message}") from None
    _tell([f"{_place(mark)}{name[:80]!r} comes twice in one object; the last one counts" for name, mark in read.twice], tell)
    return read.result


def _place(mark: Mark | None) -> str:
    return "" if mark is None else f"line {mark.line}, column {mark.column}: "


def _plain(text: str) -> Json:
    """Returns what a plain text stands for.

    Raises:
        ValueError: it is a number that JSON has not.
    """
    if text in YAML_WORDS:
        return YAML_WORDS[text]
    is_based = _BASED.fullmatch(text) is not None
    if not is_based and not _NUMBER.fullmatch(text):
        return text
    value = inf if len(text) > NUMBER_MAX else int(text, 0) if is_based else int(text) if _WHOLE.fullmatch(text) else float(text)
    if not -LARGEST <= value <= LARGEST:
        raise ValueError(f"the number {text[:40]} is too large to be one of JSON")
    # What is beyond 64 bits is as exact as JSON has it.
    return value if isinstance(value, float) or -(2**63) <= value < 2**64 else float(value)


_OPTIONS = YamlOptions(depth_max=DEPTH_MAX, values_max=VALUES_MAX, repeated_max=REPEATED_MAX, plain=_plain)

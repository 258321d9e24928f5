"""JSON bodies: what is sent to the fake as JSON, and what cannot be, told by where it stands."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec


def json_of(body: Any) -> bytes:
    """Returns what is sent as JSON.

    Raises:
        TypeError: there is something in it for which JSON has no form; bytes would go as base64: a secret would be another one.
        ValueError: there is a number or a text in it that JSON does not have, or it has no end; NaN would go as null.
    """
    try:
        written = msgspec.json.encode(body)
    except RecursionError:
        raise ValueError("it contains itself, or goes too deep") from None
    except (TypeError, ValueError):
        _check(body)
        raise
    # These have been written as they are.
    _check(body, but_for=frozenset((str, int, bool, type(None))))
    return written


def is_sendable(text: str) -> bool:
    """Tells whether a text has only characters that can be sent: half of a surrogate pair is none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check(body: Any, but_for: frozenset[type] = frozenset()) -> None:
    """Raises for a part that JSON cannot tell; those of some types are known to be right."""
    waiting = [("", body)]
    # Whatever has parts, by its identity: it may contain itself.
    seen: dict[int, Any] = {}
    while waiting:
        where, value = waiting.pop()
        if type(value) in but_for or id(value) in seen:
            continue
        if isinstance(value, Mapping):
            seen[id(value)] = value
            waiting.extend((where, key) for key in value)
            waiting.extend((f"{where}.{key}" if where else str(key), each) for key, each in value.items() if type(each) not in but_for)
        elif isinstance(value, list | tuple | set | frozenset):
            seen[id(value)] = value
            waiting.extend((f"{where}[{at}]", each) for at, each in enumerate(value))
        else:
            for kinds, is_wrong, error, why in _OBJECTIONS:
                if isinstance(value, kinds) and is_wrong(value):
                    told = bytes(value) if isinstance(value, bytearray | memoryview) else value
                    raise error(f"{where:.80}{': ' if where else ''}{told!r:.80} {why}")


def _has_no_form(value: object) -> bool:
    try:
        msgspec.json.encode(value)
    except (TypeError, RecursionError):
        return True
    return False


_OBJECTIONS: Sequence[tuple[Any, Callable[[Any], bool], type[Exception], str]] = (
    ((bytes, bytearray, memoryview), lambda value: True, TypeError, "is bytes, and JSON has only text: decode it"),
    (float, lambda value: not math.isfinite(value), ValueError, "is no number that JSON has"),
    (str, lambda value: not is_sendable(value), ValueError, "has half of a surrogate pair, which no text has that is sent"),
    (object, _has_no_form, TypeError, "has no form in JSON: give a text, a number, a list or a mapping"),
)

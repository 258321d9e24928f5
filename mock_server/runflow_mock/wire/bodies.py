"""Request bodies: bytes to a JSON object, with everything refused that the API could not store.

Refused with 400: what is not JSON (in UTF-8, without NaN, lone surrogates or numbers beyond a double), nesting beyond `DEPTH_MAX`, and
keys that occur twice. Refused with 422: another content type, a body that is not an object, and NUL characters. Source: inferred.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping

import msgspec

from runflow_mock.domain.documents import NOT_JSON, Json, has_whole_number_beyond_doubles, mentions, read_document
from runflow_mock.wire.problems import Location, bad_request, invalid_field

DEPTH_MAX = 64

_encoder = msgspec.json.Encoder()
_JSON_TYPE = re.compile(r"application/(?:[\w.-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)
# A text that does not end is one to the end: to go back and look for brackets in it would be to look at everything once for each quote.
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_ALIKE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
# A backslash that is itself escaped begins no escape.
_WHOLE_PAIR = re.compile(rb"\\\\|\\u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_LONE_SURROGATE = re.compile(rb"(\\u[dD][89a-fA-F][0-9a-fA-F]{2})")
# With which a document may begin.
_SIGNS = '{["\t\r\n '
_MARKS: Mapping[str, tuple[bytes, ...]] = {
    "it begins with a UTF-8 byte order mark (BOM): write it without one": (b"\xef\xbb\xbf",),
    # The mark of UTF-32 begins as that of UTF-16 does, and without one a character of ASCII has zeros beside it.
    "it is UTF-32, as its byte order mark says: send UTF-8": (b"\xff\xfe\0\0", b"\0\0\xfe\xff"),
    "it is UTF-16, as its byte order mark says: send UTF-8": (b"\xff\xfe", b"\xfe\xff"),
    "it is UTF-32: send UTF-8": tuple(sign.encode(form) for form in ("utf-32-le", "utf-32-be") for sign in _SIGNS),
    "it is UTF-16: send UTF-8": tuple(sign.encode(form) for form in ("utf-16-le", "utf-16-be") for sign in _SIGNS),
    "it is packed with gzip: send the JSON as it is": (b"\x1f\x8b",),
    "it is packed with zstd: send the JSON as it is": (b"\x28\xb5\x2f\xfd",),
}


def read_body(raw: bytes, content_type: str | None, encoding: str | None = None) -> dict[str, Json]:
    """Returns the object in a request body; `encoding` is how the client says that it was packed.

    Raises:
        Problem: 400 or 422, see above.
    """
    if encoding is not None and encoding.strip().lower() not in ("", "identity"):
        raise bad_request(f"The body comes with Content-Encoding: {encoding[:80]}, which is not taken: send the JSON as it is.")
    if content_type is not None and _JSON_TYPE.fullmatch(content_type.strip()) is None:
        raise invalid_field(("header", "content-type"), f"send application/json, not {content_type[:80]}", "content_type")
    if not raw:
        raise invalid_field(("body",), "field required", "missing")
    if raw.count(b"[") + raw.count(b"{") > DEPTH_MAX:
        _check_depth(raw)
    try:
        value = read_document(raw)
        written = _encoder.encode(value)
    except NOT_JSON as error:
        raise bad_request(f"The body is not valid JSON: {unreadable_because(raw) or str(error)[:200]}") from None
    # A text may look like one.
    if has_whole_number_beyond_doubles(raw):
        _check_numbers(raw)
    # A dropped duplicate shows as a missing colon, unless an escaped colon makes up for it.
    if raw.count(b":") != written.count(b":") or mentions(raw, b"\\u003"):
        _check_duplicates(raw)
    if mentions(written, b"\\u0000"):
        _check_nul(value, ("body",))
    if not isinstance(value, dict):
        raise invalid_field(("body",), "Input should be an object", "dict_type")
    return value


def read_optional_body(raw: bytes, content_type: str | None, encoding: str | None = None) -> dict[str, Json]:
    """Returns the object in a request body that may be left out."""
    return read_body(raw, content_type, encoding) if raw.strip() else {}


def unreadable_because(raw: bytes) -> str | None:
    """Returns what is wrong with bytes that are no JSON, where it is something that clients get wrong without knowing it."""
    mark = next((name for name, start in _MARKS.items() if raw.startswith(start)), None)
    if mark is not None:
        return mark
    cut = _LONE_SURROGATE.search(_WHOLE_PAIR.sub(b"", raw))
    if cut is not None:
        escape = cut[1].decode()
        return f"a text has the lone surrogate {escape}, half of a character: was the text cut in the middle of one, as slice() may?"
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return f"it is not UTF-8 at byte {error.start}: send UTF-8"
    return None


def _check_depth(raw: bytes) -> None:
    brackets = _TEXT.sub(b"", raw).translate(_ALIKE, _NO_BRACKETS)
    # Each round takes the innermost level away; no step of Python for each bracket, of which a body may have millions.
    for _ in range(DEPTH_MAX):
        if b"[]" not in brackets:
            break
        brackets = brackets.replace(b"[]", b"")
    # Where pairs do not fit the body is no JSON, which is for its parser to say.
    if b"[]" in brackets or brackets.count(b"[") > DEPTH_MAX:
        raise bad_request(f"The body is nested more than {DEPTH_MAX} levels deep.")


def _check_numbers(raw: bytes) -> None:
    def refuse(text: str) -> float:
        number = float(text)
        if math.isinf(number):
            raise bad_request(f"The body is not valid JSON: a number of {len(text)} characters is out of range")
        return number

    json.loads(raw, parse_int=refuse)


def _check_duplicates(raw: bytes) -> None:
    def refuse(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        found = dict(pairs)
        if len(found) != len(pairs):
            twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
            raise bad_request(f"The body has the key {twice[:80]!r} twice in one object.")
        return found

    json.loads(raw, object_pairs_hook=refuse)


def _check_nul(value: Json, loc: Location) -> None:
    if isinstance(value, str) and "\x00" in value:
        raise invalid_field(loc, "NUL characters cannot be stored", "string_nul")
    if isinstance(value, dict):
        for name, part in value.items():
            if "\x00" in name:
                raise invalid_field(loc, "NUL characters cannot be stored in a key", "string_nul")
            _check_nul(part, (*loc, name))
    if isinstance(value, list):
        for index, part in enumerate(value):
            _check_nul(part, (*loc, index))

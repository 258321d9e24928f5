"""Bodies: what the bytes of a body stand for, given the schema of its media type.

JSON is read as what it is; forms and multipart bodies are read field by field, as the schema and the encodings of the media type say.
Other content is not looked into.
"""

from collections.abc import Callable, Iterator, Mapping
from email import message_from_bytes, policy
from urllib.parse import unquote_plus

from runflow_mock.domain.documents import NOT_JSON, Json, object_of, read_document
from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.media_types import FORM, MediaType
from runflow_mock.openapi.parameters import Style, style_of
from runflow_mock.openapi.pointers import Pointer
from runflow_mock.openapi.sent_values import Pairs, nested_fields, split_pairs
from runflow_mock.openapi.values import value_of


class BodyError(ValueError):
    """A body that is not of its media type; `rule` names what was not kept, and the message says it."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class NotRead(Exception):
    """A body that nobody here looks into; the message says why."""


def read_body(contract: Contract, schema: Pointer, raw: bytes, content_type: str | None, media_type: MediaType) -> Json:
    """Returns the value of a body.

    Raises:
        BodyError: it is not of its media type.
        NotRead: what its media type means is not known here.
    """
    if media_type.is_json:
        try:
            return read_document(raw)
        except NOT_JSON:
            raise BodyError("json", "the body is not valid JSON") from None
    if media_type.name == FORM:
        pairs = split_pairs(raw.decode("utf-8", "replace").strip())
        return _form(contract, schema, pairs, unquote_plus)
    if media_type.name.startswith("multipart/"):
        return _form(contract, schema, tuple(_parts(raw, content_type or "")), str)
    if media_type.is_text:
        return value_of(contract, schema, [raw.decode("utf-8", "replace")])
    raise NotRead(f"a body of {media_type.name[:80]} is not looked into")


def _form(contract: Contract, schema: Pointer, pairs: Pairs, decode: Callable[[str], str]) -> Json:
    encodings = contract.at(schema[:-1]).get("encoding") if schema else None
    known = object_of(encodings)
    return value_of(contract, schema, [nested_fields(_fields(pairs, known, decode))])


def _fields(pairs: Pairs, encodings: Mapping[str, Json], decode: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Yields the fields of a form, one that separates its items in one value as several."""
    for name, value in pairs:
        encoding = encodings.get(name)
        separator = _separator(encoding) if isinstance(encoding, dict) else None
        if separator is None:
            yield name, decode(value)
        else:
            parts = value.split(separator) if separator in value else decode(value).split(separator)
            yield from ((name, decode(part)) for part in parts)


def _separator(encoding: Mapping[str, Json]) -> str | None:
    if "style" not in encoding and encoding.get("explode") is not False:
        return None
    style = style_of({"in": "query", **encoding})
    explodes = encoding.get("explode", style is Style.FORM)
    return None if explodes else {Style.FORM: ",", Style.SPACES: " ", Style.PIPES: "|"}.get(style or Style.FORM)


def _parts(raw: bytes, content_type: str) -> Iterator[tuple[str, str]]:
    """Yields the parts of a multipart body, by name; of a file the text stands for its bytes."""
    message = message_from_bytes(b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n" + raw, policy=policy.HTTP)
    if not message.is_multipart() or any(type(defect).__name__ == "StartBoundaryNotFoundDefect" for defect in message.defects):
        raise BodyError("multipart", "the body has no parts between the boundaries that its content type names")
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            yield name, _text(payload)


def _text(payload: bytes) -> str:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return payload.decode("latin-1")

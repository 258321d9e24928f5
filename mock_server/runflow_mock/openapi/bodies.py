"""Bodies: what the bytes of a body stand for, given the schema of its media type.

JSON is read as what it is; forms and multipart bodies are read field by field, as the schema and the encodings of the media type say.
Text of other kinds is a text, where a text is what is described. Other content is not looked into.

Source: OpenAPI, "Encoding Object": in a form, a field of which a style is said is written as a query parameter is, and any other as its
content type says; a part of a multipart body has its own content type and headers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import unquote_plus

from msgspec.structs import replace

from runflow_mock.domain.codings import CODINGS, unpacked
from runflow_mock.domain.documents import BYTE_ORDER_MARK, NOT_JSON, Json, list_of, object_of, read_document, try_document
from runflow_mock.domain.exchanges import BODY_BYTES_MAX
from runflow_mock.domain.findings import Finding, Location, note
from runflow_mock.domain.whole_numbers import whole_number
from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.forms import CHOICES
from runflow_mock.openapi.media_types import FORM, MULTIPART, MediaType, chosen, read_media_type
from runflow_mock.openapi.multipart import BodyPart, body_parts_of
from runflow_mock.openapi.parameters import ANYTHING, read_parameter, wrong_with
from runflow_mock.openapi.pointers import Pointer
from runflow_mock.openapi.schema_ways import ANY_TYPE
from runflow_mock.openapi.sent_values import Pairs, Sent, claimed_by, nested_fields, nodes_of, split_pairs
from runflow_mock.openapi.values import value_of

# Each of them makes a field one that is written as a query parameter is.
_STYLED = frozenset(("style", "explode", "allowReserved"))

# What schemas say of bytes, and nothing can be held against.
_SAYS_BYTES = frozenset(("type", "format", "contentMediaType", "contentEncoding", "title", "description", "example", "examples"))

# What stands between the items of sequences of JSON texts, or before each of them.
_SEQUENCES: Mapping[str, bytes] = {
    **dict.fromkeys(("application/jsonl", "application/x-ndjson", "application/ndjson"), b"\n"),
    "application/json-seq": b"\x1e",
}

Find = Callable[[Pointer], Iterable[Finding]]


class BodyError(ValueError):
    """A body that is not of its media type; `rule` names what was not kept, `field` where, and the message says it."""

    def __init__(self, rule: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.rule = rule
        self.field = field


class NotRead(Exception):
    """A body that nobody here looks into; the message says why, and `rule` of which kind that is."""

    def __init__(self, message: str, rule: str = "not-looked-into") -> None:
        super().__init__(message)
        self.rule = rule


def whole_body(raw: bytes, coding: str | None) -> bytes:
    """Returns a body as it was before it was packed for the way.

    Raises:
        NotRead: it is too large, or packed in a way that is not understood.
    """
    if len(raw) >= BODY_BYTES_MAX:
        raise NotRead(f"the journal keeps {BODY_BYTES_MAX} bytes of a body; this one was not judged", "too-large-to-judge")
    name = (coding or "identity").strip().lower()
    if name in ("", "identity"):
        return raw
    # A secret in it may have been masked, so that what cannot be unpacked is nobody's fault.
    body = unpacked(raw, name, BODY_BYTES_MAX) if name in CODINGS else None
    if body is None:
        raise NotRead("the body is compressed in a way that cannot be read here; it was not judged")
    # What was not packed is judged up to the same length: judging costs as much as there is.
    if len(body) >= BODY_BYTES_MAX:
        raise NotRead(f"the body has {BODY_BYTES_MAX} bytes or more once it is unpacked; it was not judged", "too-large-to-judge")
    return body


def read_body(contract: Contract, schema: Pointer, raw: bytes, content_type: str | None, media_type: MediaType) -> Json:
    """Returns the value of a body.

    Raises:
        BodyError: it is not of its media type.
        NotRead: what its media type means is not known here.
    """
    if media_type.is_json:
        try:
            return read_document(raw.removeprefix(BYTE_ORDER_MARK))
        except NOT_JSON:
            raise BodyError("json", "the body is not valid JSON") from None
    if media_type.name == FORM:
        return _Form(contract, schema).read(split_pairs(raw.decode("utf-8", "replace").strip()))
    if media_type.name.startswith("multipart/"):
        found = body_parts_of(raw, content_type or "")
        if found is None:
            raise BodyError("multipart", "the body has no parts between the boundaries that its content type names")
        parts = tuple(found)
        if media_type.name != MULTIPART and any(part.name is None for part in parts):
            raise NotRead(f"parts without names of {media_type.name[:80]} are not looked into")
        return _Form(contract, schema).read_parts(parts)
    # Text of other kinds has a form of its own, in which it may stand for anything but where a text alone is described.
    if media_type.is_text or (media_type.name.startswith("text/") and _is_text(contract, schema)):
        text = media_type.decode(raw)
        if text is None:
            raise NotRead(f"text in the encoding {media_type.parameters['charset'][:80]} is not looked into")
        return value_of(contract, schema, [text])
    raise NotRead(f"a body of {media_type.name[:80]} is not looked into")


def unread_fields(contract: Contract, schema: Pointer, raw: bytes, content_type: str | None, media_type: MediaType) -> frozenset[Location]:
    """Returns where in a form or a multipart body is what is no text, and is written as nobody here reads it: an object in XML."""
    if media_type.name == FORM:
        pairs = split_pairs(raw.decode("utf-8", "replace").strip())
        return _Form(contract, schema).unread((name, None, unquote_plus(value)) for name, value in pairs)
    if media_type.name.startswith("multipart/"):
        parts = body_parts_of(raw, content_type or "") or ()
        return _Form(contract, schema).unread((part.name, part.content_type, part.text) for part in parts)
    return frozenset()


def of_read_fields(contract: Contract, schema: Pointer, find: Find, unread: frozenset[Location], place: Location) -> Iterator[Finding]:
    """Yields what is found in a body but for fields that are written as nobody here reads them, and a note on each of these.

    `find` tells what is found by a schema.
    """
    for finding in find(schema):
        if _is_in(unread, finding, place):
            continue
        # It may have the form that it has but for these fields.
        if unread and finding.loc == place and finding.rule in CHOICES:
            forms = _forms(contract, schema)
            if any(all(_is_in(unread, each, place) for each in find(form)) for form in forms):
                continue
        yield finding
    for way in sorted(unread):
        loc = (*place, *(word[:80] if isinstance(word, str) else word for word in way))
        yield note(loc, "not-looked-into", "it is written in a way that is not looked into")


def _is_in(unread: frozenset[Location], finding: Finding, place: Location) -> bool:
    way = finding.loc[len(place) :]
    return way[:1] in unread or way[:2] in unread


def _forms(contract: Contract, schema: Pointer) -> Iterator[Pointer]:
    """Yields the ways to all forms that a value may be chosen to have."""
    for way in contract.ways(schema):
        part = contract.at(way)
        yield from ((*way, word, str(index)) for word in CHOICES for index in range(len(list_of(part.get(word)))))


def mark_findings(raw: bytes, media_type: MediaType, loc: Location) -> Iterator[Finding]:
    """Yields that JSON begins with a byte order mark, which nobody may send, and whoever reads it may ignore. Source: RFC 8259, 8.1."""
    if raw.startswith(BYTE_ORDER_MARK) and (media_type.is_json or media_type.name in _SEQUENCES):
        yield note(loc, "byte-order-mark", "JSON that is sent must not begin with a byte order mark; it was judged without")


def is_described(contract: Contract, schema: Pointer) -> bool:
    """Tells whether a schema says more of a body than that it is bytes."""
    may_be_bytes = _is_text(contract, schema) or contract.types(schema) == ANY_TYPE
    said = contract.at(schema).keys() - _SAYS_BYTES if may_be_bytes else contract.at(schema).keys()
    return schema != ANYTHING and bool(said)


def _is_text(contract: Contract, schema: Pointer) -> bool:
    return contract.types(schema) - {"null"} == {"string"}


def read_items(raw: bytes, media_type: MediaType) -> list[Json]:
    """Returns the values of a body that is one JSON text after the other.

    Raises:
        BodyError: one of them is not valid JSON.
        NotRead: how the items of its media type are written is not known here.
    """
    if media_type.name == "text/event-stream":
        return list(_events(raw))
    separator = _SEQUENCES.get(media_type.name)
    if separator is None:
        raise NotRead(f"the items of a body of {media_type.name[:80]} are not looked into")
    try:
        return [read_document(text) for text in raw.removeprefix(BYTE_ORDER_MARK).split(separator) if text.strip()]
    except NOT_JSON:
        raise BodyError("json", "one of its items is not valid JSON") from None


def _events(raw: bytes) -> Iterator[Json]:
    """Yields the events of a stream; one without an empty line at its end does not count. Source: HTML, "Interpreting an event stream"."""
    fields: dict[str, Json] = {}
    text = raw.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    for line in text.split("\n")[:-1]:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if "data" in fields:
                yield fields
            fields = {}
        elif name == "data":
            fields["data"] = f"{fields['data']}\n{value}" if "data" in fields else value
        elif name == "retry" and (milliseconds := whole_number(value)) is not None:
            fields["retry"] = milliseconds
        elif name in ("event", "id"):
            fields[name] = value


def _is_unread(types: list[str], text: str) -> bool:
    known = map(read_media_type, types)
    # What may be anything, `*/*` or bytes, may be JSON, and nothing else looks like it.
    return not any(each.is_json or each.is_text for each in known) and not isinstance(try_document(text), dict | list)


def _ways_to(name: str, are_unread: list[bool]) -> Iterator[Location]:
    """Yields where in a field is what is not read: the whole field, or items of the list that it is."""
    if all(are_unread):
        yield (name,)
    else:
        yield from ((name, index) for index, is_unread in enumerate(are_unread) if is_unread)


class _Form:
    """The fields of a form, given the schema and the encodings of its media type."""

    def __init__(self, contract: Contract, schema: Pointer) -> None:
        self._contract = contract
        self._schema = schema
        self._place = (*schema[:-1], "encoding")
        self._encodings = object_of(contract.at(schema[:-1]).get("encoding")) if schema else {}
        ways = contract.ways(schema)
        self._fields = {
            name: (*way, "properties", name) for way in reversed(ways) for name in object_of(contract.at(way).get("properties"))
        }

    def read(self, pairs: Pairs) -> Json:
        """Returns the value of a form's pairs; values are as they were sent."""
        styled = {name: said for name, each in self._encodings.items() if _STYLED & (said := object_of(each)).keys()}
        sent = Sent(path={}, query=pairs, headers={}, cookies=())
        found: dict[str, Json] = {}
        claimed: set[str] = set()
        for name, said in styled.items():
            part: dict[str, Json] = {"name": name, "in": "query", **{word: said[word] for word in said if word in ("style", "explode")}}
            if wrong_with(part) is not None:
                continue
            parameter = replace(read_parameter(part, ()), schema=self._fields.get(name, ANYTHING))
            wanted, others = self._contract.wanted(parameter), frozenset(self._fields.keys() - {name})
            nodes = nodes_of(parameter, wanted, sent, others)
            claimed |= claimed_by(parameter, wanted, [each for each, _ in pairs], others)
            if nodes is not None and not nodes:
                raise BodyError("style", f"it is not written in the style {parameter.style}", name)
            if nodes is not None:
                found[name] = value_of(self._contract, parameter.schema, nodes)
        left = [(name, unquote_plus(value)) for name, value in pairs if name not in claimed]
        for name, text in left:
            self._check_json(name, text, None)
        rest = value_of(self._contract, self._schema, [nested_fields(iter(left))])
        return {**rest, **found} if isinstance(rest, dict) else rest

    def read_parts(self, parts: Iterable[BodyPart]) -> Json:
        """Returns the value of the parts of a multipart body that have names."""
        named = [(part.name, part) for part in parts if part.name is not None]
        for name, part in named:
            self._check_type(name, part)
            self._check_json(name, part.text, part.content_type)
            self._check_headers(name, part)
        return value_of(self._contract, self._schema, [nested_fields((name, part.text) for name, part in named)])

    def unread(self, sent: Iterable[tuple[str | None, str | None, str]]) -> frozenset[Location]:
        """Returns where what was sent, each with the content type that it says and its text, is written as nobody here reads it."""
        found: dict[str, list[tuple[str | None, str]]] = {}
        for name, content_type, text in sent:
            if name is not None and name in self._encodings:
                found.setdefault(name, []).append((content_type, text))
        return frozenset(way for name, parts in found.items() for way in _ways_to(name, self._are_unread(name, parts)))

    def _are_unread(self, name: str, parts: list[tuple[str | None, str]]) -> list[bool]:
        known = self._types_of(name)
        may_be = bool(known) and any(map(self._holds_objects, self._described(name)))
        return [may_be and _is_unread(known if said is None else [said], text) for said, text in parts]

    def _described(self, name: str) -> list[Pointer]:
        """Returns the ways to what may be said of a field."""
        parts = [(way, self._contract.at(way)) for way in self._contract.ways(self._schema)]
        own = [(*way, "properties", name) for way, part in parts if name in object_of(part.get("properties"))]
        if own:
            return own
        patterns = [(*way, "patternProperties", each) for way, part in parts for each in object_of(part.get("patternProperties"))]
        return [*patterns, *((*way, "additionalProperties") for way, part in parts if isinstance(part.get("additionalProperties"), dict))]

    def _holds_objects(self, schema: Pointer) -> bool:
        """Tells whether a schema is one of objects, or of lists of them, and of no texts."""
        seen, waiting = set[Pointer](), [schema]
        while waiting:
            way = waiting.pop()
            types = self._contract.types(way)
            if way in seen or "string" in types:
                continue
            if "object" in types:
                return True
            seen.add(way)
            waiting += [(*each, "items") for each in self._contract.ways(way) if "items" in self._contract.at(each)]
        return False

    def _types_of(self, name: str) -> list[str]:
        said = object_of(self._encodings.get(name)).get("contentType")
        return [each.strip() for each in said.split(",") if each.strip()] if isinstance(said, str) else []

    def _check_type(self, name: str, part: BodyPart) -> None:
        known = self._types_of(name)
        if known and part.content_type is not None and chosen(known, read_media_type(part.content_type)) is None:
            raise BodyError("content-type", f"its content type is not among {', '.join(known)[:200]}", name)

    def _check_json(self, name: str, text: str, said: str | None) -> None:
        """Refuses what is said to be JSON and is not."""
        known = [said] if said is not None else self._types_of(name)
        if known and all(read_media_type(each).is_json for each in known):
            try:
                read_document(text.encode())
            except NOT_JSON:
                raise BodyError("json", "it is not valid JSON", name) from None

    def _check_headers(self, name: str, part: BodyPart) -> None:
        for header in object_of(object_of(self._encodings.get(name)).get("headers")):
            way, said = self._contract.follow((*self._place, name, "headers", header))
            parameter = read_parameter({**said, "name": header, "in": "header"}, way)
            nodes = nodes_of(
                parameter, self._contract.wanted(parameter), Sent(path={}, query=(), headers=part.headers, cookies=()), frozenset()
            )
            if header.lower() == "content-type" or (nodes is None and not parameter.is_required):
                continue
            if nodes is None:
                raise BodyError("required", f"its header {header[:80]} is missing", name)
            if not nodes or not self._contract.allows(parameter.schema, value_of(self._contract, parameter.schema, nodes)):
                raise BodyError("header", f"its header {header[:80]} is not as its schema says", name)

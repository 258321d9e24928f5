"""Violations: one exchange held against a contract, the client's request and the fake's answer apart.

The document speaks first; where the fake itself refused the request as malformed (and no fault rule did), the fields that it named
count as well, because the document cannot say everything: what a model takes, what a filter may be. What our server lets pass because
its operator allowed it (callbacks to plain HTTP hosts, longer batches) is not held against the client.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from urllib.parse import unquote

from runflow_mock.domain.documents import NOT_JSON, list_of, read_document, try_object
from runflow_mock.domain.exchanges import REDACTED, Exchange
from runflow_mock.domain.findings import Finding, Location, note, without_repeats
from runflow_mock.openapi.addresses import Addressed
from runflow_mock.openapi.bodies import (
    BodyError,
    NotRead,
    is_described,
    mark_findings,
    of_read_fields,
    read_body,
    read_items,
    unread_fields,
    whole_body,
)
from runflow_mock.openapi.brought_credentials import security_findings
from runflow_mock.openapi.contracts import ITEMS, Contract, Declared
from runflow_mock.openapi.directions import Direction
from runflow_mock.openapi.explanations import FINDINGS_MAX, schema_findings
from runflow_mock.openapi.media_types import FORM, MediaType, chosen, read_media_type
from runflow_mock.openapi.parameters import ANYTHING, Parameter, Style
from runflow_mock.openapi.pointers import Pointer
from runflow_mock.openapi.security import query_names
from runflow_mock.openapi.sent_values import Sent, claimed_by, nodes_of, read_sent
from runflow_mock.openapi.unknown_fields import unknown_fields
from runflow_mock.openapi.values import Node, value_of
from runflow_mock.openapi.variants import unless_variant

# The fake's own refusals of what it cannot read; 404, 405 and the like are the document's business or nobody's fault.
REFUSALS = (400, 413, 415, 422)
KNOWN_CHARACTERS_MAX = 200
"""How long the values of parameters are of which a contract keeps what is wrong with them."""
# What an operator may allow beyond the document: where callbacks go, and how long a batch is.
ALLOWANCES: tuple[tuple[Location, str], ...] = (
    (("body", "callback_url"), "pattern"),
    (("body", "input"), "maxItems"),
    (("body", "items"), "maxItems"),
)


def request_findings(contract: Contract, addressed: Addressed, declared: Declared, exchange: Exchange) -> tuple[Finding, ...]:
    """Returns what is wrong with a request to an operation, and what in it nobody reads."""
    sent = read_sent(addressed, exchange)
    brought = security_findings(declared.security, sent) if declared.security.ways else ()
    by_document = [*_document_findings(contract, declared, exchange, sent), *unless_variant(contract, declared, brought)]
    found = [*by_document, *_refused(exchange)]
    if exchange.status < 400:
        found = [finding for finding in found if (finding.loc, finding.rule) not in ALLOWANCES]
    return without_repeats(found)[:FINDINGS_MAX]


def document_findings(contract: Contract, addressed: Addressed, declared: Declared, exchange: Exchange) -> Iterator[Finding]:
    """Yields what the document alone says of a request, whatever the fake made of it."""
    return _document_findings(contract, declared, exchange, read_sent(addressed, exchange))


def _document_findings(contract: Contract, declared: Declared, exchange: Exchange, sent: Sent) -> Iterator[Finding]:
    for gap in declared.gaps:
        yield note(("contract",), "not-understood", f"{gap}; nothing was held against it")
    found = chain(_parameter_findings(contract, declared, exchange, sent), _body_findings(contract, declared, exchange))
    yield from unless_variant(contract, declared, found)


def _parameter_findings(contract: Contract, declared: Declared, exchange: Exchange, sent: Sent) -> Iterator[Finding]:
    names = frozenset([parameter.name for parameter in declared.parameters if parameter.place == "query"])
    asked = list(dict.fromkeys([name for name, _ in sent.query]))
    claimed: set[str] = set(query_names(declared.security))
    for parameter in declared.parameters:
        if parameter.place == "querystring":
            claimed |= set(asked)
            yield from _query_findings(contract, parameter, exchange.query)
            continue
        wanted, others = contract.wanted(parameter), names - {parameter.name}
        if asked:
            claimed |= claimed_by(parameter, wanted, asked, others)
        yield from _of_parameter(contract, parameter, nodes_of(parameter, wanted, sent, others), sent)
    for name in sorted(set(asked) - claimed) if declared.is_read else ():
        yield note(("query", name[:80]), "unknown-parameter", f"{declared.id} takes no such query parameter; it is ignored")


def _query_findings(contract: Contract, parameter: Parameter, query: str) -> Iterator[Finding]:
    """Yields what is wrong with a query that is described as a whole."""
    media_type, loc = read_media_type(parameter.media_type), ("query",)
    if query:
        yield from _written_findings(contract, parameter, query if media_type.name == FORM else unquote(query), media_type, loc)
    elif parameter.is_required:
        yield Finding(loc, "required", "the query is missing")


def _written_findings(contract: Contract, parameter: Parameter, text: str, media_type: MediaType, loc: Location) -> Iterator[Finding]:
    """Yields what is wrong with a text that is written as a media type says."""
    name, raw = "the query" if parameter.place == "querystring" else parameter.name, text.encode("utf-8", "surrogateescape")
    try:
        value = read_body(contract, parameter.schema, raw, parameter.media_type, media_type)
    except BodyError as error:
        yield Finding(loc if error.field is None else (*loc, error.field[:80]), error.rule, f"{name}: {error}")
    except NotRead as error:
        if parameter.schema != ANYTHING:
            yield note(loc, "not-looked-into", f"{name}: {error}")
    else:
        yield from schema_findings(contract, parameter.schema, value, loc, Direction.REQUEST)


def _of_parameter(contract: Contract, parameter: Parameter, nodes: list[Node] | None, sent: Sent) -> Iterator[Finding]:
    loc: Location = (parameter.place, parameter.name)
    media_type = read_media_type(parameter.media_type) if parameter.style is Style.CONTENT else None
    if nodes is None:
        if parameter.place == "cookie" and any(name == REDACTED for name, _ in sent.cookies):
            yield note(loc, "not-kept", "cookies are not kept, so that this one was not judged")
        elif parameter.is_required:
            yield Finding(loc, "required", f"the {parameter.place} parameter {parameter.name} is missing")
    elif REDACTED in nodes:
        yield note(loc, "not-kept", "its value is not kept, so that it was not judged")
    elif not nodes:
        explodes = "" if parameter.explodes else ", explode: false"
        yield Finding(loc, "style", f"{parameter.name} is not written in the style {parameter.style}{explodes}")
    elif media_type is not None and media_type.is_json:
        yield from _json_findings(contract, parameter, str(nodes[0]).encode(), loc)
    elif media_type is not None and media_type.name == FORM:
        yield from _written_findings(contract, parameter, str(nodes[0]), media_type, loc)
    elif not (parameter.may_be_empty and nodes[0] in ("", [], [""])):
        texts = tuple([node for node in nodes if isinstance(node, str) and len(node) <= KNOWN_CHARACTERS_MAX])
        yield from _known_findings(contract, parameter, texts) if len(texts) == len(nodes) else _value_findings(contract, parameter, nodes)


def _known_findings(contract: Contract, parameter: Parameter, texts: tuple[str, ...]) -> tuple[Finding, ...]:
    return contract.known_findings.of((parameter, texts), lambda: tuple(_value_findings(contract, parameter, texts)))


def _value_findings(contract: Contract, parameter: Parameter, nodes: Sequence[Node]) -> Iterator[Finding]:
    value = value_of(contract, parameter.schema, nodes)
    return schema_findings(contract, parameter.schema, value, (parameter.place, parameter.name), Direction.REQUEST)


def _json_findings(contract: Contract, parameter: Parameter, raw: bytes, loc: Location) -> Iterator[Finding]:
    try:
        value = read_document(raw)
    except NOT_JSON:
        yield Finding(loc, "json", f"{parameter.name} is not valid JSON")
    else:
        yield from schema_findings(contract, parameter.schema, value, loc, Direction.REQUEST)


def _body_findings(contract: Contract, declared: Declared, exchange: Exchange) -> Iterator[Finding]:
    raw = exchange.request_body
    if not raw.strip():
        if declared.is_body_required:
            yield Finding(("body",), "required", f"{declared.id} needs a body")
        return
    if not declared.body:
        if declared.is_read:
            yield note(("body",), "unknown-body", f"{declared.id} takes no body; it is ignored")
        return
    content_type = exchange.request_header("content-type")
    media_type = read_media_type(content_type)
    key = chosen(declared.body, media_type)
    if content_type is None:
        key = next(iter(declared.body))
        media_type = read_media_type(key)
        yield note(("header", "content-type"), "content-type", f"no content type says that the body is {', '.join(declared.body)}")
    if key is None:
        yield Finding(("header", "content-type"), "content-type", f"the content type is not among {', '.join(declared.body)}")
        return
    try:
        body = whole_body(raw, exchange.request_header("content-encoding"))
    except NotRead as error:
        yield note(("body",), error.rule, str(error))
    else:
        yield from _content_findings(contract, declared.body[key], body, (content_type, media_type))


def _content_findings(contract: Contract, schema: Pointer, raw: bytes, said: tuple[str | None, MediaType]) -> Iterator[Finding]:
    is_sequence = schema[-1:] == (ITEMS,)
    yield from mark_findings(raw, said[1], ("body",))
    try:
        values = read_items(raw, said[1]) if is_sequence else [read_body(contract, schema, raw, *said)]
    except BodyError as error:
        yield Finding(("body",) if error.field is None else ("body", error.field[:80]), error.rule, str(error))
        return
    except NotRead as error:
        if is_described(contract, schema):
            yield note(("body",), "not-looked-into", str(error))
        return
    for index, value in enumerate(values):
        place: Location = ("body", index) if is_sequence else ("body",)
        find = partial(schema_findings, contract, value=value, loc=place, direction=Direction.REQUEST)
        unread = frozenset[Location]() if is_sequence else unread_fields(contract, schema, raw, *said)
        yield from of_read_fields(contract, schema, find, unread, place)
        for loc in unknown_fields(contract, schema, value, place):
            yield note(loc, "unknown-field", "the contract does not know this field; it is ignored")


def _refused(exchange: Exchange) -> Iterator[Finding]:
    if exchange.status not in REFUSALS or exchange.fault is not None:
        return
    told = try_object(exchange.response_body)
    fields = told.get("errors")
    for field in list_of(fields):
        if isinstance(field, dict) and isinstance(loc := field.get("loc"), list):
            place = tuple(part for part in loc if isinstance(part, str | int))
            yield Finding(place, str(field.get("type")), str(field.get("msg")))
    if not fields:
        yield Finding(("body",), "refused", str(told.get("message", exchange.status)))

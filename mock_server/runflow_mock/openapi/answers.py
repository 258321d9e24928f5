"""Answers: the status, headers and body of an answer held against what a document says of them.

By a user's document headers count, and bodies of every media type that is read in requests. Ours is held to its bodies of JSON alone: the
server that answers by it is tried by the contract suite, headers included.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice

from runflow_mock.domain.documents import object_of
from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.findings import Finding, Location, note
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
from runflow_mock.openapi.contracts import ITEMS, Contract, Declared
from runflow_mock.openapi.explanations import FINDINGS_MAX, schema_findings
from runflow_mock.openapi.media_types import MediaType, chosen, read_media_type
from runflow_mock.openapi.parameters import read_parameter
from runflow_mock.openapi.parts import UNREAD
from runflow_mock.openapi.pointers import Pointer
from runflow_mock.openapi.sent_values import Sent, nodes_of
from runflow_mock.openapi.values import value_of
from runflow_mock.openapi.variants import unless_variant

_BODY: Location = ("response", "body")
WITHOUT_BODY = (204, 205, 304)
"""The statuses of answers that end with their head, whatever is described. Source: RFC 9110, 6.4.1."""


def answer_findings(contract: Contract, declared: Declared, exchange: Exchange) -> tuple[Finding, ...]:
    """Returns where an answer is not as a document says, and notes on what was not judged; what a fault rule made of it was asked for."""
    if exchange.fault is not None:
        return ()
    found = _described_findings(contract, declared, exchange) if declared.is_read else ()
    return tuple(islice(unless_variant(contract, declared, found), FINDINGS_MAX))


def _described_findings(contract: Contract, declared: Declared, exchange: Exchange) -> Iterator[Finding]:
    """Yields where an answer is not as this description of the operation says, which may be one of several."""
    status = exchange.status
    key = next((key for key in (str(status), f"{status // 100}XX", "default") if key in declared.responses), None)
    if key is None:
        yield Finding(("response", "status"), "status", f"{declared.id} does not declare the status {status}")
        return
    if contract.source is not None:
        yield from _header_findings(contract, way_to_answer(contract, declared, key), exchange)
    yield from _body_findings(contract, declared.responses[key], exchange)


def _body_findings(contract: Contract, contents: Mapping[str, Pointer], exchange: Exchange) -> Iterator[Finding]:
    body = exchange.response_body
    if not body and (exchange.method == "HEAD" or exchange.status in WITHOUT_BODY):
        return
    if not contents:
        if body:
            yield Finding(_BODY, "content", "an answer without content has a body")
        return
    content_type = exchange.response_header("content-type")
    media_type = read_media_type(content_type)
    key = chosen(contents, media_type)
    if key is None:
        yield Finding(("response", "header", "content-type"), "content-type", f"{media_type.name} is not among {', '.join(contents)}")
        return
    schema = contents[key]
    if contract.source is None and (schema[-1:] == (ITEMS,) or not media_type.is_json):
        return
    yield from _content_findings(contract, schema, exchange, (content_type, media_type))


def _content_findings(contract: Contract, schema: Pointer, exchange: Exchange, said: tuple[str | None, MediaType]) -> Iterator[Finding]:
    is_sequence = schema[-1:] == (ITEMS,)
    try:
        body = whole_body(exchange.response_body, exchange.response_header("content-encoding"))
        yield from mark_findings(body, said[1], _BODY)
        values = read_items(body, said[1]) if is_sequence else [read_body(contract, schema, body, *said)]
    except BodyError as error:
        yield Finding(_BODY if error.field is None else (*_BODY, error.field[:80]), error.rule, str(error))
        return
    except NotRead as error:
        if is_described(contract, schema):
            yield note(_BODY, error.rule, str(error))
        return
    for index, value in enumerate(values):
        place = (*_BODY, index) if is_sequence else _BODY
        unread = frozenset[Location]() if is_sequence else unread_fields(contract, schema, body, *said)
        yield from of_read_fields(contract, schema, partial(schema_findings, contract, value=value, loc=place), unread, place)


def way_to_answer(contract: Contract, declared: Declared, key: str) -> Pointer:
    """Returns the way to an answer that an operation declares, in whatever case its class is written."""
    place: Pointer = ("paths", declared.path, declared.method.lower(), "responses")
    return contract.follow((*place, next((each for each in contract.at(place) if each.upper() == key), key)))[0]


def _header_findings(contract: Contract, way: Pointer, exchange: Exchange) -> Iterator[Finding]:
    told: dict[str, str] = {}
    for raw_name, raw in exchange.response_headers:
        name, value = raw_name.decode("latin-1").lower(), raw.decode("latin-1")
        told[name] = f"{told[name]},{value}" if name in told else value
    for name in object_of(contract.at(way).get("headers")):
        header, part = contract.follow((*way, "headers", name))
        # What a header of this name declares is ignored, as the specification has it.
        if name.lower() == "content-type" or UNREAD in part:
            continue
        parameter = read_parameter({**part, "name": name, "in": "header"}, header)
        loc: Location = ("response", "header", name)
        nodes = nodes_of(parameter, contract.wanted(parameter), Sent(path={}, query=(), headers=told, cookies=()), frozenset())
        if nodes is None:
            if parameter.is_required:
                yield Finding(loc, "required", f"the header {name[:80]} is missing")
        elif not nodes:
            yield Finding(loc, "style", f"{name[:80]} is not written in the style {parameter.style}")
        else:
            yield from schema_findings(contract, parameter.schema, value_of(contract, parameter.schema, nodes), loc)

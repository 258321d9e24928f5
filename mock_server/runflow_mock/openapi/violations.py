"""Violations: one exchange held against a contract, the client's request and the fake's answer apart.

The document speaks first; where the fake itself refused the request as malformed (and no fault rule did), the fields that it named
count as well, because the document cannot say everything: what a model takes, what a filter may be. What our server lets pass because
its operator allowed it (callbacks to plain HTTP hosts, longer batches) is not held against the client.
"""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

import jsonschema_rs
import msgspec

from runflow_mock.domain.documents import Json, read_document
from runflow_mock.domain.exchanges import BODY_BYTES_MAX, Exchange
from runflow_mock.domain.findings import Finding, Location, note, without_repeats
from runflow_mock.openapi.contracts import Addressed, Contract, Declared, Parameter, Pointer
from runflow_mock.openapi.unknown_fields import unknown_fields

# The fake's own refusals of what it cannot read; 404, 405 and the like are the document's business or nobody's fault.
REFUSALS = (400, 413, 415, 422)
FINDINGS_MAX = 100
# What an operator may allow beyond the document: where callbacks go, and how long a batch is.
ALLOWANCES: tuple[tuple[Location, str], ...] = (
    (("body", "callback_url"), "pattern"),
    (("body", "input"), "maxItems"),
    (("body", "items"), "maxItems"),
)

_NOT_READ = object()


def request_findings(contract: Contract, addressed: Addressed, declared: Declared, exchange: Exchange) -> tuple[Finding, ...]:
    """Returns what is wrong with a request to an operation, and what in it nobody reads."""
    found = [*document_findings(contract, addressed, declared, exchange), *_refused(exchange)]
    if exchange.status < 400:
        found = [finding for finding in found if (finding.loc, finding.rule) not in ALLOWANCES]
    return without_repeats(found)[:FINDINGS_MAX]


def document_findings(contract: Contract, addressed: Addressed, declared: Declared, exchange: Exchange) -> Iterator[Finding]:
    """Yields what the document alone says of a request, whatever the fake made of it."""
    yield from _parameter_findings(contract, addressed, declared, exchange)
    yield from _body_findings(contract, declared, exchange)


def response_findings(contract: Contract, declared: Declared, exchange: Exchange) -> tuple[Finding, ...]:
    """Returns where the fake's own answer is not as the contract says; an answer that a fault rule changed is what was asked for."""
    return () if exchange.fault is not None else tuple(_answer_findings(contract, declared, exchange))[:FINDINGS_MAX]


def _answer_findings(contract: Contract, declared: Declared, exchange: Exchange) -> Iterator[Finding]:
    status, body = exchange.status, exchange.response_body
    contents = next((declared.responses[key] for key in (str(status), f"{status // 100}XX", "default") if key in declared.responses), None)
    if contents is None:
        yield Finding(("response", "status"), "status", f"{declared.id} does not declare the status {status}")
        return
    if not contents:
        if body:
            yield Finding(("response", "body"), "content", "an answer without content has a body")
        return
    media_type = _media_type(exchange.response_header("content-type"))
    schema = _schema_for(contents, media_type)
    if schema is None:
        yield Finding(("response", "header", "content-type"), "content-type", f"{media_type} is not among {', '.join(contents)}")
    elif _is_json(media_type) and len(body) < BODY_BYTES_MAX:
        value = _read(body)
        if value is _NOT_READ:
            yield Finding(("response", "body"), "json", "the body is not valid JSON")
        else:
            yield from schema_findings(contract, schema, value, ("response", "body"))


def _parameter_findings(contract: Contract, addressed: Addressed, declared: Declared, exchange: Exchange) -> Iterator[Finding]:
    query = dict(parse_qsl(exchange.query, keep_blank_values=True))
    given: Mapping[str, Mapping[str, str]] = {
        "path": addressed.params,
        "query": query,
        "header": {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in exchange.request_headers},
    }
    for parameter in declared.parameters:
        values = given.get(parameter.place, {})
        text = values.get(parameter.name.lower() if parameter.place == "header" else parameter.name)
        loc: Location = (parameter.place, parameter.name)
        if text is None:
            if parameter.is_required:
                yield Finding(loc, "required", f"the {parameter.place} parameter {parameter.name} is missing")
        else:
            yield from schema_findings(contract, parameter.schema, _typed(parameter, text), loc)
    known = {parameter.name for parameter in declared.parameters if parameter.place == "query"}
    for name in sorted(query.keys() - known):
        yield note(("query", name[:80]), "unknown-parameter", f"{declared.id} takes no such query parameter; it is ignored")


def _body_findings(contract: Contract, declared: Declared, exchange: Exchange) -> Iterator[Finding]:
    raw = exchange.request_body
    if not raw.strip():
        if declared.is_body_required:
            yield Finding(("body",), "required", f"{declared.id} needs a body")
        return
    if not declared.body:
        yield note(("body",), "unknown-body", f"{declared.id} takes no body; it is ignored")
        return
    content_type = exchange.request_header("content-type")
    media_type = _media_type(content_type)
    schema = _schema_for(declared.body, media_type)
    if content_type is None:
        yield note(("header", "content-type"), "content-type", f"no content type says that the body is {', '.join(declared.body)}")
        schema = next(iter(declared.body.values()))
    if schema is None:
        yield Finding(("header", "content-type"), "content-type", f"the content type is not among {', '.join(declared.body)}")
        return
    if len(raw) >= BODY_BYTES_MAX:
        yield note(("body",), "too-large-to-judge", f"the journal keeps {BODY_BYTES_MAX} bytes of a body; this one was not judged")
        return
    value = _read(raw)
    if value is _NOT_READ:
        yield Finding(("body",), "json", "the body is not valid JSON")
        return
    yield from schema_findings(contract, schema, value, ("body",))
    for loc in unknown_fields(contract, schema, value, ("body",)):
        yield note(loc, "unknown-field", "the contract does not know this field; it is ignored")


def _refused(exchange: Exchange) -> Iterator[Finding]:
    if exchange.status not in REFUSALS or exchange.fault is not None:
        return
    told = _read(exchange.response_body)
    fields = told.get("errors") if isinstance(told, dict) else None
    for field in fields if isinstance(fields, list) else ():
        if isinstance(field, dict) and isinstance(loc := field.get("loc"), list):
            place = tuple(part for part in loc if isinstance(part, str | int))
            yield Finding(place, str(field.get("type")), str(field.get("msg")))
    if not fields:
        yield Finding(("body",), "refused", str(told.get("message") if isinstance(told, dict) else exchange.status))


def schema_findings(contract: Contract, schema: Pointer, value: Json, loc: Location) -> Iterator[Finding]:
    """Returns where a value that stands at a place is not as a schema says."""
    for error in contract.errors(schema, value):
        rule, details = error.kind.name, error.kind.as_dict()
        if "error" in details:
            continue  # A pattern of the document that takes too long to match says nothing about the value.
        place: Location = (*loc, *error.instance_path)
        if rule == "required":
            yield Finding((*place, str(details["property"])), rule, "the field is required")
        else:
            yield Finding(place, rule, _alternatives(details) or error.message[:300])


def _alternatives(details: Mapping[str, object]) -> str | None:
    """Returns in words which fields would do, where the forms to choose from differ by the fields that they require."""
    forms = details.get("context")
    if not isinstance(forms, list):
        return None
    if not any(forms):
        return "the value has more than one of the forms that exclude each other"
    needed = [
        [error.kind.as_dict().get("property") for error in form if isinstance(error, jsonschema_rs.ValidationError)] for form in forms
    ]
    return f"needs {' or '.join(' and '.join(map(str, names)) for names in needed)}" if all(all(names) for names in needed) else None


def _typed(parameter: Parameter, text: str) -> Json:
    """Returns the value that the text of a parameter stands for, or the text, which its schema will then refuse."""
    if parameter.types & {"integer", "number"}:
        value = _read(text.encode())
        return value if isinstance(value, int | float) and not isinstance(value, bool) else text
    if "boolean" in parameter.types:
        return {"true": True, "false": False}.get(text.lower(), text)
    return text


def _schema_for(contents: Mapping[str, Pointer], media_type: str) -> Pointer | None:
    for known, schema in contents.items():
        if known in (media_type, "*/*") or (known.endswith("/*") and media_type.startswith(known[:-1])):
            return schema
    return None


def _media_type(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().lower()


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or media_type.endswith("+json")


def _read(raw: bytes) -> Json:
    try:
        return read_document(raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
        return _NOT_READ  # type: ignore[return-value]

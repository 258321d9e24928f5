"""Notes: what captures hold that the contract does not allow or does not know, held against it by the rules that judge our own answers.

Captures are judged before they are scrubbed, because a scrubbed value has lost its form; a note names a place and a rule, and of values
no more than is left of them after scrubbing.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache

import msgspec

from runflow_mock.decoders import json_decoder
from runflow_mock.domain.documents import Json
from runflow_mock.domain.exchanges import REDACTED, Exchange
from runflow_mock.domain.findings import Finding, Location
from runflow_mock.kit.calibration.captures import Capture, Kind
from runflow_mock.kit.calibration.readings import Evidence, location
from runflow_mock.kit.calibration.scrubbing import CODES, safe_name, scrub, template_of
from runflow_mock.kit.calibration.shapes import PAYLOADS, is_page
from runflow_mock.openapi.answers import answer_findings
from runflow_mock.openapi.contracts import Contract, Declared
from runflow_mock.openapi.explanations import schema_findings
from runflow_mock.openapi.unknown_fields import unknown_fields
from runflow_mock.resources import data_folder

# The judge's message of these would repeat the name of a field, whatever that is.
NAMING = ("additionalProperties", "unevaluatedProperties", "propertyNames")
SPARSE: Mapping[str, str] = {"Run": "SparseRun", "Batch": "SparseBatch"}
CHOICES = ("enum", "const", "anyOf", "oneOf", "discriminator", "error-code")

_EPOCH = datetime.fromtimestamp(0, UTC)


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the contract does not say, and where it was first seen."""

    rule: str
    where: str
    message: str
    evidence: Evidence
    times: int = 1


def notes_of(captures: Iterable[Capture], contract: Contract) -> tuple[Note, ...]:
    """Returns what captures, as they were taken, hold beyond the contract; what is seen often is told once."""
    found: dict[tuple[str, str, str], Note] = {}
    for capture in captures:
        scrubbed = scrub(capture).value
        for where, finding in _findings(capture, contract):
            place = _named(finding.loc)
            shown = location("", tuple(part for part in place if not isinstance(part, int)))
            key = (finding.rule, f"{where}: {shown}", _told(finding, scrubbed))
            known = found.get(key)
            if known is None:
                evidence = Evidence(capture.source, location(capture.place, place))
                found[key] = Note(rule=key[0], where=key[1], message=key[2], evidence=evidence)
            else:
                found[key] = msgspec.structs.replace(known, times=known.times + 1)
    return tuple(found.values())


def _findings(capture: Capture, contract: Contract) -> Iterator[tuple[str, Finding]]:
    if capture.kind is Kind.CALLBACK:
        yield from _of_record(capture, contract, next((PAYLOADS[name] for name in PAYLOADS if name in capture.record), None))
    elif capture.path is None:
        yield from _of_record(capture, contract, _schema_of(capture))
    else:
        yield from _of_exchange(capture, contract)
    # The names of errors are in a catalogue beside the document.
    code, status = capture.record.get("code"), capture.status
    if status is None or status < 400 or not isinstance(code, str):
        return
    if code not in _codes().get(status, ()):
        documented = ", ".join(_codes().get(status, ())) or "none"
        yield f"{status}", Finding(("body", "code"), "error-code", f"documented for a {status}: {documented}")


def _of_record(capture: Capture, contract: Contract, name: str | None) -> Iterator[tuple[str, Finding]]:
    """What is wrong with a body of which no more than its kind is known."""
    # A capture may hold some fields of a record only.
    schema = SPARSE.get(name or "", name)
    if name is not None and schema is not None and contract.at(("components", "schemas", schema)):
        pointer = ("components", "schemas", schema)
        unknown = unknown_fields(contract, pointer, capture.value, ("body",))
        found = (*schema_findings(contract, pointer, capture.value, ("body",)), *map(_unknown, unknown))
        yield from ((name, finding) for finding in found)


def _of_exchange(capture: Capture, contract: Contract) -> Iterator[tuple[str, Finding]]:
    """What is wrong with an answer whose operation is known."""
    where = f"{capture.method} {template_of(str(capture.path))}"
    addressed = contract.address(str(capture.path))
    declared = None if addressed is None else contract.operation(addressed.path, str(capture.method))
    if declared is None:
        # Browsers ask so before they ask; that is between them and whoever stands before the API.
        if capture.method != "OPTIONS":
            yield where, Finding(("path",), "route", "the contract has no such operation")
        return
    schema = declared.responses.get(str(capture.status), {}).get("application/json")
    for finding in answer_findings(contract, declared, _exchange(capture, declared)):
        if finding.rule == "too-large-to-judge" and schema is not None and capture.value is not None:
            # A journal keeps no more; a capture is whole.
            yield from ((declared.id, found) for found in schema_findings(contract, schema, capture.value, ("body",)))
        elif capture.body or finding.rule != "json":
            # A head that was kept alone is no answer without a body.
            yield declared.id, msgspec.structs.replace(finding, loc=finding.loc[1:])
    if schema is not None:
        for loc in unknown_fields(contract, schema, capture.value, ("body",)):
            yield declared.id, _unknown(loc)


def _unknown(loc: Location) -> Finding:
    return Finding(loc, "unknown-field", "the contract does not know this field")


def _schema_of(capture: Capture) -> str | None:
    record = capture.record
    items = record.get("items")
    first = items[0] if is_page(capture.value) and isinstance(items, list) and items else None
    if isinstance(first, dict):
        kind = _kind_of(first)
        return None if kind not in SPARSE else f"{kind}List"
    return "ValidationErrorResponse" if capture.status == 422 else _kind_of(record)


def _kind_of(record: Mapping[str, Json]) -> str | None:
    if "id" not in record:
        return "ErrorResponse" if {"code", "message"} <= record.keys() else None
    if "items_total" in record:
        return "Batch"
    if "plain_secret" in record:
        return "CallbackSecretCreated"
    return "Run" if "status_code" in record and "failure_code" in record else None


def _exchange(capture: Capture, declared: Declared) -> Exchange:
    # Whoever keeps a body keeps it as it was before it was compressed, beside the headers of what came.
    kept = {"content-type": "application/json"} if capture.headers is None else capture.headers
    headers = {name: value for name, value in kept.items() if name != "content-encoding"}
    return Exchange(
        id="",
        number=0,
        at=_EPOCH,
        wall=0.0,
        operation=declared.id,
        method=declared.method,
        target=str(capture.path),
        request_headers=(),
        request_body=b"",
        status=capture.status or 0,
        response_headers=tuple((name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()),
        response_body=capture.body,
        elapsed_ms=0.0,
    )


def _named(loc: Location) -> Location:
    return tuple(part if isinstance(part, int) else safe_name(part) for part in loc)


def _told(finding: Finding, scrubbed: Json) -> str:
    """A message of the judge; where there was a choice of words it names the one that was found instead."""
    if finding.rule in NAMING:
        return "there is a field that the contract forbids"
    value = _value_at(scrubbed, _named(finding.loc[1:])) if finding.rule in CHOICES else None
    if not isinstance(value, str) or REDACTED in value or str(finding.loc[-1]) not in CODES:
        return finding.message
    known = f": {finding.message}" if finding.rule in ("enum", "error-code") else ""
    return f"{value} is none of the words that are known{known}"


def _value_at(value: Json, loc: Location) -> Json:
    for part in loc:
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


@cache
def _codes() -> Mapping[int, tuple[str, ...]]:
    catalogue = json_decoder(_Catalogue).decode((data_folder("contracts") / "errors.json").read_bytes())
    known: dict[int, dict[str, None]] = {}
    for entry in catalogue.http:
        spoken = (code for code in entry.dialects.values() if code.replace("_", "").isupper() and " " not in code)
        known.setdefault(entry.status, {}).update(dict.fromkeys((entry.code, *spoken)))
    return {status: tuple(codes) for status, codes in known.items()}


class _Entry(msgspec.Struct):
    status: int
    code: str
    dialects: dict[str, str] = {}


class _Catalogue(msgspec.Struct):
    http: list[_Entry]

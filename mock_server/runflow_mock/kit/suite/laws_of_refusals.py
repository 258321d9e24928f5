"""Laws of refusals: an error names a cause that its status allows, and a problem lies where its `loc` leads."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from runflow_mock.domain.whole_numbers import whole_number
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.memories import Memory
from runflow_mock.openapi.contracts import Contract, packaged_contract
from runflow_mock.openapi.explanations import schema_errors
from runflow_mock.openapi.pointers import Pointer
from runflow_mock.resources import data_folder

NAME = re.compile(r"[A-Za-z][\w.:/-]*", re.ASCII)
NO_SUCH_RUN = "RUN_NOT_FOUND"
UNAUTHORIZED, CHALLENGE = 401, "www-authenticate"
PLACES = ("body", "query", "path", "header")


def has_a_code_of_its_status(answer: Answer, memory: Memory) -> Iterator[str]:
    """A code that the contract's catalogue has comes with the status that it has there."""
    body = answer.json
    if answer.status < 400 or not isinstance(body, dict):
        return
    statuses = _statuses().get(str(body.get("code")))
    if statuses is not None and answer.status not in statuses:
        yield f"{body['code']} comes with {answer.status}, and belongs to {sorted(statuses)}"
    names_a_run = isinstance(answer.sent, dict) and "run_id" in answer.sent
    if body.get("code") == NO_SUCH_RUN and "/runs" not in answer.path and not names_a_run:
        yield f"{NO_SUCH_RUN} is told of {answer.path[:120]}, which names no run"


def leads_to_the_problem(answer: Answer, memory: Memory) -> Iterator[str]:
    """Each problem of a 422 has a short name, lies in a part of the request, and its `loc` leads there through what was sent."""
    body = answer.json
    issues = body.get("errors") if answer.status == 422 and isinstance(body, dict) else None
    known: list[Any] = []
    for issue in issues if isinstance(issues, list) else ():
        if not isinstance(issue, dict):
            continue
        if issue in known:
            yield f"the same problem is told twice: {issue}"
        known.append(issue)
        if not isinstance(issue.get("type"), str) or not NAME.fullmatch(issue["type"]):
            yield f"the type of a problem is {issue.get('type')!r}"
        loc = issue.get("loc")
        if not isinstance(loc, list) or not loc or loc[0] not in PLACES:
            yield f"loc is {loc}, and begins with none of {', '.join(PLACES)}"
        elif loc[0] == "body":
            yield from _astray(answer.sent, loc)
        else:
            is_missing = issue.get("type") == "missing"
            sent: Mapping[str, Any] = {"query": answer.query, "path": memory.params, "header": answer.sent_headers}[loc[0]]
            name = str(loc[1]) if len(loc) > 1 else ""
            if len(loc) != 2:
                yield f"loc is {loc}, and names no parameter"
            elif (name.lower() if loc[0] == "header" else name) not in sent and not is_missing and (sent or loc[0] != "path"):
                yield f"loc is {loc}, and there is no such {loc[0]} parameter in the request"


def _astray(sent: Any, loc: list[Any]) -> Iterator[str]:
    """Where a way through a body leaves what was sent; the last step may name what is missing."""
    part = sent
    for number, step in enumerate(loc[1:], 1):
        is_index = isinstance(part, list) and isinstance(step, int) and 0 <= step < len(part)
        is_name = isinstance(part, dict) and isinstance(step, str) and step in part
        if is_index or is_name:
            part = part[step]
        elif isinstance(part, dict) and number == len(loc) - 1:
            return
        else:
            yield f"loc is {loc}, and from {loc[:number]} nothing leads on to {step!r}"
            return


def has_its_headers(answer: Answer, memory: Memory) -> Iterator[str]:
    """Headers that the contract demands of an answer are there, and those that it describes are as it says."""
    if memory.operation is None:
        return
    for header in _headers(memory.operation.path, memory.operation.method, answer.status):
        value = answer.headers.get(header.name.lower())
        if value is None:
            if header.is_required and answer.method != "HEAD":
                yield f"there is no {header.name}"
        elif header.schema is not None:
            number = whole_number(value) if header.type == "integer" else None
            read: Any = value if number is None else number
            yield from (f"{header.name} is {value!r}: {error.message}" for error in schema_errors(packaged_contract(), header.schema, read))


def says_how_to_come_in(answer: Answer, memory: Memory) -> Iterator[str]:
    """A server that tells on one 401 how to authenticate tells it on each."""
    if answer.status != UNAUTHORIZED or answer.is_provoked or memory.operation is None or answer.method == "HEAD":
        return
    is_told = CHALLENGE in answer.headers
    if memory.challenges is None:
        memory.challenges = is_told
    elif memory.challenges is not is_told:
        yield f"there is {'a' if is_told else 'no'} {CHALLENGE} here, unlike on other refusals with {UNAUTHORIZED} of this server"


class _Header(NamedTuple):
    """A header of an answer, as the packaged contract describes it."""

    name: str
    is_required: bool
    schema: Pointer | None
    type: Any


@cache
def _headers(path: str, method: str, status: int) -> tuple[_Header, ...]:
    """The headers that an operation declares for a status."""
    contract = packaged_contract()
    way, response = contract.follow(("paths", path, method.lower(), "responses", str(status)))
    declared = response.get("headers")
    return tuple(_header(contract, name, (*way, "headers", name)) for name in (declared if isinstance(declared, dict) else ()))


def _header(contract: Contract, name: str, way: Pointer) -> _Header:
    place, header = contract.follow(way)
    schema = (*place, "schema") if "schema" in header else None
    return _Header(name, header.get("required") is True, schema, None if schema is None else contract.follow(schema)[1].get("type"))


@cache
def _statuses() -> Mapping[str, frozenset[int]]:
    """The statuses of each code, in every spelling."""
    stated = json.loads((data_folder("contracts") / "errors.json").read_bytes())["http"]
    found: dict[str, set[int]] = {}
    for entry in stated:
        spellings = (entry["code"], *(word for word in (entry.get("dialects") or {}).values() if word.isupper()))
        for code in spellings:
            found.setdefault(code, set()).add(entry["status"])
    return {code: frozenset(statuses) for code, statuses in found.items()}


LAWS = {
    "code_fits_status": has_a_code_of_its_status,
    "loc_leads_there": leads_to_the_problem,
    "headers": has_its_headers,
    "challenges": says_how_to_come_in,
}

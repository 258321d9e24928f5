"""Laws of refusals: an error names a cause that its status allows, and a problem lies where its `loc` leads."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.memories import Memory
from runflow_mock.resources import data_folder

PLACES = ("body", "query", "path", "header")


def has_a_code_of_its_status(answer: Answer, memory: Memory) -> Iterator[str]:
    """A code that the contract's catalogue has comes with the status that it has there."""
    body = answer.json
    if answer.status < 400 or not isinstance(body, dict):
        return
    statuses = _statuses().get(str(body.get("code")))
    if statuses is not None and answer.status not in statuses:
        yield f"{body['code']} comes with {answer.status}, and belongs to {sorted(statuses)}"


def leads_to_the_problem(answer: Answer, memory: Memory) -> Iterator[str]:
    """Each problem of a 422 lies in a part of the request, and its `loc` leads there through what was sent."""
    body = answer.json
    issues = body.get("errors") if answer.status == 422 and isinstance(body, dict) else None
    for issue in issues if isinstance(issues, list) else ():
        loc = issue.get("loc") if isinstance(issue, dict) else None
        if not isinstance(loc, list) or not loc or loc[0] not in PLACES:
            yield f"loc is {loc}, and begins with none of {', '.join(PLACES)}"
        elif loc[0] == "body":
            yield from _astray(answer.sent, loc)
        elif loc[0] == "path" and len(loc) > 1 and memory.params and loc[1] not in memory.params:
            yield f"loc is {loc}, and the path has {sorted(memory.params)}"
        elif loc[0] == "query" and len(loc) > 1 and loc[1] not in answer.query and issue.get("type") != "missing":
            yield f"loc is {loc}, and the query has {sorted(answer.query)}"
        elif loc[0] == "header" and len(loc) > 1 and str(loc[1]).lower() not in answer.sent_headers and issue.get("type") != "missing":
            yield f"loc is {loc}, and there is no such header in the request"


def _astray(sent: Any, loc: list[Any]) -> Iterator[str]:
    """Where a way through a body leaves what was sent; the last step may name what is missing."""
    part = sent
    for number, step in enumerate(loc[1:], 1):
        if isinstance(part, list):
            if not isinstance(step, int) or not 0 <= step < len(part):
                yield f"loc is {loc}, and what stands at {loc[:number]} is a list of {len(part)}"
                return
            part = part[step]
        elif isinstance(part, dict):
            if step not in part:
                if number < len(loc) - 1:
                    yield f"loc is {loc}, and there is nothing at {loc[: number + 1]}"
                return
            part = part[step]
        else:
            return


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


LAWS = {"code_fits_status": has_a_code_of_its_status, "loc_leads_there": leads_to_the_problem}

"""Flows of rules: noun by noun, every rule of every request is broken once, and the refusal must say where; every bound is kept once."""

from collections.abc import Iterator
from typing import Any

from runflow_mock.kit.suite.flows import Flow, Needs, Play
from runflow_mock.kit.suite.laws_of_belonging import LISTED_AT
from runflow_mock.kit.suite.laws_of_items import unsigned
from runflow_mock.kit.suite.lists import WHOLE
from runflow_mock.kit.suite.provocations import fresh_request
from runflow_mock.kit.suite.requests import Request, right_requests
from runflow_mock.kit.suite.rules import Breakage, breakages, brims, liberties, with_liberty
from runflow_mock.kit.suite.suite_tenants import SuiteTenant

NOUNS = (
    *("auth", "billing", "models", "runs", "batches", "callback-secrets", "asset-uploads", "assets", "evaluations", "webhooks"),
    *("comfyui-workflows", "flows", "solutions", "admin"),
)
REFUSED = (400, 413, 422)
# What refers to a record may as well be told as one that is not there.
REFERENCES = frozenset(("model", "run_id", "folder_id"))


def _rules_of(noun: str) -> Play:
    """Returns what breaks every rule of the requests of a noun."""

    def play(tenant: SuiteTenant) -> Iterator[str]:
        for request in right_requests(tenant, noun):
            before = record_of(tenant, request)
            for breakage in breakages(request, is_strict=tenant.is_strict):
                yield from _is_refused(tenant, request, breakage)
            after = record_of(tenant, request)
            if after != before:
                yield f"{request.operation.id}: what was refused has changed {str(before)[:300]} to {str(after)[:300]}"
            for liberty in liberties(request):
                fresh = fresh_request(tenant, request)
                answer = fresh.send(tenant, body=with_liberty(fresh.body, liberty))
                if answer.status >= 300:
                    yield f"{request.operation.id}: {liberty}, and it is refused: {answer.evidence}"
            # What is as long, as many or as much as the contract allows is taken.
            for brim in brims(request, is_strict=tenant.is_strict):
                answer = fresh_request(tenant, request).send(tenant, body=brim.body)
                if answer.status >= 300:
                    yield f"{request.operation.id}: {brim.rule} of {brim.name} allows what was sent, and it is refused: {answer.evidence}"

    return play


def record_of(tenant: SuiteTenant, request: Request) -> Any:
    """Returns the record that a request would change, as it is now, or what stands where it would list what it makes.

    How its files are signed is no part of it: each reading may sign them anew.
    """
    if request.operation.method == "PATCH":
        return unsigned(tenant.get(request.path.removesuffix("/feedback")).json)
    places = [place or request.path for place in LISTED_AT.get(request.operation.id, ())]
    return {place: sorted(str(item.get("id")) for item in tenant.items(f"{place}?limit={WHOLE}")) for place in places}


def _is_refused(tenant: SuiteTenant, request: Request, breakage: Breakage) -> Iterator[str]:
    answer = request.send(tenant, path=breakage.path, body=breakage.body, headers=breakage.headers)
    where = "/".join(map(str, breakage.loc))
    if answer.status == 404 and breakage.loc[-1] in REFERENCES:
        return
    if answer.status not in REFUSED:
        yield f"{request.operation.id}: {breakage.rule} of {where} is not enforced: {answer.evidence}"
    elif answer.status == 422:
        locs = [issue.get("loc") for issue in (answer.json or {}).get("errors") or () if isinstance(issue, dict)]
        if not any(_points_at(loc, breakage) for loc in locs):
            yield f"{request.operation.id}: {breakage.rule} of {where} is broken, and the refusal points at {locs}"


def _points_at(loc: Any, breakage: Breakage) -> bool:
    """The refusal points at the value, or into it."""
    if not isinstance(loc, list):
        return False
    lowered = [str(step).lower() for step in loc]
    wanted = [str(step).lower() for step in breakage.loc]
    return lowered[: len(wanted)] == wanted


FLOWS: tuple[Flow, ...] = tuple(
    Flow(
        f"rules_of_{noun.replace('-', '_')}",
        f"every rule of a request is enforced, every bound reached, and what is optional left out: {noun}",
        Needs.CONTROL,
        _rules_of(noun),
    )
    for noun in NOUNS
)

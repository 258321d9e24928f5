"""Lies about lists: filters and orders that are looked at for some fields only, pages that are counted, records that lists leave out."""

import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlencode

from lies import Lie, lie
from msgspec.structs import replace
from mutants import Asked, Body, Bug, Mutant, asked, at, changed, same

from runflow_mock.kit.suite.carriers import Answer

Pairs = list[tuple[str, str]]
TERM = re.compile(r"([a-z_]+)(\.[A-Za-z]+)?[:=<>]")
ORDER = re.compile(r"([a-z_]+):(asc|desc)")
# Fields that are looked at in any case; with others it is easy to forget one.
USUAL = frozenset(("id", "code", "client_ref", "status_code", "created_at", "items_total", "sort_order", "sequence_index", "nonsense"))
PAGE_SIZE = 50
NOT_FOUND = {"code": "NOT_FOUND", "message": "No.", "errors": None}


def _asking(path: str, change: Callable[[Pairs], Pairs]) -> Bug:
    """What a list is asked for is changed before the right server sees it."""

    def on_request(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
        place, _, query = target.partition("?")
        if method != "GET" or not re.fullmatch(path, place):
            return method, target, headers, body
        pairs = parse_qsl(query, keep_blank_values=True)
        kept = change(pairs)
        return method, target if kept == pairs else f"{place}?{urlencode(kept)}", headers, body

    return Bug(same, on_request)


def _is_usual(found: re.Match[str] | None) -> bool:
    return found is None or found[1] in USUAL


def _filtered_as_usual(pairs: Pairs) -> Pairs:
    return [(name, value) for name, value in pairs if name != "q" or _is_usual(TERM.match(value))]


def _sorted_as_usual(pairs: Pairs) -> Pairs:
    return [(name, value) for name, value in pairs if name != "sort_by" or _is_usual(ORDER.fullmatch(value))]


def _first_term_alone(pairs: Pairs) -> Pairs:
    return [(name, value.partition(" AND ")[0] if name == "q" and "(" not in value else value) for name, value in pairs]


def _counted(path: str) -> Bug:
    """Pages begin after as many records as stood on those before: what is made moves them."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        if answer.path == "/_mock/tenants":
            mutant.memory["begins"] = {}
        if answer.method != "GET" or answer.path != path or answer.status != 200:
            return answer
        begins, query = mutant.memory.setdefault("begins", {}), dict(parse_qsl(answer.target.partition("?")[2]))
        begin = begins.get(query.get("pq"), 0)
        if begin and "from_prev" not in query:
            whole = urlencode({**{name: value for name, value in query.items() if name != "pq"}, "limit": 500})
            items = mutant.again("GET", f"{path}?{whole}", asked(mutant)[2]).json["items"]
            told = changed(answer, lambda body: {**body, "items": items[begin : begin + int(query.get("limit", PAGE_SIZE))]})
        else:
            told = answer
        if told.json["next"] is not None:
            begins[told.json["next"]] = begin + len(told.json["items"])
        return told

    return Bug(spoil)


def _keeps(path: str) -> Bug:
    """What was deleted stays in its list."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        if answer.path == "/_mock/tenants":
            mutant.memory["read"], mutant.memory["deleted"] = {}, []
        if at("GET", f"{path}/", 200)(answer) and answer.path.count("/") == path.count("/") + 1:
            mutant.memory["read"][answer.path] = answer.json
        if answer.method == "DELETE" and answer.status == 204 and answer.path in mutant.memory.get("read", {}):
            mutant.memory["deleted"].append(mutant.memory["read"][answer.path])
        if answer.path != path or answer.method != "GET" or answer.status != 200 or answer.query.keys() - {"limit"}:
            return answer
        return changed(answer, lambda body: {**body, "items": [*mutant.memory.get("deleted", ()), *body["items"]]})

    return Bug(spoil)


def _listed_but(path: str, left_out: Callable[[Body], bool]) -> Bug:
    """A list leaves out what is of a kind."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        if answer.method != "GET" or answer.status != 200 or not re.fullmatch(path, answer.path):
            return answer
        return changed(answer, lambda body: {**body, "items": [item for item in body["items"] if not left_out(item)]})

    return Bug(spoil)


def _between(name: str, told: str) -> Bug:
    """Pages that have one before and one behind them tell one cursor under the name of another."""

    def change(body: Body) -> Body:
        return {**body, name: body[told]} if isinstance(body, dict) and body.get("next") and body.get("previous") else body

    return Bug(lambda mutant, answer: changed(answer, change) if answer.method == "GET" and answer.status == 200 else answer)


def _by_name_alone(mutant: Mutant, answer: Answer) -> Answer:
    """What stands below a model is not found under the id of that."""
    is_by_id = re.match(r"/v1/models/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/", answer.path) is not None
    return replace(answer.with_body(json.dumps(NOT_FOUND).encode()), status=404) if is_by_id and answer.status == 200 else answer


LISTS: Mapping[str, tuple[str, str]] = {
    "models": ("/v1/models", "models_agree"),
    "public models": ("/v1/public/models", "public_models_agree"),
    "runs": ("/v1/runs", "runs_agree"),
    "batches": ("/v1/batches", "batches_agree"),
    "items": ("/v1/batches/[^/]+/items", "batches_agree"),
    "logs": ("/v1/runs/[^/]+/logs", "runs_agree"),
    "webhooks": ("/v1/webhooks", "webhooks_agree"),
    "deliveries": ("/v1/webhooks/[^/]+/deliveries", "webhooks_agree"),
    "secrets": ("/v1/callback-secrets", "callback_secrets_agree"),
    "workflows": ("/v1/comfyui-workflows", "workflows_agree"),
    "solutions": ("/v1/solutions", "solutions_agree"),
    "flows": ("/v1/flows", "flows_agree"),
    "creators": ("/v1/model-creators", "model_creators_agree"),
}
CASES: Mapping[str, Lie] = {
    **{
        f"filters of {name} count for the usual fields": lie(_asking(path, _filtered_as_usual), rule)
        for name, (path, rule) in LISTS.items()
    },
    **{
        f"orders of {name} count for the usual fields": lie(_asking(path, _sorted_as_usual), rule)
        for name, (path, rule) in LISTS.items()
        if name in ("models", "batches", "webhooks", "secrets")
    },
    "the first page is the next one": lie(_between("first", "next"), "list_is_complete", *(rule for _, rule in LISTS.values())),
    "the page before one between is the next one": lie(_between("previous", "next"), *(rule for _, rule in LISTS.values())),
    "what stands below a model is not found by its id": lie(Bug(_by_name_alone), "any_is_all"),
    "of what AND joins only the first counts": lie(_asking("/v1/webhooks", _first_term_alone), "webhooks_agree"),
    **{f"pages of {name} are counted": lie(_counted(LISTS[name][0]), "page_stays") for name in ("batches", "webhooks", "secrets")},
    "pages of assets are counted": lie(_counted("/v1/assets"), "page_stays"),
    "an asset that was deleted is still listed": lie(_keeps("/v1/assets"), "deleted_is_gone"),
    "a webhook that was deleted is still listed": lie(_keeps("/v1/webhooks"), "deleted_is_gone"),
    "a workflow that was deleted is still listed": lie(_keeps("/v1/comfyui-workflows"), "deleted_is_gone"),
    "everybody reads all models but one": lie(
        _listed_but("/v1/public/models", lambda item: item.get("slug") == "background-removal"), "public_models_agree"
    ),
    "an evaluation is not among those of its run": lie(
        _listed_but("/v1/runs/[^/]+/evaluations", lambda item: item.get("client_ref") is not None), "made_is_listed"
    ),
    "what a webhook was told of failures is not listed": lie(
        _listed_but("/v1/webhooks/[^/]+/deliveries", lambda item: item.get("event_type_code") == "run.failed"), "webhook_is_tried_again"
    ),
}

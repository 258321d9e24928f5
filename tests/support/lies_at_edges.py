"""Lies at edges: what a server loses at the end of a page, at the longest that it takes, beside its like, or just before its time is up."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from lies import Lie, lie, read_body, repaired
from msgspec.structs import replace
from mutants import Asked, Body, Bug, Mutant, asked, changed, same

from runflow_mock.kit.suite.carriers import Answer

LISTS = ("/v1/runs", "/v1/batches", "/v1/models", "/v1/public/models", "/v1/webhooks", "/v1/assets")
HOUR = 3600.0


def _is_page(answer: Answer) -> bool:
    return answer.method == "GET" and answer.status == 200 and answer.path in LISTS


def _sent(change: Callable[[str, str, dict[str, str], Body], Asked | None]) -> Bug:
    """A lie about requests, whose bodies are read."""

    def on_request(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
        return change(method, target, headers, read_body(body)) or (method, target, headers, body)

    return Bug(same, on_request)


def _targeted(rewrite: Callable[[str], str]) -> Bug:
    """Targets of readings that are taken as others."""
    return Bug(same, lambda method, target, headers, body: (method, rewrite(target) if method == "GET" else target, headers, body))


def _keyed(rewrite: Callable[[str], str]) -> Bug:
    """Idempotency keys that are taken as others."""

    def on_request(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
        told = {name: rewrite(text) if name.lower() == "idempotency-key" else text for name, text in headers.items()}
        return method, target, told, body

    return Bug(same, on_request)


def _a_hundred_on_a_page(target: str) -> str:
    return re.sub(r"limit=(\d+)", lambda found: f"limit={min(100, int(found[1]))}" if int(found[1]) <= 500 else found[0], target)


def _next_to_last(mutant: Mutant, answer: Answer) -> Answer:
    """The next page begins after everything that is equal to the end of the last one, in what the list is sorted by."""
    sort = answer.query.get("sort_by", "").partition(":")[0].partition(",")[0]
    if not _is_page(answer) or not sort or sort in ("id", "created_at"):
        return answer
    last = mutant.memory.get(answer.query.get("pq", ""))
    items = [item for item in answer.json["items"] if not (last and item.get(sort) == last[0])]
    if answer.json.get("next"):
        mutant.memory[answer.json["next"]] = (answer.json["items"][-1].get(sort),)
    return changed(answer, lambda body: {**body, "items": items})


def _cut_first(mutant: Mutant, answer: Answer) -> Answer:
    """A page is cut before it is filtered, so that it may have fewer records than there are."""
    limit, sought = answer.query.get("limit"), answer.query.get("q")
    if answer.path != "/v1/runs" or not _is_page(answer) or limit is None or sought is None or "pq" in answer.query:
        return answer
    method, target, headers, _ = asked(mutant)
    plain = mutant.again(method, re.sub(r"(?<=[?&])(q|fields)=[^&]*", "x=1", target), headers)
    ids = {item["id"] for item in (plain.json or {}).get("items", ())}
    return changed(answer, lambda body: {**body, "items": [item for item in body["items"] if item.get("id") in ids]})


def _as_texts(mutant: Mutant, answer: Answer) -> Answer:
    """Numbers are compared as if they were texts."""
    found = re.fullmatch(r"(items_total|duration_ms|cost)(>=|<=|>|<)'?([\d.]+)'?", unquote(answer.query.get("q", "")))
    if not _is_page(answer) or found is None:
        return answer
    name, sign, bound = found.groups()
    method, target, headers, _ = asked(mutant)
    everything = mutant.again(method, re.sub(r"(?<=[?&])q=[^&]*", "x=1", target), headers).json["items"]
    holds: Mapping[str, Callable[[str], bool]] = {
        ">": lambda text: text > bound,
        "<": lambda text: text < bound,
        ">=": lambda text: text >= bound,
        "<=": lambda text: text <= bound,
    }
    kept = [item for item in everything if item.get(name) is not None and holds[sign](str(item[name]))]
    return changed(answer, lambda body: {**body, "items": kept})


def _sorted_as_texts(mutant: Mutant, answer: Answer) -> Answer:
    """Numbers are sorted as if they were texts."""
    name, _, way = answer.query.get("sort_by", "").partition(":")
    if not _is_page(answer) or name not in ("items_total", "duration_ms", "cost", "size_bytes", "items_succeeded"):
        return answer
    items = sorted(answer.json["items"], key=lambda item: str(item.get(name)), reverse=way == "desc")
    return changed(answer, lambda body: {**body, "items": items})


def _found(is_like: Callable[[str, str], bool]) -> Bug:
    """What is sought by a label of the caller finds everything that is like it."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        sought = re.fullmatch(r"client_ref\.(?:EQ|eq):'([^']*)'", unquote(answer.query.get("q", "")))
        if not _is_page(answer) or sought is None:
            return answer
        method, target, headers, _ = asked(mutant)
        whole = mutant.again(method, "/v1/runs?limit=500&fields=id,client_ref", headers).json["items"]
        like = [item["id"] for item in whole if item["client_ref"] and is_like(item["client_ref"], sought[1])]
        wider = " OR ".join(f"id:'{each}'" for each in like) or "id:'0'"
        return mutant.again(method, re.sub(r"(?<=[?&])q=[^&]*", lambda _: "q=" + wider.replace(" ", "%20"), target), headers)

    return Bug(spoil)


def _forgotten(mutant: Mutant, answer: Answer) -> Answer:
    """Under a key whose run has failed another one is made."""
    method, target, headers, body = asked(mutant)
    key = headers.get("Idempotency-Key")
    if method != "POST" or key is None or answer.status != 201 or not target.endswith("/runs"):
        return answer
    own = {"Authorization": headers["Authorization"]}
    now = mutant.again("GET", f"/v1/runs/{answer.json['id']}", own)
    return (
        mutant.again(method, target, {**own, "Content-Type": "application/json"}, body) if now.json["status_code"] == "failed" else answer
    )


def _refused(name: str, is_at_its_most: Callable[[Any], bool]) -> Bug:
    """The most that the contract allows is refused."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        _, target, _, body = asked(mutant)
        sent = read_body(body)
        if answer.status >= 300 or not isinstance(sent, dict) or not target.startswith("/v1/") or not is_at_its_most(sent.get(name)):
            return answer
        issue = {"loc": ["body", name], "msg": "It is too long.", "type": "too_long"}
        refusal = {"code": "VALIDATION_ERROR", "message": "No.", "errors": [issue]}
        return replace(answer, status=422, body=json.dumps(refusal).encode(), headers={"content-type": "application/json"})

    return Bug(spoil)


def _lives_an_hour(mutant: Mutant, answer: Answer) -> Answer:
    """Addresses of outputs end long before their time."""
    _, target, _, body = asked(mutant)
    if answer.path == "/_mock/tenants":
        mutant.memory["passed"] = 0.0
    if target.startswith("/_mock/clock/advance") and answer.status == 200:
        sent = read_body(body) or {}
        seconds = next((value for value in sent.values() if isinstance(value, int | float)), 0.0)
        mutant.memory["passed"] = mutant.memory.get("passed", 0.0) + float(seconds)
    if answer.path.startswith("/media/") and answer.status == 200 and mutant.memory.get("passed", 0.0) > HOUR:
        return replace(answer, status=403, body=b"", headers={"content-type": "text/plain"})
    return answer


def _first_item(body: Body) -> Body:
    for issue in body.get("errors") or ():
        issue["loc"] = [0 if isinstance(step, int) else step for step in issue["loc"]]
    return body


def _not_in_ascii(mutant: Mutant, answer: Answer) -> Answer:
    """What is sought in other letters is not found."""
    is_found = _is_page(answer) and "q=" in asked(mutant)[1] and not unquote(asked(mutant)[1]).isascii()
    return changed(answer, lambda body: {**body, "items": [], "next": None}) if is_found else answer


def _is_long(length: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str | list) and len(value) == length


CASES: Mapping[str, Lie] = {
    "pages in another order skip what is equal at their edge": lie(Bug(_next_to_last), "runs_agree", "batches_agree"),
    "pages have a hundred records at most, whatever is asked for": lie(_targeted(_a_hundred_on_a_page), "page_has_room"),
    "a page is cut before it is filtered": lie(Bug(_cut_first), "filter_finds_in_company"),
    "numbers are compared as texts": lie(Bug(_as_texts), "comparison_finds"),
    "numbers are sorted as texts": lie(Bug(_sorted_as_texts), "in_order"),
    "a label finds whatever begins with it": lie(_found(str.startswith), "filter_finds"),
    "a label finds itself in capitals": lie(_found(lambda told, sought: told.lower() == sought.lower()), "filter_finds"),
    "a key is forgotten once its run has failed": lie(Bug(_forgotten), "repeat_is_replayed"),
    "keys are told apart by their first letters": lie(_keyed(lambda key: key[:32]), "keys_are_told_apart"),
    "keys are told apart by letters and not by capitals": lie(_keyed(str.lower), "keys_are_told_apart"),
    "a hundred items are refused": lie(_refused("input", _is_long(100)), "rules_of_models", "rules_of_batches", "page_has_room"),
    "the longest label is refused": lie(_refused("client_ref", _is_long(255)), "rules_of_models", "rules_of_batches"),
    "the longest reason is refused": lie(_refused("reason", _is_long(2000)), "rules_of_runs"),
    "the longest address is refused": lie(_refused("callback_url", _is_long(2048)), "rules_of_models", "rules_of_batches"),
    "the longest address of a webhook is refused": lie(_refused("url", _is_long(2048)), "rules_of_webhooks"),
    "the longest address is cut": lie(
        repaired(
            lambda method, target, headers, body: isinstance(body, dict) and _is_long(2048)(body.get("callback_url")),
            lambda body: {**body, "callback_url": body["callback_url"][:255]},
        ),
        "echo",
    ),
    "a label in other letters is not found": lie(Bug(_not_in_ascii), "filter_finds"),
    "an output can be fetched for an hour": lie(Bug(_lives_an_hour), "file_expires"),
    "problems lie in the first item, whichever it was": lie(
        Bug(lambda mutant, answer: changed(answer, _first_item) if answer.status == 422 else answer), "rules_of_models", "rules_of_batches"
    ),
}

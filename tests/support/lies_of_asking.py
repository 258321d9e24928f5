"""Lies about asking: what is sought, in which order and on which page, under which key, and what is made of what was refused."""

import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote

from lies import Lie, lie, refused, repaired
from msgspec.structs import replace
from mutants import Asked, Body, Bug, Mutant, asked, at, put, same, when

from runflow_mock.kit.suite.carriers import Answer

RUN = json.dumps({"input": {"image_url": "https://cdn.example.com/shirt.jpg"}}).encode()
CONFLICT = json.dumps({"code": "CONFLICT", "message": "This key was used.", "errors": None}).encode()
METADATA_MAX = 16 * 1024


def _without(name: str, where: Callable[[str], bool]) -> Bug:
    """A parameter that is not looked at in some readings."""

    def on_request(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
        is_lost = method == "GET" and where(target)
        return method, re.sub(rf"(?<=[?&]){name}=[^&]*", "x=1", target) if is_lost else target, headers, body

    return Bug(same, on_request)


def _is_back(target: str) -> bool:
    return "from_prev=true" in target


def _sought(rewrite: Callable[[str], str]) -> Bug:
    """Filters that are read otherwise."""

    def on_request(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
        sought = re.search(r"(?<=[?&])q=([^&]*)", target)
        return method, target if sought is None else target.replace(sought[1], quote(rewrite(unquote(sought[1])))), headers, body

    return Bug(same, on_request)


def _in_any_direction(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    return method, re.sub(r"(sort_by=[a-z_]+):(?!asc|desc)[a-z]+", r"\1:asc", target), headers, body


def _known_fields(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    return method, target.replace(",nonsense", ""), headers, body


def _of_any_list(mutant: Mutant, answer: Answer) -> Answer:
    """A cursor is a place in whatever list it is sent to."""
    method, target, headers, _ = asked(mutant)
    if method != "GET" or answer.status != 422 or not re.search(r"[?&]pq=.{9,}&(q|sort_by)=", target):
        return answer
    return mutant.again(method, re.sub(r"(?<=[?&])pq=[^&]*", "x=1", target), headers)


def _made_all_the_same(status: int) -> Bug:
    """A run that is refused is made."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        method, target, headers, body = asked(mutant)
        if method == "POST" and target.endswith("/runs") and answer.status == status:
            made = body if status == 409 and body else RUN
            mutant.again("POST", target, {name: value for name, value in headers.items() if name != "Idempotency-Key"}, made)
        return answer

    return Bug(spoil)


def _beyond_the_quota(mutant: Mutant, answer: Answer) -> Answer:
    """What comes too often is told so, and is done when the window has passed."""
    method, target, headers, body = asked(mutant)
    if method == "POST" and target.endswith("/runs") and answer.status == 429:
        mutant.memory["late"] = [*mutant.memory.get("late", ()), (method, target, headers, body)]
    elif target.startswith("/v1/runs") and answer.status == 200 and "late" in mutant.memory:
        for late in mutant.memory.pop("late"):
            mutant.again(*late)
        return mutant.again(method, target, headers, body)
    return answer


def _of_all_paths(mutant: Mutant, answer: Answer) -> Answer:
    """A key stands for what it made first, wherever it is sent to."""
    _, target, headers, _ = asked(mutant)
    key = ("made", headers.get("Authorization"), headers.get("Idempotency-Key"))
    if key[2] is None or answer.method != "POST":
        return answer
    path, first = mutant.memory.setdefault(repr(key), (target, answer)) if answer.status == 201 else (target, answer)
    return answer if path == target else first


def _told_again(mutant: Mutant, answer: Answer) -> Answer:
    """A refusal is told again of whatever comes under its key."""
    _, target, headers, _ = asked(mutant)
    key = repr(("refused", headers.get("Authorization"), target, headers.get("Idempotency-Key")))
    if "Idempotency-Key" not in headers or answer.method != "POST":
        return answer
    if answer.status == 422:
        mutant.memory[key] = answer
    kept = mutant.memory.get(key)
    return answer if kept is None else replace(answer, status=kept.status, headers=kept.headers, body=kept.body)


def _is_large(method: str, target: str, headers: dict[str, str], sent: Body) -> bool:
    return isinstance(sent, dict) and len(json.dumps(sent.get("metadata"))) > METADATA_MAX


def _to_the_cent(amount: Body) -> Body:
    return f"{float(amount):.2f}0000" if isinstance(amount, str) else amount


def _of_all_runs(mutant: Mutant, answer: Answer) -> Answer:
    """The runs of a workflow are those of everything."""
    method, target, headers, _ = asked(mutant)
    runs = re.sub(r"^/v1/comfyui-workflows/[^/]+/[^/]+/runs", "/v1/runs", target)
    return mutant.again(method, runs, headers) if method == "GET" and runs != target and answer.status == 200 else answer


def _kept_unless(name: str, lost: Body) -> Bug:
    """A change to a value that counts as none is not kept."""

    def on_request(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
        sent = json.loads(body) if method == "PATCH" and body and body[:1] == b"{" and body[-1:] == b"}" else {}
        if name in sent and sent[name] == lost and not isinstance(sent[name], bool):
            return method, target, headers, json.dumps({**sent, name: None}).encode()
        return method, target, headers, body

    return Bug(same, on_request)


_PRICES = at("GET", "/v1/models/", 200, "/pricing")
_RUNS: Callable[[Answer], bool] = lambda answer: answer.path.startswith("/v1/runs") and answer.status < 300  # noqa: E731 - a name for a test
CASES: Mapping[str, Lie] = {
    "a reference image has to say of what kind it is": lie(
        refused("POST", "/v1/evaluations", lambda sent: any("kind" not in each for each in sent.get("reference_images") or ()), "kind"),
        "rules_of_evaluations",
    ),
    "a callback secret has to have a label": lie(
        refused("POST", "/v1/callback-secrets", lambda sent: "label" not in sent, "label"), "rules_of_callback_secrets"
    ),
    "metadata may not be null": lie(
        refused("POST", "/batches", lambda sent: sent.get("metadata", {}) is None, "metadata"), "rules_of_models", "rules_of_batches"
    ),
    "one of the listed events is refused": lie(
        refused("PATCH", "", lambda sent: "run.cancelled" in json.dumps(sent.get("event_subscriptions"))), "rules_of_webhooks"
    ),
    "filters are not looked at on the way back": lie(_without("q", _is_back), "filter_finds_in_company"),
    "orders are not looked at on the way back": lie(_without("sort_by", _is_back), "filter_finds_in_company"),
    "fields are not looked at on the way back": lie(_without("fields", _is_back), "filter_finds_in_company", "fields"),
    "sizes of pages are not looked at on the way back": lie(_without("limit", _is_back), "filter_finds_in_company", "pages"),
    "sizes of pages are not looked at on later pages": lie(_without("limit", lambda target: "pq=" in target), "pages", "list_is_complete"),
    "fields are not looked at on later pages": lie(_without("fields", lambda target: "pq=" in target), "filter_finds_in_company", "fields"),
    "embedding is not looked at on later pages": lie(_without("embed", lambda target: "pq=" in target), "embedded"),
    "the runs of a workflow are all runs": lie(Bug(_of_all_runs), "workflows_agree"),
    "a warning at nothing is not kept": lie(_kept_unless("low_balance_threshold", 0), "echo"),
    "an empty description is not kept": lie(_kept_unless("description", ""), "echo"),
    "parentheses are not read": lie(_sought(lambda sought: re.sub(r"^\((.+)\)(?= AND)", r"\1", sought)), "filter_finds"),
    "blanks in what is sought are lost": lie(
        _sought(lambda sought: re.sub("'[^']*'", lambda text: text[0].replace(" ", ""), sought)), "filter_finds_in_company"
    ),
    "an order in no direction is taken": lie(Bug(same, _in_any_direction), "runs_agree"),
    "fields that are not there are taken beside others": lie(Bug(same, _known_fields), "runs_agree"),
    "a cursor of another list is taken": lie(Bug(_of_any_list), "page_stays"),
    "a 409 makes a run all the same": lie(_made_all_the_same(409), "repeat_is_replayed"),
    "a 422 makes a run all the same": lie(_made_all_the_same(422), "refusal_is_free"),
    "a 429 makes a run all the same": lie(Bug(_beyond_the_quota), "quota_is_told"),
    "a key is that of all paths": lie(Bug(_of_all_paths), "keys_are_told_apart"),
    "a refusal is told again of what is right": lie(Bug(_told_again), "keys_are_told_apart"),
    "metadata of any size are taken": lie(repaired(_is_large, lambda sent: {**sent, "metadata": {}}), "rules_of_batches"),
    "costs are rounded to cents": lie(when(_RUNS, put("cost", _to_the_cent)), "costs", "price_is_charged"),
    "prices are rounded to cents": lie(when(_PRICES, put("price", _to_the_cent)), "price_is_charged"),
    "failed runs do not say why": lie(when(_RUNS, put("failure_message", lambda value: None)), "ends_as_it_says"),
    "failed items do not say why": lie(
        when(at("GET", "/v1/batches/", 200), put("error", lambda value: None, where=lambda record: "run_id" in record)),
        "batch_tells_of_its_items",
    ),
    "runs do not know their batch": lie(when(_RUNS, put("batch_id", lambda value: None)), "batch_tells_of_its_items", "records_agree"),
}

"""Lies: servers that are right but for one thing that only another answer, the request or the passing of time gives away.

Each is a bug as in `mutants`, with the rule that must name it. Bodies of callbacks are signed again: a liar knows its secret.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace
from mutants import Body, Bug, Mutant, asked, changed, is_granted, put, records, when
from signed_callbacks import told_by_callbacks

from runflow_mock.kit.suite.carriers import Answer


class Lie(NamedTuple):
    """A bug, and the checks of which one must find it."""

    bug: Bug
    rules: frozenset[str]


def lie(bug: Bug, *rules: str) -> Lie:
    """A bug that one of these checks must find."""
    return Lie(bug, frozenset(rules))


def repaired(is_wrong: Callable[[str, str, dict[str, str], Body], bool], repair: Callable[[Body], Body]) -> Bug:
    """A rule of a request that is not enforced: what breaks it is mended before the right server sees it."""

    def on_request(method: str, target: str, headers: dict[str, str], body: bytes | None) -> tuple[str, str, dict[str, str], bytes | None]:
        content = read_body(body)
        if content is None or not is_wrong(method, target, headers, content):
            return method, target, headers, body
        return method, target, headers, json.dumps(repair(content)).encode()

    return Bug(lambda mutant, answer: answer, on_request)


def refused(method: str, suffix: str, is_wrong: Callable[[Body], bool], *where: str) -> Bug:
    """What is right, and is done by the right server, is told to be wrong."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        sent_by, _, _, body = asked(mutant)
        sent = read_body(body)
        if (
            sent_by != method
            or not answer.path.endswith(suffix)
            or answer.status >= 300
            or not isinstance(sent, dict)
            or not is_wrong(sent)
        ):
            return answer
        issue = {"loc": ["body", *where], "msg": "No.", "type": "value_error"}
        return replace(answer.with_body(json.dumps({"code": "VALIDATION_ERROR", "message": "No.", "errors": [issue]}).encode()), status=422)

    return Bug(spoil)


def read_body(body: bytes | None) -> Body:
    """The values in a body, or nothing where there are none."""
    try:
        return json.loads(body or b"null")
    except (ValueError, RecursionError):
        return None


def without_header(name: str, status: int) -> Bug:
    """A header that is missing from every answer of a status."""
    return Bug(
        lambda mutant, answer: (
            replace(answer, headers={each: text for each, text in answer.headers.items() if each != name})
            if answer.status == status
            else answer
        )
    )


def query_dropped(name: str, path: str) -> Bug:
    """A parameter that is not looked at."""
    return Bug(
        lambda mutant, answer: answer,
        lambda method, target, headers, body: (
            method,
            target.replace(f"{name}=", f"ignored_{name}=") if target.startswith(path) else target,
            headers,
            body,
        ),
    )


def header_dropped(name: str, start: str) -> Bug:
    """A header of a request that is not looked at under a path."""
    return Bug(
        lambda mutant, answer: answer,
        lambda method, target, headers, body: (
            method,
            target,
            {each: text for each, text in headers.items() if each.lower() != name} if target.startswith(start) else headers,
            body,
        ),
    )


def _without_index(body: Body) -> Body:
    for issue in body.get("errors") or ():
        issue["loc"] = [step for step in issue["loc"] if not isinstance(step, int)]
    return body


def _output(change: Callable[[Body], None]) -> Callable[[Body], Body]:
    """A change of what a batch tells of its items."""
    return records(lambda record: change(record["output"]) if "items_total" in record and record.get("output") else None)


def _dead(text: str) -> str:
    return text.replace("/media/", "/media/gone/") if "/media/" in text else text


def _texts(change: Callable[[str], str]) -> Callable[[Body], Body]:
    def walk(part: Body) -> Body:
        if isinstance(part, dict):
            return {name: walk(inner) for name, inner in part.items()}
        if isinstance(part, list):
            return [walk(inner) for inner in part]
        return change(part) if isinstance(part, str) else part

    return walk


def _on_media(change: Callable[[Answer], Answer]) -> Bug:
    return Bug(lambda mutant, answer: change(answer) if answer.path.startswith("/media/") and answer.status == 200 else answer)


def _plain(url: Body) -> bool:
    return isinstance(url, str) and url.startswith("http://") and not url.startswith(("http://127.", "http://localhost", "http://[::1]"))


def _stuck(mutant: Mutant, answer: Answer) -> Answer:
    """The balance stays what it was when it was first read."""
    if answer.path != "/v1/billing/balance" or answer.status != 200:
        return answer
    mutant.memory.setdefault("balance " + str(mutant.memory["request"][2].get("Authorization")), answer.json["balance"])
    kept = mutant.memory["balance " + str(mutant.memory["request"][2].get("Authorization"))]
    return changed(answer, lambda body: {**body, "balance": kept})


def _stuck_without_zeros(mutant: Mutant, answer: Answer) -> Answer:
    return changed(_stuck(mutant, answer), put("balance", lambda told: told and told.rstrip("0").rstrip(".")))


def _nudged(amount: Body) -> Body:
    return amount and f"{float(amount) + 0.01:.6f}"


def _later(text: Body) -> Body:
    """An instant that lies a second later."""
    return text and text.replace(text[17:19], f"{(int(text[17:19]) + 1) % 60:02}", 1) if isinstance(text, str) else text


def _shows_what_is_not_there(mutant: Mutant, answer: Answer) -> Answer:
    if not answer.path.startswith("/v1/solutions") or answer.status != 200:
        return answer
    if "embed=" in answer.target:
        refusal = {"code": "VALIDATION_ERROR", "message": "No", "errors": [{"loc": ["query", "embed"], "msg": "No", "type": "value_error"}]}
        return replace(answer, status=422, body=json.dumps(refusal).encode())
    return changed(answer, lambda body: {**body, "items": []}) if answer.path.endswith("/models") else answer


def _is(name: str) -> Callable[[Body], bool]:
    return lambda record: name in record


def _where_answers(*starts: str, method: str = "", status: int | None = None) -> Callable[[Answer], bool]:
    def holds(answer: Answer) -> bool:
        return (
            answer.path.startswith(starts)
            and answer.method.startswith(method)
            and (answer.status < 300 if status is None else answer.status == status)
        )

    return holds


_EXAMPLES = lambda answer: answer.path == "/v1/models/any/examples" and answer.status == 200  # noqa: E731 - a name for a test


def _wrong_event(body: Body) -> None:
    if body["event"] == "run.failed":
        body["event"] = "run.completed"


def _without(name: str) -> Callable[[Body], None]:
    return lambda body: body.pop(name, None) and None


def _set(name: str, value: Callable[[Body], Body]) -> Callable[[Body], None]:
    def change(body: Body) -> None:
        if name in body:
            body[name] = value(body[name])

    return change


def _other_inputs(output: Body) -> None:
    for item in output["items"]:
        item["input"] = {"image_url": "https://x.example/other.png"}


def _items_of(body: Body) -> Body:
    return (body.get("output") or {}).get("items") or []


CASES: Mapping[str, Lie] = {
    # The nine that passed.
    "a 422 loses the item's index": lie(when(_where_answers("/v1/", status=422), _without_index), "loc_leads_there"),
    "a failed run's callback says run.completed": lie(told_by_callbacks(_wrong_event), "callback_tells_the_truth"),
    "the callback has no metadata": lie(told_by_callbacks(_without("metadata")), "callback_schema"),
    "batch.output.items in reverse order": lie(
        when(is_granted, _output(lambda output: output["items"].reverse())), "batch_tells_of_its_items"
    ),
    "101 items are accepted": lie(
        repaired(
            lambda method, target, headers, body: (
                isinstance(body, dict) and any(isinstance(body.get(name), list) and len(body[name]) > 100 for name in ("input", "items"))
            ),
            lambda body: {name: part[:100] if isinstance(part, list) else part for name, part in body.items()},
        ),
        "rules_of_models",
        "rules_of_batches",
    ),
    "a redelivery is automatic": lie(when(is_granted, put("is_automatic", lambda value: True)), "redelivery_is_asked_for"),
    "the output's addresses are dead": lie(when(is_granted, _texts(_dead)), "file_is_there"),
    "a 429 has no Retry-After": lie(without_header("retry-after", 429), "quota_is_told"),
    "a plain-http callback_url is accepted": lie(
        repaired(
            lambda method, target, headers, body: isinstance(body, dict) and _plain(body.get("callback_url")),
            lambda body: {**body, "callback_url": "https://app.example/hook"},
        ),
        "rules_of_models",
        "rules_of_batches",
    ),
    # Callbacks and their history.
    "a callback has another output": lie(
        told_by_callbacks(_set("output", lambda value: value and {**value, "seed": 1})), "callback_tells_the_truth"
    ),
    "a callback has other metadata": lie(told_by_callbacks(_set("metadata", lambda value: {"other": 1})), "callback_tells_the_truth"),
    "a callback took longer": lie(told_by_callbacks(_set("duration_ms", lambda value: value + 1)), "callback_tells_the_truth"),
    "a callback ended earlier": lie(told_by_callbacks(_set("completed_at", _later)), "callback_tells_the_truth"),
    "a batch's callback swaps its items": lie(
        told_by_callbacks(lambda body: _items_of(body) and _items_of(body).reverse()), "callback_tells_the_truth"
    ),
    "the payload kept is not the one that was sent": lie(
        when(_where_answers("/v1/runs/", "/v1/batches/"), put("payload", lambda value: value and {**value, "metadata": {"x": 0}})),
        "deliveries_are_kept",
    ),
    "attempts are counted wrong": lie(when(is_granted, put("attempt_count", lambda value: value + 1)), "deliveries_are_kept"),
    "attempts say another status": lie(
        when(is_granted, put("status_code", lambda value: value + 1 if isinstance(value, int) else value)), "attempts_are_told"
    ),
    "a webhook's delivery names another event": lie(
        when(
            _where_answers("/v1/webhooks/"),
            put("event_type_code", lambda value: "run.cancelled" if value == "run.completed" else value, where=_is("payload")),
        ),
        "deliveries_are_kept",
    ),
    "a webhook is not signed with its own secret": lie(
        Bug(
            lambda mutant, answer: answer,
            lambda method, target, headers, body: (
                (method, target, headers, json.dumps({**read_body(body), "secret": "other"}).encode())
                if (method, target) == ("POST", "/v1/webhooks") and isinstance(read_body(body), dict) and "secret" in read_body(body)
                else (method, target, headers, body)
            ),
        ),
        "webhook_is_signed",
    ),
    # Batches.
    "items lose their client_ref": lie(
        when(_where_answers("/v1/batches", "/v1/models/"), put("client_ref", lambda value: None, where=_is("sequence_index"))),
        "batch_tells_of_its_items",
        "echo",
    ),
    "items swap their inputs": lie(when(is_granted, _output(_other_inputs)), "batch_tells_of_its_items"),
    "an item's run is another's": lie(
        when(
            is_granted,
            records(lambda record: _swap(record["items"], "run_id") if "items_total" in record and record.get("items") else None),
        ),
        "records_agree",
    ),
    "the output counts one success more": lie(
        when(is_granted, _output(lambda output: output.update(succeeded=output["succeeded"] + 1))), "batch_tells_of_its_items"
    ),
    # Money and time.
    "a run's duration is not the time it took": lie(
        when(is_granted, put("duration_ms", lambda value: value and value + 1000)), "durations"
    ),
    "a list has other costs": lie(
        when(lambda answer: answer.path == "/v1/runs" and answer.status == 200, put("cost", _nudged)), "records_agree"
    ),
    "the breakdown is of another price": lie(when(is_granted, put("unit_price", _nudged, where=_is("quantity"))), "costs"),
    "a run costs what no price list says": lie(
        when(_where_answers("/v1/models/"), put("price", _nudged, where=_is("unit_code"))), "price_is_charged"
    ),
    "the balance never falls": lie(Bug(_stuck), "success_costs"),
    "the balance never falls, and amounts have no zeros at their end": lie(Bug(_stuck_without_zeros), "success_costs"),
    "two lists of credits disagree": lie(
        when(lambda answer: answer.path == "/v1/credit-balances", put("balance", _nudged)), "records_agree"
    ),
    # Lists.
    "the order of a list is not that which was asked for": lie(query_dropped("sort_by", "/v1/batches"), "in_order"),
    "filters of batches are not looked at": lie(query_dropped("q", "/v1/batches"), "batches_agree"),
    "fields of webhooks are not looked at": lie(query_dropped("fields", "/v1/webhooks"), "fields"),
    "a list of assets is cut": lie(
        when(lambda answer: answer.path == "/v1/assets" and answer.status == 200, lambda body: {**body, "items": body["items"][:1]}),
        "assets_agree",
    ),
    "the balance has another id than in the list": lie(
        when(lambda answer: answer.path == "/v1/billing/balance" and answer.status == 200, put("id", lambda text: text[:-1] + "0")),
        "account_agree",
    ),
    "pages of solutions do not say what follows": lie(
        when(_where_answers("/v1/solutions"), records(lambda record: record.pop("next", None))), "cursors", "solutions_agree"
    ),
    # A server that embeds nothing in lists tells of related records where one is read alone.
    "a solution that is read alone shows models, and none stand below it": lie(Bug(_shows_what_is_not_there), "solutions_agree"),
    "no flow has inputs of its own": lie(
        when(
            lambda answer: answer.path.startswith("/v1/flows/") and answer.path.endswith("/inputs") and answer.status == 200,
            lambda body: {**body, "items": []},
        ),
        "flows_agree",
    ),
    # Promises between requests.
    "keys of batches are not looked at": lie(
        header_dropped("idempotency-key", "/v1/models/runflow/background-removal/batches"), "repeats_of_models", "repeats_of_webhooks"
    ),
    "keys of webhooks are not looked at": lie(
        header_dropped("idempotency-key", "/v1/webhooks"), "repeats_of_models", "repeats_of_webhooks"
    ),
    "a foreign folder is taken": lie(
        repaired(
            lambda method, target, headers, body: (
                target.endswith("/confirmations") and isinstance(body, dict) and bool(body.get("folder_id"))
            ),
            lambda body: {},
        ),
        "foreign_folder_is_refused",
    ),
    # Files, evaluations, uploads.
    "a file is of another type": lie(
        _on_media(lambda answer: replace(answer, headers={**answer.headers, "content-type": "image/gif"})), "file_is_there"
    ),
    "a file is empty": lie(_on_media(lambda answer: replace(answer, body=b"")), "file_is_there"),
    "a picture has other dimensions than the record": lie(
        when(is_granted, put("width", lambda value: value and value + 1, where=_is("height"))), "callback_tells_the_truth"
    ),
    "an asset has another size": lie(
        when(_where_answers("/v1/assets", "/v1/asset-uploads"), put("size_bytes", lambda value: value + 1)), "upload_is_kept"
    ),
    "an evaluation forgets its task": lie(when(_where_answers("/v1/evaluations"), put("task_type", lambda value: "other")), "echo"),
    "feedback is not kept": lie(
        when(_where_answers("/v1/runs/", method="GET"), put("feedback_is_positive", lambda value: None)), "records_agree"
    ),
    # Of a model that the suite does not create with, and of a list that has several of them.
    "examples under any were made of other prompts": lie(when(_EXAMPLES, put("prompt", lambda value: "another")), "records_agree"),
    "examples under any lose the last of several pictures": lie(
        when(_EXAMPLES, put("image_urls", lambda value: value[:1])), "records_agree"
    ),
}


def _swap(items: list[Any], name: str) -> None:
    values = [item[name] for item in items]
    for item, value in zip(items, values[::-1], strict=True):
        item[name] = value

"""Lies about what is sent and asked for: labels inside inputs, bad items, comparisons and orders in lists, filters on later pages."""

import json
import re
from collections.abc import Callable, Mapping

from lies import Lie, lie, refused
from lies_in_time import without_parameter
from mutants import Asked, Body, Bug, same

LABEL, INPUT = "client_ref", {"image_url": "https://cdn.example.com/a.png"}
COMPARED = re.compile("%3E|%3C|[<>]")
LISTS = ("batches", "webhooks", "assets", "callback-secrets", "comfyui-workflows")


def _sent(end: str, change: Callable[[Body], Body]) -> Bug:
    """What is posted to paths of an end is changed before the right server sees it; `change` returns nothing for what it leaves alone."""

    def on_request(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
        try:
            content = json.loads(body or b"null")
        except (ValueError, RecursionError):
            content = None
        if method != "POST" or not target.partition("?")[0].endswith(end) or not isinstance(content, dict):
            return method, target, headers, body
        other = change(content)
        return method, target, headers, body if other is None else json.dumps(other).encode()

    return Bug(same, on_request)


def _asked(noun: str, is_so: Callable[[str], bool], change: Callable[[str], str]) -> Bug:
    """How a list is asked for is changed before the right server sees it."""

    def on_request(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
        is_meant = target.partition("?")[0] == f"/v1/{noun}" and is_so(target)
        return method, change(target) if is_meant else target, headers, body

    return Bug(same, on_request)


def _unlabelled(part: Body) -> Body:
    return {name: value for name, value in part.items() if name != LABEL} if isinstance(part, dict) else part


def _without_labels_inside(body: Body) -> Body:
    inner = body.get("input")
    return {**body, "input": _unlabelled(inner)} if isinstance(inner, dict) and LABEL in inner else None


def _without_labels_of_items(body: Body) -> Body:
    inner = body.get("input")
    is_labelled = isinstance(inner, list) and any(isinstance(each, dict) and LABEL in each for each in inner)
    return {**body, "input": [_unlabelled(each) for each in inner]} if is_labelled else None


def _of_two_the_first(body: Body) -> Body:
    return {name: value for name, value in body.items() if name != "items"} if {"input", "items"} <= body.keys() else None


def _is_good(item: Body) -> bool:
    return isinstance(item, dict) and isinstance(item.get("image_url"), str)


def _good_items(body: Body) -> Body:
    items = body.get("input")
    is_mixed = isinstance(items, list) and any(map(_is_good, items)) and not all(map(_is_good, items))
    return {**body, "input": [each for each in items if _is_good(each)]} if is_mixed else None


def _with_an_image(body: Body) -> Body:
    return {**body, "input": INPUT} if body.get("input") == {} else None


def _first_order(target: str) -> str:
    return re.sub(r"(sort_by=[^&,]+),[^&]+", r"\1", target)


def _rule(noun: str) -> str:
    return {"comfyui-workflows": "workflows", "callback-secrets": "callback_secrets"}.get(noun, noun) + "_agree"


KEPT, FREE = "odd_value_is_kept", "refusal_is_free"
CASES: Mapping[str, Lie] = {
    "a label inside an input is not read": lie(_sent("/runs", _without_labels_inside), KEPT, "echo"),
    "labels of flat items are not read": lie(_sent("/batches", _without_labels_of_items), KEPT),
    "an input that the model does not know is refused": lie(
        refused("POST", "/background-removal/runs", lambda sent: not sent["input"].keys() <= {"image_url", LABEL}, "input"), KEPT
    ),
    "of input and items a batch takes the first": lie(_sent("/batches", _of_two_the_first), FREE, "rules_of_models"),
    "a bad item is left out of its batch": lie(_sent("/batches", _good_items), FREE),
    "a run without an input that must be there is taken": lie(_sent("/runs", _with_an_image), FREE),
    **{
        f"filters of {noun} are not looked at on later pages": lie(
            _asked(noun, lambda target: "pq=" in target, without_parameter("q")), _rule(noun)
        )
        for noun in LISTS
    },
    **{
        f"comparisons of {noun} are not read": lie(
            _asked(noun, lambda target: COMPARED.search(target) is not None, without_parameter("q")), _rule(noun)
        )
        for noun in LISTS[1:]
    },
    **{
        f"only the first order counts in lists of {noun}": lie(_asked(noun, lambda target: "sort_by=" in target, _first_order), _rule(noun))
        for noun in ("batches", "callback-secrets")
    },
}

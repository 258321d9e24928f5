"""Lies about values: what is kept of them is rounded, cut, told in fewer letters or without what is null, and told so everywhere."""

from collections.abc import Callable, Mapping
from typing import Any

from lies import Lie, lie, repaired
from mutants import Body, Bug

Change = Callable[[Any], Any]
PEOPLE = ("label", "name", "reason")
ADVICE = ("task_description", "generation_prompt", "evaluation_instructions")


def _kept(start: str, change: Change, *names: str) -> Bug:
    """Fields of what is sent below a path that are kept otherwise."""
    return repaired(
        lambda method, target, headers, body: target.startswith(start) and isinstance(body, dict) and not body.keys().isdisjoint(names),
        lambda body: {name: _changed(value, change) if name in names else value for name, value in body.items()},
    )


def _changed(value: Body, change: Change) -> Body:
    """A value with a change of whatever lies in it; what becomes nothing is left out."""
    if isinstance(value, list):
        return [told for each in value if (told := _changed(each, change)) is not ...]
    if not isinstance(value, dict):
        return change(value)
    return {name: told for name, each in value.items() if (told := _changed(each, change)) is not ...}


def _of_texts(change: Callable[[str], str]) -> Change:
    return lambda value: change(value) if isinstance(value, str) else value


def _rounded(value: Any) -> Any:
    return round(value, 2) if isinstance(value, float) else value


IN_ASCII = _of_texts(lambda text: text.encode("ascii", "ignore").decode())
CUT = _of_texts(lambda text: text[:100])
WITHOUT_NULLS: Change = lambda value: ... if value is None else value  # noqa: E731 - a name for a change
CASES: Mapping[str, Lie] = {
    "labels of secrets lose what is not ASCII": lie(_kept("/v1/callback-secrets", IN_ASCII, *PEOPLE), "echo"),
    "names of workflows lose what is not ASCII": lie(_kept("/v1/comfyui-workflows", IN_ASCII, *PEOPLE), "echo"),
    "reasons of opinions lose what is not ASCII": lie(_kept("/v1/runs/", IN_ASCII, *PEOPLE), "echo"),
    "descriptions of workflows are cut": lie(_kept("/v1/comfyui-workflows", CUT, "description"), "echo"),
    **{f"{name} of an evaluation is cut": lie(_kept("/v1/evaluations", CUT, name), "echo") for name in ADVICE},
    "nulls in a workflow are dropped": lie(_kept("/v1/comfyui-workflows", WITHOUT_NULLS, "workflow_json"), "echo"),
    "numbers in a workflow are rounded": lie(_kept("/v1/comfyui-workflows", _rounded, "workflow_json"), "echo"),
    "nulls in attributes are dropped": lie(_kept("/v1/evaluations", WITHOUT_NULLS, "input_attributes"), "echo"),
    "numbers in attributes are rounded": lie(_kept("/v1/evaluations", _rounded, "input_attributes"), "echo"),
    "numbers in an input are rounded": lie(_kept("/v1/models/", _rounded, "input"), "odd_value_is_kept"),
    "ends of lines are all alike": lie(
        _kept("/v1/models/", _of_texts(lambda text: text.replace("\r\n", "\n")), "metadata"), "odd_value_is_kept", "echo"
    ),
    "a warning is rounded to dollars": lie(
        _kept("/v1/billing/balance", lambda value: int(value) if isinstance(value, float) else value, "low_balance_threshold"), "echo"
    ),
    "a webhook is off from midnight on": lie(
        _kept("/v1/webhooks/", _of_texts(lambda text: f"{text[:10]}T00:00:00.000Z" if text[10:11] == "T" else text), "disabled_at"), "echo"
    ),
    "names of files lose their blanks": lie(
        _kept("/v1/asset-uploads", _of_texts(lambda text: text.replace(" ", "_")), "filename"), "upload_is_kept"
    ),
}

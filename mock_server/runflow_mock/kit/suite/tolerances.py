"""Tolerances: findings of the generator that count for nothing, each with the reason for which it is let pass.

The list is short on purpose. Every entry looks at the answer, never at the operation: no operation is exempt.
"""

import re
from collections.abc import Callable, Mapping

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.overlays import MODEL_INPUT, WORKFLOW_INPUT

# What a document cannot say of a value: its grammar, the page that it belongs to, names of fields, a slug that can be made of a name.
PLACES = frozenset((*(("query", name) for name in ("q", "pq", "sort_by", "fields", "embed")), ("body", "slug")))
# Rules that hold between values, or between a value and what is stored.
BUSINESS = frozenset(
    ("not_terminal", "missing_callback_url", "unsupported_mime_type", "duplicate", "value_error", "conflict", "string_nul", "not_uploaded")
)

# What the document from which requests are made says of the inputs of models.
NARROWED_INPUTS = frozenset((*MODEL_INPUT["properties"], *WORKFLOW_INPUT["properties"]))


def is_tolerated(check: str, answer: Answer) -> bool:
    """Tells whether a finding of a check on an answer is let pass."""
    tolerates = TOLERANCES.get(check)
    return tolerates is not None and tolerates(answer)


def asks_for_another(check: str, answer: Answer, creating: Answer) -> bool:
    """Tells whether what is not there was never said to be: guessed links may take an item's id for its batch's."""
    created = creating.json.get("id") if isinstance(creating.json, dict) else None
    return check == "ensure_resource_availability" and isinstance(created, str) and created not in answer.path.split("/")


def _key_comes_first(answer: Answer) -> bool:
    """Who has no key is told so before anything else is looked at, unsupported methods included."""
    return answer.status == 401


def _is_unsayable(answer: Answer) -> bool:
    """A refused filter, order or cursor that the document's pattern allows, or a value that the state of a record forbids."""
    content = answer.json
    errors = content.get("errors") if answer.status == 422 and isinstance(content, dict) else None
    return isinstance(errors, list) and bool(errors) and all(isinstance(error, dict) and _is_business(error) for error in errors)


def _is_business(error: Mapping[str, object]) -> bool:
    loc = error.get("loc")
    place = tuple(map(str, loc)) if isinstance(loc, list) else ()
    return error.get("type") in BUSINESS or place[:2] in PLACES or _is_of_the_model(place, error.get("type"))


def _is_of_the_model(place: tuple[str, ...], kind: object) -> bool:
    """What a model takes stands in no document: a name that was made up may be that of another input of it, which has a type of its own."""
    if kind == "extra_forbidden" or "input" not in place:
        return False
    name = next((part for part in place[place.index("input") + 1 :] if not part.isdecimal()), None)
    return name is not None and name not in NARROWED_INPUTS


def _is_another_path(answer: Answer) -> bool:
    """A model's path has two segments or more: with one, the fixed word after it becomes the second, and the path is that of a model."""
    return answer.status == 405 and re.fullmatch(r"/v1/models/(?:(?!%2F)[^/])+/(runs|batches)", answer.path) is not None


def _has_an_empty_value(answer: Answer) -> bool:
    """A query parameter without a value counts as one that was not sent, whatever its type."""
    return answer.status < 400 and re.search(r"[?&][^=&]+=(&|$)", answer.target) is not None


def _is_led_nowhere(answer: Answer) -> bool:
    """A link whose value is null in the record: the generator follows it all the same."""
    return re.search(r"/(None|null)(/|$)", answer.path) is not None


def _is_of_others(answer: Answer) -> bool:
    """What is published by others can be read by everybody, and changed by nobody else."""
    content = answer.json
    return answer.status == 403 and isinstance(content, dict) and content.get("code") == "PERMISSION_DENIED"


def _is_refused_rightly(answer: Answer) -> bool:
    return _is_unsayable(answer) or _is_another_path(answer) or _is_led_nowhere(answer) or _is_of_others(answer)


TOLERANCES: Mapping[str, Callable[[Answer], bool]] = {
    "negative_data_rejection": _has_an_empty_value,
    "unsupported_method": _key_comes_first,
    "status_code_conformance": _is_another_path,
    "allow_header_conformance": _is_another_path,
    "positive_data_acceptance": _is_refused_rightly,
}

"""What is inside a model: inputs, examples and prices; `any` as parent searches all models."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from runflow_mock.domain.model_parts import ModelExample, ModelInput, PriceRow, examples_of, inputs_of, prices_of
from runflow_mock.domain.models import Model
from runflow_mock.web.calls import Answer, Call, Handler, answer
from runflow_mock.web.lists import ANY, answer_list, find_one
from runflow_mock.web.routing import Operation
from runflow_mock.wire.model_parts import EXAMPLE_FIELDS, PRICE_FIELDS, represent_example, represent_input, represent_price

IN_PLACE = "model_id,sort_order"

PartT = TypeVar("PartT", ModelInput, PriceRow, ModelExample)


def get_model_input(call: Call) -> Answer:
    """GET /v1/models/{model_id}/inputs/{id}"""
    return answer(represent_input(find_one(call, "model input", _parts(call, inputs_of))))


def list_model_examples(call: Call) -> Answer:
    """GET /v1/models/{model_id}/examples"""
    examples = _parts(call, examples_of)
    return answer_list(call, examples, EXAMPLE_FIELDS, lambda example: represent_example(example, call.sites), order=IN_PLACE)


def get_model_example(call: Call) -> Answer:
    """GET /v1/models/{model_id}/examples/{id}"""
    return answer(represent_example(find_one(call, "model example", _parts(call, examples_of)), call.sites))


def list_model_pricing(call: Call) -> Answer:
    """GET /v1/models/{model_id}/pricing"""
    return answer_list(call, _parts(call, prices_of), PRICE_FIELDS, represent_price, order=IN_PLACE)


def _parts(call: Call, parts_of: Callable[[Model], Sequence[PartT]]) -> Sequence[PartT]:
    catalog, parent = call.catalog, call.params["model_id"]
    models = catalog.models if parent == ANY else (catalog.read(parent),)
    return sorted((part for model in models for part in parts_of(model)), key=lambda part: part.id)


_MODEL = "/v1/models/{model_id...}"

OPERATIONS: tuple[Operation[Handler], ...] = (
    Operation("GET", f"{_MODEL}/inputs/{{id}}", get_model_input, spans_min=1, scope="models:read"),
    Operation("GET", f"{_MODEL}/examples", list_model_examples, spans_min=1, scope="models:read", evidence="inferred"),
    Operation("GET", f"{_MODEL}/examples/{{id}}", get_model_example, spans_min=1, scope="models:read"),
    Operation("GET", f"{_MODEL}/pricing", list_model_pricing, spans_min=1, scope="models:read"),
)

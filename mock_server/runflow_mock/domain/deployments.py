"""Deployments: a workflow in the role of a model, so that whatever runs, prices, checks and shows models does the same with workflows.

Theory. What a run needs to know is what a `Model` says; of a workflow it follows from the record. Every workflow makes one picture; an
input named `aspect_ratio` decides its form. A declared type, `enum`, `range` and `length` are checked; other types and validators take any
value.

Source: `comfyui.run-output`. Inferred: `comfyui.price`, `comfyui.input-checks`.
"""

from collections.abc import Iterable, Iterator, Mapping

from runflow_mock.domain.documents import Document, Json, read_document, read_object, write_document
from runflow_mock.domain.media import OutputShape
from runflow_mock.domain.models import Model
from runflow_mock.domain.money import format_money
from runflow_mock.domain.prices import Price, PriceUnit
from runflow_mock.domain.workflows import Declaration, Port, Workflow

_TYPES: Mapping[str, Json] = {
    "string": "string",
    "text": "string",
    "image": "string",
    "file": "string",
    "integer": "integer",
    "number": "number",
    "float": "number",
    "boolean": "boolean",
    "array": "array",
    "image_list": "array",
    "file_list": "array",
}
# The limits of a validator, by the type of value that they limit.
_LIMITS: Mapping[tuple[str, Json], tuple[str, str]] = {
    ("range", "integer"): ("minimum", "maximum"),
    ("range", "number"): ("minimum", "maximum"),
    ("length", "string"): ("minLength", "maxLength"),
}


def model_of(workflow: Workflow) -> Model:
    """Returns the workflow as a model: its uuid is the workflow's id, its id the workflow's path."""
    definition, price = workflow.definition, workflow.price
    return Model(
        id=workflow.path,
        uuid=workflow.id,
        name=definition.name,
        description=definition.description or "",
        category=definition.category or "",
        task="workflow",
        modality="image",
        is_active=True,
        takes_batches=False,
        evidence="inferred",
        source="chosen by runflow-mock",
        input_schema=input_schema(workflow.inputs),
        price=Price(unit=PriceUnit.REQUEST, amount=price, label=f"${format_money(price)}/run"),
        output=OutputShape(media_type="image/png", file="result", form="unified", pixels=True, aspect_ratio_input="aspect_ratio"),
        run_seconds=workflow.run_seconds,
        updated_at=workflow.updated_at,
    )


def input_schema(inputs: Iterable[Port]) -> Document:
    """Returns the JSON Schema of the input of a run; names that are not declared are accepted."""
    ports = tuple(inputs)
    required: list[Json] = [port.name for port in ports if port.declared.is_required and port.declared.default is None]
    properties: dict[str, Json] = {port.name: dict(_rules(port.declared)) for port in ports}
    return write_document({"type": "object", "required": required, "properties": properties})


def _rules(declared: Declaration) -> Iterator[tuple[str, Json]]:
    kind = _TYPES.get(declared.variable_type)
    yield "x-variable-type", declared.variable_type
    if declared.description is not None:
        yield "description", declared.description
    if declared.default is not None:
        yield "default", read_document(declared.default)
    if kind is not None:
        yield "type", kind
    attributes = read_object(declared.validator_attributes)
    values = attributes.get("values")
    if declared.validator == "enum" and isinstance(values, list) and values:
        yield "enum", values
    names = _LIMITS.get((declared.validator or "", kind), ())
    for name, limit in zip(names, (attributes.get("min"), attributes.get("max")), strict=False):
        if isinstance(limit, int | float) and not isinstance(limit, bool) and (kind != "string" or (isinstance(limit, int) and limit >= 0)):
            yield name, limit

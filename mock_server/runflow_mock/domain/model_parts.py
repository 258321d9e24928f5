"""What is inside a model: its inputs, its outputs, its price list and its examples, all derived from the one record of the catalog.

Theory. Nothing here is stored. An input is a property of the schema that also checks runs; an output is what `domain.outputs` produces; the
rows of the price list are the parts of the `Price` that a run is charged by; an example is a run with the sample values of the schema, at
its quoted price. Ids follow from model and name, so that they are the same in every world.

Source: `models.parts` (which parts there are, and their fields), `prices.rules`. Inferred: the codes of validators, units and effects, and
that examples exist at all for a given model.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

import msgspec

from runflow_mock.domain.documents import Json, read_object
from runflow_mock.domain.identity import named_uuid
from runflow_mock.domain.media import extent_of
from runflow_mock.domain.models import Model
from runflow_mock.domain.money import Money
from runflow_mock.domain.prices import quote

EXAMPLE_COUNT = 2
_OUTPUTS = (
    ("outputs", "json", "The files that were made, each with its address and figures."),
    ("seed", "integer", "The seed that was used, or null."),
    ("timing", "json", "How long the parts took, or null."),
    ("nsfw_detected", "boolean", "Whether the result was flagged, or null where nobody looked."),
)
_IMAGE_URLS = ("image_urls", "image_list", "The addresses of all images, stages first and results last.")


class ModelInput(msgspec.Struct, frozen=True, kw_only=True):
    """One input field of a model; `rules` are the limits on its values, by kind."""

    id: str
    model_id: str
    name: str
    description: str
    variable_type: str
    is_required: bool
    default: Json
    rules: Mapping[str, dict[str, Json]]
    examples: tuple[Json, ...]
    sort_order: int


class ModelOutput(msgspec.Struct, frozen=True, kw_only=True):
    """One output field of a model."""

    id: str
    model_id: str
    name: str
    description: str
    variable_type: str
    sort_order: int


class PriceEffect(StrEnum):
    """What a row of a price list does to the price of a unit."""

    BASE = "base"
    SET = "set"
    ADD = "add"


class PriceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a price list: the base price, a rule for one value of an input, or the price of a range."""

    id: str
    model_id: str
    unit: str
    effect: PriceEffect
    price: Money
    description: str
    sort_order: int
    input_id: str | None = None
    match_value: Json = None
    dimension: str | None = None
    minimum: int | None = None
    maximum: int | None = None


class ModelExample(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it would go: sample inputs, and what they cost and take."""

    id: str
    model: Model
    input: dict[str, Json]
    cost: Money
    duration_ms: int
    sort_order: int

    @property
    def model_id(self) -> str:
        """The uuid of the model."""
        return self.model.uuid


def inputs_of(model: Model) -> tuple[ModelInput, ...]:
    """Returns the input fields of a model, in the order of its schema."""
    schema = read_object(model.input_schema)
    required = _always_required(schema)
    return tuple(
        ModelInput(
            id=input_id(model, name),
            model_id=model.uuid,
            name=name,
            description=str(part.get("description") or ""),
            variable_type=str(part.get("x-variable-type") or part.get("type") or "json"),
            is_required=name in required,
            default=part.get("default"),
            rules={kind: found for kind, read in _RULES.items() if (found := read(part))},
            examples=_examples(part),
            sort_order=number,
        )
        for number, (name, part) in enumerate(_properties(schema))
    )


def outputs_of(model: Model) -> tuple[ModelOutput, ...]:
    """Returns the output fields of a model."""
    fields = (*_OUTPUTS, _IMAGE_URLS) if model.modality == "image" else _OUTPUTS
    return tuple(
        ModelOutput(
            id=output_id(model, name), model_id=model.uuid, name=name, description=description, variable_type=kind, sort_order=number
        )
        for number, (name, kind, description) in enumerate(fields)
    )


def input_id(model: Model, name: str) -> str:
    """Returns the fixed id of an input field."""
    return named_uuid("model input", model.id, name)


def output_id(model: Model, name: str) -> str:
    """Returns the fixed id of an output field."""
    return named_uuid("model output", model.id, name)


def prices_of(model: Model) -> tuple[PriceRow, ...]:
    """Returns the price list of a model: what `quote` computes with, row by row."""
    price = model.price
    rows: list[PriceRow] = []

    def add(amount: Money, effect: PriceEffect, description: str, **details: Json) -> None:
        number = len(rows)
        fields: dict[str, Json] = {
            "id": named_uuid("model price", model.id, str(number)),
            "model_id": model.uuid,
            "unit": price.unit.value,
            "sort_order": number,
            **details,
        }
        rows.append(msgspec.convert({**fields, "effect": effect, "price": amount, "description": description}, PriceRow))

    for element, amount in price.elements.items():
        wanted = (price.elements_input or "").partition(".")[0]
        add(amount, PriceEffect.ADD, f"each run of {element}", input_id=input_id(model, wanted), match_value=element)
    if price.first_megapixel is not None:
        add(price.first_megapixel, PriceEffect.BASE, "the first megapixel", dimension="megapixels", minimum=0, maximum=1)
        add(price.amount, PriceEffect.ADD, "each further megapixel, rounded up", dimension="megapixels", minimum=1)
    elif not price.elements:
        add(price.amount, PriceEffect.BASE, price.label)
    for rule in price.rules:
        target = input_id(model, rule.input.partition(".")[0])
        if rule.amount is not None:
            add(rule.amount, PriceEffect.SET, f"when {rule.input} is {rule.equals}", input_id=target, match_value=rule.equals)
        elif rule.add is not None:
            add(rule.add, PriceEffect.ADD, f"when {rule.input} is {rule.equals}", input_id=target, match_value=rule.equals)
    return tuple(rows)


def examples_of(model: Model) -> tuple[ModelExample, ...]:
    """Returns the examples of a model; each of their inputs is one that a run accepts."""
    return tuple(_example(model, number) for number in range(EXAMPLE_COUNT))


def sample_input(model: Model, number: int = 0) -> dict[str, Json]:
    """Returns an input that a run accepts: a sample value for each field that is needed, and no other."""
    needed = _needed(read_object(model.input_schema))
    fields = [field for field in inputs_of(model) if field.name in needed and field.examples]
    return {field.name: field.examples[min(number, len(field.examples) - 1)] for field in fields}


def _example(model: Model, number: int) -> ModelExample:
    inputs: dict[str, Json] = sample_input(model, number)
    low, high = model.run_seconds
    return ModelExample(
        id=named_uuid("model example", model.id, str(number)),
        model=model,
        input=inputs,
        cost=quote(model.price, inputs, extent_of(model.output, inputs)).cost,
        duration_ms=round((low + high) * 500),
        sort_order=number,
    )


def _properties(schema: dict[str, Json]) -> Iterable[tuple[str, dict[str, Json]]]:
    properties = schema.get("properties")
    found = properties.items() if isinstance(properties, dict) else ()
    return ((name, part) for name, part in found if isinstance(part, dict))


def _always_required(schema: dict[str, Json]) -> frozenset[str]:
    names = schema.get("required")
    return frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()


def _needed(schema: dict[str, Json]) -> frozenset[str]:
    # Of alternative sets of fields the first is the one that current clients send.
    alternatives = schema.get("anyOf")
    first = alternatives[0] if isinstance(alternatives, list) and alternatives else None
    return _always_required(schema) | (_always_required(first) if isinstance(first, dict) else frozenset())


def _examples(part: dict[str, Json]) -> tuple[Json, ...]:
    examples = part.get("examples")
    return tuple(examples) if isinstance(examples, list) else ()


def _keys(*names: str) -> Callable[[dict[str, Json]], dict[str, Json]]:
    return lambda part: {name: part[name] for name in names if name in part}


def _choices(part: dict[str, Json]) -> dict[str, Json]:
    # A list may be limited through its items.
    items = part.get("items")
    inner = items if isinstance(items, dict) else {}
    values = part.get("enum", inner.get("enum"))
    return {} if values is None else {"values": values}


_RULES: Mapping[str, Callable[[dict[str, Json]], dict[str, Json]]] = {
    "enum": _choices,
    "range": _keys("minimum", "maximum"),
    "length": _keys("minLength", "maxLength"),
    "items": _keys("minItems", "maxItems"),
    "pattern": _keys("pattern"),
}

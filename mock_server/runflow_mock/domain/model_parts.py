"""What is inside a model: its inputs, its outputs, its price list and its examples, all derived from the one record of the catalog.

Theory. Nothing here is stored. An input is a property of the schema that also checks runs; an output is what `domain.outputs` produces; the
rows of the price list are the parts of the `Price` that a run is charged by; an example is a run with the sample values of the schema, at
its quoted price. Ids follow from model and name, so that they are the same in every world.

Source: `models.parts` (which parts there are, and their fields), `prices.rules`. Inferred: the codes of validators, units and effects, and
that examples exist at all for a given model.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.dialects import Dialect
from runflow_mock.domain.documents import Json, list_of, object_of, read_object, write_document
from runflow_mock.domain.identity import named_uuid
from runflow_mock.domain.media import extent_of
from runflow_mock.domain.media_fields import required_fields
from runflow_mock.domain.models import Model
from runflow_mock.domain.money import ZERO, Money
from runflow_mock.domain.outputs import form_of, output_fields
from runflow_mock.domain.prices import quote

EXAMPLE_COUNT = 2
_OUTPUTS = (
    ("outputs", "json", "The files that were made, each with its address and figures."),
    ("seed", "integer", "The seed that was used, or null."),
    ("timing", "json", "How long the parts took, or null."),
    ("nsfw_detected", "boolean", "Whether the result was flagged, or null where nobody looked."),
)
_MEGAPIXELS = "megapixels"
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

    id: str = ""
    model_id: str = ""
    unit: str = ""
    effect: PriceEffect
    price: Money
    description: str
    sort_order: int = 0
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
    properties = ((name, part) for name, part in object_of(schema.get("properties")).items() if isinstance(part, dict))
    required = required_fields(schema)
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
            examples=tuple(list_of(part.get("examples"))),
            sort_order=number,
        )
        for number, (name, part) in enumerate(properties)
    )


def outputs_of(model: Model, dialect: Dialect) -> tuple[ModelOutput, ...]:
    """Returns the output fields of a model, as its runs have them in this dialect."""
    named = output_fields(form_of(model, dialect), model.modality)
    fields = [field for field in (*_OUTPUTS, _IMAGE_URLS) if field[0] in named]
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
    return tuple(
        replace(
            row, id=named_uuid("model price", model.id, str(number)), model_id=model.uuid, unit=model.price.unit.value, sort_order=number
        )
        for number, row in enumerate((*_base_rows(model), *_rule_rows(model)))
    )


def examples_of(model: Model) -> tuple[ModelExample, ...]:
    """Returns the examples of a model; each of their inputs is one that a run accepts."""
    return tuple(_example(model, number) for number in range(EXAMPLE_COUNT))


def sample_input(model: Model, number: int = 0) -> dict[str, Json]:
    """Returns an input that a run accepts: a sample value for each field that is needed, and no other."""
    schema = read_object(model.input_schema)
    # Of alternative sets of fields the first is the one that current clients send.
    alternatives = schema.get("anyOf")
    first = alternatives[0] if isinstance(alternatives, list) and alternatives else None
    needed = required_fields(schema) | (required_fields(first) if isinstance(first, dict) else frozenset())
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


def _base_rows(model: Model) -> Iterator[PriceRow]:
    price = model.price
    if price.elements:
        chooser = _input_named(model, price.elements_input or "")
        for element, amount in price.elements.items():
            yield PriceRow(
                effect=PriceEffect.ADD, price=amount, description=f"{element}, when chosen", input_id=chooser, match_value=element
            )
    elif price.first_megapixel is not None:
        first, further = "the first megapixel", "each further megapixel, rounded up"
        yield PriceRow(effect=PriceEffect.BASE, price=price.first_megapixel, description=first, dimension=_MEGAPIXELS, minimum=0, maximum=1)
        yield PriceRow(effect=PriceEffect.ADD, price=price.amount, description=further, dimension=_MEGAPIXELS, minimum=1)
    else:
        yield PriceRow(effect=PriceEffect.BASE, price=price.amount, description=price.label)


def _rule_rows(model: Model) -> Iterator[PriceRow]:
    for rule in model.price.rules:
        sets = rule.amount is not None
        yield PriceRow(
            effect=PriceEffect.SET if sets else PriceEffect.ADD,
            price=(rule.amount if sets else rule.add) or ZERO,
            description=f"when {rule.input} is {write_document(rule.equals).decode()}",
            input_id=_input_named(model, rule.input),
            match_value=rule.equals,
        )


def _input_named(model: Model, path: str) -> str:
    # A dot reaches into an object; the declared input is its first part.
    return input_id(model, path.partition(".")[0])


def _keys(*names: str) -> Callable[[dict[str, Json]], dict[str, Json]]:
    return lambda part: {name: part[name] for name in names if name in part}


def _choices(part: dict[str, Json]) -> dict[str, Json]:
    # A list may be limited through its items.
    inner = object_of(part.get("items"))
    values = part.get("enum", inner.get("enum"))
    return {} if values is None else {"values": values}


_RULES: Mapping[str, Callable[[dict[str, Json]], dict[str, Json]]] = {
    "enum": _choices,
    "range": _keys("minimum", "maximum"),
    "length": _keys("minLength", "maxLength"),
    "items": _keys("minItems", "maxItems"),
    "pattern": _keys("pattern"),
}

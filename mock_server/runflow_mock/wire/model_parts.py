"""What is inside a model on the wire: inputs, outputs, price rows and examples.

Source: `models.parts` (field names). Inferred: all codes but those of the variable types, and that an example's pictures are samples.
"""

from runflow_mock.domain.documents import Json
from runflow_mock.domain.filters import Field
from runflow_mock.domain.model_parts import ModelExample, ModelInput, ModelOutput, PriceRow
from runflow_mock.domain.models import CATALOG_SINCE
from runflow_mock.domain.money import format_money
from runflow_mock.media.samples import SAMPLE_EDGE, sample_path
from runflow_mock.wire.listing import number_field, number_fields, text_field, text_fields, time_field
from runflow_mock.wire.sites import Sites
from runflow_mock.wire.times import write_instant

# The names of limits inside validator_attrs.
_LIMITS = {"minimum": "min", "maximum": "max", "minLength": "min", "maxLength": "max", "minItems": "min", "maxItems": "max"}


def represent_input(part: ModelInput) -> dict[str, object]:
    """Returns one declared input; of several limits the first names the validator and all stand in its attributes."""
    return {
        "id": part.id,
        "model_id": part.model_id,
        "name": part.name,
        "display_name": write_title(part.name),
        "description": part.description,
        "variable_type_code": part.variable_type,
        "default_behavior_code": None,
        "validator_code": next(iter(part.rules), None),
        "validator_attrs": {_LIMITS.get(name, name): value for limits in part.rules.values() for name, value in limits.items()} or None,
        "is_required": part.is_required,
        "default_value": part.default,
        "sort_order": part.sort_order,
        "is_featured": part.is_required,
        "created_at": write_instant(CATALOG_SINCE),
        "updated_at": write_instant(CATALOG_SINCE),
    }


def represent_output(part: ModelOutput) -> dict[str, object]:
    """Returns one declared output."""
    return {
        "id": part.id,
        "model_id": part.model_id,
        "name": part.name,
        "display_name": write_title(part.name),
        "description": part.description,
        "variable_type_code": part.variable_type,
        "validator_code": None,
        "validator_attrs": None,
        "sort_order": part.sort_order,
        "created_at": write_instant(CATALOG_SINCE),
        "updated_at": write_instant(CATALOG_SINCE),
    }


def represent_price(row: PriceRow) -> dict[str, object]:
    """Returns one row of a price list."""
    return {
        "id": row.id,
        "model_id": row.model_id,
        "pricing_model_code": f"per_{row.unit}",
        "rule_effect_code": row.effect.value,
        "model_input_id": row.input_id,
        "match_value": row.match_value,
        "dimension_code": row.dimension,
        "min_value": None if row.minimum is None else str(row.minimum),
        "max_value": None if row.maximum is None else str(row.maximum),
        "price": format_money(row.price),
        "currency_code": "USD",
        "unit_code": row.unit,
        "multiplier_label": None,
        "description": row.description,
        "sort_order": row.sort_order,
        "disabled_at": None,
        "measurement_source": None,
        "created_at": write_instant(CATALOG_SINCE),
        "updated_at": write_instant(CATALOG_SINCE),
    }


def represent_example(example: ModelExample, sites: Sites) -> dict[str, object]:
    """Returns one example; its pictures are the sandbox's samples, and it has no output where there is no sample of the kind."""
    model = example.model
    picture = sites.public + sample_path(f"{model.id.replace('/', '-')}-{example.sort_order + 1}") if model.modality == "image" else None
    moment = write_instant(model.updated_at)
    return {
        "id": example.id,
        "model_id": example.model_id,
        "title": f"{model.name}, example {example.sort_order + 1}",
        "description": "Made up by runflow-mock from the sample values of the inputs.",
        "input": example.input,
        "output": None if picture is None else _output(picture),
        "status_code": 200,
        "cost": format_money(example.cost),
        "start_type": "warm",
        "timing": None,
        "duration_ms": example.duration_ms,
        "total_ms": example.duration_ms,
        "thumbnail_url": picture,
        "category_code": None,
        "is_featured": example.sort_order == 0,
        "is_public": True,
        "sort_order": example.sort_order,
        "ran_at": moment,
        "created_at": write_instant(CATALOG_SINCE),
        "updated_at": moment,
    }


def write_title(name: str) -> str:
    """Returns the name of a field in words."""
    return name.replace("_", " ").strip().capitalize()


def _output(picture: str) -> dict[str, Json]:
    entry: dict[str, Json] = {"url": picture, "type": "image", "content_type": "image/png", "width": SAMPLE_EDGE, "height": SAMPLE_EDGE}
    return {"outputs": [entry], "seed": None, "timing": None, "nsfw_detected": False, "image_urls": [picture]}


PRICE_FIELDS: dict[str, Field[PriceRow]] = {
    **text_fields("id", "model_id"),
    **number_fields("sort_order"),
    "model_input_id": text_field(lambda row: row.input_id),
    "pricing_model_code": text_field(lambda row: f"per_{row.unit}"),
    "rule_effect_code": text_field(lambda row: row.effect.value),
    "unit_code": text_field(lambda row: row.unit),
    "price": number_field(lambda row: row.price / 1_000_000),
    "created_at": time_field(lambda row: CATALOG_SINCE),
    "updated_at": time_field(lambda row: CATALOG_SINCE),
}
EXAMPLE_FIELDS: dict[str, Field[ModelExample]] = {
    **text_fields("id", "model_id"),
    **number_fields("duration_ms", "sort_order"),
    "cost": number_field(lambda example: example.cost / 1_000_000),
    "created_at": time_field(lambda example: CATALOG_SINCE),
    "updated_at": time_field(lambda example: example.model.updated_at),
}

import pytest
from worlds import catalog

from runflow_mock.domain.dialects import BUNDLES, Dialect, dialect_of
from runflow_mock.domain.documents import Json, read_object
from runflow_mock.domain.media import extent_of
from runflow_mock.domain.model_parts import (
    ModelExample,
    ModelInput,
    ModelOutput,
    PriceEffect,
    PriceRow,
    examples_of,
    inputs_of,
    outputs_of,
    prices_of,
    sample_input,
)
from runflow_mock.domain.models import Catalog, Model
from runflow_mock.domain.money import Money
from runflow_mock.domain.outputs import file_names, form_of, produce
from runflow_mock.domain.prices import quote
from runflow_mock.domain.seeds import Seed

MODELS = catalog().models
every_model = pytest.mark.parametrize("model", MODELS, ids=[model.id for model in MODELS])


def cost(model: Model, inputs: dict[str, Json]) -> Money:
    return quote(model.price, inputs, extent_of(model.output, inputs)).cost


@every_model
def test_inputs_are_the_properties_of_the_schema(model: Model) -> None:
    schema = read_object(model.input_schema)
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert [part.name for part in inputs_of(model)] == list(properties)
    assert {part.name for part in inputs_of(model) if part.is_required} == set(schema.get("required", []))  # type: ignore[arg-type]  # a list of names


SPOKEN = {**BUNDLES, "both": dialect_of("seed", {"output_form": "both"})}


@pytest.mark.parametrize("spoken", SPOKEN.values(), ids=list(SPOKEN))
@every_model
def test_outputs_are_what_a_run_produces(model: Model, spoken: Dialect) -> None:
    inputs: Json = dict(sample_input(model))
    extent = extent_of(model.output, inputs)
    urls = [f"http://media.example/{name}" for name in file_names(model, inputs, extent)]
    produced = produce(model, inputs, urls, extent, seed=lambda: Seed.from_text("0"), form=form_of(model, spoken))
    assert {part.name for part in outputs_of(model, spoken)} == set(produced)


@every_model
def test_ids_are_unique_and_every_time_the_same(model: Model) -> None:
    parts: list[ModelInput | ModelOutput | PriceRow | ModelExample] = [*inputs_of(model), *outputs_of(model, BUNDLES["seed"])]
    parts += [*prices_of(model), *examples_of(model)]
    assert len({part.id for part in parts}) == len(parts)
    assert [part.id for part in prices_of(model)] == [part.id for part in prices_of(model)]
    assert {part.model_id for part in parts} == {model.uuid}


@every_model
def test_example_costs_what_a_run_with_its_input_costs(model: Model) -> None:
    for example in examples_of(model):
        assert example.cost == cost(model, example.input)
        assert model.run_seconds[0] * 1000 <= example.duration_ms <= model.run_seconds[1] * 1000


def test_base_row_and_rules_give_the_quoted_price() -> None:
    model = catalog().get("google/nano-banana-2")
    base, search, thinking = prices_of(model)
    assert (base.effect, search.effect, thinking.match_value) == (PriceEffect.BASE, PriceEffect.ADD, "high")
    assert (search.description, thinking.description) == ("when enable_web_search is true", 'when thinking_level is "high"')
    assert cost(model, {"enable_web_search": True}) == base.price + search.price
    assert {part.id for part in inputs_of(model)} >= {search.input_id, thinking.input_id}


def test_elements_are_rows_that_add_up() -> None:
    model = catalog().get("runflow/dyver-removal")
    rows = {row.match_value: row.price for row in prices_of(model)}
    assert cost(model, {"config": {"elements": ["tag_removal", "background_removal"]}}) == rows["tag_removal"] + rows["background_removal"]


def test_megapixel_rows_are_ranges() -> None:
    model = catalog().get("black-forest-labs/flux-2-pro")
    first, further = prices_of(model)
    assert [(row.dimension, row.minimum, row.maximum) for row in (first, further)] == [("megapixels", 0, 1), ("megapixels", 1, None)]
    assert cost(model, {"image_size": {"width": 2048, "height": 2048}}) == first.price + 3 * further.price


def test_model_is_read_by_path_alias_and_uuid_also_when_inactive() -> None:
    kontext, retired = catalog().get("flux-pro/kontext"), "black-forest-labs/flux-2-max"
    assert catalog().read(kontext.id) == catalog().read("flux-pro/kontext") == catalog().read(kontext.uuid.upper()) == kontext
    assert not catalog().read(retired).is_active


def test_every_owner_is_a_creator_and_unknown_ones_are_called_by_their_slug() -> None:
    assert [creator.slug for creator in Catalog((MODELS[0],)).creators] == [MODELS[0].owner]
    assert {model.owner for model in MODELS} == {creator.slug for creator in catalog().creators}
    assert catalog().creator_of(catalog().get("google/veo3.1")).display_name == "Google"

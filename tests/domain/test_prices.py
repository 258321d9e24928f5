import pytest
from worlds import catalog

from runflow_mock.domain.documents import Json, read_document
from runflow_mock.domain.media import Extent, extent_of
from runflow_mock.domain.models import Model
from runflow_mock.domain.money import Money, format_money
from runflow_mock.domain.prices import Price, PriceRule, PriceUnit, cost_of, depends_on_inputs, quote

ONE = Extent(count=1, width=1024, height=1024, seconds=0.0, media_type="image/png")
DYVER = "runflow/dyver-removal"
FLUX = "black-forest-labs/flux-2-pro"


def _cost(model_id: str, inputs: Json) -> str:
    model = catalog().get(model_id)
    return format_money(quote(model.price, inputs, extent_of(model.output, inputs)).cost)


def _price(unit: PriceUnit, amount: int = 100_000, **more: object) -> Price:
    return Price(unit=unit, amount=Money(amount), label="", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("elements", "cost"),
    [
        (["tag_removal", "background_removal"], "0.410000"),
        (["tag_removal"], "0.140000"),
        (["background_removal"], "0.270000"),
        (["tag_removal", "tag_removal"], "0.140000"),
        ([], "0.000000"),
    ],
)
def test_dyver_removal_costs_the_sum_of_its_elements(elements: list[Json], cost: str) -> None:
    assert _cost(DYVER, {"config": {"elements": elements}}) == cost


@pytest.mark.parametrize(
    ("width", "height", "cost"),
    [(1024, 1024, "0.030000"), (1920, 1080, "0.045000"), (2048, 2048, "0.075000"), (4096, 4096, "0.255000"), (64, 64, "0.030000")],
)
def test_flux_2_pro_costs_a_first_megapixel_and_each_further_one(width: int, height: int, cost: str) -> None:
    assert _cost(FLUX, {"image_size": {"width": width, "height": height}}) == cost


@pytest.mark.parametrize(("model_id", "cost"), [(FLUX, "0.090000"), ("google/nano-banana-pro", "0.450000")])
def test_number_of_images_multiplies_the_price(model_id: str, cost: str) -> None:
    assert _cost(model_id, {"num_images": 3, "image_size": "square_hd"}) == cost


@pytest.mark.parametrize(
    ("model_id", "duration", "cost"),
    [
        ("google/veo3.1/fast", "8s", "0.800000"),
        ("google/veo3.1/fast", "4s", "0.400000"),
        ("alibaba/wan/v2.7/text-to-video", 15, "1.500000"),
        ("kuaishou/kling-video/v3/pro/text-to-video", "3", "0.336000"),
        ("google/veo3.1/fast", None, "0.800000"),
    ],
)
def test_duration_multiplies_the_price_also_as_text(model_id: str, duration: Json, cost: str) -> None:
    assert _cost(model_id, {"prompt": "x", "duration": duration}) == cost


def test_request_has_one_price_whatever_it_makes() -> None:
    extent = Extent(count=4, width=4096, height=4096, seconds=60.0, media_type="image/png")
    assert quote(_price(PriceUnit.REQUEST), {}, extent).cost == 100_000


def test_runs_of_a_flat_price_share_one_account_of_it() -> None:
    first, second = (quote(_price(PriceUnit.REQUEST), {"prompt": prompt}, ONE).breakdown for prompt in ("a", "b"))
    assert first is second
    assert read_document(first) == {"unit": "request", "unit_price": "0.100000", "quantity": 1, "total": "0.100000", "currency": "USD"}


@pytest.mark.parametrize(("pixels", "cost"), [((1024, 1024), 5_000), ((1024, 768), 4_000), ((1, 1), 500), ((2000, 1000), 10_000)])
def test_plain_megapixels_are_counted_in_tenths(pixels: tuple[int, int], cost: int) -> None:
    extent = Extent(count=1, width=pixels[0], height=pixels[1], seconds=0.0, media_type="image/png")
    assert quote(_price(PriceUnit.MEGAPIXEL, 5_000), {}, extent).cost == cost


@pytest.mark.parametrize(("text", "cost"), [("x" * 1_000, 100_000), ("x" * 250, 25_000), ("", 0), (None, 0), (5, 0)])
def test_speech_is_charged_by_characters(text: Json, cost: int) -> None:
    assert quote(_price(PriceUnit.THOUSAND_CHARACTERS), {"text": text}, ONE).cost == cost


def test_price_may_name_the_input_whose_characters_count() -> None:
    price = _price(PriceUnit.THOUSAND_CHARACTERS, characters_input="prompt")
    assert quote(price, {"text": "x" * 9, "prompt": "x" * 100}, ONE).cost == 10_000


def test_rule_replaces_the_amount_when_its_input_has_the_value() -> None:
    rule = PriceRule(input="resolution", equals="4K", amount=Money(300_000))
    price = _price(PriceUnit.IMAGE, rules=(rule,))
    assert quote(price, {"resolution": "4K"}, ONE).cost == 300_000
    assert quote(price, {"resolution": "1K"}, ONE).cost == 100_000
    assert quote(price, {}, ONE).cost == 100_000


def test_rules_add_up_in_their_order() -> None:
    rules = (
        PriceRule(input="resolution", equals="4K", amount=Money(300_000)),
        PriceRule(input="enable_web_search", equals=True, add=Money(15_000)),
        PriceRule(input="thinking_level", equals="high", add=Money(2_000)),
    )
    inputs: Json = {"resolution": "4K", "enable_web_search": True, "thinking_level": "high"}
    assert quote(_price(PriceUnit.IMAGE, rules=rules), inputs, ONE).cost == 317_000


def test_web_search_and_thinking_cost_extra_for_each_image() -> None:
    inputs: Json = {"prompt": "a mug", "enable_web_search": True, "thinking_level": "high", "num_images": 2}
    assert _cost("google/nano-banana-2", inputs) == "0.194000"


def test_breakdown_says_how_the_figure_came_about() -> None:
    model = catalog().get(DYVER)
    inputs: Json = {"config": {"elements": ["background_removal", "tag_removal"]}}
    assert read_document(quote(model.price, inputs, ONE).breakdown) == {
        "unit": "element",
        "unit_price": "0.000000",
        "quantity": {"tag_removal": "0.140000", "background_removal": "0.270000"},
        "total": "0.410000",
        "currency": "USD",
    }


@pytest.mark.parametrize("unit", PriceUnit)
def test_every_unit_has_a_quantity(unit: PriceUnit) -> None:
    breakdown = read_document(quote(_price(unit), {}, ONE).breakdown)
    assert isinstance(breakdown, dict)
    assert breakdown["unit"] == unit


@pytest.mark.parametrize("model", catalog().models, ids=lambda model: model.id)
def test_price_that_depends_on_no_inputs_is_the_same_for_all(model: Model) -> None:
    asked: tuple[Json, ...] = (None, {}, {"num_images": 3, "duration": "8s", "text": "a" * 2000, "config": {"elements": ["tag_removal"]}})
    costs = {cost_of(model.price, inputs, extent_of(model.output, inputs)) for inputs in asked}
    assert len(costs) == 1 or depends_on_inputs(model.price)


@pytest.mark.parametrize("unit", PriceUnit)
def test_only_a_flat_price_without_rules_asks_for_no_inputs(unit: PriceUnit) -> None:
    rule = PriceRule(input="quality", equals="high", add=Money(1))
    assert depends_on_inputs(_price(unit)) == (unit is not PriceUnit.REQUEST)
    assert depends_on_inputs(_price(unit, rules=(rule,)))

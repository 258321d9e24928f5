"""Prices: what a run of a model costs, computed from its inputs.

Theory. A price is a unit amount times a quantity that the inputs decide: one per request, per output image, per second, per
megapixel, per thousand characters, or per element of a pipeline. Rules change the unit amount when an input has a certain value.

Source: `prices.units`, `prices.rules`; single amounts carry their source in the catalog.
"""

import math
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache

import msgspec

from runflow_mock.domain.documents import Document, Json, list_of, look_up, write_document
from runflow_mock.domain.media import Extent
from runflow_mock.domain.money import ZERO, Money, format_money


class PriceUnit(StrEnum):
    """What an amount is charged for."""

    REQUEST = "request"
    IMAGE = "image"
    SECOND = "second"
    MEGAPIXEL = "megapixel"
    THOUSAND_CHARACTERS = "thousand_characters"
    ELEMENT = "element"


class PriceRule(msgspec.Struct, frozen=True, kw_only=True):
    """Replaces (`amount`) or raises (`add`) the unit amount when the input named `input` equals `equals`."""

    input: str
    equals: str | int | float | bool
    amount: Money | None = None
    add: Money | None = None


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """The price of one model."""

    unit: PriceUnit
    amount: Money
    label: str
    rules: tuple[PriceRule, ...] = ()
    first_megapixel: Money | None = None
    elements: dict[str, Money] = {}
    elements_input: str | None = None
    characters_input: str = "text"


class Quote(msgspec.Struct, frozen=True, gc=False):
    """What a run costs, and how that figure came about."""

    cost: Money
    breakdown: Document


def depends_on_output(price: Price) -> bool:
    """Tells whether the size or number of what comes out decides the price."""
    return price.unit in (PriceUnit.IMAGE, PriceUnit.SECOND, PriceUnit.MEGAPIXEL)


def depends_on_inputs(price: Price) -> bool:
    """Tells whether anything that is sent decides the price: flat ones are the same whatever a run is about."""
    return price.unit is not PriceUnit.REQUEST or bool(price.rules)


def cost_of(price: Price, inputs: Json, extent: Extent) -> Money:
    """Returns what a run costs, without the account of it."""
    return _QUANTITIES[price.unit](price, _unit_amount(price, inputs), inputs, extent)[1]


def quote(price: Price, inputs: Json, extent: Extent) -> Quote:
    """Returns the cost of a run with these inputs, whose output has this extent."""
    unit_amount = _unit_amount(price, inputs)
    if price.unit is PriceUnit.REQUEST:
        return _flat(unit_amount)
    quantity, cost = _QUANTITIES[price.unit](price, unit_amount, inputs, extent)
    return _account(price.unit, unit_amount, quantity, cost)


# One value for all runs: most models have a flat price, and each of a hundred thousand runs would keep the same account once more.
@lru_cache(maxsize=1024)
def _flat(amount: Money) -> Quote:
    return _account(PriceUnit.REQUEST, amount, 1, amount)


def _account(unit: PriceUnit, unit_amount: Money, quantity: Json, cost: Money) -> Quote:
    breakdown: dict[str, Json] = {
        "unit": unit.value,
        "unit_price": format_money(unit_amount),
        "quantity": quantity,
        "total": format_money(cost),
        "currency": "USD",
    }
    return Quote(cost, write_document(breakdown))


def _unit_amount(price: Price, inputs: Json) -> Money:
    amount = price.amount
    # In their order: to what one rule sets, a later one adds.
    for rule in price.rules:
        if look_up(inputs, rule.input) == rule.equals:
            amount = rule.amount if rule.amount is not None else Money(amount + (rule.add or ZERO))
    return amount


def _per_request(price: Price, amount: Money, inputs: Json, extent: Extent) -> tuple[Json, Money]:
    return 1, amount


def _per_image(price: Price, amount: Money, inputs: Json, extent: Extent) -> tuple[Json, Money]:
    return extent.count, Money(amount * extent.count)


def _per_second(price: Price, amount: Money, inputs: Json, extent: Extent) -> tuple[Json, Money]:
    return extent.seconds, Money(round(amount * extent.seconds))


def _per_megapixel(price: Price, amount: Money, inputs: Json, extent: Extent) -> tuple[Json, Money]:
    pixels = extent.width * extent.height
    if price.first_megapixel is not None:
        # A part of a further megapixel counts as a whole one, and a megapixel is 1024 × 1024 here: 1920 × 1080 is two of them.
        megapixels = max(1, math.ceil(pixels / 1_048_576))
        each = Money(price.first_megapixel + amount * (megapixels - 1))
        return megapixels * extent.count, Money(each * extent.count)
    # In tenths, one at least: whole numbers keep the sum exact.
    tenths = max(1, round(pixels * 10 / 1_000_000))
    return tenths * extent.count / 10, Money(amount * tenths * extent.count // 10)


def _per_thousand_characters(price: Price, amount: Money, inputs: Json, extent: Extent) -> tuple[Json, Money]:
    text = look_up(inputs, price.characters_input)
    characters = len(text) if isinstance(text, str) else 0
    return characters / 1000, Money(amount * characters // 1000)


def _per_element(price: Price, amount: Money, inputs: Json, extent: Extent) -> tuple[Json, Money]:
    chosen = look_up(inputs, price.elements_input or "")
    wanted = list_of(chosen)
    amounts = {name: each for name, each in price.elements.items() if name in wanted}
    return {name: format_money(each) for name, each in amounts.items()}, Money(sum(amounts.values()))


_QUANTITIES: Mapping[PriceUnit, Callable[[Price, Money, Json, Extent], tuple[Json, Money]]] = {
    PriceUnit.REQUEST: _per_request,
    PriceUnit.IMAGE: _per_image,
    PriceUnit.SECOND: _per_second,
    PriceUnit.MEGAPIXEL: _per_megapixel,
    PriceUnit.THOUSAND_CHARACTERS: _per_thousand_characters,
    PriceUnit.ELEMENT: _per_element,
}

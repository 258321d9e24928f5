"""Catalog drifts: in what two catalogs differ, model by model, from a client's point of view."""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from msgspec.structs import replace

from runflow_mock.domain.money import format_money
from runflow_mock.kit.drift.document_drifts import drift_of
from runflow_mock.kit.drift.drifts import Drift, Found, Side
from runflow_mock.kit.drift.offers import Offer
from runflow_mock.kit.drift.schema_drifts import SchemaComparison
from runflow_mock.openapi.contracts import Contract

_AMOUNT = re.compile(r"[0-9]+(?:\.[0-9]+)?")

Offers = Mapping[str, Offer]


def catalog_drifts(old: Offers, new: Offers) -> Iterator[Drift]:
    """Yields every difference of two catalogs, the pinned one and the newer."""
    nowhere = Contract({})
    inputs = SchemaComparison(nowhere, nowhere)
    for id_, offer in old.items():
        if id_ not in new:
            known = "" if offer.evidence is None else f"; our catalog has it only {offer.evidence}"
            yield _drift(offer, Side.MODEL, Found("model-removed", (), f"it is gone{known}"))
            continue
        for compare in ASPECTS:
            for found in compare(offer, new[id_]):
                yield _drift(offer, Side.MODEL, found)
        if offer.inputs is not None and new[id_].inputs is not None:
            for found in inputs.drifts(offer.inputs, new[id_].inputs):
                yield _drift(offer, Side.REQUEST, found._replace(where=("input", *found.where)))
    for id_, offer in new.items():
        if id_ not in old:
            yield _drift(offer, Side.MODEL, Found("model-added", (), "it is new" if offer.is_active else "it is new, and not active"))


def _drift(offer: Offer, side: Side, found: Found) -> Drift:
    return drift_of(offer.id, offer.id, side, found, evidence=offer.evidence)


def _activity(old: Offer, new: Offer) -> Iterator[Found]:
    if old.is_active and not new.is_active:
        yield Found("model-deactivated", (), "it is not active any more")
    if new.is_active and not old.is_active:
        yield Found("model-activated", (), "it is active now")


def _aliases(old: Offer, new: Offer) -> Iterator[Found]:
    if old.aliases is not None and new.aliases is not None:
        for name in sorted(old.aliases - new.aliases):
            yield Found("alias-removed", ("aliases",), f"{name} does not lead to it any more")
        for name in sorted(new.aliases - old.aliases):
            yield Found("alias-added", ("aliases",), f"{name} leads to it as well")


def _batches(old: Offer, new: Offer) -> Iterator[Found]:
    if old.takes_batches and new.takes_batches is False:
        yield Found("batches-removed", ("batch",), "it takes no batches any more")
    if new.takes_batches and old.takes_batches is False:
        yield Found("batches-added", ("batch",), "it takes batches now")


def _price(old: Offer, new: Offer) -> Iterator[Found]:
    if old.price is None or new.price is None:
        yield from _price_label(old.price_label, new.price_label)
    elif old.price != new.price:
        was, now = old.price, new.price
        says = f"{format_money(was.amount)} a {was.unit.value} before, {format_money(now.amount)} a {now.unit.value} now"
        is_comparable = old.price == replace(now, amount=was.amount)
        change = "price-changed" if not is_comparable else "price-raised" if now.amount > was.amount else "price-lowered"
        yield Found(change, ("price",), says)


def _price_label(was: str, now: str) -> Iterator[Found]:
    """Yields what a label says of a price; labels are compared by amount where they differ in nothing else."""
    if was == now or not was or not now:
        return
    amounts = [_AMOUNT.findall(label) for label in (was, now)]
    change = "price-changed"
    if _AMOUNT.sub("", was) == _AMOUNT.sub("", now) and len(amounts[0]) == 1:
        before, after = (Decimal(found[0]) for found in amounts)
        change = "price-raised" if after > before else "price-lowered"
    yield Found(change, ("price",), f"{was} before, {now} now")


def _latency(old: Offer, new: Offer) -> Iterator[Found]:
    if old.run_seconds is not None and new.run_seconds is not None and old.run_seconds != new.run_seconds:
        was, now = old.run_seconds, new.run_seconds
        change = "slower" if sum(now) > sum(was) else "faster"
        yield Found(change, ("run_seconds",), f"{was[0]:g} to {was[1]:g} s before, {now[0]:g} to {now[1]:g} s now")


def _output(old: Offer, new: Offer) -> Iterator[Found]:
    if old.output is not None and new.output is not None and old.output != new.output:
        yield Found("output-changed", ("output",), f"{old.output} before, {new.output} now")


ASPECTS: tuple[Callable[[Offer, Offer], Iterator[Found]], ...] = (_activity, _aliases, _batches, _price, _latency, _output)

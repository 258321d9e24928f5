"""Offers: what a catalog says of its models, in either of its forms, as far as the form says it.

The published `models-catalog.json` names models with a price label, and a catalog of ours has everything; what a form does not say is
nothing, and is never compared.
"""

from collections.abc import Mapping

import msgspec

from runflow_mock.decoders import convert
from runflow_mock.domain.documents import Json, read_object
from runflow_mock.domain.models import Model
from runflow_mock.domain.prices import Price
from runflow_mock.wire.catalog import CatalogError, Listed, WireModel, read_model


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """One model as a catalog offers it; `evidence` says how our own catalog knows it."""

    id: str
    is_active: bool
    price_label: str
    evidence: str | None = None
    aliases: frozenset[str] | None = None
    takes_batches: bool | None = None
    inputs: Json = None
    price: Price | None = None
    run_seconds: tuple[float, float] | None = None
    output: str | None = None


def is_catalog(value: Json) -> bool:
    """Tells whether values are those of a catalog, of whichever form."""
    return _entries(value) is not None


def read_offers(value: Json, source: str) -> Mapping[str, Offer]:
    """Returns the offers in the values of a catalog; `source` is what messages call it.

    Raises:
        CatalogError: a model cannot be read.
    """
    found = {}
    for entry in _entries(value) or ():
        try:
            offer = (
                _listed(entry) if isinstance(entry, dict) and "provider_slug" in entry else offer_of(read_model(convert(entry, WireModel)))
            )
        except (msgspec.ValidationError, ValueError) as error:
            raise CatalogError(f"{source}, model {str(entry)[:80]}: {error}") from None
        found[offer.id] = offer
    return found


def offer_of(model: Model) -> Offer:
    """Returns what our catalog says of a model."""
    return Offer(
        id=model.id,
        is_active=model.is_active,
        price_label=model.price.label,
        evidence=None if model.evidence == "documented" else model.evidence,
        aliases=frozenset(model.aliases),
        takes_batches=model.takes_batches,
        inputs=read_object(model.input_schema),
        price=msgspec.structs.replace(model.price, label=""),
        run_seconds=model.run_seconds,
        output=model.output.media_type,
    )


def _entries(value: Json) -> list[Json] | None:
    models = value.get("models") if isinstance(value, dict) else value
    return models if isinstance(models, list) and models and all(isinstance(entry, dict) for entry in models) else None


def _listed(entry: Json) -> Offer:
    listed = convert(entry, Listed)
    return Offer(id=f"{listed.provider_slug}/{listed.model_slug}", is_active=listed.active, price_label=listed.price_label)

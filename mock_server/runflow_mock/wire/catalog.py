"""The model catalog: files of `fixtures/catalog/` and of the user to models, with errors that name file, model and value.

A file is one owner with a list of models, a bare list of models, or a downloaded `models-catalog.json`, whose entries only name a model:
such a model gets the inputs of a generic image, video or audio model.
"""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path
from typing import cast

import msgspec

from runflow_mock.decoders import convert
from runflow_mock.domain.documents import BYTE_ORDER_MARK, DEPTH_MAX, Json, check_shape, read_document, write_document
from runflow_mock.domain.identity import named_uuid
from runflow_mock.domain.instants import DURATION_MAX
from runflow_mock.domain.media import EDGE_MAX, SECONDS_MAX, OutputShape
from runflow_mock.domain.models import CATALOG_SINCE, Catalog, Creator, Model, creator_id
from runflow_mock.domain.money import PRICE_MAX, Money, format_money, parse_money
from runflow_mock.domain.paces import USUAL
from runflow_mock.domain.prices import Price, PriceRule, PriceUnit
from runflow_mock.resources import data_folder
from runflow_mock.user_files import read_file, read_found_file
from runflow_mock.wire.inputs import complete_schema, read_input_schema
from runflow_mock.wire.paces import WirePace, read_pace
from runflow_mock.wire.workflows import load_published

GENERIC_PRICE = Money(40_000)


class CatalogError(ValueError):
    """A catalog file that cannot be used."""


class WireRule(msgspec.Struct, kw_only=True):
    """An input that changes the price."""

    input: str
    equals: str | int | float | bool
    amount: str | None = None
    add: str | None = None


class WirePrice(msgspec.Struct, kw_only=True):
    """What a model costs, as a catalog file writes it."""

    unit: PriceUnit
    amount: str
    label: str = ""
    evidence: str = "inferred"
    rules: tuple[WireRule, ...] = ()
    first_megapixel: str | None = None
    elements: dict[str, str] = {}
    elements_input: str | None = None
    characters_input: str | None = None


class WireModel(msgspec.Struct, kw_only=True):
    """A model, as a catalog file writes it."""

    id: str
    name: str
    description: str = ""
    category: str = ""
    task: str = ""
    modality: str = "image"
    active: bool = True
    batch: bool = True
    evidence: str = "given"
    source: str = ""
    aliases: tuple[str, ...] = ()
    input: dict[str, object]
    price: WirePrice
    output: OutputShape
    run_seconds: tuple[float, float]
    runs_unlisted: bool = False
    pace: WirePace | None = None
    featured: bool = False
    updated: date | None = None
    inferred: tuple[str, ...] = ()


class _WireOwner(msgspec.Struct, kw_only=True):
    """The head of an owner's file."""

    owner: str
    display_name: str
    description: str = ""
    website_url: str | None = None


class Listed(msgspec.Struct, kw_only=True):
    """An entry of the published `models-catalog.json`."""

    provider_slug: str
    model_slug: str
    model_name: str
    category: str = ""
    price_label: str = ""
    active: bool = True


def load_catalog(paths: Sequence[Path] = (), *, accept_unknown: bool = False) -> Catalog:
    """Returns the packaged catalog with the models of further files and folders on top.

    Raises:
        CatalogError: a file is missing or wrong; the message names it, the model and the value.
    """
    models: dict[str, Model] = {}
    creators: dict[str, Creator] = {}
    ours = data_folder("fixtures") / "catalog"
    for folder, file in ((path, file) for path in (ours, *paths) for file in _files(path)):
        # A file that is named itself may be a pipe, as a shell makes one; ours may be links into the cache of an installer.
        read = read_file if file == folder or folder is ours else partial(read_found_file, folder=folder)
        content = _content(file, read, is_ours=folder is ours)
        models |= {model.id: model for model in (_model(file, entry, is_ours=folder is ours) for entry in _entries(file, content))}
        creators |= {creator.slug: creator for creator in _owner(file, content)}
    generic = generic_model("any/model", "image") if accept_unknown else None
    return Catalog(tuple(models.values()), creators=tuple(creators.values()), generic=generic, published=load_published())


def generic_model(model_id: str, modality: str, *, name: str = "") -> Model:
    """Returns a model about which nothing is known but its kind: it takes any input and makes one file."""
    media_type = {"video": "video/mp4", "audio": "audio/mpeg"}.get(modality, "image/png")
    return Model(
        id=model_id,
        uuid=named_uuid("model", model_id),
        name=name or model_id,
        description="A model that the catalog knows by name only.",
        category="",
        task="",
        modality=modality,
        is_active=True,
        takes_batches=True,
        evidence="inferred",
        source="chosen by runflow-mock",
        input_schema=write_document({"type": "object"}),
        price=Price(unit=PriceUnit.REQUEST, amount=GENERIC_PRICE, label="$0.04/request"),
        output=OutputShape(media_type=media_type, file="result", count_input="num_images", duration_default_seconds=5.0),
        run_seconds=(2.0, 6.0),
    )


def _files(path: Path) -> list[Path]:
    suffixes = (".json", ".yaml", ".yml")
    return sorted(file for file in path.iterdir() if file.suffix in suffixes) if path.is_dir() else [path]


def _content(file: Path, read: Callable[[Path], bytes], *, is_ours: bool) -> Json:
    try:
        content = _parse(file, read(file))
        if not is_ours:
            check_shape(content)
        return content
    except OSError as error:
        raise CatalogError(f"catalog file {file} cannot be read: {error.strerror}") from None
    except RecursionError:
        raise CatalogError(f"catalog file {file} is not valid: it is nested deeper than {DEPTH_MAX} levels") from None
    except (ValueError, msgspec.MsgspecError) as error:
        raise CatalogError(f"catalog file {file} is not valid: {' '.join(str(error).split())}") from None


def _entries(file: Path, content: Json) -> list[Json]:
    models = content.get("models") if isinstance(content, dict) else content
    if not isinstance(models, list):
        raise CatalogError(f'catalog file {file} holds no list of models; write {{"models": [...]}}')
    return models


def _owner(file: Path, content: Json) -> tuple[Creator, ...]:
    if not isinstance(content, dict) or "owner" not in content:
        return ()
    try:
        head = convert(content, _WireOwner)
    except msgspec.ValidationError as error:
        raise CatalogError(f"catalog file {file}: {error}") from None
    return (
        Creator(
            id=creator_id(head.owner),
            slug=head.owner,
            display_name=head.display_name,
            description=head.description,
            website_url=head.website_url,
        ),
    )


def _parse(file: Path, raw: bytes) -> Json:
    if file.suffix == ".json":
        if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            raise ValueError("it is written in UTF-16; save it as UTF-8")
        return read_document(raw.removeprefix(BYTE_ORDER_MARK))
    # Only files of the user are YAML: a server that has none starts without what reads it.
    from runflow_mock.openapi.texts import read_text

    return read_text(raw)


def _model(file: Path, entry: Json, *, is_ours: bool) -> Model:
    listed = isinstance(entry, dict) and "provider_slug" in entry
    try:
        if listed:
            named = convert(entry, Listed)
            modality = next((kind for kind in ("video", "audio") if kind in named.category.lower()), "image")
            model = generic_model(f"{named.provider_slug}/{named.model_slug}", modality, name=named.model_name)
            price = msgspec.structs.replace(model.price, label=named.price_label or model.price.label)
            return msgspec.structs.replace(model, is_active=named.active, evidence="given", category=named.category, price=price)
        return read_model(convert(entry, WireModel), is_ours=is_ours)
    except (msgspec.ValidationError, ValueError) as error:
        name = entry.get("id", "without an id") if isinstance(entry, dict) else repr(entry)
        raise CatalogError(f"catalog file {file}, model {str(name)[:80]}: {error}") from None


def read_model(entry: WireModel, *, is_ours: bool = False) -> Model:
    """Returns the model of an entry; the schemas of our own catalog were checked when it was written, and start faster unchecked.

    Raises:
        ValueError: an id, price, range or schema cannot be used.
    """
    inputs = cast(dict[str, Json], entry.input)
    model = Model(
        id=entry.id,
        uuid=named_uuid("model", entry.id),
        name=entry.name,
        description=entry.description,
        category=entry.category,
        task=entry.task,
        modality=entry.modality,
        is_active=entry.active,
        takes_batches=entry.batch,
        evidence=entry.evidence,
        source=entry.source,
        aliases=entry.aliases,
        input_schema=write_document(complete_schema(inputs)) if is_ours else read_input_schema(inputs),
        price=read_price(entry.price),
        output=entry.output,
        run_seconds=entry.run_seconds,
        is_featured=entry.featured,
        updated_at=CATALOG_SINCE if entry.updated is None else datetime.combine(entry.updated, time(), UTC),
        inferred=entry.inferred,
        price_evidence=entry.price.evidence,
        runs_unlisted=entry.runs_unlisted,
        pace=USUAL if entry.pace is None else read_pace(entry.pace),
    )
    check_model(model)
    return model


def check_model(model: Model) -> None:
    """Accepts a model with which a world can work.

    Raises:
        ValueError: an id, price, range or figure cannot be used.
    """
    parts = model.id.split("/")
    if len(parts) < 2 or not all(parts):
        raise ValueError(f"the id {model.id[:80]!r} must be owner/slug, of any depth")
    check_run_seconds(model.run_seconds)
    check_output(model.output)
    amounts = (model.price.amount, model.price.first_megapixel, *model.price.elements.values())
    changes = (change for rule in model.price.rules for change in (rule.amount, rule.add))
    for amount in (each for each in (*amounts, *changes) if each is not None):
        if not 0 <= amount <= PRICE_MAX:
            raise ValueError(f"a price of {format_money(amount)} must be from 0 to {format_money(PRICE_MAX)}")


def check_run_seconds(seconds: tuple[float, float]) -> None:
    """Accepts a range of running times; raises `ValueError` for what cannot be one."""
    if not 0 <= seconds[0] <= seconds[1] <= DURATION_MAX.total_seconds():
        raise ValueError(f"run_seconds {seconds} must be a range from low to high, of at most a hundred years")


def check_output(output: OutputShape) -> None:
    """Accepts what a model produces; raises `ValueError` for figures that no file can have."""
    for name, edge in (("width", output.width), ("height", output.height)):
        if not 1 <= edge <= EDGE_MAX:
            raise ValueError(f"output.{name} {str(edge)[:80]} must be from 1 to {EDGE_MAX}")
    if not 0 <= (output.duration_default_seconds or 0.0) <= SECONDS_MAX:
        raise ValueError(f"output.duration_default_seconds {output.duration_default_seconds} must be from 0 to {SECONDS_MAX:g}")
    for stage in output.stages:
        check_run_seconds(stage.seconds)


def read_price(price: WirePrice) -> Price:
    """Returns the price of an entry; raises `ValueError` for what is no amount."""
    return Price(
        unit=price.unit,
        amount=parse_money(price.amount),
        label=price.label,
        rules=tuple(
            PriceRule(input=rule.input, equals=rule.equals, amount=_optional_money(rule.amount), add=_optional_money(rule.add))
            for rule in price.rules
        ),
        first_megapixel=_optional_money(price.first_megapixel),
        elements={name: parse_money(amount) for name, amount in price.elements.items()},
        elements_input=price.elements_input,
        characters_input=price.characters_input or "text",
    )


def _optional_money(text: str | None) -> Money | None:
    return None if text is None else parse_money(text)

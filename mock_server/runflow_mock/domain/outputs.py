"""Outputs: the JSON that a finished run carries, with the addresses of its files.

An address names tenant, run and file, and carries an expiry and a signature over both; with them alone it can be read. What a file shows is
described here and drawn elsewhere, when somebody reads it.

Source: `outputs.unified` (`outputs`, `seed`, `timing`, `nsfw_detected`), `outputs.image-urls`, `outputs.forms`, `outputs.figures`; a
pipeline lists one image a stage in its fixed order before the `result_…` file. `outputs.lifetime`, `outputs.no-credential`,
`runs.add-signature`. Inferred: the form of the address, `outputs.refusals`, `runs.signed-again`.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from hmac import compare_digest

import msgspec

from runflow_mock.domain.dialects import Dialect
from runflow_mock.domain.documents import Document, Json, read_document
from runflow_mock.domain.media import EXTENSIONS, Extent, GivenFile, extent_of, stages_of
from runflow_mock.domain.mime import kind_of
from runflow_mock.domain.models import Model
from runflow_mock.domain.runs import Run
from runflow_mock.domain.seeds import Seed
from runflow_mock.domain.whole_numbers import whole_number

MEDIA_PREFIX = "/media/"

# So many has the latest instant that a clock reaches, in seconds since the epoch.
_EXPIRES_DIGITS_MAX = 12
_UNIFIED = ("outputs", "seed", "timing", "nsfw_detected")


class Form(StrEnum):
    """How an output is written; `EVERYTHING` has both forms and every figure, for whoever wants the comfort."""

    UNIFIED = "unified"
    IMAGE_URLS = "image_urls"
    BOTH = "both"
    EVERYTHING = "everything"


class OutputFile(msgspec.Struct, frozen=True):
    """What one file of a run shows: which part of the output it is, its figures, and whether it is a cut-out."""

    part: str
    extent: Extent
    transparent: bool


def file_names(model: Model, inputs: Json, extent: Extent) -> tuple[str, ...]:
    """Returns the names of a run's files, stages first and final results last."""
    extension = EXTENSIONS[extent.media_type]
    finals = _numbered(model.output.file, extension, extent.count)
    if not model.output.stages:
        return finals
    stages = tuple(f"{stage.file}_00001_.{extension}" for stage in stages_of(model.output, inputs))
    return (*stages, *finals)


@lru_cache(maxsize=1024)
def _numbered(name: str, extension: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name}_{number:05d}_.{extension}" for number in range(1, count + 1))


def describe_file(model: Model, inputs: Json, name: str) -> OutputFile | None:
    """Returns what the file of this name shows, or nothing when the run has no such file."""
    extent = extent_of(model.output, inputs)
    names = file_names(model, inputs, extent)
    if name not in names:
        return None
    place, stages = names.index(name), stages_of(model.output, inputs)
    if place < len(stages):
        return OutputFile(f"stage {stages[place].element}", extent, stages[place].transparent)
    # What one stage has cut out stays cut out at the end.
    is_cut_out = model.output.transparent or any(stage.transparent for stage in stages)
    return OutputFile(f"result {place - len(stages) + 1} of {extent.count}", extent, is_cut_out)


def source_of(model: Model, inputs: Json, form: re.Pattern[str]) -> str | None:
    """Returns the name in the first address of this form among the inputs, in the order in which the model lists them."""
    schema = read_document(model.input_schema)
    named = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(inputs, dict) or not isinstance(named, dict):
        return None
    for name in (*named, *inputs):
        given = inputs.get(name)
        for value in given if isinstance(given, list) else (given,):
            found = form.match(value) if isinstance(value, str) else None
            if found is not None:
                return found[1]
    return None


def media_url(run: Run, tenant: str, name: str, expires_at: datetime, key: Seed) -> str:
    """Returns the signed address of one file; it stops working at `expires_at` of the tenant's clock."""
    return _signed(run, tenant, name, int(expires_at.timestamp()), key)


def media_signature(path: str, expires: int, key: Seed) -> str:
    """Returns the signature that a media address must carry."""
    return key.hex(32, "media", path, expires)


def media_objection(path: str, expires: str, signature: str, now: datetime, key: Seed) -> str | None:
    """Returns why an address cannot be read at `now`, or nothing."""
    seconds = whole_number(expires, _EXPIRES_DIGITS_MAX)
    if seconds is None:
        return "The address carries no expiry and signature: use it as the output has it."
    if not compare_digest(media_signature(path, seconds, key).encode(), signature.encode()):
        return "The address was changed after it was signed."
    if seconds <= now.timestamp():
        return "The address has expired: read the record again for a fresh one, a run with add_signature=true."
    return None


def sign_again(document: Document, run: Run, tenant: str, expires_at: datetime, key: Seed) -> Document:
    """Returns an output whose addresses work until `expires_at` and which is otherwise the same."""
    return Document(
        _addresses(run, tenant).sub(lambda found: media_url(run, tenant, found[1].decode(), expires_at, key).encode(), document)
    )


def readdress(document: Document, run: Run, tenant: str, another: str, key: Seed) -> Document:
    """Returns an output whose addresses name another tenant, work as long as before, and which is otherwise the same."""
    return Document(
        _addresses(run, tenant).sub(lambda found: _signed(run, another, found[1].decode(), int(found[2]), key).encode(), document)
    )


def _addresses(run: Run, tenant: str) -> re.Pattern[bytes]:
    start = f"{run.base_url}{MEDIA_PREFIX}{tenant}/{run.id}/"
    return re.compile(re.escape(start.encode()) + rb"([A-Za-z0-9._-]+)\?expires=(\d+)&signature=[0-9a-f]+")


def _signed(run: Run, tenant: str, name: str, expires: int, key: Seed) -> str:
    path = f"{MEDIA_PREFIX}{tenant}/{run.id}/{name}"
    return f"{run.base_url}{path}?expires={expires}&signature={media_signature(path, expires, key)}"


def form_of(model: Model, dialect: Dialect) -> Form:
    """Returns how a model's output is written: as there is evidence for, or with everything at once where somebody asks for that.

    Where nobody has seen it, both forms are there for a client to read either; a strict tenant has the one that all models share.
    """
    if dialect.output_form == "both":
        return Form.EVERYTHING
    shape = model.output
    stated = (dialect.name == "docs" and shape.form_docs) or shape.form
    if model.modality != "image" or (stated == "unknown" and dialect.is_proven):
        return Form.UNIFIED
    return Form.BOTH if stated == "unknown" else Form(stated)


def produce(model: Model, inputs: Json, urls: Sequence[str], extent: Extent, *, seed: Callable[[], Seed], form: Form) -> dict[str, Json]:
    """Returns the output of a run whose files have these addresses and this extent, in the form of its model.

    `seed` is asked for one only where the output tells it: few models do.
    """
    finals = urls[len(urls) - extent.count :]
    if form is Form.EVERYTHING:
        entries = [_whole_entry(model.modality, url, extent) for url in finals]
        nsfw_detected = False if model.modality == "image" else None
        return _written(form, entries, urls if model.modality == "image" else (), _seed(inputs, seed), nsfw_detected)
    pixels: dict[str, Json] = {"width": extent.width, "height": extent.height} if model.output.pixels else {}
    plain: list[Json] = [{"url": url, "type": model.modality, **pixels} for url in finals]
    return _written(form, plain, urls, _seed(inputs, seed) if takes_seed(model.input_schema) else None, None)


def produce_given(files: Sequence[GivenFile], urls: Sequence[str], form: Form) -> dict[str, Json]:
    """Returns the output of a run whose files a user gave; what is no picture can only stand in the unified form."""
    kinds = [kind_of(file.media_type) for file in files]
    pictures = [url for url, kind in zip(urls, kinds, strict=True) if kind == "image"]
    if form is Form.EVERYTHING:
        entries: list[Json] = [
            {"url": url, "type": kind, "content_type": file.media_type, **_pixels(file)}
            for url, kind, file in zip(urls, kinds, files, strict=True)
        ]
        return _written(form, entries, pictures, None, False if pictures else None)
    plain: list[Json] = [{"url": url, "type": kind} for url, kind in zip(urls, kinds, strict=True)]
    return _written(form if len(pictures) == len(urls) else Form.UNIFIED, plain, pictures, None, None)


@lru_cache(maxsize=1024)
def takes_seed(input_schema: Document) -> bool:
    """Tells whether a model lists `seed` among its inputs, so that its output has one to tell."""
    schema = read_document(input_schema)
    named = schema.get("properties") if isinstance(schema, dict) else None
    return isinstance(named, dict) and "seed" in named


def output_fields(form: Form, modality: str) -> tuple[str, ...]:
    """Returns the names of an output's fields."""
    if form is Form.IMAGE_URLS:
        return ("image_urls",)
    return (*_UNIFIED, "image_urls") if form is not Form.UNIFIED and modality == "image" else _UNIFIED


def _written(form: Form, entries: list[Json], pictures: Sequence[str], seed: Json, nsfw_detected: Json) -> dict[str, Json]:
    if form is Form.IMAGE_URLS:
        return {"image_urls": list(pictures)}
    output: dict[str, Json] = dict(zip(_UNIFIED, (entries, seed, None, nsfw_detected), strict=True))
    return {**output, "image_urls": list(pictures)} if form is not Form.UNIFIED and pictures else output


def _seed(inputs: Json, seed: Callable[[], Seed]) -> Json:
    chosen = inputs.get("seed") if isinstance(inputs, dict) else None
    return chosen if chosen is not None else seed().below(2**31, "seed")


def _pixels(file: GivenFile) -> dict[str, Json]:
    return {} if file.width is None else {"width": file.width, "height": file.height}


def _whole_entry(modality: str, url: str, extent: Extent) -> Json:
    entry: dict[str, Json] = {"url": url, "type": modality, "content_type": extent.media_type}
    if modality != "audio":
        entry |= {"width": extent.width, "height": extent.height}
    if modality != "image":
        entry["duration"] = extent.seconds
    return entry

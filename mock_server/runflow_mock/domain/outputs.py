"""Outputs: the JSON that a finished run carries, with the addresses of its files.

An address names tenant, run and file, and carries an expiry and a signature over both; with them alone it can be read. What a file shows is
described here and drawn elsewhere, when somebody reads it.

Source: `outputs.unified` (`outputs`, `seed`, `timing`, `nsfw_detected`), `outputs.image-urls`; every image model answers with both, and a
pipeline lists one image a stage in its fixed order before the `result_…` file. `outputs.lifetime`, `outputs.no-credential`,
`runs.add-signature`. Inferred: the form of the address, `outputs.refusals`, `runs.signed-again`.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from hmac import compare_digest

import msgspec

from runflow_mock.domain.documents import Document, Json, read_document
from runflow_mock.domain.media import EXTENSIONS, Extent, GivenFile, extent_of, stages_of
from runflow_mock.domain.mime import kind_of
from runflow_mock.domain.models import Model
from runflow_mock.domain.runs import Run
from runflow_mock.domain.seeds import Seed

MEDIA_PREFIX = "/media/"

_EXPIRES_DIGITS_MAX = 12


class OutputFile(msgspec.Struct, frozen=True):
    """What one file of a run shows: which part of the output it is, its figures, and whether it is a cut-out."""

    part: str
    extent: Extent
    transparent: bool


def file_names(model: Model, inputs: Json, extent: Extent) -> tuple[str, ...]:
    """Returns the names of a run's files, stages first and final results last."""
    extension = EXTENSIONS[extent.media_type]
    stages = tuple(f"{stage.file}_00001_.{extension}" for stage in stages_of(model.output, inputs))
    finals = tuple(f"{model.output.file}_{number:05d}_.{extension}" for number in range(1, extent.count + 1))
    return (*stages, *finals)


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
        for value in _texts(inputs.get(name)):
            found = form.match(value)
            if found is not None:
                return found[1]
    return None


def _texts(value: Json) -> Iterator[str]:
    for part in value if isinstance(value, list) else (value,):
        if isinstance(part, str):
            yield part


def media_url(run: Run, tenant: str, name: str, expires_at: datetime, key: Seed) -> str:
    """Returns the signed address of one file; it stops working at `expires_at` of the tenant's clock."""
    return _signed(run, tenant, name, int(expires_at.timestamp()), key)


def media_signature(path: str, expires: int, key: Seed) -> str:
    """Returns the signature that a media address must carry."""
    return key.hex(32, "media", path, expires)


def media_objection(path: str, expires: str, signature: str, now: datetime, key: Seed) -> str | None:
    """Returns why an address cannot be read at `now`, or nothing."""
    if not (expires.isascii() and expires.isdigit() and len(expires) <= _EXPIRES_DIGITS_MAX):
        return "The address carries no expiry and signature: use it as the output has it."
    if not compare_digest(media_signature(path, int(expires), key).encode(), signature.encode()):
        return "The address was changed after it was signed."
    if int(expires) <= now.timestamp():
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


def produce(model: Model, inputs: Json, urls: Sequence[str], extent: Extent, seed: Seed) -> dict[str, Json]:
    """Returns the output of a run whose files have these addresses and this extent."""
    finals = urls[len(urls) - extent.count :]
    chosen = inputs.get("seed") if isinstance(inputs, dict) else None
    output: dict[str, Json] = {
        "outputs": [_entry(model.modality, url, extent) for url in finals],
        "seed": chosen if chosen is not None else seed.below(2**31, "seed"),
        "timing": None,
        "nsfw_detected": False if model.modality == "image" else None,
    }
    if model.modality == "image":
        output["image_urls"] = list(urls)
    return output


def produce_given(files: Sequence[GivenFile], urls: Sequence[str]) -> dict[str, Json]:
    """Returns the output of a run whose files a user gave."""
    kinds = [kind_of(file.media_type) for file in files]
    output: dict[str, Json] = {
        "outputs": [
            {"url": url, "type": kind, "content_type": file.media_type, **_pixels(file)}
            for url, kind, file in zip(urls, kinds, files, strict=True)
        ],
        "seed": None,
        "timing": None,
        "nsfw_detected": False if "image" in kinds else None,
    }
    if "image" in kinds:
        output["image_urls"] = [url for url, kind in zip(urls, kinds, strict=True) if kind == "image"]
    return output


def _pixels(file: GivenFile) -> dict[str, Json]:
    return {} if file.width is None else {"width": file.width, "height": file.height}


def _entry(modality: str, url: str, extent: Extent) -> Json:
    entry: dict[str, Json] = {"url": url, "type": modality, "content_type": extent.media_type}
    if modality != "audio":
        entry |= {"width": extent.width, "height": extent.height}
    if modality != "image":
        entry["duration"] = extent.seconds
    return entry

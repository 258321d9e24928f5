"""Outputs: the JSON that a finished run carries, with the addresses of its files.

Source: `outputs.unified` (`outputs`, `seed`, `timing`, `nsfw_detected`), `outputs.image-urls`; every image model answers with both, and a
pipeline lists one image a stage in its fixed order before the `result_…` file.
"""

from collections.abc import Sequence
from datetime import datetime

from runflow_mock.domain.documents import Json
from runflow_mock.domain.media import EXTENSIONS, Extent, extent_of, stages_of
from runflow_mock.domain.models import Model
from runflow_mock.domain.runs import Run
from runflow_mock.domain.seeds import Seed


def file_names(model: Model, inputs: Json, extent: Extent) -> tuple[str, ...]:
    """Returns the names of a run's files, stages first and final results last."""
    extension = EXTENSIONS[extent.media_type]
    stages = tuple(f"{stage.file}_00001_.{extension}" for stage in stages_of(model.output, inputs))
    finals = tuple(f"{model.output.file}_{number:05d}_.{extension}" for number in range(1, extent.count + 1))
    return (*stages, *finals)


def media_url(run: Run, tenant: str, name: str, expires_at: datetime, key: Seed) -> str:
    """Returns the signed address of one file; it stops working at `expires_at` of the tenant's clock."""
    path = f"/media/{tenant}/{run.id}/{name}"
    expires = int(expires_at.timestamp())
    return f"{run.base_url}{path}?expires={expires}&signature={media_signature(path, expires, key)}"


def media_signature(path: str, expires: int, key: Seed) -> str:
    """Returns the signature that a media address must carry."""
    return key.hex(32, "media", path, expires)


def produce(model: Model, inputs: Json, urls: Sequence[str], seed: Seed) -> dict[str, Json]:
    """Returns the output of a run whose files have these addresses."""
    extent = extent_of(model.output, inputs)
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


def _entry(modality: str, url: str, extent: Extent) -> Json:
    entry: dict[str, Json] = {"url": url, "type": modality, "content_type": extent.media_type}
    if modality != "audio":
        entry |= {"width": extent.width, "height": extent.height}
    if modality != "image":
        entry["duration"] = extent.seconds
    return entry

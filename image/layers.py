"""Layers: what an image weighs, read from the layout in which an engine has written it into a folder."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def layer_sizes(folder: Path) -> Sequence[int]:
    """Returns the compressed bytes of the layers of the one image in an OCI layout, the lowest first."""
    (manifest,) = json.loads((folder / "index.json").read_bytes())["manifests"]
    layers: list[dict[str, Any]] = json.loads((folder / "blobs" / manifest["digest"].replace(":", "/")).read_bytes())["layers"]
    return [layer["size"] for layer in layers]

"""Output files: from what a file shows to its bytes."""

from collections.abc import Callable, Mapping, Sequence

from runflow_mock.domain.outputs import OutputFile
from runflow_mock.domain.runs import Run
from runflow_mock.domain.seeds import Seed
from runflow_mock.media.movies import make_movie
from runflow_mock.media.pictures import draw_picture
from runflow_mock.media.sounds import write_mp3, write_ogg, write_wav

CLAIM = "SYNTHETIC - made by runflow-mock"


def make_file(file: OutputFile, run: Run, seed: Seed, source: bytes | None) -> bytes:
    """Returns the bytes of a run's file; a picture or video shows `source`, where that can be read."""
    extent = file.extent
    lines = (CLAIM, run.model, f"run {run.id}", f"{file.part}, {_figures(file)}, {extent.media_type}")
    if extent.media_type.startswith("video/"):
        return make_movie((extent.width, extent.height), extent.seconds, lines, seed, source=source)
    if extent.media_type.startswith("audio/"):
        return _SOUNDS[extent.media_type](extent.seconds, ", ".join(lines))
    return draw_picture(extent.media_type, (extent.width, extent.height), lines, seed, transparent=file.transparent, source=source)


def _figures(file: OutputFile) -> str:
    extent = file.extent
    parts: Sequence[str] = (
        *((f"{extent.width} x {extent.height} px",) if not extent.media_type.startswith("audio/") else ()),
        *((f"{extent.seconds:g} s",) if not extent.media_type.startswith("image/") else ()),
    )
    return ", ".join(parts)


_SOUNDS: Mapping[str, Callable[[float, str], bytes]] = {"audio/mpeg": write_mp3, "audio/wav": write_wav, "audio/ogg": write_ogg}

"""Own files in the body of a fault rule: `{name?, media_type, base64}`, checked and measured, and how a rule shows them again."""

import binascii
import re
from base64 import b64decode
from collections.abc import Sequence
from hashlib import sha256

import msgspec

from runflow_mock.domain.media import GivenFile
from runflow_mock.domain.mime import EXTENSION_OF
from runflow_mock.media.pictures import measure_picture
from runflow_mock.wire.control import refused

FILES_MAX = 32
FILE_BYTES_MAX = 4 * 1024 * 1024

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,80}")


class WireFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One file as it is written in a rule."""

    media_type: str
    base64: str
    name: str | None = None


def decode_files(files: Sequence[WireFile], place: str) -> tuple[tuple[GivenFile, ...], tuple[bytes, ...]]:
    """Returns the files as a rule keeps them, and their bytes; `place` is what messages call the list.

    Raises:
        ControlError: 422 that names the file and what is wrong with it.
    """
    if len(files) > FILES_MAX:
        raise refused(f"{place} has {len(files)} files; a rule takes {FILES_MAX}")
    contents = tuple(_content(file, f"{place}[{number}]") for number, file in enumerate(files))
    given = tuple(_file(file, number, content, place) for number, (file, content) in enumerate(zip(files, contents, strict=True)))
    names = [file.name for file in given]
    for name in names:
        if names.count(name) > 1:
            raise refused(f"{place}: two files are named {name!r}")
    return given, contents


def represent_file(file: GivenFile) -> dict[str, object]:
    """Returns what there is to know of a file, without its bytes."""
    shown = {"name": file.name, "media_type": file.media_type, "size_bytes": file.size_bytes, "sha256": file.sha256}
    return shown if file.width is None else {**shown, "width": file.width, "height": file.height}


def _content(file: WireFile, place: str) -> bytes:
    if _MEDIA_TYPE.fullmatch(file.media_type) is None:
        raise refused(f"{place}.media_type {file.media_type[:80]!r} is not a media type such as image/png")
    try:
        content = b64decode(file.base64, validate=True)
    except (binascii.Error, ValueError) as error:
        raise refused(f"{place}.base64 is not base64: {error}") from None
    if len(content) > FILE_BYTES_MAX:
        raise refused(f"{place} has {len(content)} bytes; a file takes {FILE_BYTES_MAX}")
    return content


def _file(file: WireFile, number: int, content: bytes, place: str) -> GivenFile:
    name = file.name
    if name is None:
        name = f"file_{number + 1:05d}_.{EXTENSION_OF.get(file.media_type, 'bin')}"
    if _NAME.fullmatch(name) is None:
        raise refused(f"{place}[{number}].name {name[:120]!r} must be of letters, digits, _, - and ., 1 to 100 of them, not . first")
    size = measure_picture(content) if file.media_type.startswith("image/") else None
    return GivenFile(
        name=name,
        media_type=file.media_type,
        sha256=sha256(content).hexdigest(),
        size_bytes=len(content),
        width=None if size is None else size[0],
        height=None if size is None else size[1],
    )

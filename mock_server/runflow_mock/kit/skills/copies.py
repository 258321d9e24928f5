"""Copies of a SKILL.md: those that are installed where agents look for them, a file, a folder, an address, or what an index lists."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from runflow_mock.kit.pins.files import upwards
from runflow_mock.kit.skills.indexes import read_index
from runflow_mock.runtime.downloads import Downloads, is_address, joined
from runflow_mock.user_files import read_file
from runflow_mock.wire.skills import SKILL_BYTES_MAX, SkillError

# Where agents look for skills in a project, by the word that chooses the place.
PLACES: Mapping[str, Path] = {"agents": Path(".agents/skills"), "claude": Path(".claude/skills")}
NAME = "runflow"
FILE_NAME = "SKILL.md"
ARCHIVE_BYTES_MAX = 32 * 1024 * 1024

_IN_FOLDER = (*(place / NAME / FILE_NAME for place in PLACES.values()), Path(NAME) / FILE_NAME, Path(FILE_NAME))


class SkillCopy(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes of one copy, and where they are; `listed_digest` is what an index says of them.

    `is_comparable` is false for archives and skills of other names: they are compared with the index, not with the pin.
    """

    place: str
    body: bytes
    listed_digest: str | None = None
    is_comparable: bool = True


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Copies, and what there is to be told of how they were found."""

    copies: tuple[SkillCopy, ...] = ()
    warnings: tuple[str, ...] = ()


def find_copies(source: str | None, here: Path, home: Path, downloads: Downloads | None = None) -> Found:
    """Returns the copies at a source: an address, a file or a folder; with none, those installed at or above a folder and in a home.

    Raises:
        SkillError: the source is neither, or cannot be read.
        Unreachable: nothing usable answers at the address.
    """
    if source is None:
        files = dict.fromkeys(file for folder in (*upwards(here), home) for file in _files_in(folder, _IN_FOLDER[: len(PLACES)]))
        return Found(copies=tuple(_read(file) for file in files))
    if is_address(source):
        return _downloaded(source, downloads or Downloads())
    path = Path(source)
    if path.is_dir():
        return Found(copies=tuple(_read(file) for file in _files_in(path, _IN_FOLDER)))
    return Found(copies=(_read(path),))


def _files_in(folder: Path, places: tuple[Path, ...]) -> Iterator[Path]:
    return (folder / place for place in places if (folder / place).is_file())


def _read(file: Path) -> SkillCopy:
    try:
        return SkillCopy(place=str(file), body=read_file(file, SKILL_BYTES_MAX))
    except OSError as error:
        raise SkillError(f"{file} cannot be read: {error.strerror}; give a SKILL.md, a folder that holds one, or an address") from None


def _downloaded(url: str, downloads: Downloads) -> Found:
    found = downloads.get(url, bytes_max=SKILL_BYTES_MAX)
    index = read_index(url, found.body)
    if index is None:
        return Found(copies=(SkillCopy(place=url, body=found.body),))
    copies = []
    for entry in index.entries:
        place = joined(found.url, entry.url)
        is_text = entry.type == "skill-md"
        body = downloads.get(place, bytes_max=SKILL_BYTES_MAX if is_text else ARCHIVE_BYTES_MAX, led_by=found.url).body
        copies.append(SkillCopy(place=place, body=body, listed_digest=entry.digest, is_comparable=is_text and entry.name == NAME))
    return Found(copies=tuple(copies), warnings=index.warnings)

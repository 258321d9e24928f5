import json
from datetime import date
from pathlib import Path

import pytest

from runflow_mock.kit.pins.digests import Pin, Status, digest_of
from runflow_mock.kit.pins.documents import LockError
from runflow_mock.kit.pins.files import PACKAGED, find_lock, packaged_lock, pin_of, place_lock, read_lock, write_pin
from runflow_mock.resources import data_folder
from runflow_mock.runtime.files import NotWritten

PIN = Pin(url="SKILL.md", bytes=1, digest=digest_of(b"x"), date=date(2026, 1, 2), source="file", reason="reviewed")


def test_published_skill_is_pinned_and_labelled() -> None:
    pin = packaged_lock().pins["skill"]
    assert pin.url == "https://www.runflow.io/.well-known/agent-skills/runflow/SKILL.md"
    assert (pin.bytes, pin.digest) == (5429, "sha256:382178171466d04e4f4dab8791019d0b77068e8e960376fa66490043ed87bcca")
    assert (pin.status, pin.source) == (Status.OFFICIAL, "captured copy, not compared with the live host")


def test_every_artefact_is_where_its_path_says() -> None:
    places = [artefact.path.partition("/") for artefact in packaged_lock().artefacts]
    assert [(folder, rest) for folder, _, rest in places if not (data_folder(folder) / rest).is_file()] == []


def test_lock_is_found_above(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find_lock(deep) is None
    write_pin(tmp_path / "runflow.lock", "skill", PIN)
    assert find_lock(deep) == tmp_path / "runflow.lock"


def test_new_lock_belongs_at_the_root_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert place_lock(tmp_path / "a" / "b") == tmp_path / "a" / "b" / "runflow.lock"
    (tmp_path / ".git").mkdir()
    assert place_lock(tmp_path / "a" / "b") == tmp_path / "runflow.lock"


def test_lock_that_is_there_is_used_further(tmp_path: Path) -> None:
    (tmp_path / "a" / ".git").mkdir(parents=True)
    write_pin(tmp_path / "runflow.lock", "skill", PIN)
    assert place_lock(tmp_path / "a") == tmp_path / "runflow.lock"


def test_pin_is_added_to_those_that_are_there(tmp_path: Path) -> None:
    file = tmp_path / "runflow.lock"
    write_pin(file, "skill", PIN)
    write_pin(file, "openapi", PIN)
    assert read_lock(file).pins == {"skill": PIN, "openapi": PIN}
    assert list(json.loads(file.read_bytes())["pins"]) == ["openapi", "skill"]
    assert [path.name for path in tmp_path.iterdir()] == ["runflow.lock"]


def test_own_pin_counts_and_the_packaged_one_stands_in(tmp_path: Path) -> None:
    default = pin_of("skill", tmp_path)
    assert default is not None
    assert (default.pin, default.file, default.place) == (packaged_lock().pins["skill"], None, PACKAGED)
    write_pin(tmp_path / "runflow.lock", "skill", PIN)
    own = pin_of("skill", tmp_path)
    assert own is not None
    assert (own.pin, own.place) == (PIN, str(tmp_path / "runflow.lock"))
    assert pin_of("openapi", tmp_path) == (packaged_lock().pins["openapi"], None)
    assert pin_of("unheard-of", tmp_path) is None


def test_lock_of_the_user_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "runflow.lock").write_text("{}")
    with pytest.raises(LockError, match=r"runflow\.lock is no lock"):
        pin_of("skill", tmp_path)


def test_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotWritten, match="cannot be written: No such file"):
        write_pin(tmp_path / "absent" / "runflow.lock", "skill", PIN)
    (tmp_path / "runflow.lock").mkdir()
    with pytest.raises(LockError, match="cannot be read: Is a directory"):
        write_pin(tmp_path / "runflow.lock", "skill", PIN)

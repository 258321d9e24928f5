"""The lock of what ships: it is what the files say, and a person without Python can check it."""

import shutil
import subprocess
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import cast

import msgspec
from commands import ROOT
from contract import operations

from runflow_mock.kit.pins.digests import digest_of
from runflow_mock.kit.pins.files import packaged_lock

PROGRAM = ROOT / "contracts" / "lock.py"
SUMS = "contracts/SHA256SUMS"


def outcome() -> dict[Path, bytes]:
    """What both files should hold."""
    spec = spec_from_file_location("lock", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("Callable[[], dict[Path, bytes]]", module.outcome)()


def check_sums(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = ["sha256sum", "-c", "--strict", "--quiet", SUMS]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=20, check=False)


def test_lock_is_what_the_artefacts_say() -> None:
    stale = [file.name for file, body in outcome().items() if file.read_bytes() != body]
    assert stale == [], "run python contracts/lock.py"


def test_every_file_that_the_fake_works_by_is_pinned() -> None:
    pinned = {artefact.path for artefact in packaged_lock().artefacts}
    files = [*ROOT.glob("contracts/*"), *ROOT.glob("fixtures/*"), *ROOT.glob("fixtures/*/*")]
    found = {file.relative_to(ROOT).as_posix() for file in files if file.suffix in {".json", ".yaml", ".md"} and file.name != "README.md"}
    assert {path for path in found if "viewer/" not in path} - {"contracts/lock.json"} == pinned


def test_every_operation_is_pinned() -> None:
    assert set(packaged_lock().pins["openapi"].operations) == set(operations())


def test_formatting_moves_the_digest_and_not_the_canonical_one() -> None:
    (artefact,) = (artefact for artefact in packaged_lock().artefacts if artefact.path == "contracts/errors.json")
    body = (ROOT / artefact.path).read_bytes()
    assert (digest_of(body), len(body)) == (artefact.digest, artefact.bytes)
    compact = msgspec.json.encode(msgspec.json.decode(body), order="sorted")
    assert digest_of(compact) != artefact.digest
    assert digest_of(compact) == artefact.canonical_digest


def test_sums_are_checked_without_python() -> None:
    told = check_sums(ROOT)
    assert told.returncode == 0, told.stdout


def test_sums_find_a_byte_that_changed(tmp_path: Path) -> None:
    for folder in ("contracts", "fixtures"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    with (tmp_path / "contracts" / "errors.json").open("ab") as file:
        file.write(b" ")
    told = check_sums(tmp_path)
    assert (told.returncode, told.stdout) == (1, "contracts/errors.json: FAILED\n")


def test_checkouts_leave_pinned_bytes_alone() -> None:
    command = ["git", "check-attr", "text", "--", *(artefact.path for artefact in packaged_lock().artefacts)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=True).stdout
    assert {line.rpartition(": ")[2] for line in told.splitlines()} == {"unset"}

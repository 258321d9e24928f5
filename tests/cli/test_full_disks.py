"""Each command on a full disk: every file is whole or as it was before, what is missing is told with exit code 1, and the rest is there."""

import json
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from commands import Told, call, sandbox
from kept import kept_fake

from runflow_mock.cli.streams import written_at_the_end
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.runtime.files import NotWritten
from runflow_mock.testing.receiver import CallbackReceiver

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")]

ROOM = 16
"""Bytes that a file may have."""
OLDER = b"of an earlier day"
RUN = {
    "id": "019b76da-a800-7000-8003-3fcce408a587",
    "status_code": "succeeded",
    "failure_code": None,
    "created_at": "2026-01-01T00:00:00+00:00",
}


@contextmanager
def full_disk() -> Iterator[None]:
    """Lets no file of this process become longer than `ROOM` bytes."""
    before, writes_nothing = resource.getrlimit(resource.RLIMIT_FSIZE), sys.dont_write_bytecode
    # What is imported meanwhile would be compiled into files that are cut, and that everybody would trip over later.
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        sys.dont_write_bytecode = writes_nothing


def on_full_disk(*arguments: object) -> Told:
    with full_disk():
        return call(*map(str, arguments))


def check_told(told: Told, *files: Path, older: bytes | None = OLDER) -> None:
    """Exit code 1 and one line that names each file, which is as it was before; nothing half written lies beside it."""
    assert (told.code, len(told.err.splitlines())) == (1, 1), told
    for file in files:
        assert f"{file} cannot be written: " in told.err, told.err
        assert (file.read_bytes() if file.exists() else None) == older
        assert list(file.parent.glob(".*-*")) == []


def older(file: Path) -> Path:
    file.write_bytes(OLDER)
    return file


def capture(folder: Path) -> Path:
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(RUN))
    return folder / "run.json"


def test_calibrate(tmp_path: Path) -> None:
    markdown, copies = older(tmp_path / "a.md"), tmp_path / "copies"
    copies.mkdir()
    told = on_full_disk("calibrate", capture(tmp_path / "c"), "--redact", copies, "--markdown", markdown)
    check_told(told, markdown)
    assert f"{copies / 'run.json'} cannot be written" in told.err
    assert list(copies.iterdir()) == []
    assert "written " not in told.out
    assert told.out != ""


def test_skill_install_and_pin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [tmp_path / place / "skills" / "runflow-sandbox" / "SKILL.md" for place in (".agents", ".claude")]
    assert call("skill", "install", "--sandbox", "--dir", str(tmp_path)).code == 0
    installed = sorted(tmp_path.rglob("SKILL.md"))
    for file in installed:
        file.write_bytes(file.read_bytes() + b"\nolder")
    before = installed[0].read_bytes()
    check_told(on_full_disk("skill", "install", "--sandbox", "--dir", tmp_path), *installed, older=before)
    assert len(installed) == len(files)
    monkeypatch.chdir(tmp_path)
    assert call("skill", "pin", str(installed[0]), "--reason", "x").code == 0
    lock = tmp_path / "runflow.lock"
    check_told(on_full_disk("skill", "pin", installed[0], "--reason", "another"), lock, older=lock.read_bytes())


@pytest.mark.slow(is_covering=True)
def test_drift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = packaged_contract().document
    assert isinstance(document, dict)
    newer = tmp_path / "newer.json"
    newer.write_text(json.dumps(document))
    options = ("drift", "--no-play", "--against", newer)
    markdown = older(tmp_path / "a.md")
    told = on_full_disk(*options, "--markdown", markdown)
    check_told(told, markdown)
    assert told.out != ""
    check_told(on_full_disk(*options, "--pin"), tmp_path / "runflow.lock", older=None)


async def test_kept_export_and_import(tmp_path: Path) -> None:
    async with kept_fake(tmp_path / "a") as fake:
        await fake.create_run()
    file, other = tmp_path / "kept.tenant", tmp_path / "b"
    keep = ("--keep", tmp_path / "a")
    told = on_full_disk("kept", "export", "kept", file, *keep)
    check_told(told, file, older=None)
    assert call("kept", "export", "kept", str(file), *map(str, keep)).code == 0
    other.mkdir()
    told = on_full_disk("kept", "import", file, "--keep", other)
    # To open a tenant's file is to write into it.
    assert (told.code, told.err) == (1, f"runflow-mock: {file} cannot be written: disk I/O error\n"), told
    assert list(other.iterdir()) == []


async def test_kept_tenants_can_be_read_on_a_full_disk(tmp_path: Path) -> None:
    async with kept_fake(tmp_path / "a") as fake:
        await fake.create_run()
    for verb in (("list",), ("show", "kept")):
        told = on_full_disk("kept", *verb, "--keep", tmp_path / "a")
        assert (told.code, told.err, told.out != "") == (0, "", True), told


def sheets(tmp_path: Path) -> tuple[Path, Path, list[str]]:
    junit, markdown = older(tmp_path / "a.xml"), older(tmp_path / "a.md")
    return junit, markdown, ["--junit", str(junit), "--markdown", str(markdown)]


@pytest.mark.slow
@pytest.mark.parametrize("is_json", [False, True])
def test_sheets_of_report_and_verify_receiver(tmp_path: Path, is_json: bool) -> None:
    junit, markdown, options = sheets(tmp_path)
    options += ["--json"] * is_json
    with sandbox() as running:
        told = on_full_disk("report", "--url", running.url, "--key", running.ready["key"], *options)
    check_told(told, junit, markdown)
    assert told.out != ""
    with CallbackReceiver() as receiver:
        told = on_full_disk("verify-receiver", receiver.url, "--secret", "rf_whsec_x", *options)
    assert told.err.splitlines()[-1].count("cannot be written: File too large") == 2
    assert (told.code, junit.read_bytes(), markdown.read_bytes()) == (1, OLDER, OLDER)
    assert told.out != ""


def test_files_of_a_command_that_fails_are_written_each_or_told(tmp_path: Path) -> None:
    """As those of `verify`, which may have run for an hour."""
    large, small = older(tmp_path / "a.har"), tmp_path / "a.xml"
    with full_disk(), pytest.raises(NotWritten, match=r"a\.har cannot be written: File too large$"), written_at_the_end() as files:
        files.update({large: b"x" * (ROOM + 1), small: b"x"})
    assert (large.read_bytes(), small.read_bytes()) == (OLDER, b"x")
    with suppress(BrokenPipeError), written_at_the_end() as files:
        files[small] = b"whole"
        raise BrokenPipeError
    assert small.read_bytes() == b"whole"

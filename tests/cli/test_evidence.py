"""The evidence: what a sandbox leaves behind when it stops."""

import asyncio
import json
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from commands import run_command, sandbox
from doors import Door
from steps import ok, post_run

from runflow_mock.cli.evidence import FILES, check_folder, write_evidence
from runflow_mock.runtime.config import ConfigError
from runflow_mock.wire.marked_yaml import read_yaml

RUNS = "/v1/models/runflow/background-removal/runs"


@pytest.fixture
def door() -> Iterator[Door]:
    with Door() as opened:
        yield opened


def write(door: Door, folder: Path) -> Path:
    asyncio.run(write_evidence(door.runtime, folder))
    return folder / "test"


@pytest.mark.slow(is_covering=True)
def test_sigterm_writes_the_evidence_and_exits_with_0(tmp_path: Path) -> None:
    with sandbox(env={"RUNFLOW_MOCK_REPORT": str(tmp_path / "made" / "report")}) as running:
        headers = {"Authorization": f"Bearer {running.ready['key']}"}
        httpx.post(f"{running.url}{RUNS}", headers=headers, json={"input": {"image_url": "https://cdn.example.com/shoe.jpg"}})
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=10) == 0
    assert {path.name for path in (tmp_path / "made" / "report" / "sandbox").iterdir()} == {*FILES, "report.xml"}


def test_files_say_what_the_control_api_says(door: Door, tmp_path: Path) -> None:
    post_run(door)
    door.settle()
    folder = write(door, tmp_path)
    assert json.loads((folder / "timeline.json").read_bytes()) == ok(door.get("/_mock/timeline"))
    assert (folder / "history.json").read_bytes() == door.get("/_mock/history").content
    assert len(json.loads((folder / "journal.har").read_bytes())["log"]["entries"]) == 1
    assert (folder / "scenario.yaml").read_bytes() == door.get("/_mock/scenario/export").content


def test_junit_counts_what_was_broken(door: Door, tmp_path: Path) -> None:
    door.post(RUNS, {"input": {}, "metadata": 1})
    suite = ElementTree.parse(write(door, tmp_path) / "report.xml").getroot()
    assert [case.get("classname") for case in suite if case.find("failure") is not None][:1] == ["create_run"]
    assert int(suite.get("failures", "0")) >= 1


@pytest.mark.slow(is_covering=True)
def test_each_tenant_has_a_folder(door: Door, tmp_path: Path) -> None:
    for tenant in ("shop", "studio"):
        door.get("/v1/runs", key=f"rf_live_mock_{tenant}")
    write(door, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"shop", "studio"}


def test_credentials_and_secrets_are_in_no_file(door: Door, tmp_path: Path) -> None:
    secret = ok(door.post("/v1/callback-secrets"), 201)["secret"]
    post_run(door, callback_url="https://your-server.com/webhook")
    told = b"".join(path.read_bytes() for path in write(door, tmp_path).iterdir()).decode()
    assert secret not in told
    assert door.key not in told


@pytest.mark.parametrize("secret", ["client_time", "testsuite", "\nspeed: 1", "12345678"])
def test_secret_that_looks_like_a_part_of_a_file_leaves_it_readable(door: Door, tmp_path: Path, secret: str) -> None:
    door.post(RUNS, {"input": {}, "metadata": 1})
    ok(door.post("/_mock/faults", {"what": {"kind": "answer", "status": 503}, "when": {"after": 12345678}}), 201)
    plain = read_yaml((write(door, tmp_path) / "scenario.yaml").read_text(encoding="utf-8")).value
    door.runtime.scrubber.learn(secret)
    folder = write(door, tmp_path)
    written = read_yaml((folder / "scenario.yaml").read_text(encoding="utf-8")).value
    assert isinstance(plain, dict)
    assert isinstance(written, dict)
    assert [*written] == [*plain]
    assert ElementTree.parse(folder / "report.xml").getroot().tag == "testsuite"


@pytest.mark.slow
def test_folder_that_cannot_be_made_is_told_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    result = run_command("serve", "--port", "0", "--report", str(file / "report"))
    assert result.returncode == 2
    assert f"report: {file / 'report'} cannot be written" in result.stderr


def test_folder_is_left_as_it_was_found(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    check_folder(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750
    assert list(tmp_path.iterdir()) == []


def test_link_that_somebody_put_into_the_folder_leads_nowhere(door: Door, tmp_path: Path) -> None:
    post_run(door)
    report, elsewhere = tmp_path / "report", tmp_path / "elsewhere"
    report.mkdir()
    elsewhere.mkdir()
    (report / "test").symlink_to(elsewhere)
    write(door, report)
    assert list(elsewhere.iterdir()) == []
    assert door.runtime.unwritten == [f"{report / 'test'} cannot be written: is a symbolic link"]


def test_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="name another folder"):
        check_folder(tmp_path / "file")


@pytest.mark.slow
def test_folder_that_vanished_is_told_in_the_log(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    with sandbox("--report", str(folder)) as running:
        httpx.get(f"{running.url}/v1/runs", headers={"Authorization": f"Bearer {running.ready['key']}"})
        folder.rmdir()
        running.process.terminate()
        _, log = running.process.communicate(timeout=10)
    assert f"report: {folder / 'sandbox'} cannot be written: No such file or directory; the evidence is not complete" in log

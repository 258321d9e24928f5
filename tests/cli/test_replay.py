"""`runflow-mock replay` ends 0 when everything comes out the same, 1 with the first difference, 2 for what it cannot read."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from doors import Door
from histories import GIVEN, eventful, history_of, sealed_anew
from steps import Body, callback_run, post_run

from runflow_mock.cli import main

SECRETS = ("--callback-secret", str(GIVEN.callback), "--webhook-secret", GIVEN.webhooks[0])


@pytest.fixture(scope="module")
def recorded() -> Body:
    with Door(client_time="virtual", callback_secret=GIVEN.callback) as door:
        eventful(door)
        return history_of(door)


@pytest.fixture
def file(recorded: Body, tmp_path: Path) -> Path:
    path = tmp_path / "history.json"
    path.write_text(json.dumps(recorded))
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: Any) -> tuple[int, str, str]:
    """Exit code, output and errors of `replay`."""
    with pytest.raises(SystemExit) as stopped:
        main(["replay", *map(str, arguments)])
    told = capsys.readouterr()
    return int(str(stopped.value.code)), told.out, told.err


def _spoilt(recorded: Body, path: Path) -> Path:
    document: Body = json.loads(json.dumps(recorded))
    document["settings"]["seed"] = "1"
    path.write_bytes(sealed_anew(document))
    return path


@pytest.mark.slow(is_covering=True)
def test_equal_history_ends_with_0_and_its_timeline(file: Path, recorded: Body, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, *SECRETS, file)
    assert code == 0
    assert "running -> partial_succeeded" in out
    assert out.endswith(f"equal: {len(recorded['entries'])} commits came out byte for byte as recorded, virtual time included\n")
    assert "\x1b" not in out


@pytest.mark.slow(is_covering=True)
def test_what_is_not_compared_is_said(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, file)
    assert code == 0
    assert "signatures were not compared" in out


def test_wall_time_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Door() as door:
        callback_run(door)
        door.settle()
        (tmp_path / "h.json").write_text(json.dumps(history_of(door)))
    code, out, _ = run(capsys, tmp_path / "h.json")
    assert code == 0
    assert "as recorded, wall time aside" in out
    assert "1 timestamps of callbacks were taken from the file" in out


def test_difference_ends_with_1_and_is_shown(recorded: Body, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, _spoilt(recorded, tmp_path / "h.json"))
    assert code == 1
    assert "different: commit 2 at 2026-01-01T00:00:00.000Z, events[0].secret.id" in out
    assert "recorded: " in out
    assert "came out: " in out


def test_json_holds_the_same(file: Path, recorded: Body, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, *SECRETS, "--json", file)
    told = json.loads(out)
    assert (code, told["equal"], told["commits"], told["difference"]) == (0, True, len(recorded["entries"]), None)
    assert {"run", "batch", "delivery", "secret"} <= {step["kind"] for step in told["timeline"]}
    code, out, _ = run(capsys, "--json", _spoilt(recorded, tmp_path / "h.json"))
    assert (code, json.loads(out)["equal"], json.loads(out)["difference"]["commit"]) == (1, False, 2)


@pytest.mark.slow(is_covering=True)
def test_history_may_come_from_standard_input(recorded: Body, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(recorded).encode())))
    assert run(capsys, "-")[0] == 0


def test_standard_input_that_is_closed_is_told_in_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    code, _, err = run(capsys, "-")
    assert (code, err) == (2, "runflow-mock: - cannot be read: Bad file descriptor\n")


@pytest.mark.slow(is_covering=True)
def test_secret_may_come_from_the_environment(file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFLOW_MOCK_CALLBACK_SECRET", str(GIVEN.callback))
    monkeypatch.setenv("RUNFLOW_MOCK_WEBHOOK_SECRET", GIVEN.webhooks[0])
    assert "not compared" not in run(capsys, file)[1]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "not valid JSON, was it cut?"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[1]", "not a JSON object"),
        (b"{}", "format None cannot be replayed; GET /_mock/history gives one of format 'runflow-mock/history'"),
        (b'{"format": "runflow-mock/snapshot"}', "'runflow-mock/snapshot' cannot be replayed"),
        (b'{"format": "runflow-mock/history", "version": 7}', "version 7, and this runflow-mock reads version 1"),
        (b'{"format": "runflow-mock/history", "version": 1}', "cut or edited"),
    ],
)
def test_file_that_cannot_be_read_ends_with_2_and_says_why(
    content: bytes, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "h.json").write_bytes(content)
    code, _, err = run(capsys, tmp_path / "h.json")
    assert code == 2
    assert named in err


@pytest.mark.parametrize("name", ["nowhere.json", "."])
def test_file_that_is_not_there_is_named(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, tmp_path / name)
    assert code == 2
    assert str(tmp_path / name) in err


def test_command_that_is_not_known_here_is_told(recorded: Body, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document: Body = json.loads(json.dumps(recorded))
    document["entries"][3]["command"] = {"type": "Fly"}
    (tmp_path / "h.json").write_bytes(sealed_anew(document))
    code, _, err = run(capsys, tmp_path / "h.json")
    assert code == 2
    assert "Fly" in err
    assert "$.entries[3].command" in err


def test_text_of_users_stays_on_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Door() as door:
        post_run(door, client_ref="a")
        door.post("/_mock/faults", {"where": {}, "what": {"kind": "fail", "failure_code": "[red]A\n\x1b[31mB"}})
        door.settle()
        (tmp_path / "h.json").write_text(json.dumps(history_of(door)))
    out = run(capsys, tmp_path / "h.json")[1]
    assert r"failure_code=[red]A\n\x1b[31mB" in out


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["1", "4242"])
def test_fresh_process_with_another_hash_seed_comes_to_the_same(file: Path, hash_seed: str) -> None:
    arguments = [sys.executable, "-m", "runflow_mock", "replay", *SECRETS, str(file)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    told = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 0, told.stdout[-500:] + told.stderr
    assert "as recorded, virtual time included" in told.stdout

"""Evidence never harms: what cannot be written is told, and changes no answer and no exit but its own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from commands import run_command, sandbox

from runflow_mock.runtime.files import NotWritten, write_whole

RUNS = "/v1/models/runflow/background-removal/runs"
BODY = {"input": {"image_url": "https://x.example/a.png"}}
LOOKS_MAX = 1_000
LINUX = pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")


def test_file_is_whole_or_what_was_there_before(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    write_whole(file, b"first")
    assert file.read_bytes() == b"first"
    with pytest.raises(NotWritten, match=r"report\.json"):
        write_whole(tmp_path / "gone" / "report.json", b"second")
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_file_whose_writing_is_ended_leaves_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(b"first")
    with pytest.raises(TypeError):
        write_whole(file, object())  # type: ignore[arg-type]
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("report.json", b"first")]


@LINUX
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1"])
def test_stream_of_the_process_stays_what_it_is(name: str, tmp_path: Path) -> None:
    """Where it leads to a file, that name is a link, which must not be replaced."""
    program = f"from pathlib import Path; from runflow_mock.runtime.files import write_whole; write_whole(Path({name!r}), b'whole')"
    with (tmp_path / "out").open("wb") as out:
        subprocess.run([sys.executable, "-c", program], stdout=out, check=True)
    assert ((tmp_path / "out").read_bytes(), Path("/dev/stdout").is_symlink()) == (b"whole", True)


@LINUX
def test_device_stays_a_device() -> None:
    with pytest.raises(NotWritten, match="/dev/full cannot be written: No space left"):
        write_whole(Path("/dev/full"), b"x")
    write_whole(Path("/dev/null"), b"x")
    assert not Path("/dev/null").is_file()


def _serve(stderr: object, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "runflow_mock", "serve", "--port", "0", "--json", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, start_new_session=True)  # type: ignore[call-overload,no-any-return]


@pytest.mark.slow
@LINUX
def test_log_on_a_full_disk_changes_no_answer_and_is_counted() -> None:
    with open("/dev/full", "w") as full:
        process = _serve(full)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        headers = {"Authorization": f"Bearer {ready['key']}"}
        assert [httpx.post(ready["url"] + RUNS, json=BODY, headers=headers).status_code for _ in range(3)] == [201] * 3
        # Lines are written beside the work: that one was lost is known when its turn has come. Looking writes no line.
        looks = (httpx.get(ready["url"] + "/_mock/health").json()["log_lines_lost"] for _ in range(LOOKS_MAX))
        lost = next((lost for lost in looks if lost >= 3), None)
        assert lost is not None, f"fewer than 3 lines were lost by the time of {LOOKS_MAX} looks"
    finally:
        process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == 0


@pytest.mark.slow
def test_log_that_nobody_reads_lets_the_server_go_on() -> None:
    process = _serve(subprocess.PIPE)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        with httpx.Client(base_url=ready["url"], headers={"Authorization": f"Bearer {ready['key']}"}, timeout=10) as client:
            # Each line is longer than 80 bytes, and a pipe takes 64 KiB.
            for _ in range(1_500):
                assert client.get("/v1/runs").status_code == 200
    finally:
        process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == 0


@pytest.mark.slow
def test_report_that_cannot_be_written_is_told_with_exit_1_and_the_rest_is_whole(tmp_path: Path) -> None:
    report = tmp_path / "report"
    with sandbox("--report", str(report)) as running:
        for tenant in ("one", "two"):
            httpx.get(running.url + "/v1/runs", headers={"Authorization": f"Bearer rf_live_mock_{tenant}"})
        (report / "one").write_text("a file where a folder should be")
        running.process.send_signal(signal.SIGTERM)
        _, told = running.process.communicate(timeout=10)
    assert running.process.returncode == 1
    assert told.count("the evidence is not complete") == 1
    assert str(report / "one") in told
    assert json.loads((report / "two" / "journal.har").read_bytes())["log"]["entries"] != []


@pytest.mark.slow
@LINUX
def test_disk_that_fills_up_leaves_whole_files_or_none(tmp_path: Path) -> None:
    """No file may be longer than 4 KiB, as on a disk that is nearly full."""
    report = tmp_path / "report"
    command = f"ulimit -f 8; exec {sys.executable} -m runflow_mock serve --port 0 --json --report {report} --log-level warning"
    process = subprocess.Popen(["/bin/sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    for _ in range(20):
        httpx.get(ready["url"] + "/v1/runs", headers={"Authorization": f"Bearer {ready['key']}"})
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=20)
    written = {path.name: path.read_bytes() for path in (report / "sandbox").iterdir()}
    assert process.returncode == 1
    assert "journal.har cannot be written: File too large" in told
    assert "ledger.json" in written
    assert "journal.har" not in written
    assert all(json.loads(content) is not None for name, content in written.items() if name.endswith(".json"))
    assert not [name for name in written if name.startswith(".")]


@pytest.mark.slow
@LINUX
def test_server_without_a_stderr_answers_and_counts() -> None:
    command = f"exec {sys.executable} -m runflow_mock serve --port 0 --json 2>&-"
    process = subprocess.Popen(["/bin/sh", "-c", command], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    try:
        assert httpx.get(ready["url"] + "/v1/runs", headers={"Authorization": f"Bearer {ready['key']}"}).status_code == 200
        assert httpx.get(ready["url"] + "/_mock/health").json()["log_lines_lost"] > 0
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.mark.slow
@LINUX
@pytest.mark.parametrize(("arguments", "code"), [(("serve", "--port", "0", "--json"), 2), (("scenarios", "list"), 1)])
def test_output_that_cannot_be_written_is_told_in_one_line(arguments: tuple[str, ...], code: int) -> None:
    for redirection in (">/dev/full", ">&-") if code == 2 else (">/dev/full",):
        command = f"exec {sys.executable} -m runflow_mock {' '.join(arguments)} {redirection}"
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=30, check=False, env=dict(os.environ))
        assert (done.returncode, len(done.stderr.splitlines())) == (code, 1), done.stderr


@pytest.mark.slow
@LINUX
def test_sheet_that_cannot_be_written_is_told_with_exit_1(tmp_path: Path) -> None:
    with sandbox() as running:
        done = run_command("report", "--url", running.url, "--key", running.ready["key"], "--junit", str(tmp_path / "gone" / "x.xml"))
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert "x.xml cannot be written" in done.stderr

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from commands import call, run_command, sandbox
from foreign import OWN

from runflow_mock.cli import main
from runflow_mock.cli.serve import command, read_config
from runflow_mock.domain.quotas import Quota
from runflow_mock.domain.tenants import ClockMode


@pytest.mark.slow(is_covering=True)
def test_ready_line_is_one_json_object() -> None:
    with sandbox() as running:
        assert set(running.ready) == {"url", "key", "admin_key", "pid", "inspector"}
        assert running.ready["pid"] == running.process.pid
        assert not running.url.endswith("/")
        assert httpx.get(f"{running.url}/v1/health").json() == {"status": "ok", "ok": True}


@pytest.mark.slow
def test_open_leads_the_users_browser_to_the_inspector(tmp_path: Path) -> None:
    opened, browser = tmp_path / "opened", tmp_path / "browser"
    os.mkfifo(opened)
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(0o755)
    with sandbox("--open", env={"BROWSER": f"{browser} %s"}) as running:
        assert opened.read_text() == running.ready["inspector"] == f"{running.url}/_mock/"


def test_open_without_an_inspector_is_refused() -> None:
    told = call("serve", "--port", "0", "--open", "--no-inspector")
    assert (told.code, "there is no inspector to open" in told.err) == (2, True)


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("callback-secret", "short", "callback_secret must have 8 to 256 characters"),
        ("callback-secret", "x" * 257, "callback_secret must have 8 to 256 characters"),
        ("callback-secret", "rf_live_REALLYREAL123", "callback_secret looks like a real Runflow key"),
        ("admin-token", "rf_live_REALLYREAL123", "admin-token: it looks like a real Runflow key"),
        ("seed", "x" * 1_001, "seed has 1001 characters; 1000 are possible"),
    ],
)
def test_setting_that_no_tenant_can_have_is_told_at_the_start(option: str, value: str, told: str) -> None:
    seen = call("serve", "--port", "0", f"--{option}", value)
    assert (seen.code, told in seen.err, "REALLYREAL" in seen.err) == (2, True, False)


@pytest.mark.parametrize("option", ["port", "tls-port", "runs-max", "body-max", "speed", "callback-timeout"])
@pytest.mark.parametrize("number", ["٣", "1_0", " 3", "\uff13"])
def test_number_that_is_not_in_plain_digits_is_refused(option: str, number: str) -> None:
    told = call("serve", f"--{option}", number, "--open", "--no-inspector")
    assert (told.code, told.out) == (2, "")
    assert f"Invalid value for '--{option}'" in told.err
    assert "in digits 0 to 9" in told.err


@pytest.mark.slow
def test_key_of_the_ready_line_works() -> None:
    with sandbox() as running:
        answer = httpx.get(f"{running.url}/v1/auth/me", headers={"Authorization": f"Bearer {running.ready['key']}"})
        assert answer.status_code == 200


@pytest.mark.slow(is_covering=True)
def test_taken_port_is_told_with_exit_code_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run_command("serve", "--port", str(port))
    assert result.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in result.stderr
    assert "--port" in result.stderr


@pytest.mark.slow(is_covering=True)
def test_sigterm_stops_with_exit_code_0() -> None:
    with sandbox() as running:
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=30) == 0


@pytest.mark.slow(is_covering=True)
def test_sigterm_answers_the_request_in_flight() -> None:
    with sandbox("--clock", "manual") as running:
        headers = {"Authorization": f"Bearer {running.ready['key']}"}
        httpx.post(f"{running.url}/v1/callback-secrets", headers=headers)
        answers: list[int] = []
        with socket.socket() as slow_receiver:
            slow_receiver.bind(("127.0.0.1", 0))
            slow_receiver.listen()
            body = {
                "input": {"image_url": "https://cdn.example.com/shoe.jpg"},
                "callback_url": f"http://127.0.0.1:{slow_receiver.getsockname()[1]}/",
            }
            httpx.post(f"{running.url}/v1/models/runflow/background-removal/runs", headers=headers, json=body)
            waiting = threading.Thread(target=lambda: answers.append(_advance(running.url, headers)))
            waiting.start()
            connection, _ = slow_receiver.accept()
            running.process.send_signal(signal.SIGTERM)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            connection.close()
            waiting.join(10)
        assert answers == [200]


@pytest.mark.slow(is_covering=True)
def test_users_own_document_judges_the_journal(tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    file.write_text(json.dumps(OWN))
    with sandbox(env={"RUNFLOW_MOCK_OPENAPI": str(file)}) as running:
        headers = {"Authorization": f"Bearer {running.ready['key']}"}
        httpx.post(f"{running.url}/v1/models/runflow/background-removal/runs", headers=headers, json={"input": "none"})
        journal = httpx.get(f"{running.url}/_mock/journal", headers=headers).json()
        report = httpx.get(f"{running.url}/_mock/report", headers=headers).json()
    assert journal["judge"] == {"document": str(file)}
    assert [finding["loc"] for finding in journal["items"][0]["violations"]] == [["body", "input"]]
    assert report["judge"] == {"document": str(file), "operations": ["startRun", "readRun"]}
    assert report["operations"][0]["operation"] == "startRun"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "own.json cannot be read: No such file or directory"),
        ('{"swagger": "2.0"}', "own.json is a document of Swagger 2.0, which has another form"),
        ('{"openapi": "3.1.0", "paths": {"/v1/x": []}}', "own.json: #/paths/~1v1~1x: a path item is an object, and this is none"),
        ("{: oops", "own.json: it is neither JSON nor YAML: line 1"),
    ],
)
def test_document_that_cannot_judge_is_told_at_the_start(text: str | None, says: str, tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    if text is not None:
        file.write_text(text)
    told = call("serve", "--port", "0", "--openapi", str(file))
    assert (told.code, says in told.err, told.err.count("\n")) == (2, True, 1), told.err


@pytest.mark.slow
def test_log_has_a_readable_line_for_exchange_transition_and_attempt() -> None:
    with sandbox("--clock", "manual") as running:
        headers = {"Authorization": f"Bearer {running.ready['key']}"}
        body = {"input": {"image_url": "https://cdn.example.com/shoe.jpg"}, "callback_url": "https://your-server.com/webhook"}
        httpx.post(f"{running.url}/v1/models/runflow/background-removal/runs", headers=headers, json=body)
        _advance(running.url, headers)
        running.process.terminate()
        _, log = running.process.communicate(timeout=10)
    assert "POST /v1/models/runflow/background-removal/runs -> 201" in log
    assert "queued -> dispatching" in log
    assert "delivering -> failed" in log
    assert running.ready["key"] not in log


@pytest.mark.slow
def test_log_can_be_json() -> None:
    with sandbox("--log-format", "json") as running:
        httpx.get(f"{running.url}/v1/health")
        running.process.terminate()
        _, log = running.process.communicate(timeout=10)
    assert json.loads(log.splitlines()[0])["target"] == "/v1/health"


def test_every_option_has_its_variable() -> None:
    variables = {parameter.name: parameter.envvar for parameter in command.params if parameter.name != "as_json"}
    assert {name: f"RUNFLOW_MOCK_{str(name).upper()}" for name in variables} == variables


@pytest.mark.parametrize(("arguments", "is_open"), [([], True), (["--comfyui-beta"], True), (["--no-comfyui-beta"], False)])
def test_beta_of_workflows_is_open_unless_it_is_closed(arguments: list[str], is_open: bool) -> None:
    config = read_config(command.make_context("serve", list(arguments)).params)
    assert config.tenant("any").comfyui_beta is is_open


def test_quota_of_new_tenants_is_an_option() -> None:
    config = read_config(command.make_context("serve", ["--quota", "5/1m:date"]).params)
    assert config.tenant("any").quota == Quota(requests=5, window=timedelta(minutes=1), retry_after="date")
    assert read_config(command.make_context("serve", []).params).tenant("any").quota is None


@pytest.mark.slow
def test_sigterm_ends_a_request_that_a_rule_keeps_waiting() -> None:
    with sandbox() as running:
        headers = {"Authorization": f"Bearer {running.ready['key']}"}
        httpx.post(f"{running.url}/_mock/faults", headers=headers, json={"where": {}, "what": {"kind": "hang", "seconds": 600}})
        with socket.create_connection(("127.0.0.1", urlsplit(running.url).port or 0), timeout=10) as waiting:
            waiting.sendall(f"GET /v1/runs HTTP/1.1\r\nHost: x\r\nAuthorization: {headers['Authorization']}\r\n\r\n".encode())
            while not httpx.get(f"{running.url}/_mock/journal", headers=headers).json()["items"]:
                pass
            running.process.send_signal(signal.SIGTERM)
            assert waiting.recv(100) == b""
            assert running.process.wait(timeout=30) == 0


@pytest.mark.slow
def test_environment_sets_options() -> None:
    env = {"RUNFLOW_MOCK_CLOCK": "manual", "RUNFLOW_MOCK_KEYS": "ci:test"}
    with sandbox(env=env) as running:
        clock = httpx.get(f"{running.url}/_mock/clock", headers={"Authorization": "Bearer test"}).json()
        assert clock["mode"] == ClockMode.MANUAL


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--clock", "sundial"), "sundial"),
        (("--balance", "ten"), "ten"),
        (("--switches", "signature=round"), "round"),
        (("--start", "yesterday"), "yesterday"),
        (("--keys", "nokey"), "nokey"),
        (("--quota", "many"), "many"),
        (("--callback-rewrite", "https://a"), "https://a"),
        (("--catalog", "/nowhere.json"), "/nowhere.json"),
        (("--skill", "/nowhere.md"), "/nowhere.md"),
        (("--start", "9999-12-31"), "start"),
        (("--start", "1969-12-31"), "start"),
        (("--speed", "nan"), "nan is no number"),
        (("--speed", "inf"), "--speed"),
        (("--callback-timeout", "nan"), "nan is no number"),
        *(((name, "1" + "0" * 30), name) for name in ("--journal-max", "--history-max", "--runs-max", "--tenants-max", "--body-max")),
        (("--port", "99999"), "99999"),
    ],
)
def test_unusable_option_is_named_with_exit_code_2(arguments: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["serve", "--port", "0", *arguments])
    assert stopped.value.code == 2
    assert named in capsys.readouterr().err


def test_help_lists_the_commands() -> None:
    result = run_command("--help")
    assert result.returncode == 0
    assert {"serve", "demo"} <= set(result.stdout.split())


# Loaded when a body is checked, a callback sent, a file drawn, a certificate made or a page of the terminal written.
FOREIGN_THAT_WAITS = {
    *("PIL", "aiohttp", "cryptography", "http.server", "jsonschema", "jsonschema_rs", "rich", "trustme", "urllib3", "wave"),
    *("difflib", "fractions", "statistics", "xml.etree.ElementTree", "yaml"),
}
# Loaded when a test asks for the control API, somebody reads the journal, or an option asks for it.
OWN_THAT_WAITS = {
    *("runflow_mock.web.control.app", "runflow_mock.web.control.operations", "runflow_mock.openapi.contract_judge"),
    *("runflow_mock.openapi.contracts", "runflow_mock.media.files", "runflow_mock.runtime.certificates", "runflow_mock.web.cors"),
    *("runflow_mock.domain.hygiene", "runflow_mock.domain.retry_hygiene", "runflow_mock.runtime.scenarios", "runflow_mock.wire.scenarios"),
    *("runflow_mock.wire.marked_yaml", "runflow_mock.wire.profiles", "runflow_mock.openapi.texts"),
    "runflow_mock.openapi.yaml_values",
}
FIRST_ANSWER = """
import asyncio, json, sys
import runflow_mock.cli.serve
from runflow_mock.runtime.config import Config
from runflow_mock.web.app import create_app

async def receive():
    return {"type": "http.request", "body": b"", "more_body": False}

async def send(message):
    assert message.get("status", 200) == 200, message

scope = {"type": "http", "method": "GET", "path": sys.argv[1], "query_string": b"", "headers": [(b"host", b"127.0.0.1")]}
asyncio.run(create_app(Config())(scope, receive, send))
print(json.dumps(list(sys.modules)))
"""


def _loaded_by_the_first_answer(path: str) -> set[str]:
    told = subprocess.run([sys.executable, "-c", FIRST_ANSWER, path], capture_output=True, check=True, timeout=30).stdout
    return set(json.loads(told))


def _advance(url: str, headers: dict[str, str]) -> int:
    return httpx.post(f"{url}/_mock/clock/advance", headers=headers, json={"by": "10m"}, timeout=20).status_code


@pytest.mark.slow
def test_what_a_server_did_not_load_at_its_start_comes_with_the_first_request_for_it() -> None:
    assert "runflow_mock.web.control.app" in _loaded_by_the_first_answer("/_mock/health")


@pytest.mark.slow
def test_server_loads_at_its_start_only_what_every_server_needs() -> None:
    loaded = _loaded_by_the_first_answer("/v1/health")
    assert "uvicorn" in loaded
    assert loaded & FOREIGN_THAT_WAITS == set()
    assert loaded & OWN_THAT_WAITS == set()
    assert [name for name in loaded if name.startswith(("runflow_mock.kit", "runflow_mock.testing"))] == [], (
        "what serves has no use for the kit"
    )

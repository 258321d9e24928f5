"""No input opens anything: whatever a file, a request or somebody's answer names, only what the user named is opened."""

import ast
import asyncio
import json
import sys
from collections.abc import Iterator
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import urllib3
from commands import ROOT, call
from doors import Door
from foreign import OWN
from fuzzing import in_process
from fuzzing.progress import Progress
from histories import eventful, history_of, sealed_anew
from kept import MODEL as KEPT_MODEL
from kept import kept_fake
from steps import MODEL, RUNS
from ways_out import Trap, watch

from runflow_mock.domain.tenants import ClockMode
from runflow_mock.kit.suite.carriers import HttpCarrier
from runflow_mock.openapi.foreign_documents import DocumentError
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.foreign_documents import load_contract
from runflow_mock.testing.client import Client
from runflow_mock.testing.listening import Heard, Listener
from runflow_mock.testing.server import serve

SECRET = "must-not-be-read.json"
TOLD = "a-line-of-the-secret"
WORDS = ("$ref", "$dynamicRef", "$recursiveRef", "$schema", "$id")
TARGETS = ("ADDRESS", "ADDRESS#/a", "file://FILE", "FILE", "../" + SECRET, "..\\" + SECRET, "//ADDRESS", "%2e%2e/" + SECRET)
SOURCE = ROOT / "mock_server" / "runflow_mock"


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Trap]:
    (tmp_path / SECRET).write_text(json.dumps({"type": "object", "enum": [TOLD]}))
    with watch(SECRET) as watched:
        yield watched


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    return folder


def planted(text: str, trap: Trap, folder: Path) -> str:
    return text.replace("//ADDRESS", trap.url.removeprefix("http:")).replace("ADDRESS", trap.url).replace("FILE", str(folder / SECRET))


def leading(change: Any) -> str:
    document = deepcopy(OWN)
    change(document, document["paths"]["/v1/runs/{run}"]["get"])
    return json.dumps(document)


def documents() -> Iterator[tuple[str, str]]:
    """OpenAPI documents that lead elsewhere, from each place from which one can."""
    for target in TARGETS:
        yield f"parameter {target}", leading(lambda _, get, t=target: get["parameters"].append({"$ref": t}))
        yield f"path {target}", leading(lambda document, _, t=target: document["paths"].update({"/v1/runs": {"$ref": t}}))
    for word in WORDS:
        schema = {"content": {"application/json": {"schema": {word: "ADDRESS"}}}, "description": "x"}
        yield f"schema {word}", leading(lambda _, get, s=schema: get["responses"].update({"200": s}))
    yield "document", leading(lambda document, _: document.update({"jsonSchemaDialect": "ADDRESS", "$self": "ADDRESS", "$ref": "ADDRESS"}))
    yield "servers", leading(lambda document, _: document.update({"servers": [{"url": "ADDRESS"}], "externalDocs": {"url": "ADDRESS"}}))
    example = {"examples": {"a": {"externalValue": "ADDRESS"}}, "schema": {"type": "string"}, "name": "x", "in": "query"}
    yield "example", leading(lambda _, get: get["parameters"].append(example))
    yield "link", leading(lambda _, get: get["responses"]["200"].update({"links": {"a": {"operationRef": "ADDRESS#/paths/~1a"}}}))
    mapping = {"discriminator": {"propertyName": "id", "mapping": {"a": "ADDRESS"}}, "oneOf": [{"type": "object"}]}
    yield "mapping", leading(lambda _, get: get["responses"].update({"200": {"content": {"application/json": {"schema": mapping}}}}))


DOCUMENTS = dict(documents())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_opens_nothing(trap: Trap, project: Path, tmp_path: Path, name: str) -> None:
    file = project / "openapi.json"
    file.write_text(planted(DOCUMENTS[name], trap, tmp_path))
    told: list[str] = []
    try:
        load_contract(str(file), told.append)
    except DocumentError as error:
        told.append(str(error))
    assert trap.went_out() == []
    assert TOLD not in "\n".join(told)
    assert ("open", str(file)) in trap.heard


YAML = """\
name: ADDRESS
models:
  - id: runflow/background-removal
    input: {properties: {a: {$ref: ADDRESS}, b: {$ref: "file://FILE"}}}
"""
STORY = """\
name: x
description: ADDRESS
stubs:
  - match: {method: GET, path: /v1/runs}
    answer: {status: 307, headers: {location: ADDRESS}, body: {$ref: "file://FILE"}}
"""
SKILL = """\
---
name: runflow
description: "ADDRESS, file://FILE"
---
# Runflow
![a](ADDRESS) [b](FILE) @FILE
```sh
curl -s -K FILE -d @FILE ADDRESS/v1/models/runflow/background-removal/runs -H "Authorization: Bearer $RUNFLOW_API_KEY"
curl -s https://api.runflow.io/v1/runs -x ADDRESS --data-binary @FILE
```
"""
HAR = {
    "log": {
        "version": "1.2",
        "creator": {"name": "x", "version": "1"},
        "pages": [{"id": "ADDRESS", "title": "FILE"}],
        "entries": [
            {
                "startedDateTime": "2026-01-01T00:00:00Z",
                "request": {"method": "GET", "url": "ADDRESS", "headers": [{"name": "Host", "value": "api.runflow.io"}]},
                "response": {"status": 302, "redirectURL": "ADDRESS", "headers": [], "content": {"text": "{}", "_file": "FILE"}},
            },
            {
                "startedDateTime": "2026-01-01T00:00:00Z",
                "request": {"method": "GET", "url": "https://api.runflow.io/v1/runs/1", "headers": []},
                "response": {"status": 404, "headers": [], "content": {"text": '{"code": "NOT_FOUND", "$ref": "ADDRESS"}'}},
            },
        ],
    }
}
CATALOG = [{"id": "a/b", "name": "b", "input": {"$schema": "ADDRESS", "properties": {"a": {"$ref": "file://FILE"}}}, "icon": "ADDRESS"}]
LOADERS: dict[str, tuple[tuple[str, ...], str]] = {
    "scenarios validate": (("scenarios", "validate"), YAML),
    "scenarios validate, with stubs": (("scenarios", "validate"), STORY),
    "scenarios validate, a tag": (("scenarios", "validate"), 'name: !!python/object/apply:os.system ["cat FILE"]\n'),
    "scenarios validate, an inclusion": (("scenarios", "validate"), "name: x\nmodels: !include FILE\n"),
    "scenarios validate, a directive": (("scenarios", "validate"), "%TAG ! ADDRESS/\n---\nname: !x y\n"),
    "serve --scenario": (("serve", "--port", "0", "--scenario"), YAML),
    "serve --catalog": (("serve", "--port", "0", "--catalog"), json.dumps(CATALOG)),
    "serve --profile": (("serve", "--port", "0", "--profile"), "profile: ADDRESS\nswitches: {$ref: FILE}\n"),
    "skill check": (("skill", "check"), SKILL),
    "skill check, an inclusion": (("skill", "check"), "---\nname: !include FILE\n---\n"),
    "calibrate": (("calibrate",), json.dumps(HAR)),
    "contract check": (("contract", "check"), leading(lambda _, get: get["parameters"].append({"$ref": "file://FILE"}))),
    "drift": (("drift", "--against"), leading(lambda _, get: get["parameters"].append({"$ref": "ADDRESS"}))),
    "kept import": (("kept", "import", "--keep", "."), "SQLite format 3\0ADDRESS FILE"),
    "replay": (("replay",), '{"format": "ADDRESS", "$schema": "ADDRESS"}'),
    "verify": (("verify", "--base-url", "http://127.0.0.1:9", "--api-key", "x", "--openapi"), '{"$ref": "ADDRESS"}'),
}


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("loader", LOADERS)
def test_file_of_somebody_else_opens_nothing(trap: Trap, project: Path, tmp_path: Path, loader: str) -> None:
    arguments, text = LOADERS[loader]
    file = project / "given.md"
    file.write_text(planted(text, trap, tmp_path))
    told = call(*arguments, str(file))
    assert "Traceback" not in told.err
    assert TOLD not in told.out + told.err
    assert trap.went_out() == []
    assert ("open", str(file)) in trap.heard


@pytest.mark.slow(is_covering=True)
def test_history_is_repeated_without_its_callbacks(trap: Trap, project: Path) -> None:
    with Door(client_time="virtual") as door:
        eventful(door)
        door.post(RUNS, {"input": {"image_url": trap.url}, "callback_url": trap.url})
        document = json.loads(json.dumps(history_of(door)).replace("127.0.0.1:9000", trap.url.split("/")[2]))
    (project / "history.json").write_bytes(sealed_anew(document))
    assert call("replay", str(project / "history.json")).out
    assert trap.went_out() == []


@pytest.fixture
def elsewhere(trap: Trap) -> Iterator[int]:
    """The port of a server that leads everybody into the trap."""

    class Leading(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.send_response(307)
            for name, value in (("Location", trap.url), ("Link", f"<{trap.url}>; rel=preload"), ("Refresh", f"0; {trap.url}")):
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
            """Tells nobody."""

    for method in ("POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
        setattr(Leading, f"do_{method}", Leading.do_GET)
    with ThreadingHTTPServer(("127.0.0.1", 0), Leading) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_port
        server.shutdown()


CALLERS = {
    "healthcheck": ("healthcheck", "--url", "SERVER"),
    "report": ("report", "--url", "SERVER", "--key", "rf_live_mock_x"),
    "doctor": ("doctor", "--url", "SERVER", "--key", "rf_live_mock_x"),
    "trigger": ("trigger", "run.completed", "--to", "SERVER/cb", "--secret", "example_not_a_real_secret"),
    "verify-receiver": ("verify-receiver", "SERVER/cb", "--secret", "example_not_a_real_secret", "--effects", "SERVER/effects"),
}


@pytest.mark.parametrize("caller", CALLERS)
def test_redirect_of_a_server_is_not_followed(trap: Trap, elsewhere: int, project: Path, caller: str) -> None:
    told = call(*(part.replace("SERVER", f"http://127.0.0.1:{elsewhere}") for part in CALLERS[caller]))
    assert told.code in (1, 2)
    assert trap.went_out(elsewhere) == []
    assert ("socket.connect", f"('127.0.0.1', {elsewhere})") in trap.heard


@pytest.mark.parametrize("server", ["https://api.example.com", "http://8.8.8.8:9"])
def test_address_in_an_answer_of_a_server_elsewhere_leads_to_nothing_near(trap: Trap, server: str) -> None:
    carrier = HttpCarrier(server)
    for url in (
        trap.url,
        trap.url.replace("127.0.0.1", "localhost"),
        "http://169.254.169.254/latest",
        "file:///etc/hostname",
        "http://[::1]/",
    ):
        with pytest.raises(ValueError, match="is not opened"):
            carrier.fetch(url)
    carrier.close()
    assert trap.went_out() == []


def test_address_in_an_answer_is_opened_where_the_server_is_and_no_redirect_is_followed(trap: Trap, elsewhere: int) -> None:
    carrier = HttpCarrier("http://127.0.0.1:9")
    assert carrier.fetch(f"http://127.0.0.1:{elsewhere}/file.png").status == 307
    carrier.close()
    assert trap.went_out(elsewhere) == []


@pytest.mark.parametrize("command", [("env",), ("demo",)], ids=lambda command: str(command[0]))
def test_command_that_names_no_address_opens_none_elsewhere(trap: Trap, project: Path, command: tuple[str, ...]) -> None:
    assert call(*command).code == 0
    out = [told for _, told in trap.went_out() if not told.startswith("('127.0.0.1', ")]
    assert out == []


def test_kept_tenant_of_somebody_else_opens_nothing(trap: Trap, project: Path) -> None:
    async def keep() -> None:
        async with kept_fake(project / "theirs") as fake:
            body = {"input": {"image_url": trap.url}, "callback_url": trap.url, "metadata": {"$ref": trap.url}}
            assert (await fake.call("POST", f"{KEPT_MODEL}/runs", body)).status_code == 201

    asyncio.run(keep())
    mine = project / "mine"
    mine.mkdir()
    file = str(project / "given.tenant")
    told = [
        call("kept", "export", "kept", file, "--keep", str(project / "theirs")),
        call("kept", "import", file, "--keep", str(mine)),
        call("kept", "list", "--keep", str(mine)),
        call("kept", "show", "kept", "--keep", str(mine)),
    ]
    assert [each.code for each in told] == [0, 0, 0, 0], told
    assert trap.went_out() == []


def test_callback_that_is_listened_to_opens_nothing(trap: Trap) -> None:
    heard: list[Heard] = []
    with Listener("127.0.0.1", 0, heard.append) as listener, urllib3.PoolManager() as pool:
        headers = {
            "Location": trap.url,
            "Link": f"<{trap.url}>; rel=preload",
            "X-Forwarded-Host": trap.url,
            "Content-Type": "application/json",
        }
        body = json.dumps({"callback_url": trap.url, "$ref": trap.url, "output": {"image_urls": [trap.url]}})
        assert pool.request("POST", listener.url, body=body, headers=headers).status == 200
        port = int(listener.url.rsplit(":", 1)[1].split("/")[0])
    assert len(heard) == 1
    assert trap.went_out(port) == []


def test_redirect_of_a_receiver_behind_the_listener_is_handed_back(trap: Trap, elsewhere: int) -> None:
    heard: list[Heard] = []
    with Listener("127.0.0.1", 0, heard.append, forward_to=f"http://127.0.0.1:{elsewhere}/cb") as listener, urllib3.PoolManager() as pool:
        assert pool.request("POST", listener.url, body=b"{}", redirect=False).status == 307
        port = int(listener.url.rsplit(":", 1)[1].split("/")[0])
    assert len(heard) == 1
    assert trap.went_out(elsewhere, port) == []


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_suite_takes_a_redirect_for_the_answer(trap: Trap, elsewhere: int, method: str) -> None:
    carrier = HttpCarrier(f"http://127.0.0.1:{elsewhere}")
    answer = carrier.carry(method, "/v1/runs", {"Authorization": "Bearer x"}, b"{}" if method == "POST" else None)
    carrier.close()
    assert (answer.status, answer.headers["location"]) == (307, trap.url)
    assert trap.went_out(elsewhere) == []


@pytest.mark.slow(is_covering=True)
def test_client_under_verification_has_the_kit_open_nothing_elsewhere(trap: Trap, project: Path) -> None:
    client = f"import urllib.request, os; urllib.request.urlopen(os.environ['RUNFLOW_BASE_URL'] + '/v1/public/models?x={trap.url}')"
    told = call("verify-client", "--only", "402 at creation", "--jobs", "1", "--", sys.executable, "-c", client)
    assert "Traceback" not in told.err
    started = [text for event, text in trap.went_out() if event == "subprocess.Popen"]
    assert started
    assert set(started) == {sys.executable}
    out = [text for event, text in trap.went_out() if event != "subprocess.Popen" and not text.startswith("('127.0.0.1', ")]
    assert out == []
    assert ("accepted", trap.url) not in trap.went_out()


def test_callback_goes_where_the_client_said_and_nowhere_else(trap: Trap, elsewhere: int) -> None:
    with serve(Config(port=0, clock=ClockMode.AUTO)) as server:
        client = Client(server.url, "rf_live_mock_x")
        run = client.post(RUNS, {"input": {"image_url": trap.url}, "callback_url": f"http://127.0.0.1:{elsewhere}/cb"})
        client.post("/_mock/clock/run-until-idle")
        assert client.get(f"/v1/runs/{run['id']}")["status_code"] == "succeeded"
        port = int(server.url.rsplit(":", 1)[1])
    assert ("socket.connect", f"('127.0.0.1', {elsewhere})") in trap.heard
    assert trap.went_out(elsewhere, port) == []


@pytest.mark.slow(is_covering=True)
def test_request_opens_nothing(trap: Trap) -> None:
    with Door() as door:
        for model in door.get("/v1/models?limit=100").json()["items"]:
            inputs = dict.fromkeys(("image_url", "image", "video_url", "audio_url", "mask_url", "reference_url"), trap.url)
            path = f"/v1/models/{model['id']}/runs"
            assert door.post(path, {"input": {**inputs, "images": [trap.url], "image_urls": [trap.url]}}).status_code < 500
        for path, body in (
            ("/v1/evaluations", {"image_url": trap.url, "task_type": "headshot"}),
            ("/v1/models/runflow/background-removal/runs/batch", {"items": [{"input": {"image_url": trap.url}}]}),
            ("/_mock/verify", {"url": trap.url, "body": trap.url}),
            ("/_mock/scenario", {"scenario": {"models": [{"id": MODEL, "input": {"$ref": trap.url}}]}}),
        ):
            assert door.post(path, body).status_code < 500
        door.post("/_mock/clock/run-until-idle")
    assert trap.went_out() == []


@pytest.mark.slow(is_covering=True)
def test_request_that_nobody_would_send_opens_nothing(trap: Trap) -> None:
    asyncio.run(in_process.fuzz(11, 500, Progress("in process", 20.0)))
    assert trap.went_out() == []


# Whoever can open a connection, and on whose word: a new module in this list has to say why it is no second door.
DOORS = {
    "runtime/brokers.py": "the broker that the user of serve --keep names: its forms",
    "runtime/cluster_keeping.py": "the same: where it is connected to",
    "runtime/peers.py": "the same: workers ask each other over it",
    "runtime/stream_logs.py": "the same: the log of each tenant",
    "runtime/deadlines.py": "nobody by itself: connections of those below with a time in all",
    "runtime/answers.py": "nobody: it reads the body of an answer that is here",
    "runtime/downloads.py": "documents that the user of a command names; redirects by runtime/outgoing.py",
    "runtime/outgoing_connections.py": "callbacks, where domain/callback_policy.py lets them go",
}
NAMED_BY_THE_USER = frozenset(
    (
        *("cli/doctor.py", "cli/healthcheck.py", "cli/report.py", "cli/serve.py", "cli/verify_receiver.py"),
        *(
            "kit/probes/carriers.py",
            "kit/probes/effects.py",
            "kit/probes/other_protocols.py",
            "kit/suite/carriers.py",
            "kit/suite/suite_tenants.py",
        ),
        "testing/",
    )
)
NETWORK = (
    *("aiohttp", "ftplib", "http.client", "httpcore", "httpx", "nats", "requests", "smtplib"),
    *("telnetlib", "urllib.request", "urllib3", "webbrowser"),
)
CALLS = ("create_connection", "open_connection", "urlopen", "urlretrieve", "connect_ex", "create_datagram_endpoint")


def ways_out_of(source: str) -> set[str]:
    found: set[str] = set()
    if not any(word in source for word in (*NETWORK, *CALLS, "urllib")):
        return found
    for part in ast.walk(ast.parse(source)):
        if isinstance(part, ast.Import):
            found |= {name.name for name in part.names if name.name.startswith(NETWORK)}
        elif isinstance(part, ast.ImportFrom) and part.module is not None and part.module.startswith(NETWORK):
            found.add(part.module)
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in CALLS:
            found.add(part.func.attr)
    return found


@pytest.mark.slow(is_covering=True)
def test_code_has_no_other_way_out() -> None:
    found = {str(file.relative_to(SOURCE)) for file in SOURCE.rglob("*.py") if ways_out_of(file.read_text(encoding="utf-8"))}
    assert set(DOORS) <= found
    assert {name for name in found - set(DOORS) if not name.startswith(tuple(NAMED_BY_THE_USER))} == set()


def test_way_out_is_found() -> None:
    assert ways_out_of("import urllib3.util") == {"urllib3.util"}
    assert ways_out_of("from urllib.request import urlopen") == {"urllib.request"}
    assert ways_out_of("from nats.js import JetStreamContext") == {"nats.js"}
    assert ways_out_of("import socket\nsocket.create_connection(there)") == {"create_connection"}
    assert ways_out_of("import urllib.parse") == set()

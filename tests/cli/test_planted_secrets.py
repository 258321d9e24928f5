"""Some sixty secrets are planted wherever a request, a callback, a rule, a scenario, an environment variable or a file has room for one,
and are in nothing that the kit writes.
"""

import gzip
import json
import signal
from base64 import b64encode, encodebytes
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from commands import run_command, sandbox
from steps import INPUT, RUNS
from webhooks import CREATED, subscriptions

from runflow_mock.testing.receiver import CallbackReceiver, Reply

ADMIN, CALLBACK, WEBHOOK = "operators-own-token", "a-callback-secret-of-ours", "a-webhook-secret-of-ours"
OWN_KEY, OTHER_TENANTS = "not-like-a-key-at-all", 'the "other\\tenant" of é'
READINGS = (
    "timeline",
    "journal",
    "journal.har",
    "report",
    "history",
    "scenario/export",
    "scenario/export?history=true",
    "ledger",
    "health",
    "tenants",
    "metrics",
    "clock",
    "quota",
    "runs?limit=100",
    "batches?limit=100",
    "deliveries?limit=100",
    "journal?limit=100",
    "timeline?limit=100",
    "",
)


class Planted:
    """Hands out secrets, each another one, and keeps them."""

    def __init__(self) -> None:
        self.secrets = [ADMIN, CALLBACK, WEBHOOK, OWN_KEY, OTHER_TENANTS]

    def word(self) -> str:
        """Something that looks like nothing: only what stands beside it says that it is a secret."""
        self.secrets.append(f"planted-{len(self.secrets):03d}-word")
        return self.secrets[-1]

    def key(self, prefix: str = "rf_live_") -> str:
        secret = f"{prefix}PLANTED{len(self.secrets):03d}x{'9f8e' * 4}"
        self.secrets.append(secret)
        return secret

    def found_in(self, told: str) -> list[str]:
        return [secret for secret in self.secrets if any(form in told for form in _forms(secret))]


def _forms(secret: str) -> Iterator[str]:
    hidden = secret.removeprefix("rf_live_").removeprefix("rf_whsec_")
    yield hidden
    yield hidden.encode().hex()
    yield quote(hidden, safe="")
    for text in (json.dumps(hidden), json.dumps(hidden, ensure_ascii=False), json.dumps(json.dumps(hidden))):
        yield text[1:-1]
    for before in range(3):
        # What the neighbours change of the first and the last digits is left out.
        yield b64encode(b"." * before + hidden.encode())[4:-4].decode()


def _plant(client: httpx.Client, planted: Planted, receiver: CallbackReceiver) -> None:
    run = {"input": INPUT}
    key = planted.key
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", f"/v1/runs/{key()}", {}),
        ("GET", "/v1/runs", {"params": {"client_ref": key()}}),
        ("GET", f"/v1/runs?q=%72f_live_{quote(key().removeprefix('rf_live_'))}", {}),
        ("GET", "/v1/runs", {"headers": {"User-Agent": key()}}),
        ("GET", "/v1/runs", {"headers": {"X-Whatever": key()}}),
        ("GET", "/v1/runs", {"headers": {"Authorization": f"Bearer {key()}"}}),
        ("GET", "/v1/runs", {"headers": {"X-Api-Key": key(), "Cookie": f"session={key()}"}}),
        ("POST", RUNS, {"json": run, "headers": {"Idempotency-Key": key()}}),
        ("POST", RUNS, {"json": {"input": {**INPUT, "prompt": key()}}}),
        ("POST", RUNS, {"json": {**run, "metadata": {"deep": [{"down": key()}]}}}),
        ("POST", RUNS, {"json": {**run, "client_ref": key()}}),
        ("POST", RUNS, {"json": {**run, "apiKey": "not-even-like-a-key", "another": key("rf_whsec_")}}),
        ("POST", RUNS, {"json": {**run, "callback_url": f"{receiver.url}?token={key()}"}}),
        ("POST", RUNS, {"json": {**run, "pad": "x" * 65_500 + key()}}),
        ("POST", RUNS, {"content": json.dumps({"input": key()})[:-1].encode()}),
        ("POST", RUNS, {"content": json.dumps({"input": "".join(f"\\u{ord(each):04x}" for each in key())}).replace("\\\\", "\\").encode()}),
        ("POST", RUNS, {"json": {"input": {"image_url": "data:image/png;base64," + b64encode(f"xx{key()}".encode()).decode()}}}),
        (
            "POST",
            "/v1/webhooks",
            {"json": {**CREATED, "url": receiver.url, "secret": WEBHOOK, "event_subscriptions": subscriptions("run.completed")}},
        ),
        ("POST", "/v1/webhooks", {"content": json.dumps({"secret": key("rf_whsec_"), "pad": "x" * 70_000}).encode()[:-9]}),
        ("POST", "/v1/callback-secrets", {"json": {"label": key()}}),
        (
            "POST",
            "/_mock/faults",
            {"json": {"what": {"kind": "fail", "failure_code": key(), "failure_message": key()}, "when": {"times": 1}}},
        ),
        ("POST", "/_mock/faults", {"json": {"label": key(), "what": {"kind": "malformed"}, "where": {"path": "/v1/callback-secrets"}}}),
        ("POST", "/v1/callback-secrets", {"json": {"label": "its secret is in a broken answer"}}),
        ("DELETE", "/_mock/faults", {}),
        ("POST", "/_mock/faults", {"json": {"what": {"kind": "answer", "status": 503, "text": key()}, "where": {"path": "/v1/batches"}}}),
        ("GET", "/v1/batches", {}),
        ("POST", "/_mock/stubs", {"json": {"label": key(), "output": {"note": key()}, "times": 1}}),
        ("POST", RUNS, {"json": {**run, "callback_url": receiver.url}}),
        ("POST", "/_mock/runs/nothing/cancel", {"json": {"reason": key()}}),
        ("POST", "/_mock/clock/run-until-idle", {}),
    ]
    for method, path, sent in requests:
        answer = client.request(method, path, **sent)
        assert "event_subscriptions" not in sent.get("json", {}) or answer.status_code == 201, answer.text
        for name in ("secret", "plain_secret"):
            if path == "/v1/callback-secrets" and answer.status_code == 201 and f'"{name}":"' in answer.text:
                planted.secrets.append(answer.text.partition(f'"{name}":"')[2].partition('"')[0])


def _part(name: str, content: str) -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.png"\r\n\r\n{content}\r\n--b--\r\n'.encode()


def _plant_in_disguise(client: httpx.Client, planted: Planted) -> None:
    key, run = planted.key, {"input": INPUT}
    form, packed = {"Content-Type": "multipart/form-data; boundary=b"}, {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "/v1/runs", {"headers": {"Authorization": "Basic " + b64encode(f"{key()}:".encode()).decode()}}),
        ("GET", "/v1/runs", {"headers": {name: key() for name in ("Accept", "Content-Type", "X-Organization-Id", "Accept-Encoding")}}),
        ("POST", RUNS, {"content": _part(key(), "x"), "headers": form}),
        ("POST", RUNS, {"content": _part("client_secret", planted.word()), "headers": form}),
        ("POST", RUNS, {"content": gzip.compress(json.dumps({"input": key()}).encode()), "headers": packed}),
        ("POST", RUNS, {"content": gzip.compress(b"{}") + gzip.compress(key().encode())}),
        ("POST", RUNS, {"content": key().encode(), "headers": {**packed, "Content-Encoding": "br"}}),
        ("POST", RUNS, {"content": iter([b'{"input": "rf_li', b"ve_", key().removeprefix("rf_live_").encode(), b'"}'])}),
        ("POST", RUNS, {"json": {**run, "metadata": {"lines": encodebytes(f"{'z' * 50}{key()}".encode()).decode()}}}),
        ("POST", RUNS, {"json": {**run, "metadata": {"digits": key().encode().hex(), "text": json.dumps({"secret": planted.word()})}}}),
        ("POST", RUNS, {"json": {**run, "metadata": {"headers": {"Authorization": f"Bearer {planted.word()}"}}}}),
        ("POST", RUNS, {"json": {**run, "callback_url": f"https://me:{planted.word()}@x.example/cb"}}),
        ("POST", RUNS, {"json": {"input": {"image_url": f"https://me:{planted.word()}@x.example/a.png"}}}),
        ("POST", RUNS, {"content": f'{{"token": "{planted.word()}", "db_password": "{planted.word()}",'.encode()}),
        ("GET", f"/v1/runs?client_secret={planted.word()}&to=https%3A%2F%2Fme%3A{planted.word()}%40x.example", {}),
        ("POST", "/_mock/tenants", {"json": {"name": "other", "callback_secret": OTHER_TENANTS}}),
        ("POST", RUNS, {"json": {**run, "metadata": {"told": OTHER_TENANTS, "mine": OWN_KEY}}}),
        ("POST", "/_mock/tenants", {"content": f'{{"name": "third", "callback_secret": "{planted.word()}"'.encode()}),
        ("GET", f"/_mock/journal?path={key()}", {}),
    ]
    for method, path, sent in requests:
        if path.startswith("/_mock/") and "content" in sent:
            sent["headers"] = {"Content-Type": "application/json"}
        client.request(method, path, **sent)


@contextmanager
def _listening(url: str, headers: dict[str, str], told: dict[str, str]) -> Iterator[None]:
    """Keeps what the stream of events says, from now on until the server ends it."""

    def listen() -> None:
        with httpx.stream("GET", f"{url}/_mock/events", headers=headers, timeout=60) as stream:
            for piece in stream.iter_text():
                told["events"] = told.get("events", "") + piece

    thread = Thread(target=listen, daemon=True)
    thread.start()
    yield
    thread.join(30)


def _each(client: httpx.Client) -> dict[str, str]:
    """What is told of each exchange, run, batch and delivery by itself."""
    told = dict[str, str]()
    for noun in ("journal", "runs", "batches", "deliveries"):
        for item in client.get(f"/_mock/{noun}?limit=100").json()["items"]:
            path = f"{noun}/{item['id']}"
            told[path] = client.get(f"/_mock/{path}").text
    return told


@pytest.mark.slow
def test_no_planted_secret_is_in_anything_that_is_written(tmp_path: Path) -> None:
    planted = Planted()
    scenario = tmp_path / "scene.yaml"
    scenario.write_text(f"name: planted\nstory: 'about {planted.key()}'\ncallback_secret: {CALLBACK}\n", encoding="utf-8")
    environment = {"RUNFLOW_MOCK_ADMIN_TOKEN": ADMIN, "RUNFLOW_MOCK_KEYS": f"sandbox:{OWN_KEY}"}
    arguments = ("--clock", "manual", "--scenario", str(scenario), "--report", str(tmp_path / "report"))
    replies = [Reply(500, body=f"{CALLBACK} {planted.key()} {WEBHOOK}".encode())] * 3
    told = dict[str, str]()
    with ExitStack() as stack, CallbackReceiver(*replies) as receiver, sandbox(*arguments, env=environment) as running:
        headers = {"Authorization": f"Bearer {running.ready['key']}"}
        with httpx.Client(base_url=running.url, headers=headers) as client:
            stack.enter_context(_listening(running.url, headers, told))
            _plant(client, planted, receiver)
            _plant_in_disguise(client, planted)
            told.update({path: client.get(f"/_mock/{path}").text for path in READINGS})
            told.update(_each(client))
        doctor = run_command("doctor", "--url", running.url, "--key", running.ready["key"]).stdout
        running.process.send_signal(signal.SIGTERM)
        out, log = running.process.communicate(timeout=20)
    assert running.process.returncode == 0, log
    report = tmp_path / "report"
    files = {path.relative_to(report).as_posix(): path.read_text(encoding="utf-8") for path in report.rglob("*") if path.is_file()}
    assert len(set(planted.secrets)) >= 55
    assert "event: " in told["events"]
    assert {
        name: found
        for name, text in {**told, **files, "doctor": doctor, "stdout": out, "stderr": log}.items()
        if (found := planted.found_in(text))
    } == {}
    assert "rf_live_redacted" in files["sandbox/journal.json"]
    replayed = run_command("replay", str(tmp_path / "report" / "sandbox" / "history.json"))
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr

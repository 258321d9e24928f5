"""Thirty secrets are planted wherever a request, a callback, a rule, a scenario, an environment variable or a file has room for one, and
are in nothing that the kit writes.
"""

import json
import signal
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from commands import run_command, sandbox
from steps import INPUT, RUNS
from webhooks import CREATED, subscriptions

from runflow_mock.testing.receiver import CallbackReceiver, Reply

ADMIN, CALLBACK, WEBHOOK = "operators-own-token", "a-callback-secret-of-ours", "a-webhook-secret-of-ours"
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
)


class Planted:
    """Hands out secrets, each another one, and keeps them."""

    def __init__(self) -> None:
        self.secrets = [ADMIN, CALLBACK, WEBHOOK]

    def key(self, prefix: str = "rf_live_") -> str:
        secret = f"{prefix}PLANTED{len(self.secrets):03d}x{'9f8e' * 4}"
        self.secrets.append(secret)
        return secret

    def found_in(self, told: str) -> list[str]:
        return [secret for secret in self.secrets if secret.removeprefix("rf_live_").removeprefix("rf_whsec_") in told]


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


@pytest.mark.slow
def test_no_planted_secret_is_in_anything_that_is_written(tmp_path: Path) -> None:
    planted = Planted()
    scenario = tmp_path / "scene.yaml"
    scenario.write_text(f"name: planted\nstory: 'about {planted.key()}'\ncallback_secret: {CALLBACK}\n", encoding="utf-8")
    environment = {"RUNFLOW_MOCK_ADMIN_TOKEN": ADMIN}
    arguments = ("--clock", "manual", "--scenario", str(scenario), "--report", str(tmp_path / "report"))
    replies = [Reply(500, body=f"{CALLBACK} {planted.key()} {WEBHOOK}".encode())] * 3
    with CallbackReceiver(*replies) as receiver, sandbox(*arguments, env=environment) as running:
        headers = {"Authorization": f"Bearer {running.ready['key']}"}
        with httpx.Client(base_url=running.url, headers=headers) as client:
            _plant(client, planted, receiver)
            told = {path: client.get(f"/_mock/{path}").text for path in READINGS}
        run = {**told, "doctor": run_command("doctor", "--url", running.url, "--key", running.ready["key"]).stdout}
        running.process.send_signal(signal.SIGTERM)
        out, log = running.process.communicate(timeout=20)
    assert running.process.returncode == 0, log
    files = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "report").rglob("*") if path.is_file()}
    assert len(set(planted.secrets)) >= 30
    assert {name: found for name, text in {**run, **files, "stdout": out, "stderr": log}.items() if (found := planted.found_in(text))} == {}
    assert "rf_live_redacted" in files["journal.json"]
    replayed = run_command("replay", str(tmp_path / "report" / "sandbox" / "history.json"))
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr

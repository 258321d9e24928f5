"""A signature of ours, checked by programs that share no code with us."""

import base64
import json
import subprocess

import pytest
from commands import sandbox

from runflow_mock.testing.client import Client
from runflow_mock.testing.receiver import CallbackReceiver, Received

pytestmark = pytest.mark.slow

NODE_VERIFIER = """
const { createHmac, timingSafeEqual } = require("node:crypto");
const { secret, timestamp, signature, body } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const content = Buffer.concat([Buffer.from(timestamp + "."), Buffer.from(body, "base64")]);
const expected = "v1=" + createHmac("sha256", secret).update(content).digest("hex");
const fresh = Math.abs(Date.now() / 1000 - Number(timestamp)) < 300;
const equal = signature.length === expected.length && timingSafeEqual(Buffer.from(signature), Buffer.from(expected));
process.stdout.write(JSON.stringify({ equal, fresh }));
"""


@pytest.fixture(scope="module")
def signed() -> tuple[str, Received]:
    with sandbox("--clock", "manual") as running, CallbackReceiver() as receiver:
        client = Client(running.url, running.ready["key"])
        secret = client.post("/v1/callback-secrets", {"label": "node"})["secret"]
        body = {"input": {"image_url": "https://cdn.example.com/ü.jpg"}, "callback_url": receiver.url, "metadata": {"sku": "ñ"}}
        client.post("/v1/models/runflow/background-removal/runs", body)
        client.post("/_mock/clock/advance", {"by": "3h"})
        return secret, receiver.wait(1)[0]


def test_node_accepts_the_signature_after_three_virtual_hours(signed: tuple[str, Received]) -> None:
    assert _verify_with_node(*signed, flip=False) == {"equal": True, "fresh": True}


def test_node_refuses_one_flipped_bit(signed: tuple[str, Received]) -> None:
    assert _verify_with_node(*signed, flip=True) == {"equal": False, "fresh": True}


def test_openssl_computes_the_same_signature(signed: tuple[str, Received]) -> None:
    secret, received = signed
    content = f"{received.timestamp}.".encode() + received.body
    command = ["openssl", "dgst", "-sha256", "-hmac", secret, "-r"]
    digest = subprocess.run(command, input=content, capture_output=True, check=True, timeout=30).stdout.split()[0].decode()
    assert received.signature == f"v1={digest}"


def _verify_with_node(secret: str, received: Received, *, flip: bool) -> dict[str, bool]:
    body = bytes([received.body[0] ^ 1]) + received.body[1:] if flip else received.body
    given = {
        "secret": secret,
        "timestamp": received.timestamp,
        "signature": received.signature,
        "body": base64.b64encode(body).decode(),
    }
    result = subprocess.run(["node", "-e", NODE_VERIFIER], input=json.dumps(given), capture_output=True, text=True, check=True, timeout=30)
    verdict: dict[str, bool] = json.loads(result.stdout)
    return verdict

"""The story that an image has to tell: it comes up, does its work, and leaves its evidence when it is told to stop."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import urllib3
from benchmarks.machine import free_ports

from image.boxes import UID, Engine
from image.commands import ROOT, Failed, wait_until
from runflow_mock.testing.client import Client, ClientError
from runflow_mock.testing.receiver import CallbackReceiver

SECONDS_TO_STOP = 1.0
SIZE_MAX = 60_000_000
KEY = "rf_live_mock_image"
API_HOST = "api.runflow.io"
RUNS = "/v1/models/runflow/background-removal/runs"


def tell(engine: Engine, report: Path, say: Callable[[str], None]) -> None:
    """Tries the built image, and says what was seen.

    Raises:
        Failed: it did something else.
    """
    settings = engine.settings()
    _check_settings(settings, say)
    port, tls_port = free_ports(2)
    environment = {"RUNFLOW_MOCK_PORT": str(port), "RUNFLOW_MOCK_TLS_PORT": str(tls_port), "RUNFLOW_MOCK_SPEED": "1000"}
    with engine.start(environment, report) as box:
        begun = time.monotonic()
        health_check = settings["Healthcheck"]["Test"][1:]
        wait_until(lambda: box.run(health_check) == 0, "it was not healthy")
        say(f"healthy after {time.monotonic() - begun:.1f} s, as {settings['User']} on a read-only root")
        _use(f"http://127.0.0.1:{port}", say)
        _use_written_host(tls_port, urllib3.request("GET", f"http://127.0.0.1:{port}/_mock/ca.pem").data.decode(), say)
        stopped = box.stop()
    _expect(stopped.exit_code == 0, f"SIGTERM ended it with exit code {stopped.exit_code}")
    _expect(stopped.seconds < SECONDS_TO_STOP, f"SIGTERM ended it after {stopped.seconds:.2f} s, not within {SECONDS_TO_STOP:g} s")
    say(f"stopped {stopped.seconds:.2f} s after SIGTERM")
    _check_report(report / "image", say)
    _check_sizes(engine.sizes(), say)


def _check_settings(settings: Mapping[str, Any], say: Callable[[str], None]) -> None:
    labels = settings["Labels"]
    _expect(settings["User"] == f"{UID}:{UID}", f"the image's user is {settings['User']!r}")
    _expect("8787/tcp" in settings["ExposedPorts"], f"it exposes {settings['ExposedPorts']}")
    _expect(settings["Healthcheck"]["Test"] == ["CMD", "runflow-mock", "healthcheck"], f"its health check is {settings['Healthcheck']}")
    _expect(set(settings["Volumes"]) == {"/state", "/report"}, f"its volumes are {settings['Volumes']}")
    _expect("not affiliated with Runflow" in labels["org.opencontainers.image.description"], f"its labels are {labels}")
    say(f"labelled {labels['org.opencontainers.image.title']} {labels['org.opencontainers.image.version']}")


def _use(url: str, say: Callable[[str], None]) -> None:
    client = Client(url, KEY)
    secret = client.post("/v1/callback-secrets")["secret"]
    with CallbackReceiver() as receiver:
        body = {"input": {"image_url": "https://cdn.example.com/shoe.jpg"}, "callback_url": receiver.url}
        run = client.post(RUNS, body)
        receiver.wait(1)
        receiver.received[0].verify(secret)
    told = client.get(f"/v1/runs/{run['id']}")
    _expect(told["status_code"] == "succeeded", f"the run ended {told['status_code']}")
    address = next(_addresses(told["output"]))
    picture = urllib3.request("GET", address)
    _expect(picture.status == 200, f"the output file at {address} answers {picture.status}")
    say(f"a run was created, polled and told by a signed callback; its output has {len(picture.data)} bytes")
    _refused(client)
    client.close()


def _use_written_host(tls_port: int, ca: str, say: Callable[[str], None]) -> None:
    """Asks as a client does that has the service's own name written into it, and trusts the sandbox's CA."""
    with urllib3.HTTPSConnectionPool(
        "127.0.0.1", tls_port, ca_cert_data=ca, server_hostname=API_HOST, assert_hostname=API_HOST, timeout=10.0, retries=False
    ) as pool:
        answer = pool.request("GET", "/v1/runs", headers={"Host": API_HOST, "Authorization": f"Bearer {KEY}"})
    _expect(answer.status == 200 and len(answer.json()["items"]) == 1, f"https://{API_HOST}/v1/runs answered {answer.status}")
    say(f"the same world answers at https://{API_HOST}")


def _addresses(output: Any) -> Iterator[str]:
    """Yields every address in an output."""
    if isinstance(output, str) and output.startswith("http"):
        yield output
    for part in output.values() if isinstance(output, dict) else output if isinstance(output, list) else ():
        yield from _addresses(part)


def _refused(client: Client) -> None:
    try:
        client.get("/_mock/tenants")
    except ClientError as error:
        _expect(error.status == 403, f"a server-wide verb without a token was answered with {error.status}")
    else:
        raise Failed("a server-wide verb was answered without a token, on an address that others can reach")


def _check_report(folder: Path, say: Callable[[str], None]) -> None:
    found = sorted(path.name for path in folder.iterdir())
    entries = json.loads((folder / "journal.har").read_bytes())["log"]["entries"]
    _expect("report.xml" in found and bool(entries), f"the evidence is {found} with {len(entries)} exchanges")
    say(f"left its evidence: {', '.join(found)}")


def _check_sizes(sizes: Mapping[str, int], say: Callable[[str], None]) -> None:
    whole = sum(sizes.values())
    parts = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in sizes.items())
    say(f"compressed: {whole / 1e6:.1f} MB ({parts})")
    # The page on performance shows it.
    (ROOT / "build" / "image" / "size.json").write_text(json.dumps({"compressed": whole}))
    _expect(whole <= SIZE_MAX, f"the image has more than {SIZE_MAX / 1e6:g} MB")


def _expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise Failed(otherwise)

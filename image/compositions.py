"""The story of compose.yaml: a shop that has the service's own address written into it, in a network of containers with the sandbox."""

from collections.abc import Callable
from typing import Any

import urllib3
from benchmarks.machine import free_ports

from image.boxes import Host
from image.commands import IMAGE, Failed, wait_until

PHOTO = {"image_url": "https://cdn.example.com/shoe.jpg"}


def try_composition(host: Host, say: Callable[[str], None]) -> None:
    """Brings it up, has a photo begun, and says what was seen.

    Raises:
        Failed: the shop was not told of its photo.
    """
    port, web_port = free_ports(2)
    env = {"RUNFLOW_MOCK_IMAGE": IMAGE, "RUNFLOW_MOCK_PORT": str(port), "WEB_PORT": str(web_port)}
    shop = f"http://127.0.0.1:{web_port}/photos"
    try:
        host.compose("up", "--detach", "--no-build", env=env)
        wait_until(lambda: _answers(f"http://127.0.0.1:{port}/_mock/health"), "the sandbox of compose.yaml did not answer")
        wait_until(lambda: _answers(shop), "the shop of compose.yaml did not answer")
        run_id = _json("POST", shop, PHOTO)["run_id"]
        wait_until(lambda: _json("GET", shop) == {run_id: "succeeded"}, "the shop of compose.yaml was not told of its photo")
    finally:
        host.compose("down", "--volumes", env=env)
    say("compose.yaml comes up; its shop asks https://api.runflow.io and is told by a signed callback")


def _answers(url: str) -> bool:
    try:
        return urllib3.request("GET", url, retries=False, timeout=5.0).status == 200
    except urllib3.exceptions.HTTPError:
        # It does not listen yet.
        return False


def _json(method: str, url: str, body: object = None) -> Any:
    answer = urllib3.request(method, url, json=body, retries=False, timeout=30.0)
    if answer.status >= 400:
        raise Failed(f"{method} {url} was answered with {answer.status}")
    return answer.json()

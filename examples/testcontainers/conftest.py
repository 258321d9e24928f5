"""The sandbox in a container, one for the whole run, and a tenant of its own for each test."""

import os
import uuid
from collections.abc import Iterator

import pytest
import requests
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

IMAGE = os.environ.get("RUNFLOW_MOCK_IMAGE", "runflow-mock")
PORT = 8787
SECRET = "rf_whsec_of_the_shop"


class Tenant(requests.Session):
    """A world of its own: `key` is for the client under test, the session for the test."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        name = f"test_{uuid.uuid4().hex}"
        self.key = f"rf_live_mock_{name}"
        self.headers["Authorization"] = f"Bearer {self.key}"
        self.control("POST", "/tenants", {"name": name, "clock": "manual", "deliveries": "pull", "callback_secret": SECRET})

    def control(self, method: str, path: str, body: object = None) -> dict[str, object]:
        """Returns what a verb of the control API answers; a refusal fails the test with the server's words."""
        answer = self.request(method, f"{self.url}/_mock{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return dict(answer.json())


@pytest.fixture(scope="session")
def sandbox() -> Iterator[str]:
    """Yields where the sandbox is."""
    container = DockerContainer(IMAGE).with_exposed_ports(PORT).waiting_for(HttpWaitStrategy(PORT, "/_mock/health"))
    with container as running:
        yield f"http://{running.get_container_host_ip()}:{running.get_exposed_port(PORT)}"


@pytest.fixture
def runflow(sandbox: str) -> Iterator[Tenant]:
    """Yields a fresh tenant."""
    with Tenant(sandbox) as tenant:
        yield tenant

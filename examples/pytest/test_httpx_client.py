"""A client that has https://api.runflow.io written into it, and was made before the test began."""

from collections.abc import Iterator

import httpx
import pytest

from runflow_mock.testing import Runflow

API = httpx.Client(base_url="https://api.runflow.io")


def remaining_credits(key: str) -> str:
    """Returns what is left on the account."""
    answer = API.get("/v1/billing/balance", headers={"Authorization": f"Bearer {key}"}).raise_for_status()
    return str(answer.json()["balance"])


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    yield
    API.close()


def test_hard_coded_host_reaches_the_fake(runflow_hosts: Runflow) -> None:
    assert remaining_credits(runflow_hosts.api_key) == "10.000000"
    assert runflow_hosts.journal[0].request.headers["host"] == "api.runflow.io"

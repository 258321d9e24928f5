"""A blocking client that creates a run and polls it: what it does when things go wrong."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from runflow_mock.testing import Runflow

MODEL = "runflow/background-removal"


class OutOfCredits(Exception):
    """The account cannot pay for the run."""


class Pictures:
    """Removes backgrounds with the API."""

    def __init__(self, base_url: str, key: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._base_url = base_url
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"
        self._sleep = sleep

    def cut_out(self, image_url: str, order: str) -> str:
        """Returns the address of the picture without its background."""
        body = {"input": {"image_url": image_url}, "client_ref": order}
        run = self._send("POST", f"/v1/models/{MODEL}/runs", body, order)
        while run["completed_at"] is None:
            self._sleep(2)
            run = self._send("GET", f"/v1/runs/{run['id']}")
        if run["status_code"] != "succeeded":
            raise RuntimeError(f"{run['failure_code']}: {run['failure_message']}")
        return str(run["output"]["image_urls"][0])

    def _send(self, method: str, path: str, body: object = None, key: str | None = None) -> dict[str, Any]:
        headers = {} if key is None else {"Idempotency-Key": key}
        for _ in range(4):
            try:
                answer = self._session.request(method, self._base_url + path, json=body, headers=headers, timeout=5)
            except requests.ConnectionError:
                continue
            if answer.status_code == 402:
                raise OutOfCredits(answer.json()["message"])
            if answer.status_code == 429 or answer.status_code >= 500:
                self._sleep(float(answer.headers.get("Retry-After", 1)))
                continue
            answer.raise_for_status()
            return dict(answer.json())
        raise RuntimeError("the API does not answer")


@pytest.fixture
def naps() -> list[float]:
    return []


@pytest.fixture
def pictures(runflow: Runflow, naps: list[float]) -> Pictures:
    return Pictures(runflow.base_url, runflow.api_key, naps.append)


@pytest.mark.slow(is_covering=True)
def test_run_is_polled_to_its_end(pictures: Pictures, runflow: Runflow) -> None:
    url = pictures.cut_out("https://cdn.example.com/shirt.jpg", "order-1")
    assert requests.get(url, timeout=5).headers["Content-Type"] == "image/webp"
    assert runflow.ledger.charged == "0.270000"


def test_failed_run_is_told(pictures: Pictures, runflow: Runflow) -> None:
    runflow.faults.add(what={"kind": "fail", "failure_code": "UPSTREAM_FAILED"}, where={"client_ref": "order-2"})
    with pytest.raises(RuntimeError, match="UPSTREAM_FAILED"):
        pictures.cut_out("https://cdn.example.com/shirt.jpg", "order-2")
    assert runflow.ledger.charged == "0.000000"


def test_retry_after_is_obeyed(pictures: Pictures, runflow: Runflow, naps: list[float]) -> None:
    runflow.faults.add(what={"kind": "answer", "status": 429, "retry_after": 7}, where="before_admission", when={"times": 1})
    pictures.cut_out("https://cdn.example.com/shirt.jpg", "order-3")
    assert naps[0] == 7


@pytest.mark.slow(is_covering=True)
def test_lost_answer_does_not_pay_twice(pictures: Pictures, runflow: Runflow) -> None:
    runflow.faults.add(
        what="reset", where="after_create_before_response", when={"times": 1}, label="the run exists, the client does not know"
    )
    pictures.cut_out("https://cdn.example.com/shirt.jpg", "order-4")
    assert len(runflow.runs) == 1
    runflow.verify(operation="create_run", count=2)


@pytest.mark.runflow(balance="0.10")
def test_empty_account_is_told_and_not_retried(pictures: Pictures, runflow: Runflow) -> None:
    with pytest.raises(OutOfCredits):
        pictures.cut_out("https://cdn.example.com/shirt.jpg", "order-5")
    assert len(runflow.journal) == 1

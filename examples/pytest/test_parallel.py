"""Tests that may run in any order and on any worker (`pytest -n 4`): each has a tenant of its own, and the seed makes the ids equal."""

import pytest
import requests

from runflow_mock.testing import Runflow


@pytest.mark.runflow(seed="42")
@pytest.mark.parametrize("number", range(4))
def test_ids_do_not_depend_on_order_or_worker(runflow: Runflow, number: int) -> None:
    body = {"input": {"image_url": f"https://cdn.example.com/{number}.jpg"}}
    url = f"{runflow.base_url}/v1/models/runflow/background-removal/runs"
    run = requests.post(url, json=body, headers=runflow.headers, timeout=5).json()
    assert run["id"] == "019b76da-a800-7000-8001-4651694c3bbc"

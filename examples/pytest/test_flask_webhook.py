"""A webhook handler in Flask: the test carries each delivery to Flask's own test client."""

import hashlib
import hmac
import json
import time

import pytest
import requests
from flask import Flask, request

from runflow_mock.testing import Runflow

SECRET = "rf_whsec_of_the_shop"
PULLED = pytest.mark.runflow(deliveries="pull", callback_secret=SECRET)


def make_shop() -> tuple[Flask, dict[str, str]]:
    """Returns the application, and the orders that it knows of: their state by run."""
    shop, orders, seen = Flask(__name__), dict[str, str](), set[str]()

    @shop.post("/hooks/runflow")
    def take() -> tuple[str, int]:
        stamp, signature = request.headers.get("Runflow-Timestamp", "0"), request.headers.get("Runflow-Signature", "")
        expected = hmac.new(SECRET.encode(), stamp.encode() + b"." + request.get_data(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signature.encode(), f"v1={expected}".encode()) or abs(time.time() - int(stamp)) > 300:
            return "", 401
        delivery = request.headers["Runflow-Request-Id"].rpartition("-")[0]
        if delivery not in seen:
            seen.add(delivery)
            event = json.loads(request.get_data())
            run_id = event["run_id"]
            orders[run_id] = orders.get(run_id, "") + event["status"]
        return "", 204

    return shop, orders


def finish_run(runflow: Runflow) -> str:
    body = {"input": {"image_url": "https://cdn.example.com/shirt.jpg"}, "callback_url": "https://shop.example/hooks/runflow"}
    url = f"{runflow.base_url}/v1/models/runflow/background-removal/runs"
    run_id = requests.post(url, json=body, headers=runflow.headers, timeout=5).json()["id"]
    runflow.clock.run_until_idle()
    return str(run_id)


def carry(runflow: Runflow, shop: Flask) -> list[int]:
    """Takes every delivery to the shop, and tells the fake what it answered."""
    statuses = []
    for delivery in runflow.deliveries.pull():
        answer = shop.test_client().post("/hooks/runflow", data=delivery.body, headers=delivery.headers)
        delivery.answer(answer.status_code)
        statuses.append(answer.status_code)
    return statuses


@PULLED
def test_order_is_marked(runflow: Runflow) -> None:
    shop, orders = make_shop()
    run_id = finish_run(runflow)
    assert carry(runflow, shop) == [204]
    assert orders == {run_id: "succeeded"}
    assert runflow.deliveries[0].state == "succeeded"


@PULLED
def test_delivery_that_comes_twice_counts_once(runflow: Runflow) -> None:
    shop, orders = make_shop()
    runflow.faults.add(what={"kind": "callback.duplicate", "copies": 3})
    run_id = finish_run(runflow)
    assert carry(runflow, shop) == [204, 204, 204]
    assert orders == {run_id: "succeeded"}


@PULLED
@pytest.mark.parametrize("trouble", ["callback.unsigned", "callback.wrong_secret", "callback.stale", "callback.tamper"])
def test_forged_delivery_is_refused_and_the_true_one_taken(runflow: Runflow, trouble: str) -> None:
    shop, orders = make_shop()
    runflow.faults.add(what=trouble, when={"times": 1})
    run_id = finish_run(runflow)
    assert carry(runflow, shop) == [401]
    assert orders == {}
    runflow.clock.advance("10s")
    assert carry(runflow, shop) == [204]
    assert orders == {run_id: "succeeded"}

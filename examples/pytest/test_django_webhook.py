"""A webhook handler in Django: the test carries the delivery to Django's own test client."""

import hashlib
import hmac
import json

import django
import pytest
import requests
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from runflow_mock.testing import Runflow

SECRET = "rf_whsec_of_the_shop"
ORDERS: dict[str, str] = {}


def take(request: HttpRequest) -> HttpResponse:
    """Marks the order whose run has ended; the signature is over the raw body."""
    stamp = request.headers.get("Runflow-Timestamp", "0")
    expected = hmac.new(SECRET.encode(), stamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(request.headers.get("Runflow-Signature", "").encode(), f"v1={expected}".encode()):
        return HttpResponse(status=401)
    event = json.loads(request.body)
    ORDERS[event["run_id"]] = event["status"]
    return HttpResponse(status=204)


urlpatterns = [path("hooks/runflow", take)]


@pytest.fixture(scope="module")
def shop() -> Client:
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x")
    django.setup()
    return Client()


@pytest.mark.runflow(deliveries="pull", callback_secret=SECRET)
def test_order_is_marked(runflow: Runflow, shop: Client) -> None:
    body = {"input": {"image_url": "https://cdn.example.com/shirt.jpg"}, "callback_url": "https://shop.example/hooks/runflow"}
    url = f"{runflow.base_url}/v1/models/runflow/background-removal/runs"
    run_id = requests.post(url, json=body, headers=runflow.headers, timeout=5).json()["id"]
    runflow.clock.run_until_idle()
    for delivery in runflow.deliveries.pull():
        answer = shop.post("/hooks/runflow", data=delivery.body, content_type="application/json", headers=delivery.headers)
        delivery.answer(answer.status_code)
    assert {run_id: "succeeded"} == ORDERS

"""Django: its test client, its live server, and its application as a receiver without a socket."""

import json

import django
import pytest
import requests
from django.conf import settings
from stories import BODY, PATH, by_hand, tell

if not settings.configured:
    settings.configure(
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        STATIC_URL="/static/",
        SECRET_KEY="of the test",
        INSTALLED_APPS=["django.contrib.sessions"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    )
    django.setup()

from django.contrib.sessions.models import Session  # noqa: E402 - settings come first
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.test import Client, LiveServerTestCase, TransactionTestCase  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils.timezone import now  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402

ARRIVED = []
FAKE = {}


@csrf_exempt
def hooks(request):
    ARRIVED.append(json.loads(request.body))
    return HttpResponse(status=204)


@csrf_exempt
def keep(request):
    Session.objects.create(session_key=f"{Session.objects.count()} before", expire_date=now())
    return HttpResponse(status=204)


def buy(request):
    body = {**BODY, "callback_url": "https://shop.example/hooks"}
    status, raw = FAKE["runflow"].app.exchange(
        "POST", PATH, FAKE["runflow"].headers | {"Content-Type": "application/json"}, json.dumps(body).encode()
    )
    return JsonResponse(json.loads(raw), status=status)


urlpatterns = [path("hooks", hooks), path("keep", keep), path("buy", buy)]


def share_rows(runflow):
    """A row of the test is there for the handler, and one of the handler for the test."""
    Session.objects.create(session_key="of the test", expire_date=now())
    runflow.deliver_to(get_wsgi_application(), "https://shop.example/")
    body = {**BODY, "callback_url": "https://shop.example/keep"}
    headers = runflow.headers | {"Content-Type": "application/json"}
    assert runflow.app.exchange("POST", PATH, headers, json.dumps(body).encode())[0] == 201
    runflow.clock.run_until_idle()
    assert sorted(Session.objects.values_list("session_key", flat=True)) == ["1 before", "of the test"]


def test_client_and_application(runflow_in_process):
    ARRIVED.clear()
    FAKE["runflow"] = runflow_in_process
    runflow_in_process.deliver_to(get_wsgi_application(), "https://shop.example/")
    bought = Client().get("/buy")
    assert bought.status_code == 201
    runflow_in_process.clock.run_until_idle()
    assert [body["run_id"] for body in ARRIVED] == [bought.json()["id"]]


@pytest.mark.django_db(transaction=True)
def test_handler_shares_rows_with_the_test(runflow_in_process):
    share_rows(runflow_in_process)


class TestRows(TransactionTestCase):
    @pytest.fixture(autouse=True)
    def _give(self, runflow_in_process):
        self.runflow = runflow_in_process

    def test_handler_shares_rows_with_the_test(self):
        share_rows(self.runflow)


def test_fixture_of_pytest_django(client, runflow, runflow_receiver):
    assert client.post("/hooks", {"a": 1}, content_type="application/json").status_code == 204
    tell(runflow, runflow_receiver)


def test_hosts(client, runflow_hosts):
    assert requests.get("https://api.runflow.io/v1/auth/me", headers=runflow_hosts.headers, timeout=20).status_code == 200


def test_live_server_receives(live_server, runflow):
    ARRIVED.clear()
    body = {**BODY, "callback_url": live_server.url + "/hooks"}
    run = by_hand(runflow.base_url + PATH, runflow.headers, body)
    runflow.clock.run_until_idle()
    assert [found["run_id"] for found in ARRIVED] == [run["id"]]


class TestLive(LiveServerTestCase):
    @pytest.fixture(autouse=True)
    def _give(self, runflow):
        self.runflow = runflow

    def test_receives(self):
        ARRIVED.clear()
        run = by_hand(self.runflow.base_url + PATH, self.runflow.headers, {**BODY, "callback_url": self.live_server_url + "/hooks"})
        self.runflow.clock.run_until_idle()
        self.assertEqual([found["run_id"] for found in ARRIVED], [run["id"]])

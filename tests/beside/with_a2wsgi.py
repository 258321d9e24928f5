"""a2wsgi: applications of one kind as those of the other."""

import httpx
import pytest
from a2wsgi import ASGIMiddleware, WSGIMiddleware
from fastapi import FastAPI
from flask import Flask, request
from stories import BODY, PATH

HOOK = "https://shop.example/hooks"


def flask_shop(arrived):
    made = Flask("shop")

    @made.post("/hooks")
    def hooks():
        arrived.append(request.json["event"])
        return "", 204

    return made


def fastapi_shop(arrived):
    made = FastAPI()

    @made.post("/hooks", status_code=204)
    def hooks(body: dict):
        arrived.append(body["event"])

    return made


def mounted(arrived):
    made = FastAPI()
    made.mount("/", WSGIMiddleware(flask_shop(arrived)))
    return made


SHOPS = {
    "wsgi as asgi": lambda arrived: WSGIMiddleware(flask_shop(arrived)),
    "asgi as wsgi": lambda arrived: ASGIMiddleware(fastapi_shop(arrived)),
    "wsgi within asgi": mounted,
}


def statuses(runflow):
    with httpx.Client(transport=runflow.transport, headers=runflow.headers) as client:
        assert client.post(runflow.base_url + PATH, json={**BODY, "callback_url": HOOK}).status_code == 201
    runflow.clock.run_until_idle()
    return {attempt.status_code for delivery in runflow.deliveries for attempt in delivery.attempts}


@pytest.mark.parametrize("kind", SHOPS)
def test_callback_arrives(runflow_in_process, kind):
    arrived = []
    runflow_in_process.deliver_to(SHOPS[kind](arrived), "https://shop.example")
    assert (statuses(runflow_in_process), arrived) == ({204}, ["run.completed"])


class Broken(list):
    def append(self, event):
        raise KeyError(event)


@pytest.mark.runflow(allow_unused=True, allow_exceptions=KeyError)
@pytest.mark.parametrize("kind", ["wsgi as asgi", "wsgi within asgi"])
def test_exception_is_handed_to_the_test(runflow_in_process, kind):
    runflow_in_process.deliver_to(SHOPS[kind](Broken()), "https://shop.example")
    assert statuses(runflow_in_process) == {500}
    assert {repr(raised.error) for raised in runflow_in_process.exceptions} == {"KeyError('run.completed')"}

"""Test clients as applications under test: callbacks come to the application that they run, on its event loop and with its state."""

import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypedDict

import pytest
from orders_in_process import create
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runflow_mock.testing.application_kinds import NotAnApplication
from runflow_mock.testing.homes import Home, current_home
from runflow_mock.testing.runflow import Runflow

with warnings.catch_warnings():
    # That it is to stand on httpx2.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient


class State(TypedDict):
    """What the lifespan of the shop gives its handlers."""

    home: Home | None
    told: list[str]


@asynccontextmanager
async def live(app: Starlette) -> AsyncIterator[State]:
    yield {"home": current_home(), "told": []}


async def take(request: Request) -> Response:
    if not request.state.home.is_here():
        raise RuntimeError("bound to a different event loop")
    request.state.told.append((await request.json())["event"])
    return Response(status_code=204)


async def tell(request: Request) -> Response:
    return Response(",".join(request.state.told))


def shop() -> Any:
    return Starlette(lifespan=live, routes=[Route("/hooks", take, methods=["POST"]), Route("/told", tell)])


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_application_of_a_test_client_is_told_where_it_lives(runflow: Runflow, backend: Any) -> None:
    with TestClient(shop(), backend=backend) as client:
        runflow.deliver_to(client)
        create(runflow)
        runflow.clock.run_until_idle()
        assert client.get("/told").text == "run.completed"
    assert runflow.exceptions == ()


def test_test_client_that_has_ended_is_told(runflow: Runflow) -> None:
    with TestClient(shop()) as client:
        runflow.deliver_to(client)
    create(runflow)
    runflow.clock.run_until_idle()
    assert "event loop of the test is at its end" in str(runflow.deliveries[0].attempts[0].error)


def test_test_client_that_does_not_run_is_refused_with_the_way_out(runflow: Runflow) -> None:
    with pytest.raises(NotAnApplication, match="not a TestClient; whose application is not running: hand it over within its `with`"):
        runflow.deliver_to(TestClient(shop()))

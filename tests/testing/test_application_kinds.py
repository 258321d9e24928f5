"""What `deliver_to` takes: every kind of application, called in its own way; what is none is refused when it is handed over."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from fastapi import FastAPI
from orders_in_process import create_and_wait, shop

from runflow_mock.testing.application_kinds import leads_to
from runflow_mock.testing.runflow import Runflow


def answer(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b""]


class Wrapped:
    """Middleware of ASGI that is no coroutine function itself."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        return self.app(scope, receive, send)


class AnsweringClass:
    """A class as an application of WSGI, as PEP 3333 shows one."""

    def __init__(self, environ: Any, start_response: Any) -> None:
        start_response("200 OK", [])

    def __iter__(self) -> Iterator[bytes]:
        yield b""


class OfAsgi2:
    """An application of ASGI 2, which is made for each scope."""

    def __init__(self, scope: Any) -> None:
        self.scope = scope

    async def __call__(self, receive: Any, send: Any) -> None:
        """Answers nothing."""


async def nothing() -> None:
    """Handles a callback without a word."""


@pytest.mark.parametrize(
    "given",
    [
        answer,
        AnsweringClass,
        shop(nothing),
        Wrapped(shop(nothing)),
        lambda scope, receive, send: shop(nothing)(scope, receive, send),  # noqa: PLW0108 - a lambda is what is tried
        partial(lambda more, environ, start_response: answer(environ, start_response), 7),
        partial(lambda more, scope, receive, send: shop(nothing)(scope, receive, send), 7),
    ],
    ids=["wsgi", "class", "asgi", "middleware", "lambda", "partial", "partial asgi"],
)
def test_application_is_called_in_its_own_way(runflow: Runflow, given: Any) -> None:
    runflow.deliver_to(given)
    assert create_and_wait(runflow) == [200]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("shop.main:app", "not 'shop.main:app'; import it and hand over the object"),
        (None, "not None; a factory that returns nothing has perhaps made it"),
        (lambda: shop(nothing), "not the function <lambda>; it makes one: call it, and hand over what it returns"),
        (FastAPI, "not the type FastAPI; it makes one: call it"),
        (SimpleNamespace(app=shop(nothing)), "not a SimpleNamespace; hand over its .app"),
        (SimpleNamespace(routes=[]), "not a SimpleNamespace; hand over what a server such as uvicorn would run"),
        (OfAsgi2, "not the type OfAsgi2; which is one of ASGI 2: hand over asgiref.compatibility.guarantee_single_callable(app)"),
        (web.Application(), "not a Application; which a server of its own runs: let that listen, and take the fixture runflow"),
        (lambda request: None, "not the function <lambda>; which takes (scope, receive, send) or (environ, start_response)"),
    ],
    ids=["text", "nothing", "factory", "class", "client", "object", "asgi 2", "aiohttp", "handler"],
)
def test_what_is_no_application_is_refused_when_it_is_handed_over(runflow: Runflow, given: Any, told: str) -> None:
    with pytest.raises(TypeError, match=re.escape(told)):
        runflow.deliver_to(given)


@pytest.mark.parametrize(
    ("prefix", "told"),
    [
        ("/hooks", "none begins with '/hooks'; say 'http://localhost/hooks'"),
        ("localhost:8000", "none begins with 'localhost:8000'; say 'http://localhost:8000'"),
        ("", "none begins with ''; say 'http://localhost'"),
        ("https://", "none begins with 'https://'; say 'https://localhost'"),
        ("ftp://a.example", "none begins with 'ftp://a.example'; say 'http://a.example'"),
        ("https://?x", "none begins with 'https://?x'; say 'https://localhost?x'"),
        ("localhost:8000/a#b", "none begins with 'localhost:8000/a#b'; say 'http://localhost:8000/a'"),
        ("http://#", "none begins with 'http://#'; say 'http://localhost'"),
        ("a" * 2_045, "; say 'http://localhost'"),
        (" http://localhost", "none begins with ' http://localhost'; say 'http://localhost'"),
        ("http://a.example:99999/", "'http://a.example:99999/': a callback's URL must have a port from 1 to 65535, not '99999'"),
        ("http://a.example:0", "'http://a.example:0': a callback's URL must have a port from 1 to 65535, not '0'"),
        ("http://a.example:", "'http://a.example:': a callback's URL must have a port from 1 to 65535, not ''"),
        ("http://[::1", "'http://[::1': a callback's URL must have a host of letters, digits, dots and hyphens, "),
        ("http://localhost.", "'http://localhost.': a callback's URL must have a host of letters, digits, dots and hyphens, "),
        ("http://me:word@localhost", "'http://me:word@localhost': a callback's URL must not carry credentials"),
        ("http://localhost/a b", "'http://localhost/a b': a callback's URL must not have spaces or control characters"),
        ("http://localhost/#hooks", "'http://localhost/#hooks': what follows # is not sent: leave it out"),
        ("http://localhost/" + "a" * 2_048, "a callback's URL has at most 2048 characters, not 2065"),
    ],
)
def test_prefix_with_which_no_callback_begins_is_refused(runflow: Runflow, prefix: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        runflow.deliver_to(answer, prefix)


@pytest.mark.parametrize(
    ("prefix", "url", "is_led"),
    [
        ("HTTPS://shop.example", "https://shop.example/hooks", True),
        ("https://shop.example", "https://shop.example/hooks", True),
        ("https://shop.example", "https://shop.example?order=17", True),
        ("https://Shop.Example:443/", "https://shop.example/hooks", True),
        ("http://shop.example/hooks", "http://SHOP.example:80/hooks/1", True),
        ("https://shop.example/hooks?of=1", "https://shop.example/hooks?of=17", True),
        ("https://shop.example", "https://shop.example.elsewhere.example/hooks", False),
        ("http://localhost:80", "http://localhost:8000/hooks", False),
        ("http://localhost:80", "http://localhost:0/hooks", False),
        ("https://shop.example", "http://shop.example/hooks", False),
        ("https://shop.example/hooks", "https://shop.example/", False),
    ],
)
def test_application_is_where_a_client_would_look_for_it(prefix: str, url: str, is_led: bool) -> None:
    assert leads_to(url, prefix) is is_led


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("http://localhost:80/", "http://localhost/a"),
        ("http://localhost:80", "http://localhost?a"),
        ("http://localhost:80/a", "http://localhost/a?b"),
    ],
)
def test_callback_goes_to_the_application_whose_prefix_says_more_of_its_path(runflow: Runflow, wide: str, narrow: str) -> None:
    asked: list[str] = []

    def named(name: str) -> Any:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            asked.append(name)
            return answer(environ, start_response)

        return app

    runflow.deliver_to(named("narrow"), narrow)
    runflow.deliver_to(named("wide"), wide)
    assert create_and_wait(runflow, callback_url=f"{narrow}17") == [200]
    assert asked == ["narrow"]


def test_application_that_came_later_takes_callbacks_of_prefixes_that_mean_the_same(runflow: Runflow) -> None:
    runflow.deliver_to(shop(nothing), "http://localhost:80/")
    runflow.deliver_to(lambda environ, start_response: answer(environ, lambda status, headers: start_response("204 No Content", [])))
    assert create_and_wait(runflow) == [204]


def test_application_and_prefix_the_wrong_way_round_are_refused(runflow: Runflow) -> None:
    with pytest.raises(TypeError, match="takes the application first"):
        runflow.deliver_to("http://localhost", answer)  # type: ignore[arg-type]  # what the test is about


def test_callback_beside_the_prefix_is_told_what_is_mounted(runflow: Runflow) -> None:
    runflow.deliver_to(answer, "http://localhost:9/hooks")
    assert create_and_wait(runflow, callback_url="http://localhost:9/hook") == [None] * 5
    (delivery,) = runflow.deliveries
    assert (delivery.attempts[0].error or "").endswith("no application is mounted there; mounted are http://localhost:9/hooks")


def test_application_that_is_handed_over_twice_starts_once(runflow: Runflow) -> None:
    told: list[str] = []

    @asynccontextmanager
    async def lifespan(made: FastAPI) -> AsyncIterator[None]:
        told.append("up")
        yield
        told.append("down")

    async def raises() -> None:
        raise KeyError("order 17")

    made = shop(raises, lifespan)
    runflow.deliver_to(made)
    runflow.deliver_to(made, "http://localhost:9")
    assert create_and_wait(runflow) == [500] * 5
    assert create_and_wait(runflow, callback_url="http://localhost:9/hooks") == [500] * 10
    assert len(runflow.exceptions) == 10
    runflow.stop_deliveries()
    assert told == ["up", "down"]


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
def test_handler_that_ends_the_process_is_told_and_ends_nothing(runflow: Runflow, kind: str, end: type[BaseException]) -> None:
    def leave(environ: Any, start_response: Any) -> list[bytes]:
        raise end("enough")

    async def leave_too() -> None:
        raise end("enough")

    runflow.deliver_to(leave if kind == "wsgi" else shop(leave_too))
    assert create_and_wait(runflow) == [500] * 5
    assert {type(raised.error) for raised in runflow.exceptions} == {end}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (lambda environ, start_response: [b"x"], "did not call start_response"),
        (lambda environ, start_response: None, "returned None in place of the pieces of its answer"),
    ],
    ids=["no status", "no answer"],
)
def test_application_of_wsgi_that_answers_by_halves_is_told_so(runflow: Runflow, given: Any, told: str) -> None:
    runflow.deliver_to(given)
    create_and_wait(runflow)
    assert told in str(runflow.exceptions[0].error)

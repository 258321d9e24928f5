"""A handler that moves the clock would wait for its own callback: it is told so at once."""

from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import Any

import pytest
from fastapi import FastAPI
from flask import Flask
from orders_in_process import create_and_wait, shop

from runflow_mock.testing.asynchronous import AsyncRunflow
from runflow_mock.testing.in_process import InProcess, open_tenant_in
from runflow_mock.testing.loop_guards import BlockedHandler
from runflow_mock.testing.runflow import Runflow


def in_wsgi(runflow: Runflow, verb: Callable[[], object]) -> Any:
    app = Flask("shop")
    app.post("/hooks")(lambda: repr(verb()))
    return app


def in_a_thread(runflow: Runflow, verb: Callable[[], object]) -> Any:
    app = FastAPI()
    app.post("/hooks")(lambda: repr(verb()))
    return app


def in_a_coroutine(runflow: Runflow, verb: Callable[[], object]) -> Any:
    return shop(AsyncRunflow(runflow).clock.run_until_idle)  # type: ignore[arg-type]  # its steps are not looked at


@pytest.mark.parametrize("make", [in_wsgi, in_a_thread, in_a_coroutine])
def test_clock_that_the_handler_of_a_callback_moves_is_refused_at_once(runflow: Runflow, make: Any) -> None:
    """It would wait for the callback, and the callback for it: ten seconds for each attempt."""
    runflow.deliver_to(make(runflow, runflow.clock.run_until_idle))
    assert create_and_wait(runflow) == [500] * 5
    assert {type(raised.error) for raised in runflow.exceptions} == {BlockedHandler}
    assert "let the test move the clock" in str(runflow.exceptions[0].error)


@pytest.mark.parametrize("verb", ["freeze", "resume"])
def test_clock_that_does_not_move_waits_for_nobody(runflow: Runflow, verb: str) -> None:
    runflow.deliver_to(in_wsgi(runflow, getattr(runflow.clock, verb)))
    assert create_and_wait(runflow) == [200]


def test_handler_may_move_the_clock_of_another_tenant(app: InProcess, runflow: Runflow) -> None:
    other = open_tenant_in(app, clock="manual")
    runflow.deliver_to(in_wsgi(runflow, other.clock.run_until_idle))
    assert create_and_wait(runflow) == [200]


@pytest.mark.slow(is_covering=True)
def test_handler_may_move_the_clock_of_another_fake(runflow: Runflow) -> None:
    """Also where its tenant has the same name."""
    another = InProcess()
    with open_tenant_in(another, clock="manual", name=runflow.tenant) as other:
        runflow.deliver_to(in_wsgi(runflow, other.clock.run_until_idle))
        assert create_and_wait(runflow) == [200]
    another.stop()


def test_clock_may_be_moved_by_what_a_handler_has_begun_once_the_callback_is_answered(runflow: Runflow) -> None:
    begun = SimpleQueue[Callable[[], object]]()

    def receive(environ: Any, start_response: Any) -> list[bytes]:
        begun.put(partial(copy_context().run, runflow.clock.next))
        start_response("204 No Content", [])
        return []

    runflow.deliver_to(receive)
    assert create_and_wait(runflow) == [204]
    assert begun.get()() == []

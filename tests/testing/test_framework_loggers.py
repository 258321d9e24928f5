"""What a framework answers with 500 and tells to a log of its own is handed to the test, and what an application has dealt with is not."""

import logging
import traceback
from typing import Any

import pytest
from orders_in_process import create_and_wait, shop

from runflow_mock.testing.runflow import Runflow


class Refusal(Exception):
    """An answer that a framework raises."""

    status_code = 404


def by_logger(name: str, error: Exception) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        try:
            raise error
        except Exception as met:
            logging.getLogger(name).exception("unhandled", exc_info=met)
        await send({"type": "http.response.start", "status": getattr(error, "status_code", 500), "headers": []})
        await send({"type": "http.response.body"})

    return app


def by_errors(status: str, *, is_logged: bool = False) -> Any:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        try:
            raise KeyError("order 7")
        except KeyError:
            if is_logged:
                logger = logging.Logger("of the shop")
                logger.addHandler(logging.StreamHandler(environ["wsgi.errors"]))
                logger.exception("met again")
            else:
                environ["wsgi.errors"].writelines(traceback.format_exc().splitlines(keepends=True))
                environ["wsgi.errors"].flush()
        start_response(status, [])
        return []

    return app


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (by_logger("sanic.error", KeyError("order 7")), ["order 7"]),
        (by_logger("falcon", KeyError("order 7")), ["order 7"]),
        (by_logger("sanic.error", Refusal("nothing here")), []),
        (by_logger("shop", KeyError("order 7")), []),
        (by_errors("500 Internal Server Error"), ["order 7"]),
        (by_errors("503 Service Unavailable"), []),
        (by_errors("500 Internal Server Error", is_logged=True), []),
    ],
    ids=["logger", "another logger", "refusal", "own logger", "errors", "answer of its own", "own log among the errors"],
)
def test_exception_that_a_framework_answers_is_handed_over(runflow: Runflow, given: Any, told: list[str]) -> None:
    runflow.deliver_to(given)
    create_and_wait(runflow)
    assert list(dict.fromkeys(raised.error.args[0] for raised in runflow.exceptions)) == told


def test_loggers_are_left_as_they_were(runflow: Runflow) -> None:
    async def nothing() -> None:
        """Handles a callback without a word."""

    before = list(logging.getLogger("falcon").handlers)
    runflow.deliver_to(shop(nothing))
    assert len(logging.getLogger("falcon").handlers) == len(before) + 1
    runflow.stop_deliveries()
    assert logging.getLogger("falcon").handlers == before

"""What a framework answers with 500 and tells to a log of its own is handed to the test, and what an application has dealt with is not."""

import logging
import traceback
from typing import Any

import pytest
from orders_in_process import create_and_wait, shop

from runflow_mock.runtime.sender import RecordingSender
from runflow_mock.testing.homes import Homes
from runflow_mock.testing.receivers_in_process import AppSender
from runflow_mock.testing.runflow import Runflow


class Refusal(Exception):
    """An answer that a framework raises."""

    status_code = 404


class Overload(Exception):
    """Another one, which is a failure."""

    status_code = 503


class Odd(Exception):
    """An exception of an application, for which the word means something else."""

    status_code = "E7"


def by_logger(name: str, error: Exception, status: int | None = None) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        try:
            raise error
        except Exception as met:
            logging.getLogger(name).exception("unhandled", exc_info=met)
        await send({"type": "http.response.start", "status": status or getattr(error, "status_code", 500), "headers": []})
        await send({"type": "http.response.body"})

    return app


class ByHook:
    """An application that tells hooks of exceptions as Litestar does, also of those for which it has a handler."""

    __module__ = "litestar.app"

    def __init__(self, status: int) -> None:
        self.after_exception: list[Any] = []
        self._status = status

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            for hook in self.after_exception:
                await hook(KeyError("order 7"), scope)
            await send({"type": "http.response.start", "status": self._status, "headers": []})
            await send({"type": "http.response.body"})


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
        (by_logger("sanic.error", Overload("no database")), ["no database"]),
        (by_logger("sanic.error", KeyError("order 7"), 200), []),
        (by_logger("sanic.error", KeyError("order 7"), 503), []),
        (by_logger("shop", KeyError("order 7")), []),
        (by_logger("sanic.error", Odd("no shirt"), 500), ["no shirt"]),
        (ByHook(500), ["order 7"]),
        (ByHook(200), []),
        (by_errors("500 Internal Server Error"), ["order 7"]),
        (by_errors("503 Service Unavailable"), []),
        (by_errors("500 Internal Server Error", is_logged=True), []),
    ],
    ids=[
        "logger",
        "another logger",
        "refusal",
        "failure",
        "dealt with",
        "dealt with by a failure",
        "own logger",
        "status of another kind",
        "hook",
        "hook, dealt with",
        "errors",
        "answer of its own",
        "own log among the errors",
    ],
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


def test_fake_that_stops_takes_exceptions_from_no_other() -> None:
    app, logger = ByHook(200), logging.getLogger("falcon")
    before = list(logger.handlers)
    senders = [AppSender(RecordingSender(), Homes()) for _ in range(2)]
    mounts = [sender.mount("http://localhost", app) for sender in senders]
    ears = [handler for handler in logger.handlers if handler not in before]
    left = []
    for sender, mount in zip(senders, mounts, strict=True):
        sender.unmount(mount)
        # As the end of a tenant does that was ended by hand.
        sender.unmount(mount)
        left.append(([handler for handler in logger.handlers if handler not in before], len(app.after_exception)))
    assert left == [(ears, 1), ([], 0)]


@pytest.mark.parametrize("name", ["falcon", "falcon.media"])
def test_log_that_nobody_else_takes_still_comes_to_standard_error(
    runflow: Runflow, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python writes there what no handler takes, warnings and worse; ours is one, which would be all the same to a developer."""
    runflow.deliver_to(by_logger("shop", KeyError()))
    logger = logging.getLogger(name)
    monkeypatch.setattr(logging.getLogger("falcon"), "propagate", False)
    logger.warning("the door is open")
    logger.info("nobody asks")
    logger.addHandler(taken := logging.NullHandler())
    logger.error("somebody takes it")
    logger.removeHandler(taken)
    assert capsys.readouterr().err == "the door is open\n"

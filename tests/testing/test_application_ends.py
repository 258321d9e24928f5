"""The end of a test whose application raised something: it fails, whatever pytest or Python would make of that exception."""

import unittest
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from orders_in_process import HOOK, create

from runflow_mock.testing.endings import Lent, take_back, told
from runflow_mock.testing.in_process import InProcess, open_tenant_in
from runflow_mock.testing.runflow import Runflow


@dataclass(frozen=True)
class Frozen(Exception):
    code: int


class Speechless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class HasNotes(Exception):
    __notes__ = "of its own"  # type: ignore[assignment]  # what the test is about


def raising(make: Callable[[], BaseException], *, is_wsgi: bool) -> Any:
    async def shop(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            raise make()

    def old_shop(environ: Any, start_response: Any) -> list[bytes]:
        raise make()

    return old_shop if is_wsgi else shop


def told_of(app: InProcess, folder: Path, shop: Any) -> Lent:
    """Returns a tenant, lent to a test, that has sent the first attempt of a callback to an application."""
    runflow: Runflow = open_tenant_in(app, clock="manual")
    runflow.deliver_to(shop, "http://localhost/")
    create(runflow)
    runflow.clock.advance("5s")
    return Lent(runflow, {"allow_unused": True}, folder, folder, "test_it.py::test_it")


@pytest.mark.parametrize("is_wsgi", [False, True], ids=["asgi", "wsgi"])
@pytest.mark.parametrize("kind", [KeyError, Speechless, AssertionError, pytest.fail.Exception])
def test_exception_of_an_application_fails_the_test_itself(app: InProcess, tmp_path: Path, kind: Any, is_wsgi: bool) -> None:
    lent = told_of(app, tmp_path, raising(lambda: kind("order 17"), is_wsgi=is_wsgi))
    with pytest.raises(kind) as caught:
        take_back(lent, is_judged=True)
    assert f"raised by the application under test at POST {HOOK}" in caught.value.__notes__[0]


@pytest.mark.parametrize("is_wsgi", [False, True], ids=["asgi", "wsgi"])
@pytest.mark.parametrize(
    "kind", [pytest.skip.Exception, pytest.xfail.Exception, pytest.exit.Exception, unittest.SkipTest, KeyboardInterrupt, Frozen, HasNotes]
)
def test_exception_that_would_end_otherwise_fails_the_test_as_its_reason(app: InProcess, tmp_path: Path, kind: Any, is_wsgi: bool) -> None:
    lent = told_of(app, tmp_path, raising(lambda: kind("order 17"), is_wsgi=is_wsgi))
    with pytest.raises(pytest.fail.Exception, match=f"raised by the application under test at POST {HOOK}") as caught:
        take_back(lent, is_judged=True)
    assert type(caught.value) is pytest.fail.Exception
    assert isinstance(caught.value.__cause__, kind)


@pytest.mark.parametrize("kind", [pytest.skip.Exception, pytest.xfail.Exception, unittest.SkipTest, KeyboardInterrupt])
@pytest.mark.parametrize("is_wsgi", [False, True], ids=["asgi", "wsgi"])
def test_group_of_what_would_end_otherwise_fails_the_test_as_its_reason(app: InProcess, tmp_path: Path, kind: Any, is_wsgi: bool) -> None:
    """A group of tasks raises what one of them has raised in a group, and pytest takes one of skips for a skip."""
    lent = told_of(app, tmp_path, raising(lambda: BaseExceptionGroup("a", [BaseExceptionGroup("b", [kind("17")])]), is_wsgi=is_wsgi))
    with pytest.raises(pytest.fail.Exception, match=f"raised by the application under test at POST {HOOK}") as caught:
        take_back(lent, is_judged=True)
    assert isinstance(caught.value.__cause__, BaseExceptionGroup)


def test_group_of_failures_fails_the_test_itself(app: InProcess, tmp_path: Path) -> None:
    lent = told_of(app, tmp_path, raising(lambda: ExceptionGroup("a", [KeyError("order 17")]), is_wsgi=False))
    with pytest.raises(ExceptionGroup) as caught:
        take_back(lent, is_judged=True)
    assert f"raised by the application under test at POST {HOOK}" in caught.value.__notes__[0]


def test_exception_of_iteration_fails_the_test_as_its_reason(app: InProcess, tmp_path: Path) -> None:
    """A fixture that raises one is told that its generator did; a coroutine that does is told so by Python."""
    lent = told_of(app, tmp_path, raising(StopIteration, is_wsgi=True))
    with pytest.raises(pytest.fail.Exception) as caught:
        take_back(lent, is_judged=True)
    assert isinstance(caught.value.__cause__, StopIteration)


def test_exception_that_cannot_say_what_it_is_keeps_no_callback_waiting(app: InProcess, tmp_path: Path) -> None:
    lent = told_of(app, tmp_path, raising(Speechless, is_wsgi=False))
    (delivery,) = lent.runflow.deliveries
    assert [attempt.status_code for attempt in delivery.attempts] == [500]
    assert [attempt.error for attempt in delivery.attempts] == ["Speechless: <exception str() failed>"]
    assert dict(told(lent))["runflow exceptions"].rstrip().endswith("Speechless: <exception str() failed>")

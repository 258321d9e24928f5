"""Tests that are expected to fail: their end is judged while they still run, as they may fail by that."""

import functools
import inspect
import unittest
from collections.abc import Callable
from typing import Any

import pytest


def is_expected_by_unittest(item: pytest.Item) -> bool:
    """Tells whether `unittest.expectedFailure` stands at a test or at its class."""
    case = getattr(item, "instance", None)
    if not isinstance(case, unittest.TestCase):
        return False
    name = "__unittest_expecting_failure__"
    return bool(getattr(case, name, False) or getattr(getattr(item, "obj", None), name, False))


def judge_within(item: Any, judge: Callable[[], None]) -> None:
    """Has the method of a test end with a judgement: `unittest` looks no further for a failure that it expects."""
    method = item.obj
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def awaited() -> None:
            await method()
            judge()

        # unittest calls a coroutine of its own accord; any other method is what pytest has of it.
        setattr(item.instance, item.name, awaited)
        return

    @functools.wraps(method)
    def judged() -> None:
        method()
        judge()

    item.obj = judged

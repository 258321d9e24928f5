"""The inspector in a real browser: one Chromium for a module, one sandbox for all tests, a tenant of its own for each."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from commands import Sandbox, sandbox
from looking import Looker, Shop
from playwright.sync_api import Browser, sync_playwright
from tools import chromium

from runflow_mock.testing.client import Client

_numbers = count(1)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Playwright keeps an event loop running in this thread for as long as it lives: a test of another module that begins one of its own
    # would fail, and leave a coroutine behind that nobody awaits. So it never outlives the module.
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield started
        started.close()
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with sandbox("--clock", "manual", "--speed", "1", "--log-level", "warning") as started:
        yield started


@pytest.fixture
def shop(running: Sandbox) -> Shop:
    """A tenant with a name that no other test has; its clock stands."""
    name = f"shop{next(_numbers)}"
    client = Client(running.url, f"rf_live_mock_{name}")
    client.request("POST", "/_mock/tenants", {"name": name, "clock": "manual", "callback_secret": "rf_whsec_of_the_shop"})
    return Shop(running.url, name, client)


@pytest.fixture
def look(browser: Browser) -> Iterator[Callable[..., Looker]]:
    """Opens pages; whatever a page complains of fails the test."""
    opened: list[Looker] = []

    def open_page(url: str, **settings: Any) -> Looker:
        looker = Looker(browser, url, **settings)
        opened.append(looker)
        return looker

    yield open_page
    complaints = [complaint for looker in opened for complaint in looker.close()]
    assert not complaints, complaints

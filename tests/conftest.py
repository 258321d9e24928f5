import gc
import os
from collections import defaultdict
from collections.abc import Generator, Iterator
from importlib import import_module
from pathlib import Path

import pytest
import yaml  # noqa: F401 - its C extension is loaded once: what a suite within this process loads first is unloaded again, and no longer fits
from answers import ANSWERS
from figures import pytest_configure, pytest_sessionfinish, pytest_terminal_summary, pytest_testnodedown
from hypothesis import settings
from sharing import pytest_xdist_make_scheduler

from runflow_mock.runtime.certificates import make_authority

# Pytest within pytest forgets the modules that it was the first to load, and what is half compiled cannot be loaded twice.
import_module("trustme")

# How long an example takes says how busy the machine is, and nothing about the rule. CI tries the same examples every time, so that it
# fails for a change and for nothing else; whoever runs the tests by hand looks elsewhere each time. `make test` has a minute for ten
# examples of each rule, `make cov` looks ten times as far.
settings.register_profile("rules", deadline=None, derandomize="CI" in os.environ, max_examples=int(os.environ.get("EXAMPLES", "30")))
settings.load_profile("rules")

ROWS_AT_ONCE = 5
"""How many rows of one table `make test` tries; `make cov` tries all of them."""
SLOW_SECONDS_MAX = 180
"""A slow test that takes ten seconds alone has taken more than a minute beside two others, each with processes of its own."""

__all__ = [
    "pytest_collection_finish",
    "pytest_configure",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
    "pytest_xdist_make_scheduler",
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the rows of a long table, all but some that are spread evenly, as slow, and gives what is slow more time."""
    tables: defaultdict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("slow") is None:
            tables[item.nodeid.partition("[")[0]].append(item)
    for rows in tables.values():
        for number, row in enumerate(rows):
            if number * ROWS_AT_ONCE // len(rows) == (number - 1) * ROWS_AT_ONCE // len(rows):
                row.add_marker(pytest.mark.slow(is_covering=True))
    for item in items:
        if item.get_closest_marker("slow") is not None and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS_MAX))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Lets the collector rest while ten thousand tests are made that all stay: to look through them again and again is a sixth of that."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Takes the ten thousand tests themselves, which stay to the end, out of what the collector looks through again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _contract() -> Iterator[None]:
    """Servers of a whole module have their answers judged as well; doors tell the test itself."""
    yield
    assert not ANSWERS.take_wrong()


@pytest.fixture
def anyio_backend() -> str:
    """Coroutines of tests run on the event loop that a server has."""
    return "asyncio"


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with an authority, made once: nothing of the user who runs the tests is touched."""
    folder = tmp_path_factory.mktemp("state")
    make_authority(folder)
    return folder

"""A handler that meets a locked database has a connection of its own, and the report says how the test lets go of the lock."""

import textwrap

import pytest

pytest_plugins = ["pytester"]

QUIET = tuple(f"-pno:{name}" for name in ("randomly", "cacheprovider", "xdist", "asyncio", "anyio", "schemathesis", "timeout"))
SHOP = """
import sqlite3

import httpx

NAME = "file:{name}?mode=memory&cache=shared"

def write(connection):
    connection.execute("insert into orders values (1)")

def buy(runflow, hooks):
    def shop(environ, start_response):
        hooks()
        start_response("204 No Content", [])
        return []

    runflow.deliver_to(shop, "https://shop.example")
    body = {"input": {"image_url": "https://cdn.example.com/a.jpg"}, "callback_url": "https://shop.example/hooks"}
    with httpx.Client(transport=runflow.transport, headers=runflow.headers, base_url="https://api.runflow.io") as client:
        client.post("/v1/models/runflow/background-removal/runs", json=body).raise_for_status()
    runflow.clock.run_until_idle()
"""
WITH_SQLITE = """
from shop import NAME, buy, sqlite3, write

def test_it(runflow_in_process):
    mine = sqlite3.connect(NAME.format(name="plain"), uri=True)
    mine.execute("create table orders (id)")
    write(mine)

    def hooks():
        write(sqlite3.connect(NAME.format(name="plain"), uri=True, timeout=0))

    buy(runflow_in_process, hooks)
    {end}
"""
WITH_DJANGO = """
import django
from django.conf import settings
from shop import NAME, buy, write

DATABASE = {{"ENGINE": "django.db.backends.sqlite3", "NAME": NAME.format(name="django"), "OPTIONS": {{"uri": True, "timeout": 0}}}}
settings.configure(DATABASES={{"default": DATABASE}})
django.setup()

from django.db import connection, transaction

def test_it(runflow_in_process):
    with connection.cursor() as mine:
        mine.execute("create table orders (id)")

    def hooks():
        with connection.cursor() as own:
            write(own)

    with transaction.atomic(), connection.cursor() as mine:
        write(mine)
        buy(runflow_in_process, hooks)
    {end}
"""


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("end", ["assert False", ""], ids=["test fails", "test passes"])
@pytest.mark.parametrize(
    ("test", "told"),
    [
        (WITH_SQLITE, "*connection of its own*commit before the callback comes*"),
        (WITH_DJANGO, "*connection of its own*django_db(transaction=True)*TransactionTestCase*"),
    ],
    ids=["sqlite", "django"],
)
def test_lock_that_the_test_holds_is_told_with_the_way_out(pytester: pytest.Pytester, test: str, told: str, end: str) -> None:
    pytester.makepyfile(shop=SHOP, test_suite=textwrap.dedent(test.format(end=end)))
    result = pytester.runpytest_subprocess(*QUIET)
    assert sum(result.parseoutcomes().get(kind, 0) for kind in ("failed", "errors")) == 1
    result.stdout.fnmatch_lines(["*database table is locked*", told])

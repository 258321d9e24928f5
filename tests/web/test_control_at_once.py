"""Tenants are made and ended without a task where nothing has to be waited for: with the same answers, and the same left behind."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
import pytest
from costs import lines_run

from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.testing.direct_calls import DirectCalls
from runflow_mock.testing.loop_threads import LoopThread
from runflow_mock.web.app import create_app
from runflow_mock.web.bodies import SMALL_BYTES_MAX
from runflow_mock.web.calls import in_messages
from runflow_mock.web.control import operations  # noqa: F401 - what is not loaded is loaded beside the loop first

RUNS = "/v1/models/runflow/background-removal/runs"
CONFIG = Config(clock=ClockMode.MANUAL, seed="once", speed=1.0)
BRIEF = "/_mock/tenants/one?tell=true&brief=true"
KEY = {"authorization": "Bearer rf_live_mock_one"}
JSON = {"content-type": "application/json"}


class Asked(NamedTuple):
    """One request."""

    method: str
    target: str
    body: Any = None
    headers: Mapping[str, str] = MappingProxyType({})

    @property
    def content(self) -> bytes | None:
        """The body as it is sent."""
        return None if self.body is None else msgspec.json.encode(self.body)


MADE = Asked("POST", "/_mock/tenants", {"name": "one"}, JSON)
RUN = Asked("POST", RUNS, {"input": {"image_url": "https://cdn.example.com/a.png"}}, {**JSON, **KEY})
ENDED = Asked("DELETE", BRIEF, None, KEY)
LIST = Asked("GET", "/_mock/tenants")
RULE = Asked("POST", "/_mock/faults", {"what": {"kind": "fail"}}, {**JSON, **KEY})


class Fake:
    """A fake on a loop of its own, for which no time passes; one that is `slow` makes a task of every request."""

    def __init__(self, *, slow: bool = False) -> None:
        self._thread = LoopThread("at once")
        app = create_app(CONFIG, monotonic=float, wall=float, timer=float)
        self.runtime = app.state.runtime
        self._calls = DirectCalls(app, self._thread.loop, None if slow else in_messages(app.at_once))
        self.tasks = 0

    def __enter__(self) -> "Fake":
        self._thread.loop.set_task_factory(self._counted)
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.submit(self.runtime.close()).result()
        self._thread.stop()

    def ask(self, *story: Asked) -> list[tuple[int, bytes]]:
        """Returns the answers to requests."""
        return [self._calls.exchange(each.method, each.target, each.headers, each.content) for each in story]

    def _counted(self, loop: asyncio.AbstractEventLoop, work: Any, **further: Any) -> "asyncio.Task[Any]":
        self.tasks += 1
        return asyncio.Task(work, loop=loop, **further)


def test_tenant_is_made_and_ended_without_a_task() -> None:
    with Fake() as fake:
        # What judges is loaded beside the loop when it is first needed.
        fake.ask(MADE, RUN, ENDED)
        fake.tasks = 0
        assert [status for status, _ in fake.ask(MADE, RUN, ENDED)] == [201, 201, 200]
        assert (fake.tasks, len(fake.runtime.tenants)) == (0, 0)


class Here:
    """The loop of whoever asks, which does at once what it is asked."""

    def call_soon_threadsafe(self, call: Callable[..., object], *given: object) -> None:
        """Calls it."""
        call(*given)


def test_tenant_is_made_without_a_look_for_secrets_in_what_the_server_says_itself() -> None:
    """Keys and scopes look like secrets, and a close look at them takes longer than to make a tenant."""

    async def lines_of(*makings: Asked) -> list[int]:
        app, here = create_app(CONFIG, monotonic=float, wall=float, timer=float), Here()
        calls = DirectCalls(app, here, in_messages(app.at_once))  # type: ignore[arg-type]  # all of a loop that is asked for
        return [lines_run(partial(calls.exchange, each.method, each.target, each.headers, each.content)) for each in makings]

    seeds = {"first": "secret=1", "plain": "2", "suspicious": "secret=3"}
    made = (Asked("POST", "/_mock/tenants", {"name": name, "seed": seed}, JSON) for name, seed in seeds.items())
    _, plain, suspicious = asyncio.run(lines_of(*made))
    assert suspicious - plain > 500


def test_long_body_is_left_to_a_task() -> None:
    """Who reads it from a connection counts what is held of it."""
    with Fake() as fake:
        fake.ask(Asked("POST", RUNS, {"input": {"image_url": "https://cdn.example.com/a.png", "prompt": "x" * SMALL_BYTES_MAX}}, JSON))
        assert fake.tasks == 1


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    "story",
    [
        (MADE, RUN, ENDED),
        (MADE, MADE),
        (MADE, Asked("HEAD", "/v1/runs", None, KEY)),
        (Asked("POST", "/_mock/tenants", {}, JSON),),
        (Asked("POST", "/_mock/tenants", {"name": "ONE"}, JSON),),
        (Asked("POST", "/_mock/tenants", {"nmae": "one"}, JSON),),
        (Asked("POST", "/_mock/tenants", {"name": "one", "scenario": "partial-batch"}, JSON),),
        (Asked("POST", "/_mock/tenants", {"name": "one", "scenario": "no-such"}, JSON),),
        (Asked("POST", "/_mock/tenants", {"name": "one"}),),
        (Asked("POST", "/_mock/tenants", {"name": "one"}, {**JSON, "host": "evil.example"}),),
        (Asked("POST", "/_mock/tenants", {"name": "one"}, {**JSON, "origin": "https://evil.example"}),),
        (ENDED,),
        (MADE, RULE, ENDED),
        (MADE, Asked("GET", "/v1/runz", None, KEY), ENDED),
        (MADE, Asked("POST", RUNS, {"client_ref": 7}, {**JSON, **KEY}), ENDED),
        (MADE, *(RUN,) * 7, ENDED),
        (MADE, Asked("DELETE", "/_mock/tenants/one?tell=true", None, KEY)),
        (MADE, Asked("DELETE", "/_mock/tenants/one?brief=true", None, KEY)),
        (MADE, Asked("DELETE", "/_mock/tenants/one?tell=maybe&brief=maybe", None, KEY)),
        (MADE, Asked("DELETE", BRIEF, None, {**KEY, "sec-fetch-site": "cross-site"})),
    ],
    ids=lambda story: " ".join(each.target for each in story),
)
def test_answers_at_once_are_those_of_a_task(story: tuple[Asked, ...]) -> None:
    with Fake() as quick, Fake(slow=True) as slow:
        assert quick.ask(*story, LIST) == slow.ask(*story, LIST)

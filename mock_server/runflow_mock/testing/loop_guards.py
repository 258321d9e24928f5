"""Refuses verbs that would wait for ever: a blocking call on an event loop that is needed to answer a callback.

A verb that moves time returns when the receivers have answered. Called on the event loop of a test it keeps that loop from everything else,
also from the application under test, if that runs there. Where it is known that it does, the verb is refused at once; where it is not,
as soon as a callback is seen to wait for an answer.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from threading import Thread
from urllib.parse import urlsplit

import msgspec

from runflow_mock.domain.callback_policy import is_loopback
from runflow_mock.testing.client import Exchanger
from runflow_mock.testing.homes import current_home

LOOK_SECONDS = 0.25
"""How often a verb that does not return is looked after; a callback that waits at two looks in a row will not be answered."""

# The other verbs of the clock only set it, and wait for no answer.
_WAITING = frozenset(("/_mock/clock/advance", "/_mock/clock/advance-to", "/_mock/clock/next", "/_mock/clock/run-until-idle", "/_mock/wait"))


class BlockedLoop(RuntimeError):
    """A blocking verb was called on an event loop on which somebody else has to go on for it to return."""

    def __init__(self, verb: str, why: str) -> None:
        super().__init__(
            f"runflow-mock: {verb} waits until callbacks are answered, and it was called on an event loop that it keeps from going on: "
            f"{why}. In a test that is a coroutine, take the fixture runflow_async (without a socket: runflow_in_process_async) "
            "and await its verbs: `await runflow_async.clock.advance('10m')`, `await runflow_receiver_async.wait()`"
        )


class BlockedHandler(RuntimeError):
    """A verb that waits for callbacks was called by the handler of one."""

    def __init__(self, verb: str) -> None:
        super().__init__(
            f"runflow-mock: {verb} waits until callbacks are answered, and the handler of one called it, which has not answered; "
            "let the test move the clock, before the callback or after it"
        )


class GuardedExchanger:
    """Carries requests as another exchanger does, and refuses those that would never be answered.

    `needs_loop` tells whether a callback would be handled on the loop of the caller, `is_handling` whether the caller is the handler of one
    for which the verb would wait; `threaded` are the addresses of receivers that have a thread of their own, and may take their time.
    """

    def __init__(
        self, exchanger: Exchanger, needs_loop: Callable[[], bool] | None = None, is_handling: Callable[[], bool] | None = None
    ) -> None:
        self._exchanger = exchanger
        self._needs_loop = needs_loop
        self._is_handling = is_handling
        self.threaded: set[str] = set()

    def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]:
        """Returns status and body of the answer.

        Raises:
            BlockedLoop: there could never be one.
            BlockedHandler: the same.
        """
        is_waiting = path in _WAITING
        verb = path.removeprefix("/_mock/")
        if is_waiting and self._is_handling is not None and self._is_handling():
            raise BlockedHandler(verb)
        if not is_waiting or current_home() is None:
            return self._exchanger.exchange(method, path, headers, body)
        if self._needs_loop is not None and self._needs_loop():
            raise BlockedLoop(verb, "the application that was given to deliver_to runs on it")
        return self._watched(verb, (method, path, headers, body))

    def close(self) -> None:
        """Closes the connections."""
        self._exchanger.close()

    def _watched(self, verb: str, request: tuple[str, str, Mapping[str, str], bytes | None]) -> tuple[int, bytes]:
        answered: Future[tuple[int, bytes]] = Future()
        Thread(target=_carry, args=(self._exchanger, request, answered), name="runflow-mock verb", daemon=True).start()
        waited: set[tuple[str, int]] = set()
        while True:
            try:
                return answered.result(LOOK_SECONDS)
            except NotYet:
                if answered.done():
                    raise
            now = self._unanswered(request[2])
            stuck = waited & now.keys()
            if stuck:
                raise BlockedLoop(verb, f"the callback to {now[stuck.pop()]} waits for an answer")
            waited = set(now)

    def _unanswered(self, headers: Mapping[str, str]) -> dict[tuple[str, int], str]:
        """Returns the attempts that are under way to a receiver on this machine, each with its address."""
        status, raw = self._exchanger.exchange("GET", "/_mock/deliveries", headers, None)
        if status != 200:
            return {}
        return {
            (delivery["id"], len(delivery["attempts"])): delivery["url"]
            for delivery in msgspec.json.decode(raw)["items"]
            if delivery["state"] == "delivering" and self._may_need_loop(delivery["url"])
        }

    def _may_need_loop(self, url: str) -> bool:
        return is_loopback(urlsplit(url).hostname or "") and not any(url.startswith(known) for known in self.threaded)


def _carry(exchanger: Exchanger, request: tuple[str, str, Mapping[str, str], bytes | None], answered: "Future[tuple[int, bytes]]") -> None:
    try:
        answered.set_result(exchanger.exchange(*request))
    except Exception as error:
        answered.set_exception(error)

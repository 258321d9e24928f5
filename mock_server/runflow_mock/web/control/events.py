"""Events: a stream that says what has changed, for those who show it. It carries names and ids, never records; looking moves no clock.

A stream holds no queue: it remembers how far its client has come, and what it sends next is all that changed since, each record once. Where
the feed does not reach back so far, or another world stands in the tenant's place, it says `resync`, and the client reads everything anew.
"""

import asyncio
from asyncio import sleep, timeout
from collections.abc import AsyncIterator, Iterable
from functools import partial
from typing import NamedTuple

import msgspec

from runflow_mock.domain.whole_numbers import whole_number
from runflow_mock.runtime.bounds import Bound, take_all
from runflow_mock.runtime.change_feeds import ChangeFeed, gather
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.web.calls import Call
from runflow_mock.web.control.app import ControlHandler, Stream
from runflow_mock.web.control.guard import check_server_wide, names_tenant, tenant_of
from runflow_mock.web.routing import Operation
from runflow_mock.wire.control import ControlError

IDS_MAX = 200
# Between two messages, so that a thousand changes at once are a few messages; the first one waits for nothing.
PAUSE_SECONDS = 0.03
# A line that says nothing, so that both sides notice a connection that has died.
HEARTBEAT_SECONDS = 15.0
RETRY_MILLISECONDS = 500

_EVENT_STREAM = ((b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no"))


class _Place(NamedTuple):
    """How far a client has come."""

    epoch: str
    number: int


async def watch_events(call: Call) -> Stream:
    """GET /_mock/events: server-sent events that say what changed, in the key's tenant or on the whole server."""
    tenant = tenant_of(call) if names_tenant(call) else None
    if tenant is None:
        check_server_wide(call)
    feeds, bounds = call.runtime.feeds, call.runtime.bounds
    # The share first: a tenant that has had its own must not look as if the server were full.
    taken = (*(() if tenant is None else (bounds.streams_of(tenant.settings.name),)), bounds.streams)
    full = take_all(taken)
    if full is not None:
        whose = "" if full is bounds.streams else " of this tenant"
        told = f"{full.maximum} streams{whose} are open already; close one, such as a tab with the inspector"
        raise ControlError(503, "limit", told)
    feed = feeds.whole() if tenant is None else feeds.of(tenant).changes
    return Stream(_EVENT_STREAM, _told(call, tenant, feed), partial(_give, taken))


def _give(taken: Iterable[Bound]) -> None:
    for bound in taken:
        bound.give()


async def _told(call: Call, tenant: Tenant | None, feed: ChangeFeed) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
    place = _read_place(call.header(b"last-event-id"))
    begins_anew = place is None
    if place is None:
        place = _Place(feed.epoch, feed.number)
        yield _message("open", place, {})
    woken = asyncio.Event()
    feed.watchers.add(woken)
    try:
        while True:
            if tenant is not None and tenant.is_dropped:
                there = call.runtime.tenants.get(tenant.settings.name)
                if there is None:
                    yield _message("gone", place, {"tenant": tenant.settings.name})
                    return
                feed.watchers.discard(woken)
                tenant, feed = there, call.runtime.feeds.of(there).changes
                feed.watchers.add(woken)
            changes = feed.since(place.number) if place.epoch == feed.epoch else None
            place = _Place(feed.epoch, feed.number)
            if changes is None:
                yield _message("resync", place, {})
            elif changes:
                yield _message("change", place, gather(changes, IDS_MAX))
            elif not begins_anew:
                # A client that comes back learns at once that nothing was missed.
                yield _message("open", place, {})
            begins_anew = True
            await sleep(PAUSE_SECONDS if changes else 0)
            async for beat in _until(woken):
                yield beat
            woken.clear()
    finally:
        feed.watchers.discard(woken)


async def _until(woken: asyncio.Event) -> AsyncIterator[bytes]:
    """Returns once something happened; until then it yields a comment from time to time."""
    while not woken.is_set():
        try:
            # Not `wait_for`: before Python 3.12 it forgets that it was cancelled if what it waits for happens at the same moment.
            async with timeout(HEARTBEAT_SECONDS):
                await woken.wait()
        except TimeoutError:
            yield b": still here\n\n"


def _read_place(text: str | None) -> _Place | None:
    if not text:
        return None
    epoch, _, digits = text[:100].rpartition(".")
    number = whole_number(digits)
    return _Place(epoch, -1 if number is None else number)


def _message(event: str, place: _Place, data: object) -> bytes:
    return b"event: %b\nid: %b.%d\ndata: %b\n\n" % (event.encode(), place.epoch.encode(), place.number, msgspec.json.encode(data))


OPERATIONS: tuple[Operation[ControlHandler], ...] = (Operation("GET", "/_mock/events", watch_events),)

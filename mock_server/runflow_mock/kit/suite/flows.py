"""Flows: short stories that a server must get right, each played in a tenant of its own.

A flow yields what is broken. It says what it needs of the target: nothing but reads, the right to create, or the control API.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum
from typing import Any

import msgspec

from runflow_mock.kit.suite.laws import Watch
from runflow_mock.kit.suite.readings import OutOfReach, Unanswered, Unexpected
from runflow_mock.kit.suite.suite_tenants import SuiteTenant, Target
from runflow_mock.kit.suite.tallies import Breach, Tally
from runflow_mock.openapi.contracts import Contract
from runflow_mock.testing.client import ClientError


class Needs(IntEnum):
    """What a flow needs of the target; each includes the ones before."""

    READING = 0
    CREATING = 1
    CONTROL = 2


# What a flow runs into where an answer is of another form than its schema has it, which a law has said by then.
ODD = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, msgspec.MsgspecError)
CRASHED = "it stopped at an answer that is not of its form"
STOPPED_BY_DEPTH = "it stopped at an answer that is nested too deeply to be looked through"
Play = Callable[[SuiteTenant], Iterator[str]]


class Flow(msgspec.Struct, frozen=True):
    """One story: its name, what must hold, what it needs, how many runs it creates, how it goes, and of what kind its tenant is."""

    id: str
    asks: str
    needs: Needs
    play: Play
    runs: int = 0
    settings: Mapping[str, Any] = {}


def can_play(flow: Flow, target: Target) -> bool:
    """Tells whether a target has what a flow needs."""
    if flow.needs is Needs.CONTROL:
        return target.has_control
    return flow.needs is Needs.READING or target.may_create


def play(
    flow: Flow, target: Target, contract: Contract, tally: Tally | None = None, *, watching: Callable[[Contract, Tally], Watch] = Watch
) -> Tally:
    """Returns what came of a flow, every answer held against the laws on the way; it is told to the given tally, or to a new one.

    `watching` makes the watch that sees the answers, for who wants to see more of them.
    """
    tally = Tally() if tally is None else tally
    if not can_play(flow, target):
        tally.notes.append(f"{flow.id} was not exercised: it needs {'the control API' if flow.needs is Needs.CONTROL else '--allow-spend'}")
        return tally
    with target.open(**flow.settings) as tenant:
        watch = watching(contract, tally)
        watch.is_strict = tenant.is_strict
        tenant.eyes.append(watch.see)
        tenant.ears.append(watch.hear)
        tally.checks[flow.id] += 1
        for story in (flow.play(tenant), _last_reads(tenant, watch)):
            try:
                for says in _told(story, target):
                    tally.broke(Breach(flow.id, "flow", says))
            except OutOfReach as error:
                tally.notes.append(f"{flow.id} was not played to its end: {error}")
    return tally


def play_all(flows: Iterable[Flow], target: Target, contract: Contract) -> Tally:
    """Returns what came of several flows."""
    total = Tally()
    for flow in flows:
        total.add(play(flow, target, contract))
    return total


def _last_reads(tenant: SuiteTenant, watch: Watch) -> Iterator[str]:
    """The laws hold what was told against what is: whatever a callback told of is read before the tenant is dropped."""
    yield from ()
    for path in watch.unread:
        tenant.get(path)


def _told(story: Iterator[str], target: Target) -> Iterator[str]:
    """A story that cannot be told to its end is broken where it stopped, whatever the server sent."""
    try:
        yield from story
    except Unexpected as error:
        if isinstance(error, Unanswered):
            target.still_answers()
        yield f"it stopped: {error}"
    except ClientError as error:
        yield f"it stopped, since the control API answers: {error}"
    except RecursionError:
        yield STOPPED_BY_DEPTH
    except ODD as error:
        yield f"{CRASHED} ({type(error).__name__}: {error})"

"""Replays: a flow is played again without a server, on the answers of its clean play, of which a mutant changes some.

As long as a flow asks what it asked in its clean play, a right server would answer what it answered then: what becomes of a mutant is
known without asking it. A flow that is told something else may ask something else; from there on it has parted from its recording, and
only a play of its own tells.
"""

import sys
from collections.abc import Iterator, Mapping
from itertools import count
from time import time

import msgspec
from msgspec.structs import replace

from mutation.foreseeing import Deadly
from mutation.proxy import MutantCarrier
from runflow_mock.kit.suite.carriers import Answer, Carrier
from runflow_mock.kit.suite.laws import Watch
from runflow_mock.openapi.contracts import Contract, Declared

TENANTS = "/_mock/tenants/"


class Parted(Exception):
    """A flow asks what it did not ask in its clean play."""


class Exchange(msgspec.Struct, frozen=True):
    """A request and its answer."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None
    answer: Answer

    def is_of(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> bool:
        """Tells whether this request is asked."""
        return (self.method, self.target, self.body, self.headers) == (method, target, body, headers)


class Recording(msgspec.Struct):
    """Everything that one clean play of a flow asked, and when it began, in seconds since 1970."""

    url: str
    began: float
    exchanges: list[Exchange] = []


class Recorder:
    """A carrier that hands everything on and keeps it."""

    def __init__(self, carrier: Carrier) -> None:
        self.url = carrier.url
        self.recording = Recording(carrier.url, time())
        self._carrier = carrier
        # Many answers are the same, and some are long.
        self._bodies: dict[bytes, bytes] = {}

    def carry(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Returns the answer as it came."""
        answer = self._carrier.carry(method, target, headers, body)
        told = {sys.intern(name): sys.intern(value) for name, value in answer.headers.items()}
        kept = replace(answer, headers=told, body=self._bodies.setdefault(answer.body, answer.body))
        self.recording.exchanges.append(Exchange(method, target, dict(headers), body, kept))
        return answer

    def close(self) -> None:
        """Does nothing: the carrier is somebody else's."""


class Replayer:
    """A carrier that answers what is asked in the order of a recording with what was answered then."""

    def __init__(self, recording: Recording) -> None:
        self.url = recording.url
        self._exchanges = recording.exchanges
        self._next = 0

    def carry(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Returns the recorded answer.

        Raises:
            Parted: something else was asked at this point.
        """
        if self._next < len(self._exchanges) and self._exchanges[self._next].is_of(method, target, headers, body):
            self._next += 1
            # What is read from an answer stays with it: the recording would grow with each replay.
            return replace(self._exchanges[self._next - 1].answer)
        if method == "DELETE" and target.startswith(TENANTS):
            # A play that ends early still leaves its tenant.
            return Answer(method, target, 204, {}, b"")
        raise Parted(f"{method} {target}")

    def close(self) -> None:
        """Does nothing: there is no server."""


class ReplayWatch(Watch):
    """A watch that holds against the document only what a mutant has changed: the rest was held against it in the clean play."""

    def __init__(self, contract: Contract, tally: Deadly, carrier: MutantCarrier, began: float) -> None:
        super().__init__(contract, tally, clock=lambda: began)
        self._carrier = carrier

    def hold_to_document(self, answer: Answer, declared: Declared) -> None:
        """Holds an answer against the document, if it is not as it was recorded."""
        if self._carrier.has_changed:
            super().hold_to_document(answer, declared)


def names_of(flow: str) -> Iterator[str]:
    """Returns names of tenants that are the same whenever a flow is played."""
    return (f"suite_{flow}_{number}" for number in count(1))

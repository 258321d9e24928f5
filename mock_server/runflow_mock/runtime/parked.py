"""Attempts that wait for the test to carry them: where a tenant's deliveries are pulled, nothing is sent and time does not wait."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.domain.documents import Document
from runflow_mock.domain.errors import NotFound
from runflow_mock.domain.identity import DeliveryId
from runflow_mock.runtime.sender import OutgoingRequest


class Parked(msgspec.Struct):
    """One attempt: what would be sent, how often it still has to be carried, and what was answered so far."""

    delivery_id: DeliveryId
    number: int
    request: OutgoingRequest
    headers: Document
    left: int
    earlier: tuple[AttemptResult, ...] = ()


class Concluded(NamedTuple):
    """An attempt that was carried as often as it had to be, and what came of it."""

    delivery_id: DeliveryId
    result: AttemptResult


class ParkedAttempts:
    """The attempts of one tenant that wait, oldest first."""

    def __init__(self) -> None:
        self._parked: dict[str, Parked] = {}

    def __iter__(self) -> Iterator[Parked]:
        """Yields each attempt as often as it has to be carried."""
        for parked in tuple(self._parked.values()):
            yield from (parked for _ in range(parked.left))

    def add(self, parked: Parked) -> None:
        """Lets an attempt wait."""
        self._parked[parked.delivery_id] = parked

    def answer(self, delivery_id: str, status: int) -> Concluded | None:
        """Takes the receiver's answer, and returns what came of the attempt once every copy of it was answered.

        Raises:
            NotFound: no attempt of that delivery waits.
        """
        parked = self._parked.get(delivery_id)
        if parked is None:
            raise NotFound("attempt that waits for delivery", delivery_id)
        result = AttemptResult(
            status_code=status, response_body="", reason=None if 200 <= status < 300 else "http_error", headers=parked.headers
        )
        parked.left -= 1
        if parked.left:
            parked.earlier = (*parked.earlier, result)
            return None
        del self._parked[delivery_id]
        return Concluded(parked.delivery_id, replace(result, copies=parked.earlier))

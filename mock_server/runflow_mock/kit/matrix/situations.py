"""Situations: what a cell of the matrix is, and how a client should end in it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from runflow_mock.domain.paces import EVERY_OTHER
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.kit.matrix.cell_faults import Fault


class Ending(StrEnum):
    """How a client should end."""

    WELL = "with exit code 0"
    BADLY = "with another exit code than 0"
    SOMEHOW = "with any exit code"


# Where time passes by itself work takes next to none, but for what a fault asks for.
REAL_SPEED = 1000


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One situation: the tenant's clock, the faults, the rule that it is about, and how a client should end in it.

    Of faults that are the same at different places one that was met is enough; with `is_any_fault` one of all. A cell that `needs_callback`
    is judged by how the client answers them. `cancels` stops everything that the client creates. With `others` somebody else has something
    before it comes, and creates so many of the same beside it, which fail. Where work goes on `one_at_a_time`, what was created first
    begins first. `needs_quiet` keeps a cell for the end, when little runs beside it: it compares pauses. `also` names further rules that it
    is about. `seconds` is how long a client may have to wait in it that does everything right, besides its work. Where the cell `unless`
    shows a fault already, that is the same one again.
    """

    name: str
    rule: str
    ending: Ending = Ending.WELL
    clock: ClockMode = ClockMode.AUTO
    faults: tuple[Fault, ...] = ()
    needs_callback: bool = False
    is_any_fault: bool = False
    cancels: bool = False
    others: int = 0
    one_at_a_time: bool = False
    needs_quiet: bool = False
    also: tuple[str, ...] = ()
    seconds: float = 0.0
    is_full: bool = False
    unless: str | None = None
    zone: str | None = None
    distrusts: bool = False

    @property
    def refuses_readings(self) -> bool:
        """Whether its faults meet what asks for something, and no creation."""
        return any(fault["where"].get("method") == "GET" for fault in self.faults)

    @property
    def settings(self) -> Mapping[str, Any]:
        """What its tenant is made from."""
        speed = REAL_SPEED if self.clock is ClockMode.REAL else 1
        return {
            "clock": self.clock.value,
            "speed": speed,
            "real_waits": True,
            "concurrency": {EVERY_OTHER: 1} if self.one_at_a_time else {},
        }

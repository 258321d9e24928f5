"""Cells of the matrix: one situation each, in one literal table.

Theory. The first cell is the control: nothing happens in it. Every other one differs from it in what its name says, or in two such things
where they interact. A cell whose faults were not met by the client says nothing. The client is a process with a real clock, so that its
pauses count in every cell, whatever clock the work follows: where that one stands it is moved on while the client waits, so that nobody
waits for long. Whoever polls lists instead of records meets the same at the list.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from runflow_mock.domain.tenants import ClockMode
from runflow_mock.domain.verdicts import Weight


class Ending(StrEnum):
    """How a client should end."""

    WELL = "with exit code 0"
    BADLY = "with another exit code than 0"
    SOMEHOW = "with any exit code"


Fault = Mapping[str, Any]
# Where time passes by itself work takes next to none, but for what a fault asks for.
REAL_SPEED = 1000


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One situation: the tenant's clock, the faults, the rule that it is about, and how a client should end in it.

    Of faults that are the same at different places one that was met is enough; with `is_any_fault` one of all. A cell that
    `needs_callback` is judged by how the client answers them. `cancels` stops everything that the client creates. `needs_quiet` keeps a
    cell for the end, when little runs beside it: it compares pauses. `also` names further rules that it is about. `seconds` is how long a
    client may have to wait in it that does everything right, besides its work.
    """

    name: str
    rule: str
    ending: Ending = Ending.WELL
    clock: ClockMode = ClockMode.AUTO
    faults: tuple[Fault, ...] = ()
    needs_callback: bool = False
    is_any_fault: bool = False
    cancels: bool = False
    needs_quiet: bool = False
    also: tuple[str, ...] = ()
    seconds: float = 0.0
    is_full: bool = False

    @property
    def settings(self) -> Mapping[str, Any]:
        """What its tenant is made from."""
        return {"clock": self.clock.value, "speed": REAL_SPEED if self.clock is ClockMode.REAL else 1, "real_waits": True}


ASKS: Mapping[str, tuple[str, Weight]] = {
    "completes": ("Where nothing goes wrong the client ends with exit code 0.", Weight.ERROR),
    "reports-failure": ("Where work fails or is refused the client ends with another exit code than 0.", Weight.WARNING),
    "handles-partial": ("A partial success is an end: the client waits no longer.", Weight.ERROR),
    "recovers": ("What passes by itself is tried again, and the client ends with exit code 0.", Weight.ERROR),
    "creates-once": ("Where an answer is lost, or refused for the moment, nothing is created a second time.", Weight.ERROR),
    "keeps-successes": ("What has succeeded is not created a second time because something else has failed.", Weight.ERROR),
    "tolerates-unknown-fields": ("Fields that nobody documented are ignored.", Weight.ERROR),
    "tolerates-unknown-states": ("A state that nobody documented is no end: the client goes on waiting.", Weight.ERROR),
    "takes-callbacks": ("A genuine callback is answered with 2xx.", Weight.ERROR),
    "refuses-forged": ("A callback that is not signed with the secret, over these bytes, is not answered with 2xx.", Weight.ERROR),
    "acts-after-verifying": ("A callback that was refused has no effect: the client ends as the genuine one says.", Weight.ERROR),
    "refuses-stale": ("A callback more than five minutes old is not answered with 2xx, although the signature fits.", Weight.ERROR),
    "takes-repeats": ("A callback that comes again is answered with 2xx again.", Weight.ERROR),
    "survives-callbacks": ("Callbacks that come early, late or in another order do not keep the client from its end.", Weight.ERROR),
    "contract": ("What the client sends fits the document.", Weight.ERROR),
    "ends": ("The client comes to an end, whatever happens.", Weight.ERROR),
}


def _creation(kind: str, times: int | None = 1, edge: str = "before_admission", **more: Any) -> Fault:
    return {"where": {"edge": edge}, "what": {"kind": kind, **more}, "when": {} if times is None else {"times": times}}


def _poll(kind: str, **more: Any) -> tuple[Fault, ...]:
    """At the first reading of a record, and of each list that shows how work is getting on."""
    places = ({"edge": "on_poll[1]"}, *({"method": "GET", "path": path} for path in _LISTS))
    return tuple({"where": where, "what": {"kind": kind, **more}, "when": {"times": 1}} for where in places)


def _every_poll(kind: str, **more: Any) -> tuple[Fault, ...]:
    """At every reading of a record or of such a list."""
    return tuple({"where": {"method": "GET", "path": path}, "what": {"kind": kind, **more}} for path in (*_LISTS, *_RECORDS))


def _callback(kind: str, **more: Any) -> Fault:
    return {"where": {}, "what": {"kind": f"callback.{kind}", **more}, "when": {"times": 1}}


def _refusal(status: int) -> Cell:
    # So slowly that creations of several workers are seen to be on their way at the same time.
    faults = (_creation("latency", None, seconds=0.3), _creation("answer", None, status=status))
    return Cell(name=f"{status} at creation", rule="reports-failure", ending=Ending.BADLY, faults=faults)


def _passing(name: str, *faults: Fault, clock: ClockMode = ClockMode.AUTO, is_full: bool = False) -> Cell:
    return Cell(name=name, rule="recovers", faults=faults, clock=clock, is_full=is_full)


def _at_poll(name: str, rule: str, kind: str, *, clock: ClockMode = ClockMode.AUTO, is_full: bool = False, **more: Any) -> Cell:
    return Cell(name=name, rule=rule, faults=_poll(kind, **more), clock=clock, also=("creates-once",), is_full=is_full)


def _told(name: str, rule: str, *faults: Fault, is_full: bool = False, ending: Ending = Ending.WELL, also: tuple[str, ...] = ()) -> Cell:
    return Cell(name=name, rule=rule, faults=faults, needs_callback=True, is_full=is_full, ending=ending, also=also)


_LISTS = ("/v1/runs", "/v1/batches", "/v1/batches/*/items")
_RECORDS = ("/v1/runs/*", "/v1/batches/*")
# Just beyond the five minutes that are documented.
_TOO_FAR = "5m10s"
# Longer than most clients wait for an answer; to one that waits longer the answer is lost then.
LATE_SECONDS = 12.0
# So long everything takes in the control: a client that polls every two seconds polls more than once.
_SLOWLY: Fault = {"where": {"edge": "run.dispatching->running"}, "what": {"kind": "delay", "by": 3}}
REFUSED_AT_POLL = "401 at poll"
_FAIL: Fault = {"where": {}, "what": {"kind": "fail"}}
_PARTLY: tuple[Fault, ...] = (
    {"where": {"edge": "run.running->succeeded"}, "what": {"kind": "succeed_partially"}},
    {"where": {"edge": "batch.item[1]"}, "what": {"kind": "fail"}},
)

CONTROL = Cell(name="plain", rule="completes", clock=ClockMode.REAL, faults=(_SLOWLY,))
CALLBACK_CONTROL = _told("callback", "takes-callbacks")

CELLS: tuple[Cell, ...] = (
    CONTROL,
    Cell(name="failed", rule="reports-failure", ending=Ending.BADLY, faults=(_FAIL,)),
    Cell(name="cancelled", rule="reports-failure", ending=Ending.BADLY, clock=ClockMode.MANUAL, cancels=True),
    Cell(
        name="partly succeeded",
        rule="handles-partial",
        ending=Ending.SOMEHOW,
        faults=_PARTLY,
        is_any_fault=True,
        also=("keeps-successes",),
    ),
    *(_refusal(status) for status in (402, 422, 400, 401, 403, 404)),
    # Longer than a pause that a client may have of its own, and all of them different: none is obeyed by chance.
    _passing("429 at creation", _creation("answer", status=429, retry_after=2), clock=ClockMode.REAL),
    # The service tells seconds; a gateway between may tell a date.
    _passing(
        "429 with a date", _creation("answer", status=429, retry_after=4, retry_after_form="date"), clock=ClockMode.REAL, is_full=True
    ),
    _passing("503 with Retry-After at creation", _creation("answer", status=503, retry_after=3), clock=ClockMode.REAL),
    Cell(
        name="503 twice at creation",
        rule="recovers",
        clock=ClockMode.REAL,
        faults=(_creation("answer", 2, status=503, retry_after=False),),
        needs_quiet=True,
    ),
    _passing("500 at creation", _creation("answer", status=500)),
    Cell(
        name="429 for ever",
        rule="reports-failure",
        ending=Ending.BADLY,
        clock=ClockMode.REAL,
        faults=(_creation("answer", None, status=429, retry_after=5),),
        # Five tries.
        seconds=20,
        is_full=True,
    ),
    Cell(
        name="503 for ever",
        rule="reports-failure",
        ending=Ending.BADLY,
        clock=ClockMode.REAL,
        faults=(_creation("answer", None, status=503),),
        needs_quiet=True,
    ),
    _passing("gateway page at creation", _creation("html", status=502)),
    _passing("reset at creation", _creation("reset")),
    _passing("no answer at creation", _creation("empty")),
    Cell(
        name="answer lost after creation",
        rule="creates-once",
        ending=Ending.SOMEHOW,
        faults=(_creation("reset", edge="after_create_before_response"),),
    ),
    Cell(
        name="answer too late after creation",
        rule="creates-once",
        ending=Ending.SOMEHOW,
        clock=ClockMode.REAL,
        faults=(_creation("hang", edge="after_create_before_response", seconds=LATE_SECONDS),),
        seconds=LATE_SECONDS,
    ),
    Cell(
        name="cut answer after creation",
        rule="creates-once",
        ending=Ending.SOMEHOW,
        faults=(_creation("truncate", edge="after_create_before_response"),),
    ),
    # Longer than the few seconds after which a client reads again anyway.
    _at_poll("429 at poll", "recovers", "answer", status=429, retry_after=6, clock=ClockMode.REAL),
    _at_poll("503 at poll", "recovers", "answer", status=503),
    _at_poll("reset at poll", "recovers", "reset"),
    _at_poll("gateway page at poll", "recovers", "html", status=502),
    _at_poll("cut answer at poll", "recovers", "truncate"),
    Cell(
        name="answer too late at poll",
        rule="recovers",
        clock=ClockMode.REAL,
        faults=_poll("hang", seconds=LATE_SECONDS),
        also=("creates-once",),
        seconds=LATE_SECONDS,
    ),
    # As where a key is withdrawn while work is under way: no reading helps any more.
    Cell(name=REFUSED_AT_POLL, rule="reports-failure", ending=Ending.BADLY, faults=_every_poll("answer", status=401)),
    Cell(name="unknown fields", rule="tolerates-unknown-fields", faults=({"where": {}, "what": {"kind": "unknown_fields"}},)),
    _at_poll("unknown state", "tolerates-unknown-states", "unknown_enum"),
    CALLBACK_CONTROL,
    _told("wrong secret", "refuses-forged", _callback("wrong_secret")),
    _told("unsigned", "refuses-forged", _callback("unsigned")),
    # It tells of another end than the genuine one.
    _told("changed body", "refuses-forged", _callback("tamper"), also=("acts-after-verifying",)),
    _told("stale", "refuses-stale", _callback("stale", by=_TOO_FAR)),
    _told("ahead", "refuses-stale", _callback("future", by=_TOO_FAR), is_full=True),
    _told("twice", "takes-repeats", _callback("duplicate")),
    _told("reordered", "survives-callbacks", _callback("reorder")),
    _told("early", "survives-callbacks", {"where": {}, "what": {"kind": "callback.before_response"}, "when": {"times": 1}}),
    _told("first attempt fails", "survives-callbacks", _callback("fail", status=503), is_full=True),
    # Pairs that interact.
    Cell(
        name="429, then failed", rule="reports-failure", ending=Ending.BADLY, faults=(_creation("answer", status=429, retry_after=1), _FAIL)
    ),
    Cell(
        name="unknown fields and 503 at poll",
        rule="recovers",
        faults=({"where": {}, "what": {"kind": "unknown_fields"}, "when": {"times": 1}}, *_poll("answer", status=503)),
    ),
    _told("failed, told twice", "takes-repeats", _FAIL, _callback("duplicate"), ending=Ending.SOMEHOW),
)


def select(*, is_full: bool, only: tuple[str, ...]) -> tuple[Cell, ...]:
    """Returns the cells that are asked for, the control always among them.

    Raises:
        ValueError: there is no cell of a name.
    """
    names = [cell.name for cell in CELLS]
    unknown = [name for name in only if name not in names]
    if unknown:
        raise ValueError(f"there is no cell {unknown[0]!r}; choose from {', '.join(names)}")
    needs_told = any(cell.needs_callback for cell in CELLS if cell.name in only)
    wanted = {*only, CONTROL.name, *((CALLBACK_CONTROL.name,) if needs_told else ())}
    return tuple(cell for cell in CELLS if (cell.name in wanted if only else is_full or not cell.is_full))

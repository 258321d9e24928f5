"""Faults of cells: the rules that make a situation, by the place at which the client meets them."""

from collections.abc import Mapping
from typing import Any

Fault = Mapping[str, Any]

# A state that nobody documented.
UNHEARD_OF = "hibernating"
# Whoever looks for the first text of a kind instead of reading JSON finds it within what nobody documented; letters beyond ASCII, and a
# number that no double holds, are JSON like any other.
NEW_FIELDS: Mapping[str, Any] = {
    "x_unknown": {"since": "tomorrow", "id": "00000000-0000-7000-8000-000000000000", "status_code": UNHEARD_OF},
    "x_named": {"name": "Turnschuh № 5, weiß 👟", "number": 2**53 + 1},
}
NEWS: Fault = {"kind": "unknown_fields", "fields": NEW_FIELDS}
FAIL: Fault = {"where": {}, "what": {"kind": "fail"}}
PARTLY: tuple[Fault, ...] = (
    {"where": {"edge": "run.running->succeeded"}, "what": {"kind": "succeed_partially"}},
    {"where": {"edge": "batch.item[1]"}, "what": {"kind": "fail"}},
)
# Weeks on its clock are longer than anybody waits.
LATE_WORK: Fault = {"where": {"edge": "run.dispatching->running"}, "what": {"kind": "delay", "by": "100d"}}
_LISTS = ("/v1/runs", "/v1/batches", "/v1/batches/*/items", "/v1/runs/*/evaluations")
_RECORDS = ("/v1/runs/*", "/v1/batches/*", "/v1/evaluations/*")


def creation(kind: str, times: int | None = 1, edge: str = "before_admission", after: int = 0, **more: Any) -> Fault:
    """Returns a fault of creations: of the first one, if nothing else is said, or of those `after` so many."""
    when = {name: count for name, count in (("times", times), ("after", after or None)) if count is not None}
    return {"where": {"edge": edge}, "what": {"kind": kind, **more}, "when": when}


def poll(kind: str, **more: Any) -> tuple[Fault, ...]:
    """Returns the faults at the first reading of a record, and of each list that shows how work is getting on."""
    places = ({"edge": "on_poll[1]"}, *({"method": "GET", "path": path} for path in _LISTS))
    return tuple({"where": where, "what": {"kind": kind, **more}, "when": {"times": 1}} for where in places)


def every_poll(times: int | None = None, **more: Any) -> tuple[Fault, ...]:
    """Returns those that answer every reading of a record or of such a list, or the first of them."""
    when = {} if times is None else {"times": times}
    return tuple(
        {"where": {"method": "GET", "path": path}, "what": {"kind": "answer", **more}, "when": when} for path in (*_LISTS, *_RECORDS)
    )


def callback(kind: str, times: int | None = 1, **more: Any) -> Fault:
    """Returns a fault of callbacks: of the first attempt, if nothing else is said."""
    return {"where": {}, "what": {"kind": f"callback.{kind}", **more}, "when": {} if times is None else {"times": times}}


def nulls(*names: str) -> Fault:
    """Returns the fault that has these fields null in every answer: what no client needs to see its work through, and nobody promises."""
    return {"where": {}, "what": {"kind": "unknown_fields", "fields": dict.fromkeys(names)}}


# What a reading may be answered with a 2xx and is no record, or says nothing of how things stand: as of a gateway, or an API that is ill.
NO_RECORDS: Mapping[str, tuple[Fault, ...]] = {
    "page of 200 at poll": poll("html", status=200),
    "empty object at poll": poll("answer", status=200),
    "empty list at poll": poll("answer", status=200, body=[]),
    "text at poll": poll("answer", status=200, body="ok"),
    "null at poll": poll("answer", status=200, text="null", headers={"content-type": "application/json"}),
    "no content at poll": poll("answer", status=204),
    "state of null at poll": poll("unknown_fields", fields={"status_code": None}),
}

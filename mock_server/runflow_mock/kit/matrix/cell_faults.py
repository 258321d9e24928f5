"""Faults of cells: the rules that make a situation, by the place at which the client meets them."""

from collections.abc import Mapping
from typing import Any

Fault = Mapping[str, Any]

_LISTS = ("/v1/runs", "/v1/batches", "/v1/batches/*/items")
_RECORDS = ("/v1/runs/*", "/v1/batches/*")


def creation(kind: str, times: int | None = 1, edge: str = "before_admission", **more: Any) -> Fault:
    """Returns a fault of creations: of the first one, if nothing else is said."""
    return {"where": {"edge": edge}, "what": {"kind": kind, **more}, "when": {} if times is None else {"times": times}}


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

"""Drift: the changes that a newer document can have, and what each means to a client."""

from __future__ import annotations

from runflow_mock.kit.drift.drifts import CHANGES
from writing.markdown import table


def changes() -> str:
    """Returns the changes that drift consists of, with their grades."""
    rows = ((f"`{name}`", change.meaning, str(change.sent), str(change.received)) for name, change in CHANGES.items())
    return table(("change", "what it is", "where clients send it", "where they receive it"), rows)

"""The lines of a timeline: one per step, in colors where a terminal shows them."""

from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from runflow_mock.domain.printing import on_one_line

COLORS = {
    "queued": "bright_black",
    "pending": "bright_black",
    "dispatching": "cyan",
    "delivering": "cyan",
    "running": "blue",
    "succeeded": "green",
    "partial_succeeded": "yellow",
    "failed": "red",
}


def line_of(step: Mapping[str, Any], *, with_date: bool = False) -> str:
    """Returns a step as rich's markup, with the colors of its states; what users wrote is text, and stays on the line."""
    at = step["at"] if with_date else step["at"][11:23]
    states = [escape(on_one_line(step[name])) for name in ("from", "to") if step.get(name)]
    colored = " -> ".join(f"[{COLORS.get(state, 'white')}]{state}[/]" for state in states)
    known = ("at", "kind", "id", "from", "to", "about", "url")
    rest = "  ".join(f"{name}={escape(on_one_line(value))}" for name, value in step.items() if name not in known and value is not None)
    return f"{at}  {step['kind']:<8} {step['id'] or ''}  {colored}  {rest}".rstrip()

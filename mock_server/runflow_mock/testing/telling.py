"""What a failing test is told about its tenant: a timeline, the end of the journal, and how to replay it, as plain lines."""

from collections.abc import Iterable, Mapping, Sequence

from runflow_mock.domain.printing import on_one_line
from runflow_mock.testing.records import Exchange, Step

STEPS_MAX = 60
EXCHANGES_MAX = 20
# They say nothing that the lines around do not say, and are long.
_LEFT_OUT = frozenset(("about", "url", "fired"))


def tell_timeline(steps: Sequence[Step]) -> str:
    """Returns a line for each step; of a long timeline the end."""
    return _end([_step(step) for step in steps], STEPS_MAX, "steps")


def tell_journal(exchanges: Sequence[Exchange], steps: Sequence[Step] = ()) -> str:
    """Returns a line for each exchange and one for each of its violations; of a long journal the end.

    A rule that has interfered is told by its kind and label, where the steps of the timeline name them.
    """
    faults = {step.id: _fault(step.details) for step in steps if step.kind == "fault" and step.details.get("what")}
    return _end(["\n".join(_exchange(exchange, faults)) for exchange in exchanges], EXCHANGES_MAX, "exchanges")


def _step(step: Step) -> str:
    moved = step.target if step.source is None else f"{step.source} -> {step.target}"
    rest = "  ".join(f"{name}={on_one_line(value)}" for name, value in step.details.items() if name not in _LEFT_OUT and value is not None)
    parts = (_clock_time(step.at), f"{step.kind:<10}", step.id or "", rest, moved or "")
    return "  ".join(part for part in parts if part).rstrip()


def _exchange(exchange: Exchange, faults: Mapping[str | None, str]) -> Iterable[str]:
    request = exchange.request
    fault = f"  [fault {faults.get(exchange.fault, exchange.fault)}]" if exchange.fault else ""
    yield f"{_clock_time(exchange.at)}  {exchange.response.status}  {on_one_line(f'{request.method} {request.target}')}{fault}"
    for violation in exchange.violations:
        loc = ".".join(str(part) for part in violation.loc) if isinstance(violation.loc, list) else violation.loc
        yield f"    {violation.rule} at {on_one_line(loc)}: {on_one_line(violation.message)}"


def _fault(details: Mapping[str, object]) -> str:
    label = details.get("label")
    return f"{details['what']}" + (f" {on_one_line(label)!r}" if label else "")


def _end(lines: list[str], limit: int, what: str) -> str:
    hidden = len(lines) - limit
    return "\n".join(lines if hidden <= 0 else [f"({hidden} earlier {what} are not shown)", *lines[-limit:]])


def _clock_time(instant: str) -> str:
    return instant[11:23] if len(instant) >= 23 else instant

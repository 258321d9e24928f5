"""What a failing test is told about its tenant: a timeline, the end of the journal, and how to replay it, as plain lines."""

from collections.abc import Iterable, Sequence

from runflow_mock.testing.records import Exchange, Step

STEPS_MAX = 60
EXCHANGES_MAX = 20


def tell_timeline(steps: Sequence[Step]) -> str:
    """Returns a line for each step; of a long timeline the end."""
    return _end([_step(step) for step in steps], STEPS_MAX, "steps")


def tell_journal(exchanges: Sequence[Exchange]) -> str:
    """Returns a line for each exchange and one for each of its violations; of a long journal the end."""
    return _end(["\n".join(_exchange(exchange)) for exchange in exchanges], EXCHANGES_MAX, "exchanges")


def _step(step: Step) -> str:
    moved = step.target if step.source is None else f"{step.source} -> {step.target}"
    parts = (_clock_time(step.at), f"{step.kind:<10}", step.id or "", moved or "")
    return "  ".join(part for part in parts if part).rstrip()


def _exchange(exchange: Exchange) -> Iterable[str]:
    request = exchange.request
    fault = f"  [fault {exchange.fault}]" if exchange.fault else ""
    yield f"{_clock_time(exchange.at)}  {exchange.response.status}  {request.method} {request.target}{fault}"
    for violation in exchange.violations:
        loc = ".".join(str(part) for part in violation.loc) if isinstance(violation.loc, list) else violation.loc
        yield f"    {violation.rule} at {loc}: {violation.message}"


def _end(lines: list[str], limit: int, what: str) -> str:
    hidden = len(lines) - limit
    return "\n".join(lines if hidden <= 0 else [f"({hidden} earlier {what} are not shown)", *lines[-limit:]])


def _clock_time(instant: str) -> str:
    return instant[11:23] if len(instant) >= 23 else instant

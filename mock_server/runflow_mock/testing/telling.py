"""What a failing test is told about its tenant: a timeline, the end of the journal, and how to replay it, as plain lines."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runflow_mock.domain.documents import list_of
from runflow_mock.domain.printing import on_one_line
from runflow_mock.testing.records import Exchange, Step

STEPS_MAX = 60
EXCHANGES_MAX = 20
FIELDS_MAX = 5
SAID_MAX = 1_000
# They say nothing that the lines around do not say, and are long.
_LEFT_OUT = frozenset(("about", "url", "fired"))


def tell_timeline(steps: Sequence[Step]) -> str:
    """Returns a line for each step; of a long timeline the end. A rule that was met and did not act has changed nothing, and has none."""
    return _end([_step(step) for step in steps if step.details.get("fired") is not False], STEPS_MAX, "steps")


def tell_journal(exchanges: Sequence[Exchange], steps: Sequence[Step] = ()) -> str:
    """Returns a line for each exchange, with what the API said where it refused, and one for each violation; of a long journal the end.

    A rule that has interfered is told by its kind and label, where the steps of the timeline name them.
    """
    if not exchanges:
        return "(no request has come with a key of this tenant)"
    faults = {step.id: _fault(step.details) for step in steps if step.kind == "fault" and step.details.get("what")}
    return _end(["\n".join(_exchange(exchange, faults)) for exchange in exchanges], EXCHANGES_MAX, "exchanges")


def tell_verdicts(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """Returns a line for each rule of good behaviour that the client broke, with what it did the first time."""
    return "\n".join(_verdict(verdict) for verdict in verdicts if verdict["verdict"] == "broken")


def _verdict(verdict: Mapping[str, Any]) -> str:
    said = next((evidence["message"] for evidence in verdict["evidence"]), verdict["asks"])
    again = f" ({verdict['broken']} times in all)" if verdict["broken"] > 1 else ""
    return f"{verdict['rule']}: {on_one_line(said)}{again}"


def _step(step: Step) -> str:
    moved = step.target if step.source is None else f"{step.source} -> {step.target}"
    rest = "  ".join(f"{name}={on_one_line(value)}" for name, value in step.details.items() if name not in _LEFT_OUT and value is not None)
    parts = (_clock_time(step.at), f"{step.kind:<10}", step.id or "", rest, moved or "")
    return "  ".join(part for part in parts if part).rstrip()


def _exchange(exchange: Exchange, faults: Mapping[str | None, str]) -> Iterable[str]:
    request = exchange.request
    fault = f"  [fault {faults.get(exchange.fault, exchange.fault)}]" if exchange.fault else ""
    yield f"{_clock_time(exchange.at)}  {exchange.response.status or '---'}  {on_one_line(f'{request.method} {request.target}')}{fault}"
    refusal = _refusal(exchange)
    if refusal:
        yield f"    {refusal}"
    for violation in exchange.violations:
        yield f"    {violation.rule} at {on_one_line(_dotted(violation.loc))}: {on_one_line(violation.message)}"


def _refusal(exchange: Exchange) -> str:
    """Returns what the answer says: code and message, and the fields that it finds fault with where the contract finds none."""
    status, said = exchange.response.status or 0, exchange.response.body
    if status < 400 or not isinstance(said, dict):
        return ""
    parts = [part for part in (said.get("code"), said.get("message")) if isinstance(part, str)]
    errors = list_of(None if exchange.violations else said.get("errors"))[:FIELDS_MAX]
    fields = (f"{_dotted(error.get('loc'))}: {error.get('msg')}" for error in errors if isinstance(error, dict))
    return on_one_line(": ".join((*parts, *fields)))[:SAID_MAX]


def _dotted(loc: object) -> object:
    return ".".join(str(part) for part in loc) if isinstance(loc, list) else loc


def _fault(details: Mapping[str, object]) -> str:
    label = details.get("label")
    return f"{details['what']}" + (f" {on_one_line(label)!r}" if label else "")


def _end(lines: list[str], limit: int, what: str) -> str:
    hidden = len(lines) - limit
    return "\n".join(lines if hidden <= 0 else [f"({hidden} earlier {what} are not shown)", *lines[-limit:]])


def _clock_time(instant: str) -> str:
    return instant[11:23] if len(instant) >= 23 else instant

"""Observers: who is told what a server does, as it does it."""

import re
import sys
from collections.abc import Callable, Sequence
from typing import Protocol, TextIO

import msgspec

from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.printing import printable
from runflow_mock.runtime.lines import LineWriter
from runflow_mock.wire.timeline import Step
from runflow_mock.wire.times import write_instant

# Whoever has a signed address may read the file: it does not belong into a log.
_SIGNATURE = re.compile(r"signature=[0-9a-f]+")


class Observer(Protocol):
    """Is told of every exchange and every step of every tenant, by the tenant's name."""

    @property
    def is_listening(self) -> bool:
        """Whether it is worth rendering anything for this observer."""
        ...

    def exchange(self, tenant: str | None, exchange: Exchange) -> None: ...

    def steps(self, tenant: str, steps: Sequence[Step]) -> None: ...

    def problem(self, text: str) -> None: ...

    @property
    def lost(self) -> int:
        """How much could not be told."""
        ...


class NullObserver:
    """Is told nothing but problems, which it drops: for servers that nobody watches."""

    is_listening = False
    lost = 0

    def exchange(self, tenant: str | None, exchange: Exchange) -> None:
        """Does nothing."""

    def steps(self, tenant: str, steps: Sequence[Step]) -> None:
        """Does nothing."""

    def problem(self, text: str) -> None:
        """Does nothing: the runtime keeps problems for `/_mock/health`."""


class Log:
    """Writes one line per exchange, transition and attempt; as text for people, or as JSON. Credentials and bodies never reach it."""

    def __init__(self, stream: TextIO | None = None, *, as_json: bool = False, level: str = "info") -> None:
        self._lines = LineWriter(stream or sys.stderr)
        self._render: Callable[[str, str | None, Step], str] = _as_json if as_json else _as_text
        self.is_listening = level in ("debug", "info")

    def exchange(self, tenant: str | None, exchange: Exchange) -> None:
        """Writes a line for a request and its answer."""
        step: Step = {
            "at": write_instant(exchange.at),
            "method": exchange.method,
            "target": _SIGNATURE.sub("signature=...", exchange.target)[:200],
            "status": exchange.status,
            "ms": round(exchange.elapsed_ms, 1),
        }
        self._write(self._render("exchange", tenant, step))

    def steps(self, tenant: str, steps: Sequence[Step]) -> None:
        """Writes a line for each step."""
        for step in steps:
            self._write(self._render("step", tenant, step))

    def problem(self, text: str) -> None:
        """Writes a line for something that should not have happened."""
        self._write(self._render("problem", None, {"error": text}))

    @property
    def lost(self) -> int:
        """How many lines could not be written."""
        return self._lines.lost

    def close(self) -> None:
        """Lets the last lines be written."""
        self._lines.close()

    def _write(self, line: str) -> None:
        self._lines.write(printable(line))


def _as_json(event: str, tenant: str | None, step: Step) -> str:
    return msgspec.json.encode({"event": event, "tenant": tenant, **step}).decode()


def _as_text(event: str, tenant: str | None, step: Step) -> str:
    return _LINES[event](f"{step.get('at', '')!s:<24} {tenant or '-':<12}", step)


def _exchange_line(head: str, step: Step) -> str:
    return f"{head} {step['method']} {step['target']} -> {step['status']} ({step['ms']} ms)"


def _step_line(head: str, step: Step) -> str:
    arrow = f"{step['from']} -> {step['to']}" if step.get("from") else str(step.get("to", ""))
    told = ("at", "kind", "id", "from", "to")
    rest = " ".join(f"{name}={value}" for name, value in step.items() if name not in told and value is not None)
    line = " ".join(filter(None, (head, f"  {step['kind']}", str(step["id"] or ""), arrow, rest)))
    # What users wrote into a rule may hold line breaks; a step is one line.
    return "\\n".join(line.splitlines())


def _problem_line(head: str, step: Step) -> str:
    # The lines of a trace are set in, so that none of them looks like a line of its own.
    return f"{head} problem: " + "\n    ".join(str(step["error"]).splitlines())


_LINES: dict[str, Callable[[str, Step], str]] = {"exchange": _exchange_line, "step": _step_line, "problem": _problem_line}

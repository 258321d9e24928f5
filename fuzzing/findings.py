"""What must not happen, whatever was asked, and how much of what may happen there was."""

import json
from collections import Counter
from typing import Any, NamedTuple

from fuzzing.requests import Request

SLOW_SECONDS = 0.25
SHOWN_MAX = 20
# There is no room, or the line that should say the version of HTTP says another one.
REFUSALS = (503, 505)


class Answered(NamedTuple):
    """What a request was answered with; the seconds are those that the process worked, however many others the machine works for."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def is_spoiled(self) -> bool:
        """Whether a rule of the fuzzer's own has had it this way."""
        return "runflow-mock-fault" in self.headers


class Findings:
    """Everything that was found, and what was counted on the way."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.slow: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.operations: Counter[str] = Counter()
        self.unanswered = 0
        self.after_seconds, self.after = 0.0, ""
        """What took longest between an answer and the next request, and after which that was."""

    def check(self, request: Request, answered: Answered) -> Any:
        """Looks at an answer, and returns its values if it has any."""
        self.statuses[answered.status] += 1
        self.operations[request.operation] += 1
        if answered.seconds > SLOW_SECONDS:
            self.slow.append(f"{answered.seconds * 1000:.0f} ms: {shown(request)}")
        if answered.is_spoiled:
            return None
        if answered.status >= 500 and answered.status not in REFUSALS:
            self.find(request, f"{answered.status} that nobody asked for: {answered.body[:200]!r}")
        if answered.status < 400 or request.method == "HEAD":
            return self._values(request, answered)
        kind = answered.headers.get("content-type", "")
        if not kind.startswith(("application/json", "application/xml")):
            self.find(request, f"an error that is {kind or 'nothing'}: {answered.status} {answered.body[:200]!r}")
        return self._values(request, answered)

    def turned(self, request: Request, seconds: float) -> None:
        """Takes note of how long the process worked once a request was answered, while others would have waited."""
        if seconds > self.after_seconds:
            self.after_seconds, self.after = seconds, shown(request)
        if seconds > SLOW_SECONDS:
            self.slow.append(f"{seconds * 1000:.0f} ms: after {shown(request)}")

    def find(self, request: Request, what: str) -> None:
        """Takes note of something wrong."""
        self.wrong.append(f"{what}\n    {shown(request)}")

    def _values(self, request: Request, answered: Answered) -> Any:
        if not answered.headers.get("content-type", "").startswith("application/json") or not answered.body:
            return None
        try:
            return json.loads(answered.body)
        except ValueError:
            self.find(request, f"{answered.status} with JSON that is none: {answered.body[:200]!r}")
            return None


def shown(request: Request) -> str:
    """Returns a request in a line."""
    return f"{request.operation}: {request.method} {request.target[:200]} {dict(request.headers)} {request.body[:400]!r}"

"""Answers: every exchange that the journals of the tests' servers record, held against the contract with plain `jsonschema`.

What a fault rule spoiled is as its user wanted it, and pages beside the API are no part of the contract: both are only counted. Answers
that are equal but for their request id are looked at once.
"""

from collections import Counter
from collections.abc import Sequence

from contract import operations, violations

from runflow_mock.domain.exchanges import BODY_BYTES_MAX, Exchange
from runflow_mock.wire.timeline import Step

Pair = tuple[str, int]
_NO_PART = frozenset(("x-request-id", "etag", "date"))


class Answers:
    """An observer that judges: `pairs` counts answers, `others` what was not judged, `wrong` tells what does not fit;
    `walked` is what a test asked for by operation and status.
    """

    is_listening = True
    lost = 0

    def __init__(self) -> None:
        self.exchanges = 0
        self.distinct = 0
        self.pairs: Counter[Pair] = Counter()
        self.others: Counter[str] = Counter()
        self.violations = 0
        self.walked: set[Pair] = set()
        self.wrong: list[str] = []
        self._known: set[int] = set()

    def exchange(self, tenant: str | None, exchange: Exchange) -> None:
        """Judges an answer."""
        self.exchanges += 1
        reason = _not_judged(exchange)
        if reason is not None or exchange.operation is None:
            self.others[reason or "leads nowhere"] += 1
            return
        self.pairs[exchange.operation, exchange.status] += 1
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in exchange.response_headers}
        shown = tuple((name, value) for name, value in headers.items() if name not in _NO_PART)
        known = hash((exchange.operation, exchange.method, exchange.status, shown, exchange.response_body))
        if known in self._known:
            return
        self._known.add(known)
        self.distinct += 1
        is_head = exchange.method == "HEAD"
        for found in violations(exchange.operation, exchange.status, headers, exchange.response_body, is_head=is_head):
            self.violations += 1
            self.wrong.append(f"{exchange.operation} {exchange.method} {exchange.target} -> {exchange.status}: {found}")

    def steps(self, tenant: str, steps: Sequence[Step]) -> None:
        """Does nothing: steps are no answers."""

    def problem(self, text: str) -> None:
        """Does nothing: doors look at problems themselves."""

    def take_wrong(self) -> list[str]:
        """What was wrong since the last time."""
        wrong, self.wrong = self.wrong, []
        return wrong


def _not_judged(exchange: Exchange) -> str | None:
    if exchange.fault is not None:
        return "spoiled by a fault rule"
    if exchange.operation is not None and exchange.operation not in operations():
        return "beside the contract"
    if exchange.status == 307:
        return "sent on to another host"
    if len(exchange.response_body) >= BODY_BYTES_MAX:
        return "cut by the journal"
    return None


ANSWERS = Answers()

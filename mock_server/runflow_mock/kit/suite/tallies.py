"""Tallies: what a part of the suite did, and which rules were broken."""

from collections import Counter
from collections.abc import Iterable

import msgspec

EXAMPLES_MAX = 3
BESIDE = "beside the document"
"""Stands for the operation of an answer to what the document does not declare."""


class Breach(msgspec.Struct, frozen=True):
    """A rule that a server broke: which check found it, at which operation, what it says, and the exchange that shows it."""

    check: str
    operation: str
    says: str
    evidence: str = ""


class Tally:
    """Counts of cases, checks, links and answers; `breaches` of one check at one operation are told a few times, and counted after that."""

    def __init__(self) -> None:
        self.cases = 0
        self.checks: Counter[str] = Counter()
        self.answers: Counter[tuple[str, int]] = Counter()
        self.links: Counter[str] = Counter()
        self.phases: Counter[str] = Counter()
        self.errors: list[str] = []
        self.notes: list[str] = []
        self.breaches: list[Breach] = []
        self.broken: Counter[tuple[str, str]] = Counter()

    def broke(self, breach: Breach) -> None:
        """Adds a breach."""
        self.broken[breach.check, breach.operation] += 1
        if self.broken[breach.check, breach.operation] <= EXAMPLES_MAX:
            self.breaches.append(breach)

    def examples(self, check: str, operation: str) -> list[Breach]:
        """Returns the breaches of a check at an operation that are told."""
        return [breach for breach in self.breaches if (breach.check, breach.operation) == (check, operation)]

    def add(self, other: "Tally") -> None:
        """Adds what another part did."""
        self.cases += other.cases
        for mine, theirs in (
            (self.checks, other.checks),
            (self.answers, other.answers),
            (self.links, other.links),
            (self.phases, other.phases),
            (self.broken, other.broken),
        ):
            mine.update(theirs)  # type: ignore[arg-type]  # pairs of the same kind
        self.errors += other.errors
        self.notes += other.notes
        self.breaches += other.breaches

    @property
    def operations(self) -> frozenset[str]:
        """The operations that were called."""
        return frozenset(name for name, _ in self.answers if name != BESIDE)

    @property
    def exit_code(self) -> int:
        """0 all rules held, 1 one was broken, 2 the suite itself failed, 3 nothing was exercised."""
        if self.breaches:
            return 1
        if self.errors:
            return 2
        return 0 if self.cases else 3

    def as_json(self) -> dict[str, object]:
        """Returns everything as plain values."""
        return {
            "exit_code": self.exit_code,
            "cases": self.cases,
            "operations": len(self.operations),
            "checks": dict(sorted(self.checks.items())),
            "links": dict(sorted(self.links.items())),
            "phases": dict(self.phases),
            "answers": [[name, status, count] for (name, status), count in sorted(self.answers.items())],
            "breaches": [msgspec.structs.asdict(breach) for breach in self.breaches],
            "broken": [[check, operation, count] for (check, operation), count in sorted(self.broken.items())],
            "errors": self.errors,
            "notes": self.notes,
        }


def joined(tallies: Iterable[Tally]) -> Tally:
    """Returns the sum of several tallies."""
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total

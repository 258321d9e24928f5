"""Comparisons: everything that is to be said about a newer document or catalog, in one record; renderings start from it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from runflow_mock.kit.drift.drifts import Drift, Grade, Side, is_as_bad, worst_first
from runflow_mock.kit.suite.comparing import Disagreement

DRIFTED = 1


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What moved. `answers` are those of the fake that do not fit the newer document; `is_same` says that not even a text differs."""

    kind: str
    pinned: str
    newer: str
    is_same: bool = False
    drifts: tuple[Drift, ...] = ()
    answers: tuple[Disagreement, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> Mapping[Grade, int]:
        """How many differences there are of each grade."""
        return {grade: sum(drift.grade is grade for drift in self.drifts) for grade in Grade}

    @property
    def verdict(self) -> str:
        """The numbers in one line."""
        if self.is_same:
            return "nothing moved: both are the same"
        if not self.drifts:
            return "nothing moved for clients: only texts, examples or extensions differ"
        return ", ".join(f"{count} {grade.value}" for grade, count in self.counts.items())

    def exit_code(self, fail_on: Grade) -> int:
        """Returns 1 where anything is as bad as that, else 0."""
        return DRIFTED if any(is_as_bad(drift.grade, fail_on) for drift in self.drifts) else 0


class Row(NamedTuple):
    """The same difference at one or more subjects."""

    grade: Grade
    side: Side
    where: str
    change: str
    says: str
    subjects: tuple[str, ...]
    fake: str | None

    @property
    def subject(self) -> str:
        """The subjects in few words."""
        first, count = self.subjects[0], len(self.subjects)
        return first if count == 1 else f"{first} and {count - 1} more"


def rows(drifts: Sequence[Drift]) -> Iterator[Row]:
    """Yields the differences, the worst first; one that many operations share, such as in a common error, comes once."""
    together: dict[tuple[object, ...], list[Drift]] = {}
    for drift in worst_first(drifts):
        key = (drift.grade, drift.side, drift.where, drift.change, drift.says, drift.evidence, drift.fake)
        together.setdefault(key, []).append(drift)
    for same in together.values():
        first = same[0]
        says = first.says if first.evidence is None or first.evidence in first.says else f"{first.says} (ours: {first.evidence})"
        yield Row(first.grade, first.side, first.where, first.change, says, tuple(drift.subject for drift in same), first.fake)


def represent_comparison(comparison: Comparison, fail_on: Grade) -> dict[str, object]:
    """Returns a comparison as JSON; nothing is put together."""
    return {
        "kind": comparison.kind,
        "pinned": comparison.pinned,
        "newer": comparison.newer,
        "same": comparison.is_same,
        "exit_code": comparison.exit_code(fail_on),
        "counts": {grade.value: count for grade, count in comparison.counts.items()},
        "drifts": [msgspec.structs.asdict(drift) for drift in worst_first(comparison.drifts)],
        "answers": [msgspec.structs.asdict(answer) for answer in comparison.answers],
        "notes": list(comparison.notes),
    }

"""Clauses: what a test says about the journal, and whether it is true.

Theory. A clause describes exchanges by their place, status and headers, and says how many there must be, and within how much of the
tenant's time all of them. A sequence of clauses holds when they follow one another: each begins after the last exchange that the one
before took. A clause that does not hold is explained by the exchange that came nearest to it.

An exchange may show several subjects: a batch has one for each of its items, and fits when one of them does.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice

import msgspec

from runflow_mock.domain.misses import Difference, NearestMiss, differences_seen, nearest
from runflow_mock.domain.places import Look, Where


class JournalSubject(msgspec.Struct, frozen=True, kw_only=True):
    """An exchange as clauses see it; header names are in lower case. Those that say the same share `looks`, one of each subject."""

    id: str
    at: datetime
    looks: tuple[Look, ...]
    status: int
    headers: dict[str, str]


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """One statement. `status` is a status or a class such as 4xx; a header must have the value, or with `*` any, or with nothing none."""

    where: Where
    status: str | None = None
    headers: dict[str, str | None] = {}
    at_least: int = 1
    at_most: int | None = None
    within: timedelta | None = None


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """Whether clauses hold: the exchanges that they took; if not, which clause does not (counted from 1), why, and the nearest miss."""

    holds: bool
    matched: tuple[str, ...]
    step: int | None = None
    message: str | None = None
    nearest: NearestMiss | None = None


def verify(clause: Clause, entries: Sequence[JournalSubject]) -> Verified:
    """Returns whether a clause holds for exchanges in their order, and if it does not, what came nearest."""
    compared = _compared(clause, entries)
    matched = [entry for entry, differs in compared if not differs]
    ids = tuple(entry.id for entry in matched)
    if clause.at_most is not None and len(matched) > clause.at_most:
        return Verified(holds=False, matched=ids, message=f"{_count(len(matched))} fitted, at most {clause.at_most} may")
    if len(matched) < clause.at_least:
        others = ((entry.id, differs) for entry, differs in compared if differs)
        message = f"{_count(len(matched))} fitted, at least {clause.at_least} must"
        return Verified(holds=False, matched=ids, message=message, nearest=nearest(others))
    return _in_time(clause.within, matched) or Verified(holds=True, matched=ids)


def verify_sequence(clauses: Sequence[Clause], entries: Sequence[JournalSubject], within: timedelta | None = None) -> Verified:
    """Returns whether exchanges that fit the clauses follow one another, all of them within some time of the tenant's clock."""
    taken: list[JournalSubject] = []
    begin = 0
    for step, clause in enumerate(clauses, 1):
        # No further than it needs: many clauses would look at the whole journal each.
        places = list(islice((index for index in range(begin, len(entries)) if not unlike(clause, entries[index])), clause.at_least))
        ids = tuple(entry.id for entry in taken)
        if len(places) < clause.at_least:
            earlier = next((entry for entry in reversed(entries[:begin]) if not unlike(clause, entry)), None)
            told = "" if earlier is None else f"; {earlier.id} fits but came too early"
            message = f"step {step}: {_count(len(places))} fitted after the step before, at least {clause.at_least} must{told}"
            rest = ((entry.id, unlike(clause, entry)) for entry in entries[begin:] if unlike(clause, entry))
            return Verified(holds=False, matched=ids, step=step, message=message, nearest=nearest(rest))
        taken += [entries[index] for index in places]
        begin = places[-1] + 1 if places else begin
    return _in_time(within, taken) or Verified(holds=True, matched=tuple(entry.id for entry in taken))


class Progress:
    """How far exchanges have come towards clauses: each is taken once, in its order, and looked at no more; see `verify`."""

    def __init__(self, clauses: Sequence[Clause], *, is_sequence: bool, within: timedelta | None = None) -> None:
        self._clauses = clauses
        self._is_sequence = is_sequence
        self._within = within if is_sequence else clauses[0].within
        self._step = 0
        self._count = 0
        self._first: datetime | None = None
        self._last: datetime | None = None

    def take(self, entry: JournalSubject) -> None:
        """Takes the next exchange."""
        if self._step == len(self._clauses) or unlike(self._clauses[self._step], entry):
            return
        self._count += 1
        self._first, self._last = self._first or entry.at, entry.at
        if self._is_sequence and self._count >= self._clauses[self._step].at_least:
            self._step, self._count = self._step + 1, 0

    @property
    def holds(self) -> bool:
        """Whether the exchanges so far are as the clauses say."""
        if self._is_sequence:
            enough = self._step == len(self._clauses)
        else:
            clause = self._clauses[0]
            enough = clause.at_least <= self._count and (clause.at_most is None or self._count <= clause.at_most)
        in_time = self._within is None or self._first is None or self._last is None or self._last - self._first <= self._within
        return enough and in_time


def unlike(clause: Clause, entry: JournalSubject) -> tuple[Difference, ...]:
    """Returns in what an exchange differs from what a clause describes; nothing when it fits."""
    by_subject = sorted((differences_seen(clause.where, look) for look in entry.looks), key=len)
    found = list(by_subject[0])
    if clause.status is not None and not str(entry.status).startswith(clause.status.rstrip("x")):
        found.append(Difference("status", clause.status, entry.status))
    for name, wanted in clause.headers.items():
        seen = entry.headers.get(name.lower())
        if (seen is None) is not (wanted is None) or (wanted not in (None, "*", seen)):
            found.append(Difference(f"headers.{name}", wanted, seen))
    return tuple(found)


def _compared(clause: Clause, entries: Sequence[JournalSubject]) -> list[tuple[JournalSubject, tuple[Difference, ...]]]:
    """Returns exchanges, each with what `unlike` says of it; of those that share their looks it is found out once."""
    names = [name.lower() for name in clause.headers]
    known = dict[tuple[object, ...], tuple[Difference, ...]]()
    found = list[tuple[JournalSubject, tuple[Difference, ...]]]()
    for entry in entries:
        # By what a clause looks at; `entries` keep their looks, so that no id is used again.
        alike = (id(entry.looks), entry.status, *[entry.headers.get(name) for name in names])
        if alike not in known:
            known[alike] = unlike(clause, entry)
        found.append((entry, known[alike]))
    return found


def _in_time(within: timedelta | None, matched: Sequence[JournalSubject]) -> Verified | None:
    if within is None or not matched or matched[-1].at - matched[0].at <= within:
        return None
    took = (matched[-1].at - matched[0].at).total_seconds()
    message = f"from the first to the last {took:.3f} s went by, at most {within.total_seconds():.3f} s may"
    return Verified(holds=False, matched=tuple(entry.id for entry in matched), message=message)


def _count(number: int) -> str:
    return "1 exchange" if number == 1 else f"{number} exchanges"

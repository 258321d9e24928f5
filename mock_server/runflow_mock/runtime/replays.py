"""Replays: the commands of a history, carried out again in a fresh world, and the first thing that comes out otherwise.

Timers fire by themselves, at the same instants; nothing is sent, since what came of each attempt is a command too. Every event is compared
whole, and so are the headers of every attempt, which are signed anew. Under `client_time: wall` an attempt's timestamp does not follow from
the history: it is taken from the record, and the signature over it is compared all the same.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import zip_longest

import msgspec

from runflow_mock.domain.commands import Command, RecordAttempt
from runflow_mock.domain.dialects import dialect_of
from runflow_mock.domain.documents import read_object
from runflow_mock.domain.errors import DomainError
from runflow_mock.domain.events import Event
from runflow_mock.domain.exchanges import REDACTED
from runflow_mock.domain.models import Catalog
from runflow_mock.domain.whole_numbers import whole_number
from runflow_mock.engine.world import Outcome, SendCallback, World
from runflow_mock.runtime.rendering import renderers_of
from runflow_mock.version import __version__
from runflow_mock.wire.callbacks import build_headers, build_posting
from runflow_mock.wire.history import SavedEntry, SavedHistory, fingerprint, represent_event
from runflow_mock.wire.timeline import Step, represent_events
from runflow_mock.wire.times import write_instant

TIMESTAMP, SIGNATURE = "Runflow-Timestamp", "Runflow-Signature"

WALL_TIME = "client_time is wall: {count} timestamps of callbacks were taken from the file, and the signatures over them compared"
NOT_SIGNED = (
    "{count} signatures were not compared: their secret was given by you and is not in the file; see --callback-secret, --webhook-secret"
)
NO_HEADERS = "{count} attempts were recorded without their headers, and theirs were not compared"


class Difference(msgspec.Struct, frozen=True):
    """The first thing that came out otherwise: the number of its commit, counted from 1, where in it, and what was there on both sides."""

    commit: int
    at: str
    place: str
    expected: object
    found: object


class Replayed(msgspec.Struct, frozen=True):
    """What came of a replay: how many commits agree (those of the base included), what happened, and the first difference, if any."""

    commits: int
    timeline: list[Step]
    difference: Difference | None
    notes: list[str]


class _Happening(msgspec.Struct, frozen=True):
    """A commit of the fresh world; `refused` says why there was none."""

    at: datetime
    command: Command | None = None
    events: tuple[Event, ...] = ()
    before: tuple[str | None, ...] = ()
    refused: str | None = None


def replay(history: SavedHistory, catalog: Catalog) -> Replayed:
    """Returns what comes of carrying out the commands of a history again, up to the first difference."""
    return _Replay(history, catalog).play()


class _Replay:
    def __init__(self, history: SavedHistory, catalog: Catalog) -> None:
        self._history = history
        self._dialect = dialect_of(history.settings.dialect, history.settings.switches, is_strict=history.settings.strict)
        render = renderers_of(self._dialect)
        if history.base is None:
            self._world = World(history.settings, catalog, render, history.started_at)
        else:
            self._world = World.restore(history.base, catalog, render)
        self._under_way = {effect.delivery.id: effect for effect in self._world.under_way()}
        self._notes = Counter[str]()
        self._catalog = fingerprint(self._world.catalog)

    def play(self) -> Replayed:
        """Plays on until something differs, or to the end."""
        timeline, commits = list[Step](), self._history.forgotten
        for expected, found in zip_longest(self._history.entries, self._happenings()):
            if found is not None:
                timeline.extend(represent_events(found.events, found.before))
            difference = self._compare(commits + 1, expected, found)
            if difference is not None:
                return Replayed(commits, timeline, difference, [*self._notes_on(difference)])
            commits += 1
        return Replayed(commits, timeline, None, [*self._notes_on(None)])

    def _happenings(self) -> Iterator[_Happening]:
        world, entries = self._world, self._history.entries
        begun = list(world.history)
        for entry in begun:
            yield _Happening(entry.at, entry.command, entry.events, (None,) * len(entry.events))
        for saved in entries[len(begun) :]:
            if saved.command is not None:
                yield from self._execute(saved.at, saved.command)
            elif world.store.timers.next_due() is not None:
                yield self._follow(world.fire_next(), None)
        yield from self._advance(self._history.now)

    def _execute(self, at: datetime, command: Command) -> Iterator[_Happening]:
        yield from self._advance(at)
        try:
            yield self._follow(self._world.execute(command), command)
        except DomainError as error:
            yield _Happening(self._world.now, command, refused=str(error))

    def _advance(self, to: datetime) -> Iterator[_Happening]:
        # At the present instant the record tells what comes first, a timer or a command.
        while self._world.now < to and (due := self._world.store.timers.next_due()) is not None and due <= to:
            yield self._follow(self._world.fire_next(), None)
        if self._world.now < to:
            self._world.move_to(to)

    def _follow(self, outcome: Outcome, command: Command | None) -> _Happening:
        self._under_way |= {effect.delivery.id: effect for effect in outcome.effects}
        return _Happening(outcome.at, command, outcome.events, outcome.before)

    def _compare(self, commit: int, expected: SavedEntry | None, found: _Happening | None) -> Difference | None:
        at = write_instant(expected.at if expected is not None else self._world.now)
        if expected is None or found is None:
            return Difference(commit, at, "", _shortly(expected), _shortly(found))
        if found.refused is not None:
            return Difference(commit, at, "command", _shortly(expected), f"refused: {found.refused}")
        pairs: list[tuple[str, object, object]] = [
            ("at", write_instant(expected.at), write_instant(found.at)),
            ("command", _kind(expected.command), _kind(found.command)),
            ("events", [msgspec.json.decode(event) for event in expected.events], [represent_event(event) for event in found.events]),
        ]
        if isinstance(expected.command, RecordAttempt):
            pairs.append(("attempt", *self._headers(expected.command)))
        for place, wanted, came in pairs:
            different = _first_difference(place, wanted, came)
            if different is not None:
                return Difference(commit, at, *different)
        return None

    def _headers(self, command: RecordAttempt) -> tuple[Mapping[str, object], Mapping[str, object]]:
        """Returns the recorded headers of an attempt, and those that it gets here."""
        effect = self._under_way.pop(command.delivery_id, None)
        if effect is None or command.result.headers is None:
            self._notes[NO_HEADERS] += 1
            return {}, {}
        recorded = read_object(command.result.headers)
        found: dict[str, object] = dict(self._written(effect, recorded))
        if effect.secret == REDACTED:
            self._notes[NOT_SIGNED] += 1
            found[SIGNATURE] = recorded.get(SIGNATURE)
        return recorded, found

    def _written(self, effect: SendCallback, recorded: Mapping[str, object]) -> dict[str, str]:
        timestamp = whole_number(str(recorded.get(TIMESTAMP, "")))
        if self._history.settings.client_time == "virtual" or timestamp is None:
            present = int(effect.delivery.attempts[-1].at.timestamp())
            return build_posting(effect.delivery, present, effect.secret, self._dialect).headers
        self._notes[WALL_TIME] += 1
        return build_headers(effect.delivery, timestamp, effect.secret, self._dialect)

    def _notes_on(self, difference: Difference | None) -> Iterator[str]:
        history, version = self._history, f"runflow-mock {__version__}"
        if history.forgotten:
            yield f"the first {history.forgotten} commits are folded into the base on which the others were carried out"
        yield from (note.format(count=count) for note, count in self._notes.items())
        if difference is not None and history.catalog != self._catalog:
            yield "the file was made with another catalog: give the same --catalog"
        if difference is not None and history.made_by != version:
            yield f"the file was made by {history.made_by}, and this is {version}"


def _kind(command: Command | None) -> str | None:
    return None if command is None else type(command).__name__


def _shortly(commit: SavedEntry | _Happening | None) -> object:
    return None if commit is None else {"at": write_instant(commit.at), "command": _kind(commit.command), "events": len(commit.events)}


def _first_difference(place: str, expected: object, found: object) -> tuple[str, object, object] | None:
    """Returns the innermost place at which two JSON values differ first, and what stands there."""
    if expected == found:
        return None
    parts: Iterator[tuple[str, object, object]] = iter(())
    if isinstance(expected, dict) and isinstance(found, dict):
        parts = ((f"{place}.{name}", expected.get(name), found.get(name)) for name in dict.fromkeys((*expected, *found)))
    elif isinstance(expected, list) and isinstance(found, list):
        parts = ((f"{place}[{number}]", *pair) for number, pair in enumerate(zip_longest(expected, found)))
    return next(filter(None, (_first_difference(*part) for part in parts)), (place, expected, found))

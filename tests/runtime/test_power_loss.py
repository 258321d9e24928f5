"""What is kept when the machine loses its power at any moment: with `--sync full` all that was acknowledged."""

import shutil
from hashlib import sha256
from pathlib import Path
from random import Random
from sqlite3 import Connection
from typing import NamedTuple, Self, cast

import pytest
from kept import disk
from power import Disk

from runflow_mock.runtime.keepers import KeepError
from runflow_mock.runtime.kept_files import Cut, Damaged, KeptFile

pytestmark = pytest.mark.anyio

ROW = 20_000
"""Bytes of a row: a few of SQLite's pages."""
Contained = tuple[list[tuple[str, bytes]], list[bytes]]
"""The base of a file, and its rows."""


class State(NamedTuple):
    """What a file holds once so many calls to the disk have come back, and what the note beside it said then."""

    calls: int
    contained: Contained
    note: bytes


def _blob(text: bytes) -> tuple[str, bytes]:
    data = text * 9_000
    return sha256(data).hexdigest(), data


class Told:
    """Keeps a file for a while, and notes what was acknowledged when."""

    def __init__(self, path: Path, *, is_synced: bool) -> None:
        self.disk = Disk(f"losing {path}")
        self.states: list[State] = []
        self._path = path
        self._is_synced = is_synced

    async def tell(self) -> Self:
        """Begins, appends, puts a new base under it, goes on, and closes."""
        file = KeptFile(self._path, is_synced=self._is_synced, connect=lambda path: cast("Connection", self.disk.connect(path)))
        rows = [bytes([number]) * ROW for number in range(40)]
        base = [("settings", b"s" * 5_000), ("world", b"w" * 50_000)]
        file.begin(base, rows[0], [_blob(b"a picture")])
        self._note(base, rows[:1])
        for number in range(1, 25):
            covered = file.append(rows[number], [_blob(b"%d" % number)] if number % 3 == 0 else ())
            self._note(base, rows[: number + 1])
        base = [("settings", b"t" * 5_000), ("world", b"v" * 90_000)]
        await file.rebase(base, covered)
        self._note(base, [])
        for number in range(25, 40):
            file.append(rows[number])
            self._note(base, rows[25 : number + 1])
        file.close()
        self._note(base, rows[25:])
        return self

    def _note(self, base: list[tuple[str, bytes]], rows: list[bytes]) -> None:
        note = self._path.with_name(f"{self._path.name}-rows").read_bytes()
        self.states.append(State(len(self.disk.calls), (base, list(rows)), note))

    def moments(self, draw: Random, since: int = 0) -> list[int]:
        """Returns before and after which calls the power is lost: around whatever makes something last or go, and at random."""
        turning = [number for number, call in enumerate(self.disk.calls) if call.kind != "write"]
        around = {number + step for number in turning for step in (0, 1, 2) if number + step <= len(self.disk.calls)}
        drawn = {draw.randrange(len(self.disk.calls)) for _ in range(150)}
        return sorted(moment for moment in around | drawn if moment >= since)

    def read_after(self, moment: int, folder: Path, draw: Random) -> Contained | KeepError:
        """Returns base and rows as whoever comes next finds them, or is told that they cannot be read."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, data in self.disk.after_loss(moment, draw).items():
            (folder / Path(name).name).write_bytes(data)
        # Nothing makes the note last either: any that was written may be there, or none.
        notes = [state.note for state in self.states if state.calls <= moment]
        if notes and draw.random() < 0.9:
            (folder / f"{self._path.name}-rows").write_bytes(draw.choice(notes))
        try:
            file = KeptFile(folder / self._path.name, connect=disk()[1])
        except KeepError as error:
            return error
        try:
            found = file.read()
        except KeepError as error:
            return error
        finally:
            file.close()
        return list(found.base), list(found.log)


async def test_what_was_acknowledged_just_before_the_power_is_lost_is_there(tmp_path: Path) -> None:
    told = await Told(tmp_path / "kept.sqlite", is_synced=True).tell()
    for state in told.states[::6]:
        assert told.read_after(state.calls, tmp_path / "after", Random(1)) == state.contained


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_nothing_acknowledged_is_lost_with_the_power_at_any_moment(tmp_path: Path, seed: int) -> None:
    told, draw = await Told(tmp_path / "kept.sqlite", is_synced=True).tell(), Random(seed)
    begun = told.states[0].calls
    for moment in told.moments(draw, since=begun):
        known = [state.contained for state in told.states if state.calls <= moment]
        # What was under way may have come to be.
        possible = [known[-1], *(state.contained for state in told.states[len(known) :][:1])]
        assert told.read_after(moment, tmp_path / "after", draw) in possible, f"after {moment} calls"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_what_is_not_synced_is_as_it_once_was_or_told_to_be_lost(tmp_path: Path, seed: int) -> None:
    told, draw = await Told(tmp_path / "kept.sqlite", is_synced=False).tell(), Random(seed)
    outcomes = set[type]()
    for moment in told.moments(draw):
        found = told.read_after(moment, tmp_path / "after", draw)
        outcomes.add(type(found))
        following = next((state.calls for state in told.states if state.calls > moment), moment)
        once = [state.contained for state in told.states if state.calls <= following]
        assert isinstance(found, Cut | Damaged) or found in once, f"after {moment} calls"
    assert outcomes == {Cut, Damaged, tuple}

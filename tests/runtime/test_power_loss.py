"""What is kept when the machine loses its power at any moment: with `--sync full` all that was acknowledged.

A disk that loses its power keeps what SQLite had synced, and of everything else any part.
"""

import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from sqlite3 import Connection
from typing import NamedTuple, Self, cast

import apsw
import pytest
from kept import disk

from runflow_mock.runtime.keepers import KeepError
from runflow_mock.runtime.kept_files import Cut, Damaged, KeptFile

SECTOR_BYTES = 512
# Of 1,000 by default; so the write-ahead log is moved into the database several times in a short story.
CHECKPOINT_PAGES = 40


class Call(NamedTuple):
    """One call of SQLite to the disk, about one file: a `sync` makes all the calls before it last, and a `folder` what was deleted."""

    kind: str
    file: str
    offset: int = 0
    data: bytes = b""


class Disk:
    """Writes for real, and notes in which order; SQLite's own files are found under its name as a VFS."""

    def __init__(self, name: str) -> None:
        self.calls: list[Call] = []
        self._layer = _Layer(name, self.calls)
        self._name = name

    def connect(self, path: Path) -> "apsw.Connection":
        """Opens a database on it."""
        connection = apsw.Connection(str(path), vfs=self._name)
        connection.cursor_factory = _Cursor
        connection.wal_autocheckpoint(CHECKPOINT_PAGES)
        return connection

    def after_loss(self, moment: int, draw: Random) -> dict[str, bytes]:
        """Returns what the files hold if the power is lost after so many calls."""
        lasting: dict[str, bytearray] = {}
        waiting: dict[str, list[Call]] = {}
        for call in self.calls[:moment]:
            if call.kind == "sync":
                for earlier in waiting.pop(call.file, ()):
                    _apply(earlier, lasting)
            elif call.kind == "folder":
                for file in [file for file, calls in waiting.items() if calls[-1].kind == "delete"]:
                    lasting.pop(file, None)
                    del waiting[file]
            else:
                waiting.setdefault(call.file, []).append(call)
        for call in (call for calls in waiting.values() for call in _some_of(calls, draw)):
            _apply(call, lasting)
        return {file: bytes(data) for file, data in lasting.items()}


def _some_of(calls: list[Call], draw: Random) -> Iterator[Call]:
    for call in calls:
        if draw.random() < 0.5:
            whole = draw.random() < 0.5
            yield call if whole else call._replace(data=call.data[: SECTOR_BYTES * draw.randrange(len(call.data) // SECTOR_BYTES + 1)])


def _apply(call: Call, files: dict[str, bytearray]) -> None:
    if call.kind == "delete":
        files.pop(call.file, None)
        return
    data = files.setdefault(call.file, bytearray())
    end = call.offset + len(call.data)
    data.extend(bytes(max(0, end - len(data))))
    if call.kind == "truncate":
        del data[call.offset :]
    else:
        data[call.offset : end] = call.data


class _Cursor(apsw.Cursor):
    @property
    def lastrowid(self) -> int:
        return self.connection.last_insert_rowid()


class _Layer(apsw.VFS):
    def __init__(self, name: str, calls: list[Call]) -> None:
        self._calls = calls
        super().__init__(name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        return _File(name, flags, self._calls)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - SQLite's
        super().xDelete(filename, syncdir)
        self._calls.append(Call("delete", filename))
        if syncdir:
            self._calls.append(Call("folder", filename))


class _File(apsw.VFSFile):
    def __init__(self, name: "str | apsw.URIFilename | None", flags: list[int], calls: list[Call]) -> None:
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        self._calls = calls
        # SQLite syncs the folder with the first sync of a log or journal that it has made.
        self._is_new = bool(flags[0] & (apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL)) and not Path(self._name).exists()
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        super().xWrite(data, offset)
        self._calls.append(Call("write", self._name, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        super().xTruncate(newsize)
        self._calls.append(Call("truncate", self._name, newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        # The real disk is not waited for.
        self._calls.append(Call("sync", self._name))
        if self._is_new:
            self._is_new = False
            self._calls.append(Call("folder", self._name))


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

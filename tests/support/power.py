"""A disk that loses its power: what SQLite had synced is there afterwards, and of everything else any part."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import apsw

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

"""The file of one kept tenant: a SQLite database that one process owns.

`locking_mode=EXCLUSIVE` refuses a second owner for as long as the first one lives, and a killed one leaves nothing behind that would. In
WAL mode a commit is one `write`; after a crash the database holds the commits in order, up to the last that was whole. The tables come with
the tenant's beginning, and before WAL mode does: a file that has tables and no beginning has lost it. Which row was written last stands in
a small file beside it: a write-ahead log that has lost its end looks like a whole one otherwise. Each part and row has a checksum, since
SQLite has none: text in which the disk has changed a letter would be read as what a client had sent.
"""

import os
import sqlite3
import struct
import zlib
from asyncio import sleep
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from runflow_mock.runtime.files import NotWritten, put_new
from runflow_mock.runtime.keepers import Ack, Blobs, Contents, KeepError, Parts
from runflow_mock.runtime.kept_forms import ADDED, APPLICATION_ID, FORM, SCHEMA, objection_to_neighbours, odd_object
from runflow_mock.user_files import read_plain_file

SUFFIX = ".sqlite"
ENDINGS = ("", "-journal", "-wal", "-shm", "-rows")
"""What the names of the files end with that belong to one tenant."""
# A row takes several of SQLite's own pages, and each of them two writes, and three more once it is checkpointed.
PAGE_BYTES = 8192
# Of rows and of bases: a file of ours comes nowhere near it, and what is larger soon fits no field.
NUMBER_MAX = 1 << 48
Connect = Callable[[Path], sqlite3.Connection]
# A limit of the user's, or of a network's file system, comes as an error of the disk.
_NOT_WRITTEN = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_TRUNCATE)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
# Generation and row: what the file has come to.
_REACHED = struct.Struct("<QQ")


def _checksum(name: str, data: bytes) -> int:
    return zlib.crc32(data, zlib.crc32(name.encode()))


class Taken(KeepError):
    """Another process owns the file."""


class Damaged(KeepError):
    """The file does not hold what it should."""


class TooNew(KeepError):
    """A newer version of this kit has written the file."""


def connect(path: Path) -> sqlite3.Connection:
    """Opens a database; nothing is read yet."""
    return sqlite3.connect(path, isolation_level=None, timeout=0.2, cached_statements=32)


class FullDisk(KeepError):
    """The disk takes no more of the file."""


class Cut(KeepError):
    """The file has lost its end."""


class KeptFile:
    """One file at work."""

    is_shared = False

    def __init__(self, path: Path, *, is_synced: bool = False, connect: Connect = connect) -> None:
        """Opens the file, or makes an empty one that only its owner may read.

        Raises:
            KeepError: it cannot be opened, or is not ours to use; nothing has changed then.
        """
        self.path = path
        self._name = str(path)
        self.is_begun = False
        """Whether there has ever been a tenant in it."""
        self._is_synced = is_synced
        self._at = (0, 0)
        self._form = FORM
        self._noted: int | None = None
        objection = objection_to_neighbours(path)
        if objection is not None:
            raise KeepError(f"{path} is not opened: {objection}")
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise KeepError(f"{path} is a pipe, a socket or a device: take it away")
        try:
            # What a link leads to may belong to anybody.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK, 0o600))
        except OSError as error:
            why = f"cannot be opened: {error.strerror}" if not path.is_symlink() else "is a symbolic link: put the file itself there"
            raise KeepError(f"{path} {why}") from None
        with self._translated():
            self._connection = connect(path)
        try:
            with self._translated():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def begin(self, base: Parts, row: bytes, blobs: Blobs) -> int:
        """Puts a tenant into the place of whatever the file holds; the row is what has come after its base already.

        Raises:
            KeepError: it cannot be written; the file holds what it held before.
        """
        self._find()
        with self._translated(), self._transaction():
            self._empty()
            self._insert(self._generation(), 0, base)
            self._keep(blobs)
            sequence = self._log(row)
        with self._translated():
            if not self.is_begun:
                self.is_begun = True
                self._write_ahead()
            self._note(self._reached())
        return sequence

    def append(self, row: bytes, blobs: Blobs = (), *, is_last: bool = False) -> int:
        """Writes what came to be in one tick, and returns the number of its row.

        Raises:
            KeepError: it cannot be written, and nothing of it is.
        """
        self._find()
        # Each row comes this way: a context manager would cost a twentieth of it.
        try:
            if blobs:
                with self._transaction():
                    self._keep(blobs)
                    sequence = self._log(row)
            else:
                sequence = self._log(row)
        except sqlite3.Error as error:
            raise self._told(error) from None
        self._note((self._at[0], sequence))
        return sequence

    async def rebase(self, base: Parts, covered: Ack) -> None:
        """Writes a base beside the present one, part by part, and lets it take the place of that one and of all rows up to a number.

        Raises:
            KeepError: it cannot be written, and the present base stays.
        """
        self._find()
        with self._translated():
            generation = self._generation()
            # What was left of a base that never came to be.
            self._connection.execute("DELETE FROM base WHERE generation > ?", (generation,))
        for place, part in enumerate(base):
            with self._translated(), self._transaction():
                self._insert(generation + 1, place, (part,))
            # Everybody else has their turn between two parts.
            await sleep(0)
        with self._translated(), self._transaction():
            self._connection.execute("DELETE FROM log WHERE sequence <= ?", (covered if isinstance(covered, int) else covered.result(),))
            self._connection.execute("DELETE FROM base WHERE generation <= ?", (generation,))
            self._connection.execute("UPDATE meta SET value = ? WHERE name = 'generation'", (generation + 1,))
        with self._translated():
            self._note(self._reached())

    async def confirm(self) -> None:
        """Returns at once: a file has one owner."""

    def read(self) -> Contents:
        """Returns all that the file holds.

        Raises:
            Damaged: it cannot be read, or its beginning is gone.
            Cut: its end is.
        """
        with self._translated():
            self._check_numbers()
            reached, noted = self._reached(), self._noted_before()
            if reached < noted:
                lost = f"row {noted[1]} of base {noted[0]} was written, and all it has is row {reached[1]} of base {reached[0]}"
                raise Cut(f"{self.path} has lost its end: {lost}; without {self._rows_path.name} it goes on as it stood then")
            self._at = reached
            # The first form has no column of that name.
            checksum = "checksum" if self._form > 1 else "NULL"
            run = self._connection.execute
            base = run(f"SELECT place, part, data, {checksum} FROM base WHERE generation = ? ORDER BY place", (self._generation(),))  # noqa: S608 - one of two names
            parts = [(part, data) for part, data in self._whole("part {} of its base", base, first=0)]
            if not parts:
                raise Damaged(f"{self.path} is damaged: it has lost its beginning")
            log = run(f"SELECT sequence, '', data, {checksum} FROM log ORDER BY sequence")  # noqa: S608 - one of two names
            rows = [data for _, data in self._whole("row {} of its log", log)]
            files: dict[str, bytes] = {}
            for digest, data in run("SELECT sha256, data FROM blobs ORDER BY rowid"):
                if not isinstance(data, bytes) or sha256(data).hexdigest() != digest or digest in files:
                    raise Damaged(f"{self.path} is damaged: the file {str(digest)[:12]} in it is not as it was written")
                files[digest] = data
            return Contents(parts, rows, list(files.values()))

    def copy_to(self, target: Path) -> None:
        """Writes everything into another file, which must not exist yet, without the room that is not used.

        Raises:
            KeepError: there is a file of that name, or this one cannot be read.
            NotWritten: it cannot be written, and nothing is there then.
        """
        import tempfile

        partial: Path | None = None
        try:
            # The owner's alone from its first byte on.
            descriptor, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
            partial = Path(name)
            os.close(descriptor)
            self._connection.execute("VACUUM INTO ?", (name,))
            # Nobody finds half of it, whatever happens.
            put_new(partial, target)
        except FileExistsError:
            raise KeepError(f"{target} cannot be written: there is a file of that name") from None
        except OSError as error:
            raise NotWritten({target: error.strerror or str(error)}) from None
        except sqlite3.Error as error:
            told = self._told(error)
            raise told if isinstance(told, (Damaged, Taken)) else NotWritten({target: str(error)}) from None
        finally:
            if partial is not None:
                partial.unlink(missing_ok=True)

    def close(self) -> None:
        """Closes the file; whoever comes next may open it."""
        self._connection.close()
        if self._noted is not None:
            os.close(self._noted)
            self._noted = None

    def _whole(
        self, what: str, found: Iterable[tuple[int, str, bytes, int | None]], first: int | None = None
    ) -> Iterator[tuple[str, bytes]]:
        """Yields what stands in a table, by its numbers, which leave out none.

        Raises:
            Damaged: one is gone, or not as it was written.
        """
        expected = first
        for number, name, data, checksum in found:
            if expected is not None and number != expected:
                raise Damaged(f"{self.path} is damaged: {what.format(expected)} is gone")
            # SQLite takes a value of any type in any column.
            is_typed = isinstance(name, str) and isinstance(data, bytes)
            if not is_typed or (checksum is not None and checksum != _checksum(name, data)):
                raise Damaged(f"{self.path} is damaged: {what.format(number)} is not as it was written")
            expected = number + 1
            yield name, data

    def _prepare(self) -> None:
        run = self._connection.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        # As Debian builds SQLite, it writes zeros over all that a new base has replaced: a quarter of what is written in a file's life.
        run("PRAGMA secure_delete = OFF")
        application, version, pages = (run(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version", "page_count"))
        # A process that ended while it made the file has left it without any table. What is shorter than a page SQLite takes for nothing.
        is_empty = pages > 0 and application == 0 and run("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
        is_fresh = is_empty or not self.path.stat().st_size
        if not is_fresh and application != APPLICATION_ID:
            raise Damaged(f"{self.path} is no file of runflow-mock")
        if version > FORM:
            raise TooNew(f"{self.path} has form {version}, this version reads up to {FORM}: use the newer runflow-mock that wrote it")
        if is_fresh:
            # Killed amid its first transaction, the file is empty again; of a machine that loses its power nothing more is promised.
            run(f"PRAGMA page_size = {PAGE_BYTES}")
            run(f"PRAGMA synchronous = {'FULL' if self._is_synced else 'OFF'}")
            # The lock is taken by the first transaction, and stays.
            run("BEGIN EXCLUSIVE")
            run("COMMIT")
        else:
            odd = odd_object(self._connection)
            if odd is not None:
                raise Damaged(f"{self.path} is damaged: {odd!r:.80} in it is not as runflow-mock makes it")
            self.is_begun = True
            self._form = version
            self._write_ahead()
            # The lock is taken with the first write.
            run("UPDATE meta SET value = value")

    def _write_ahead(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if self._is_synced else 'NORMAL'}")

    def _empty(self) -> None:
        """Makes the tables, or empties them."""
        run = self._connection.execute
        if self.is_begun:
            for table in ("base", "log", "blobs"):
                run(f"DELETE FROM {table}")  # noqa: S608 - one of three names above
            run("UPDATE meta SET value = value + 1 WHERE name = 'generation'")
        else:
            run(f"PRAGMA application_id = {APPLICATION_ID}")
            run(f"PRAGMA user_version = {FORM}")
            for statement in SCHEMA:
                run(statement)
            run("INSERT INTO meta VALUES ('generation', 0)")

    def _find(self) -> None:
        """Gives a file of an older form the present one before it is written into.

        Raises:
            KeepError: it is no longer in its place: what is written into it then is gone with the process.
        """
        if not os.access(self._name, os.F_OK):
            raise KeepError(f"{self.path} is gone: somebody has removed or moved it; put it back, or start the server again")
        if self._form == FORM:
            return
        with self._translated(), self._transaction():
            for statement in ADDED:
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {FORM}")
        self._form = FORM

    def _check_numbers(self) -> None:
        """Raises `Damaged` unless there are numbers left for what is to come."""
        first, last = self._connection.execute("SELECT ifnull(min(sequence), 1), ifnull(max(sequence), 1) FROM log").fetchone()
        if not 0 < first <= last < NUMBER_MAX:
            raise Damaged(f"{self.path} is damaged: its log has rows {first} to {last}")

    def _reached(self) -> tuple[int, int]:
        (sequence,) = self._connection.execute("SELECT ifnull(max(sequence), 0) FROM log").fetchone()
        return self._generation(), int(sequence)

    def _note(self, reached: tuple[int, int]) -> None:
        """Notes what the file has come to; where that fails, the note before says less and nothing wrong."""
        self._at = reached
        with suppress(OSError):
            if self._noted is None:
                self._noted = os.open(self._rows_path, os.O_RDWR | os.O_CREAT | _NO_LINK, 0o600)
            os.pwrite(self._noted, _REACHED.pack(*reached), 0)

    def _noted_before(self) -> tuple[int, int]:
        try:
            generation, sequence = _REACHED.unpack(read_plain_file(self._rows_path, _REACHED.size))
        except (OSError, struct.error):
            # Of a file that was copied without it nothing is known.
            return 0, 0
        return generation, sequence

    @property
    def _rows_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}-rows")

    def _generation(self) -> int:
        found = self._connection.execute("SELECT value FROM meta WHERE name = 'generation'").fetchone()
        if found is None or not isinstance(found[0], int) or not 0 <= found[0] < NUMBER_MAX:
            raise Damaged(f"{self.path} is damaged: it does not say which base is the present one")
        return found[0]

    def _insert(self, generation: int, place: int, parts: Parts) -> None:
        rows = ((generation, place + number, part, data, _checksum(part, data)) for number, (part, data) in enumerate(parts))
        self._connection.executemany("INSERT INTO base VALUES (?, ?, ?, ?, ?)", rows)

    def _log(self, row: bytes) -> int:
        """Writes a row, and returns its number."""
        return self._connection.execute("INSERT INTO log (data, checksum) VALUES (?, ?)", (row, _checksum("", row))).lastrowid or 0

    def _keep(self, blobs: Blobs) -> None:
        self._connection.executemany("INSERT OR IGNORE INTO blobs VALUES (?, ?)", blobs)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # A full disk may have ended the transaction already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._told(error) from None

    def _told(self, error: sqlite3.Error) -> KeepError:
        whole = getattr(error, "sqlite_errorcode", 0)
        code = whole & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return Taken(f"{self.path} belongs to another process: stop that server, or give this one another folder")
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or isinstance(error, sqlite3.IntegrityError):
            return Damaged(f"{self.path} is damaged: {error}")
        if "no such table" in str(error) or "no such column" in str(error):
            return Damaged(f"{self.path} is damaged: {error}")
        if whole in _NOT_WRITTEN:
            return FullDisk(f"{self.path}: {error}")
        return KeepError(f"{self.path}: {error}")

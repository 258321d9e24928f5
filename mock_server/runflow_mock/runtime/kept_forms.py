"""Forms of kept files: which tables a file of ours has, and what may lie beside it. A file may come from anybody.

SQLite obeys what stands in a file: a view or trigger in the place of a table computes for as long as it likes, and a journal beside a
database names files that are then removed, or written into where it is a link. So neither is opened that is not as this kit leaves it.
"""

import sqlite3
from collections.abc import Iterable
from functools import cache
from pathlib import Path

FORM = 2
"""The form of the file, which goes up with that of the rows in it as well. The first had no checksums."""
# Tells our files from other databases, in a field of the file's head that is meant for it: "rfmk".
APPLICATION_ID = 0x72666D6B

SCHEMA = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    """CREATE TABLE base (
    generation INTEGER, place INTEGER, part TEXT NOT NULL, data BLOB NOT NULL, checksum INTEGER, PRIMARY KEY (generation, place)
)""",
    "CREATE TABLE log (sequence INTEGER PRIMARY KEY, data BLOB NOT NULL, checksum INTEGER)",
    "CREATE TABLE blobs (sha256 TEXT PRIMARY KEY, data BLOB NOT NULL)",
)
ADDED = ("ALTER TABLE base ADD COLUMN checksum INTEGER", "ALTER TABLE log ADD COLUMN checksum INTEGER")
"""What makes the tables of the first form those of the second."""
_FIRST = (
    SCHEMA[0],
    "CREATE TABLE base (generation INTEGER, place INTEGER, part TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (generation, place))",
    "CREATE TABLE log (sequence INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    SCHEMA[3],
)
_OBJECTS = "SELECT type, name, tbl_name, sql FROM sqlite_master"
_OBJECTS_MAX = 20
# How a journal ends that belongs to a transaction over several databases, of which ours has none.
_OF_SEVERAL = bytes.fromhex("d9d505f920a163d7")

Object = tuple[str, str, str, str | None]


def odd_object(connection: sqlite3.Connection) -> str | None:
    """Returns the name of a table, view, index or trigger that no version of this kit makes, or of one that is not there, if any."""
    found = frozenset(connection.execute(f"{_OBJECTS} LIMIT {_OBJECTS_MAX}").fetchall())
    if found in _known():
        return None
    nearest = min(_known(), key=lambda known: len(known ^ found))
    return str(min(found - nearest or nearest - found, key=repr)[1])


def objection_to_neighbours(path: Path) -> str | None:
    """Returns what is wrong with the files that SQLite and we read and write beside a database, if anything is."""
    for ending in ("-journal", "-wal", "-shm", "-rows"):
        beside = path.with_name(path.name + ending)
        # Where something else stands in the place of our own, nothing is read; SQLite would open it.
        if beside.is_symlink() or (ending != "-rows" and beside.exists() and not beside.is_file()):
            return f"{beside.name} beside it is no file of its own: take it away"
    journal = path.with_name(f"{path.name}-journal")
    if journal.is_file() and _ends_with(journal, _OF_SEVERAL):
        return f"{journal.name} beside it belongs to other databases too: take it away"
    return None


def _ends_with(file: Path, mark: bytes) -> bool:
    with file.open("rb") as reading:
        size = reading.seek(0, 2)
        reading.seek(max(0, size - len(mark)))
        return reading.read() == mark


@cache
def _known() -> tuple[frozenset[Object], ...]:
    """Returns what stands in the schema of a file of each form, and of one that came from the form before."""
    return tuple(map(_objects_of, (SCHEMA, _FIRST, (*_FIRST, *ADDED))))


def _objects_of(statements: Iterable[str]) -> frozenset[Object]:
    connection = sqlite3.connect(":memory:")
    try:
        for statement in statements:
            connection.execute(statement)
        return frozenset(connection.execute(_OBJECTS).fetchall())
    finally:
        connection.close()

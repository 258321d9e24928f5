"""Kept files that somebody else has made: what SQLite would obey in them, or beside them, is not obeyed."""

import os
import sqlite3
import stat
import struct
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from commands import call
from kept import KEY, MODEL, kept_fake
from msgspec.structs import replace

from runflow_mock.domain.ledger import Ledger
from runflow_mock.domain.money import Money
from runflow_mock.domain.snapshots import Timer
from runflow_mock.runtime.config import ConfigError
from runflow_mock.runtime.keepers import KeepError
from runflow_mock.runtime.kept_files import KeptFile
from runflow_mock.wire.kept import Head, Row, encode

pytestmark = pytest.mark.anyio

INPUT = {"input": {"image_url": "https://cdn.example.com/a.png"}}
SECTOR_BYTES = 512
MARK = bytes.fromhex("d9d505f920a163d7")
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT"


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A folder in which a server has left one tenant."""
    async with kept_fake(tmp_path / "a") as fake:
        await fake.create_run()
    return tmp_path / "a"


def changed(folder: Path, *statements: str) -> None:
    file = sqlite3.connect(folder / "kept.sqlite", isolation_level=None)
    for statement in statements:
        file.execute(statement)
    file.close()
    (folder / "kept.sqlite-rows").unlink(missing_ok=True)


def journal_of_several(database: Path, named: Path) -> bytes:
    """A journal as SQLite leaves it when it dies amid a transaction over several databases, which another file lists.

    SQLite reads the pages in it back, and removes the file that is named, once none of the journals in that is there.
    """
    pages = database.stat().st_size // 8192
    head = (MARK + struct.pack(">IIIII", 0, 1, pages, SECTOR_BYTES, 8192)).ljust(SECTOR_BYTES, b"\0")
    name = str(named).encode()
    return head + struct.pack(">I", 0x4000_0000 // 8192 + 1) + name + struct.pack(">II", len(name), sum(name)) + MARK


async def test_journal_that_names_a_file_removes_none(folder: Path, tmp_path: Path) -> None:
    changed(folder, "PRAGMA journal_mode = DELETE")
    precious = tmp_path / "precious"
    precious.write_text("mine")
    journal = folder / "kept.sqlite-journal"
    journal.write_bytes(journal_of_several(folder / "kept.sqlite", precious))
    async with kept_fake(folder) as fake:
        refused = await fake.call("GET", "/v1/runs")
        assert (refused.status_code, "belongs to other databases too: take it away" in refused.text) == (503, True), refused.text
    assert precious.read_text() == "mine"
    journal.unlink()
    async with kept_fake(folder) as fake:
        assert len((await fake.call("GET", "/v1/runs")).json()["items"]) == 1


async def test_journal_of_our_own_is_read(folder: Path, tmp_path: Path) -> None:
    """A process that ended amid its first transaction leaves one."""
    (folder / "kept.sqlite-journal").write_bytes(b"")
    async with kept_fake(folder) as fake:
        assert len((await fake.call("GET", "/v1/runs")).json()["items"]) == 1


async def test_pipe_in_the_place_of_what_was_noted_is_not_waited_for(folder: Path) -> None:
    noted = folder / "kept.sqlite-rows"
    noted.unlink(missing_ok=True)
    os.mkfifo(noted)
    async with kept_fake(folder) as fake:
        assert len((await fake.call("GET", "/v1/runs")).json()["items"]) == 1


@pytest.fixture(params=["pipe", "socket"])
def no_file(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    """What puts something that can be opened and is no file into a place."""

    def put(place: Path) -> None:
        place.unlink(missing_ok=True)
        os.mknod(place, stat.S_IFIFO if request.param == "pipe" else stat.S_IFSOCK)

    return put


async def test_pipe_or_socket_in_the_place_of_a_file_is_told(folder: Path, no_file: Callable[[Path], None]) -> None:
    no_file(folder / "kept.sqlite")
    async with kept_fake(folder) as fake:
        refused = await fake.call("GET", "/v1/runs")
        assert (refused.status_code, "kept.sqlite is a pipe, a socket or a device: take it away" in refused.text) == (503, True), (
            refused.text
        )


async def test_pipe_or_socket_in_the_place_of_the_lock_of_a_folder_is_told(folder: Path, no_file: Callable[[Path], None]) -> None:
    no_file(folder / ".owner")
    with pytest.raises(ConfigError, match=r"cannot be used: .*\.owner is a pipe, a socket or a device: take it away"):
        async with kept_fake(folder):
            pytest.fail("it started")


async def test_link_in_the_place_of_what_was_noted_is_not_read(folder: Path, tmp_path: Path) -> None:
    noted = folder / "kept.sqlite-rows"
    noted.unlink(missing_ok=True)
    (tmp_path / "precious").write_bytes(b"sixteen letters!")
    noted.symlink_to(tmp_path / "precious")
    with pytest.raises(KeepError, match=r"kept\.sqlite-rows beside it is no file of its own: take it away"):
        KeptFile(folder / "kept.sqlite")
    assert (tmp_path / "precious").read_bytes() == b"sixteen letters!"


@pytest.mark.parametrize("ending", ["-journal", "-wal", "-shm"])
async def test_link_or_folder_beside_a_file_is_not_followed(folder: Path, tmp_path: Path, ending: str) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine" * 4096)
    beside = folder / f"kept.sqlite{ending}"
    beside.symlink_to(precious)
    with pytest.raises(KeepError, match=f"kept.sqlite{ending} beside it is no file of its own: take it away"):
        KeptFile(folder / "kept.sqlite")
    assert precious.read_bytes() == b"mine" * 4096
    beside.unlink()
    beside.mkdir()
    with pytest.raises(KeepError, match="is no file of its own"):
        KeptFile(folder / "kept.sqlite")


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        (("ALTER TABLE blobs RENAME TO others", f"CREATE VIEW blobs AS {ENDLESS} 'a' AS sha256, x AS data, x AS rowid FROM n"), "others"),
        (("DROP TABLE meta", f"CREATE VIEW meta AS {ENDLESS} 'generation' AS name, x AS value FROM n WHERE x < 0"), "meta"),
        (("CREATE TRIGGER t AFTER UPDATE ON meta BEGIN INSERT INTO blobs VALUES (hex(randomblob(8)), zeroblob(9)); END",), "'t'"),
        (("CREATE TABLE more (a)",), "'more'"),
        (("CREATE INDEX i ON log (length(data))",), "'i'"),
        (("CREATE VIRTUAL TABLE v USING fts5(a)",), "'v"),
        (
            ("DROP TABLE log", "CREATE TABLE log (sequence INTEGER PRIMARY KEY, data AS (zeroblob(9)) VIRTUAL, checksum INTEGER)"),
            "'log'",
        ),
        (("DROP TABLE log", "CREATE TABLE log (sequence INTEGER PRIMARY KEY, data BLOB CHECK (randomblob(9) > 1), checksum)"), "'log'"),
        (("DROP TABLE blobs",), "blobs"),
    ],
    ids=["endless view", "view that finds nothing", "trigger", "table", "index", "virtual table", "generated column", "check", "gone"],
)
async def test_schema_that_is_not_ours_is_not_read(folder: Path, statements: tuple[str, ...], named: str) -> None:
    changed(folder, *statements)
    async with kept_fake(folder) as fake:
        refused = (await fake.call("GET", "/v1/runs")).json()["message"]
        assert ("in it is not as runflow-mock makes it; it was set aside" in refused, named in refused) == (True, True), refused


LARGEST = 2**63 - 1


@pytest.mark.parametrize(
    "statements",
    [
        ("UPDATE base SET generation = -1", "UPDATE meta SET value = -1"),
        (f"UPDATE base SET generation = {LARGEST}", f"UPDATE meta SET value = {LARGEST}"),
        (f"UPDATE log SET sequence = sequence + {LARGEST - 100}",),
        ("UPDATE log SET sequence = sequence - 100",),
    ],
)
async def test_numbers_after_which_none_can_come_are_damage(folder: Path, statements: tuple[str, ...]) -> None:
    changed(folder, *statements)
    async with kept_fake(folder) as fake:
        refused = await fake.call("POST", f"{MODEL}/runs", INPUT)
        assert (refused.status_code, "is damaged" in refused.text, "set aside" in refused.text) == (503, True, True), refused.text
        assert (await fake.call("DELETE", "/_mock/tenants/kept")).status_code == 204
        assert (await fake.call("POST", f"{MODEL}/runs", INPUT, key=KEY)).status_code == 201


def changed_rows(folder: Path, **standing: object) -> None:
    """Has the rows say that everything stood elsewhere, with checksums that fit."""
    file = sqlite3.connect(folder / "kept.sqlite", isolation_level=None)
    for sequence, data in file.execute("SELECT sequence, data FROM log").fetchall():
        row = msgspec.msgpack.decode(data, type=Row)
        written = encode(replace(row, standing=replace(row.standing, **standing)))
        file.execute("UPDATE log SET data = ?, checksum = ? WHERE sequence = ?", (written, zlib.crc32(written), sequence))
    file.close()


NAIVE, LAST, FIRST = datetime(2026, 1, 1), datetime(9999, 12, 31, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)  # noqa: DTZ001 - that is the matter


@pytest.mark.parametrize(
    "standing",
    [
        {"rate": float("inf")},
        {"rate": float("nan")},
        {"rate": -1.0},
        {"rate": 1e300},
        {"wall": float("-inf")},
        {"now": NAIVE},
        {"present": NAIVE},
        {"now": LAST, "present": LAST},
        {"present": FIRST},
        {"changes": -5},
        {"reads": 2**62},
        {"journaled": -1},
    ],
    ids=str,
)
async def test_tenant_that_stood_where_none_can_is_set_aside_and_the_server_starts(folder: Path, standing: dict[str, object]) -> None:
    changed_rows(folder, **standing)
    async with kept_fake(folder) as fake:
        refused = (await fake.call("POST", f"{MODEL}/runs", INPUT)).json()["message"]
        assert ("stand where none can" in refused, "set aside" in refused) == (True, True), refused
        assert (await fake.call("POST", f"{MODEL}/runs", INPUT, key="rf_live_mock_other")).status_code == 201


async def test_record_in_which_nothing_fits_is_damage_and_the_server_starts(folder: Path) -> None:
    """It can be read: a time without a zone, which no other can be compared with."""
    file = sqlite3.connect(folder / "kept.sqlite", isolation_level=None)
    ((place, data),) = file.execute("SELECT place, data FROM base WHERE part = 'head'").fetchall()
    head = msgspec.msgpack.decode(data, type=Head)
    written = encode(replace(head, world=replace(head.world, now=NAIVE)))
    file.execute("UPDATE base SET data = ?, checksum = ? WHERE place = ?", (written, zlib.crc32(written, zlib.crc32(b"head")), place))
    file.close()
    async with kept_fake(folder) as fake:
        refused = await fake.call("GET", "/v1/runs")
        assert (refused.status_code, "is damaged" in refused.text) == (503, True), refused.text
    assert call("kept", "list", "--keep", str(folder)).code == 0


def changed_world(folder: Path, **fields: object) -> None:
    """Has the beginning say something else, with a checksum that fits."""
    file = sqlite3.connect(folder / "kept.sqlite", isolation_level=None)
    ((place, data),) = file.execute("SELECT place, data FROM base WHERE part = 'head'").fetchall()
    head = msgspec.msgpack.decode(data, type=Head)
    written = encode(replace(head, world=replace(head.world, **fields)))
    file.execute("UPDATE base SET data = ?, checksum = ? WHERE place = ?", (written, zlib.crc32(written, zlib.crc32(b"head")), place))
    file.close()


async def test_tenant_whose_money_comes_from_nowhere_is_left_alone_and_the_server_starts(folder: Path) -> None:
    changed_world(folder, accounts=Ledger(balance=Money(1), held=Money(5), charged=Money(-3), threshold=None, updated_at=None, entries=[]))
    async with kept_fake(folder) as fake:
        refused = (await fake.call("POST", f"{MODEL}/runs", INPUT)).json()["message"]
        assert ("the tenant contradicts itself: " in refused, "cannot be used" in refused) == (True, True), refused
        assert (await fake.call("POST", f"{MODEL}/runs", INPUT, key="rf_live_mock_other")).status_code == 201
    assert (folder / "kept.sqlite").exists()
    told = call("kept", "show", "kept", "--keep", str(folder))
    assert (told.code, "kept.sqlite cannot be read: the tenant contradicts itself: " in told.err) == (2, True), told


async def test_file_that_contradicts_itself_is_not_imported(folder: Path, tmp_path: Path) -> None:
    """Its figures add up: a timer is set for nobody."""
    changed_world(folder, timers=(Timer(datetime(2026, 1, 1, tzinfo=UTC), "nobody"),))
    (tmp_path / "other").mkdir()
    told = call("kept", "import", str(folder / "kept.sqlite"), "--keep", str(tmp_path / "other"))
    assert (told.code, "kept.sqlite cannot be read: a timer is set for nobody" in told.err) == (2, True), told
    assert list((tmp_path / "other").iterdir()) == []

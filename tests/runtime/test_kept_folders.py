"""The folder of kept tenants and the files in it, whatever others have done to them: told in a line, and never written over."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from kept import INPUT, MODEL, disk, kept_fake, settled

from runflow_mock.runtime.config import ConfigError
from runflow_mock.runtime.files import NotWritten
from runflow_mock.runtime.kept_files import KeptFile
from runflow_mock.runtime.kept_forms import FORM
from runflow_mock.runtime.kept_tenants import LogSize

pytestmark = pytest.mark.anyio

OLD_FILES = Path(__file__).parent / "kept_files"


async def test_second_server_on_the_folder_is_refused(tmp_path: Path) -> None:
    async with kept_fake(tmp_path / "a"):
        with pytest.raises(ConfigError, match="belongs to another server: stop that one, or name another folder"):
            async with kept_fake(tmp_path / "a"):
                raise AssertionError


async def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"keep: .*file/a cannot be used"):
        async with kept_fake(tmp_path / "file" / "a"):
            raise AssertionError


@pytest.mark.parametrize("damage", [b"not a database at all" * 300, b""])
async def test_damaged_file_is_set_aside_and_told_and_others_go_on(tmp_path: Path, damage: bytes) -> None:
    async with kept_fake(tmp_path / "a") as fake:
        await fake.create_run()
        await fake.call("GET", "/v1/runs", key="rf_live_mock_other")
    file = tmp_path / "a" / "kept.sqlite"
    file.write_bytes(damage or file.read_bytes()[:4096] + b"\xff" * 8192)
    spoiled = file.read_bytes()
    async with kept_fake(tmp_path / "a") as again:
        refused = await again.call("GET", "/v1/runs")
        assert (refused.status_code, refused.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
        assert "kept.sqlite.damaged-1" in refused.json()["message"]
        assert (await again.call("GET", "/v1/runs", key="rf_live_mock_other")).status_code == 200
        assert any("kept" in line for line in again.told)
        assert (await again.call("DELETE", "/_mock/tenants/kept")).status_code == 204
        assert (await again.call("GET", "/v1/runs")).status_code == 200
    assert (tmp_path / "a" / "kept.sqlite.damaged-1").read_bytes() == spoiled


@pytest.mark.parametrize("left", [0.0, 0.3, 0.9], ids=["nothing", "a third", "nearly all"])
async def test_log_that_has_lost_its_end_is_told_and_left_alone_and_others_go_on(tmp_path: Path, left: float) -> None:
    async with kept_fake(tmp_path / "a") as fake:
        told = [(await fake.create_run(client_ref=str(number)))["id"] for number in range(10)]
        await fake.call("GET", "/v1/runs", key="rf_live_mock_other")
        killed = fake.killed(tmp_path / "b")
    log = killed / "kept.sqlite-wal"
    with log.open("r+b") as file:
        file.truncate(int(log.stat().st_size * left))
    for _ in range(2):
        async with kept_fake(killed) as again:
            for method, path in (("GET", "/v1/runs"), ("POST", f"{MODEL}/runs"), ("DELETE", "/_mock/tenants/kept")):
                refused = await again.call(method, path, {"input": INPUT} if method == "POST" else None)
                assert (refused.status_code, "kept.sqlite has lost its end: row 1" in refused.text) == (503, True), refused.text
            assert (await again.call("GET", "/v1/runs", key="rf_live_mock_other")).status_code == 200
            assert any("has lost its end" in line for line in again.told)
    (killed / "kept.sqlite-rows").unlink()
    async with kept_fake(killed) as again:
        runs = [run["id"] for run in (await again.call("GET", "/v1/runs")).json()["items"]]
        assert (runs[::-1], len(runs) < 10) == (told[: len(runs)], True)


async def test_file_that_has_lost_its_beginning_is_set_aside(tmp_path: Path) -> None:
    async with kept_fake(tmp_path / "a") as fake:
        await fake.create_run()
    with sqlite3.connect(tmp_path / "a" / "kept.sqlite") as file:
        file.execute("DELETE FROM base")
    file.close()
    async with kept_fake(tmp_path / "a") as again:
        refused = await again.call("GET", "/v1/runs")
        assert (refused.status_code, "has lost its beginning; it was set aside" in refused.json()["message"]) == (503, True)


LAST = "(SELECT max(sequence) FROM log)"


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (
            f"UPDATE log SET data = (SELECT data FROM log WHERE sequence = {LAST} - 1) WHERE sequence = {LAST}",
            "of its log is not as it was",
        ),
        (f"DELETE FROM log WHERE sequence = {LAST} - 1", "of its log is gone"),
        ("UPDATE base SET part = 'batches' WHERE place = 1", "part 1 of its base is not as it was"),
        ("DELETE FROM base WHERE place = 1", "part 1 of its base is gone"),
        ("UPDATE blobs SET data = x'89504e46'", "is not as it was"),
        ("DELETE FROM meta", "does not say which base is the present one"),
        ("UPDATE meta SET value = 'first'", "does not say which base is the present one"),
        (f"UPDATE log SET data = 'text' WHERE sequence = {LAST}", "of its log is not as it was"),
        ("UPDATE base SET part = x'00' WHERE place = 1", "part 1 of its base is not as it was"),
        ("UPDATE blobs SET data = 'text'", "is not as it was"),
        ("UPDATE blobs SET sha256 = x'00'", "is not as it was"),
    ],
)
async def test_whatever_is_not_as_it_was_written_is_found(tmp_path: Path, damage: str, told: str) -> None:
    """Also where what stands there now could have been written, so that a reader would take it."""
    async with kept_fake(tmp_path / "a", size=LogSize(rows_max=8)) as fake:
        upload = (await fake.call("POST", "/v1/asset-uploads", {"filename": "a.png", "mime_type": "image/png", "size_bytes": 4})).json()
        assert (await fake.client.put(upload["upload_url"], content=b"\x89PNG")).status_code == 200
        for number in range(20):
            await fake.create_run(client_ref=str(number))
        await settled(fake)
        for number in range(20, 23):
            await fake.create_run(client_ref=str(number))
        killed = fake.killed(tmp_path / "b")
    with sqlite3.connect(killed / "kept.sqlite") as file:
        assert file.execute(damage).rowcount == 1
    file.close()
    async with kept_fake(killed) as again:
        refused = await again.call("GET", "/v1/runs")
        message = refused.json()["message"]
        assert (refused.status_code, told in message, "it was set aside" in message) == (503, True, True), message


async def test_file_without_checksums_has_them_from_its_next_row_on(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    shutil.copy(OLD_FILES / "form-1.sqlite", tmp_path / "a" / "kept.sqlite")
    async with kept_fake(tmp_path / "a") as fake:
        await fake.create_run(client_ref="new")
        killed = fake.killed(tmp_path / "b")
    with sqlite3.connect(killed / "kept.sqlite") as file:
        assert file.execute("PRAGMA user_version").fetchone() == (FORM,)
        assert file.execute("SELECT checksum IS NULL FROM log ORDER BY sequence").fetchall()[-1] == (0,)
        file.execute(f"UPDATE log SET data = x'00' WHERE sequence = {LAST}")
    file.close()
    async with kept_fake(killed) as again:
        assert "of its log is not as it was" in (await again.call("GET", "/v1/runs")).json()["message"]


async def test_file_whose_making_was_cut_short_is_no_tenant(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "kept.sqlite").touch()
    async with kept_fake(tmp_path / "a") as fake:
        assert (fake.told, [path.name for path in fake.folder.glob("kept*")]) == ([], [])
        await fake.create_run()
    async with kept_fake(tmp_path / "a") as again:
        assert len((await again.call("GET", "/v1/runs")).json()["items"]) == 1


async def test_file_that_was_put_there_while_the_server_runs_is_not_written_over(tmp_path: Path) -> None:
    async with kept_fake(tmp_path / "a") as fake:
        run = await fake.create_run()
    async with kept_fake(tmp_path / "b") as other:
        shutil.copy(tmp_path / "a" / "kept.sqlite", tmp_path / "b" / "kept.sqlite")
        refused = await other.call("GET", "/v1/runs")
        assert (refused.status_code, "came into the folder while this server runs: start it again" in refused.text) == (507, True), (
            refused.text
        )
    async with kept_fake(tmp_path / "b") as again:
        assert (await again.call("GET", f"/v1/runs/{run['id']}")).status_code == 200


async def test_tenant_whose_file_was_taken_away_is_told_instead_of_written_into_nothing(tmp_path: Path) -> None:
    async with kept_fake(tmp_path / "a") as fake:
        run = await fake.create_run()
        (tmp_path / "a").rename(tmp_path / "b")
        for _ in range(2):
            refused = await fake.call("POST", f"{MODEL}/runs", {"input": INPUT})
            assert (refused.status_code, "kept.sqlite is gone" in refused.text) == (507, True), refused.text
        (tmp_path / "b").rename(tmp_path / "a")
        further = await fake.create_run()
        runs = (await fake.call("GET", "/v1/runs")).json()["items"]
        assert [each["id"] for each in runs] == [further["id"], run["id"]]
        killed = fake.killed(tmp_path / "c")
    async with kept_fake(killed) as again:
        assert [each["id"] for each in (await again.call("GET", "/v1/runs")).json()["items"]] == [further["id"], run["id"]]


async def test_link_in_the_folder_leads_nowhere(tmp_path: Path) -> None:
    """What it leads to is neither read nor written, and nothing is made there."""
    precious = tmp_path / "precious"
    async with kept_fake(tmp_path / "a") as fake:
        await fake.create_run()
    (tmp_path / "a" / "kept.sqlite").rename(precious)
    before = precious.read_bytes()
    (tmp_path / "a" / "kept.sqlite").symlink_to(precious)
    (tmp_path / "a" / "other.sqlite").symlink_to(tmp_path / "nothing")
    async with kept_fake(tmp_path / "a") as again:
        for name in ("kept", "other"):
            refused = await again.call("GET", "/v1/runs", key=f"rf_live_mock_{name}")
            assert (refused.status_code, f"{name}.sqlite is a symbolic link" in refused.text) == (503, True), refused.text
    assert (precious.read_bytes(), (tmp_path / "nothing").exists()) == (before, False)


async def test_copy_that_cannot_be_finished_leaves_nothing(tmp_path: Path) -> None:
    async with kept_fake(tmp_path / "a") as fake:
        await fake.create_run()
    full, connect = disk()
    file = KeptFile(tmp_path / "a" / "kept.sqlite", connect=connect)
    full.fails_at = full.writes + 1
    with pytest.raises(NotWritten, match="copy cannot be written: database or disk is full"):
        file.copy_to(tmp_path / "copy")
    full.fails_at = None
    assert names(tmp_path) == ["a"]
    file.copy_to(tmp_path / "copy")
    assert names(tmp_path) == ["a", "copy"]
    file.close()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("form", range(1, FORM + 1))
async def test_file_of_each_form_that_there_ever_was_is_read(tmp_path: Path, form: int) -> None:
    """Each was written by a version of its time, with a run, a batch, an upload, a run that is under way, and no file of rows."""
    (tmp_path / "a").mkdir()
    shutil.copy(OLD_FILES / f"form-{form}.sqlite", tmp_path / "a" / "kept.sqlite")
    async with kept_fake(tmp_path / "a") as fake:
        runs = (await fake.call("GET", "/v1/runs")).json()["items"]
        assert [run["status_code"] for run in runs] == ["queued", "succeeded", "succeeded", "succeeded"]
        assert (runs[0]["client_ref"], runs[3]["metadata"]) == ("queued", {"sku": "42"})
        confirmed = await fake.call("POST", "/v1/asset-uploads/019b76db-9260-7000-8007-3bc36b99e10b/confirmations", {})
        assert (await fake.client.get(confirmed.json()["url"])).content == b"\x89PNG"
        moved = await fake.call("POST", "/_mock/clock/advance", {"by": "60s"})
        assert moved.json()["now"] == "2026-01-01T00:02:00.000Z"
        assert (await fake.call("GET", f"/v1/runs/{runs[0]['id']}")).json()["status_code"] == "succeeded"
        assert [each["held"] for each in (await fake.call("GET", "/_mock/ledger")).json()["invariants"] if not each["held"]] == []
        killed = fake.killed(tmp_path / "b")
    async with kept_fake(killed) as again:
        assert len((await again.call("GET", "/v1/runs")).json()["items"]) == 4


async def test_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    async with kept_fake(tmp_path / "a") as fake:
        await fake.create_run()
    with sqlite3.connect(tmp_path / "a" / "kept.sqlite") as file:
        file.execute("PRAGMA user_version = 99")
    file.close()
    before = (tmp_path / "a" / "kept.sqlite").read_bytes()
    async with kept_fake(tmp_path / "a") as again:
        refused = await again.call("POST", f"{MODEL}/runs", {"input": INPUT})
        assert (refused.status_code, "use the newer runflow-mock" in refused.json()["message"]) == (503, True)
        assert (await again.call("POST", "/_mock/tenants", {"name": "kept"})).status_code == 503
        assert (await again.call("DELETE", "/_mock/tenants/kept")).status_code == 503
    assert (tmp_path / "a" / "kept.sqlite").read_bytes() == before

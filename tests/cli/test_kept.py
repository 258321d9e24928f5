"""Kept tenants on the command line: what a server has left in its folder."""

import json
import os
import sqlite3
import stat
from pathlib import Path

import pytest
from commands import call
from kept import INPUT, MODEL, kept_fake

pytestmark = pytest.mark.anyio


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A folder in which a server has left one tenant with two runs."""
    async with kept_fake(tmp_path / "kept") as fake:
        await fake.create_run()
        await fake.create_run()
    return tmp_path / "kept"


def kept(folder: Path, *arguments: str) -> tuple[int, str, str]:
    return call("kept", *arguments, "--keep", str(folder))


async def test_tenants_are_listed_and_shown_as_they_stand(folder: Path) -> None:
    code, out, _ = kept(folder, "list")
    assert (code, out.startswith("kept  2026-01-01T00:00:00.000Z  2 runs, 0 batches, balance 1000.000000")) == (0, True), out
    (listed,) = json.loads(kept(folder, "list", "--json")[1])
    assert listed == json.loads(kept(folder, "show", "kept", "--json")[1])
    assert (listed["tenant"], listed["runs"], listed["exchanges"]) == ("kept", 2, 2)


async def test_tenants_are_listed_beside_a_file_that_cannot_be_read(folder: Path) -> None:
    (folder / "empty.sqlite").touch()
    (folder / "spoilt.sqlite").write_bytes(b"x" * 5000)
    code, out, err = kept(folder, "list")
    assert (code, out.count("\n"), out.startswith("kept  ")) == (2, 1, True)
    assert ("empty.sqlite cannot be read: whoever began it ended" in err, "spoilt.sqlite is damaged" in err) == (True, True)


async def test_tenant_goes_to_a_colleague_as_one_file(folder: Path, tmp_path: Path) -> None:
    file, other = tmp_path / "kept.tenant", tmp_path / "other"
    other.mkdir()
    assert kept(folder, "export", "kept", str(file))[0] == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert kept(other, "import", str(file))[0] == 0
    async with kept_fake(other) as fake:
        assert len((await fake.call("GET", "/v1/runs")).json()["items"]) == 2
        assert (await fake.call("POST", f"{MODEL}/runs", {"input": INPUT})).status_code == 201
    code, _, err = kept(other, "import", str(file))
    assert (code, "`runflow-mock kept remove kept` makes room" in err) == (2, True)


async def test_export_overwrites_nothing(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "precious"
    file.write_text("mine")
    assert kept(folder, "export", "kept", str(file))[0] == 2
    assert file.read_text() == "mine"


async def test_removed_tenant_is_gone(folder: Path) -> None:
    assert kept(folder, "remove", "kept")[0] == 0
    assert kept(folder, "list")[1] == f"no tenant is kept in {folder}\n"
    assert kept(folder, "remove", "kept")[0] == 2


@pytest.mark.parametrize("verb", ["show", "remove"])
async def test_what_a_server_owns_is_left_alone(tmp_path: Path, verb: str) -> None:
    async with kept_fake(tmp_path / "kept") as fake:
        await fake.create_run()
        code, _, err = kept(tmp_path / "kept", verb, "kept")
        assert (code, "belongs to another process: stop that server" in err) == (2, True)
        assert len((await fake.call("GET", "/v1/runs")).json()["items"]) == 1


async def test_nothing_is_imported_into_the_folder_of_a_server_that_runs(folder: Path, tmp_path: Path) -> None:
    """It would never be read, and a tenant of its name would be written over it."""
    assert kept(folder, "export", "kept", str(tmp_path / "kept.tenant"))[0] == 0
    async with kept_fake(tmp_path / "other"):
        code, _, err = kept(tmp_path / "other", "import", str(tmp_path / "kept.tenant"))
        assert (code, "belongs to a server that runs: stop it first" in err) == (2, True), err
        assert not (tmp_path / "other" / "kept.sqlite").exists()
    assert kept(tmp_path / "other", "import", str(tmp_path / "kept.tenant"))[0] == 0


@pytest.mark.parametrize("verb", ["list", "show kept"])
async def test_file_whose_rows_do_not_follow_is_told_in_one_line(tmp_path: Path, verb: str) -> None:
    async with kept_fake(tmp_path / "kept") as fake:
        await fake.create_run()
        await fake.call("POST", "/_mock/clock/advance", {"by": "60s"})
    with sqlite3.connect(tmp_path / "kept" / "kept.sqlite") as file:
        file.execute("DELETE FROM log WHERE sequence = 2")
        # By its numbers and checksums it is whole.
        file.execute("UPDATE log SET sequence = sequence - 1 WHERE sequence > 2")
    file.close()
    (tmp_path / "kept" / "kept.sqlite-rows").unlink()
    code, _, err = kept(tmp_path / "kept", *verb.split())
    assert (code, err.count("\n"), "kept.sqlite cannot be read: its rows do not follow from each other" in err) == (2, 1, True), err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "none"), "there is no file"),
        (("show", "../x"), "is no name of a tenant"),
        (("import", "SPOILT"), "is damaged: file is not a database"),
    ],
)
async def test_what_cannot_be_used_is_told_in_one_line(folder: Path, tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    (tmp_path / "spoilt").write_bytes(b"x" * 5000)
    code, out, err = kept(folder, *(str(tmp_path / "spoilt") if each == "SPOILT" else each for each in arguments))
    assert (code, out, err.count("\n"), says in err) == (2, "", 1, True), err


@pytest.mark.parametrize("content", [b"", b"{", b"x" * 511, b"\0" * 700], ids=["empty", "a letter", "less than a header", "zeros"])
async def test_file_that_cannot_be_imported_stays_as_it_is(folder: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "notes").write_bytes(content)
    beside = sorted(os.listdir(tmp_path))
    code, _, err = kept(folder, "import", str(tmp_path / "notes"))
    assert (code, err.count("\n")) == (2, 1), err
    assert ((tmp_path / "notes").read_bytes(), sorted(os.listdir(tmp_path))) == (content, beside)


@pytest.mark.parametrize("verb", ["list", "show kept", "export kept x", "remove kept"])
def test_broker_is_no_folder_and_the_way_to_its_tenants_is_told(verb: str) -> None:
    code, out, err = call("kept", *verb.split(), "--keep", "nats://127.0.0.1:4222")
    assert (code, out, "ask one of them, with GET /_mock/tenants, GET and PUT /_mock/snapshot" in " ".join(err.split())) == (2, "", True)


def test_address_that_is_no_brokers_makes_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = call("serve", "--port", "0", "--keep", "redis://127.0.0.1:1")
    assert (code, out, "is neither a folder nor the address of a broker, such as nats://HOST:4222" in err) == (2, "", True)
    assert list(tmp_path.iterdir()) == []


def test_sync_of_a_broker_is_refused_as_its_own_setting() -> None:
    code, out, err = call("serve", "--port", "0", "--keep", "nats://127.0.0.1:1", "--sync", "full")
    assert (code, out, "is the broker's own setting, sync_interval; leave --sync out" in err) == (2, "", True)

"""Tenants that are kept outlive the process: what was answered is there, what could not be written has not happened."""

import asyncio
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
from kept import INPUT, KEY, MODEL, KeptFake, Time, bases, disk, everything, kept_fake, settled
from stories import LONG, play, read_story
from worlds import CALLBACK_URL

from runflow_mock.decoders import msgpack_decoder
from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.openapi.contracts import Contract
from runflow_mock.runtime.bounds import BoundsMax
from runflow_mock.runtime.keepers import KeepError
from runflow_mock.runtime.kept_files import PAGE_BYTES, KeptFile
from runflow_mock.runtime.kept_tenants import Kept, LogSize
from runflow_mock.runtime.sender import OutgoingRequest, RecordingSender
from runflow_mock.wire.kept import Row

pytestmark = pytest.mark.anyio


class Silent(RecordingSender):
    """Sends callbacks to somebody who never answers."""

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        await super().send(request)
        await asyncio.Event().wait()
        raise AssertionError


async def test_killed_server_goes_on_where_it_was(tmp_path: Path) -> None:
    async with kept_fake(tmp_path / "a") as fake:
        await fake.create_run(client_ref="one")
        await fake.call("POST", f"{MODEL}/batches", {"input": [INPUT, INPUT]})
        rule = {"where": {"operation": "create_run"}, "what": {"kind": "latency", "seconds": 0}, "label": "slow"}
        await fake.call("POST", "/_mock/faults", rule)
        await fake.call("POST", "/_mock/clock/advance", {"by": "3s"})
        await fake.call("POST", "/v1/callback-secrets", {"name": "mine"})
        before = await everything(fake)
        killed = fake.killed(tmp_path / "b")
    async with kept_fake(killed) as again:
        assert await everything(again) == before
        assert (await again.call("POST", "/_mock/clock/run-until-idle", {})).status_code == 200
        assert {run["status_code"] for run in (await again.call("GET", "/v1/runs")).json()["items"]} == {"succeeded"}


async def test_bytes_that_clients_have_sent_count_after_a_restart_as_well(tmp_path: Path) -> None:
    async def used(fake: KeptFake) -> int:
        return int((await fake.call("GET", "/_mock/health")).json()["bounds"]["record_bytes_max"]["used"])

    bounds = BoundsMax(record_bytes_max=16_000)
    async with kept_fake(tmp_path / "a", bounds=bounds) as fake:
        await fake.create_run(metadata={"note": "x" * 2_000})
        await fake.call("POST", f"{MODEL}/batches", {"input": [{**INPUT, "note": "x" * 1_500}] * 2, "metadata": {"note": "x" * 1_000}})
        graph = {"1": {"class_type": "RunflowOutputImage", "inputs": {"output_id": "image"}, "note": "x" * 2_000}}
        deployed = await fake.call("POST", "/v1/comfyui-workflows", {"name": "n", "workflow_json": graph})
        evaluation = {"generated_image_url": INPUT["image_url"], "task_type": "headshot", "input_attributes": {"note": "x" * 2_000}}
        submitted = await fake.call("POST", "/v1/evaluations", evaluation)
        assert (deployed.status_code, submitted.status_code // 100) == (201, 2), (deployed.text, submitted.text)
        before, killed = await used(fake), fake.killed(tmp_path / "b")
    async with kept_fake(killed, bounds=bounds) as again:
        assert before - 400 < await used(again) <= before
        assert (await again.call("POST", f"{MODEL}/runs", {"input": {**INPUT, "note": "x" * 3_000}})).status_code == 503
        await again.call("POST", "/_mock/reset")
        assert await used(again) == 0


@pytest.mark.slow(is_covering=True)
async def test_every_kind_of_commit_is_repeated_from_the_file(tmp_path: Path) -> None:
    async with kept_fake(tmp_path / "a") as fake:
        await fake.call("GET", "/v1/runs")
        tenant, _ = fake.runtime.tenants.find(KEY)  # type: ignore[misc]
        play(tenant.world, read_story(LONG))
        await settled(fake)
        history, snapshot = tenant.world.history.encoded(), tenant.world.snapshot()
        killed = fake.killed(tmp_path / "b")
    async with kept_fake(killed) as again:
        revived, _ = again.runtime.tenants.find(KEY)  # type: ignore[misc]
        assert revived.world.history.encoded().startswith(history)
        found = revived.world.snapshot()
        assert (found.accounts, found.runs, found.batches) == (snapshot.accounts, snapshot.runs, snapshot.batches)


@pytest.mark.slow(is_covering=True)
async def test_killed_after_every_request_it_has_the_history_of_one_that_was_not(tmp_path: Path) -> None:
    steps: list[tuple[str, object]] = [
        (f"{MODEL}/runs", {"input": INPUT, "callback_url": CALLBACK_URL}),
        ("/_mock/clock/advance", {"by": "1s"}),
        (f"{MODEL}/batches", {"input": [INPUT, INPUT], "callback_url": CALLBACK_URL}),
        ("/_mock/clock/advance", {"by": "9s"}),
        ("/v1/callback-secrets", {"name": "mine"}),
        ("/_mock/clock/run-until-idle", {}),
    ]
    async with kept_fake(tmp_path / "whole", client_time="virtual") as fake:
        for step in steps:
            assert (await fake.call("POST", *step)).is_success
        whole = await everything(fake)
    folder = tmp_path / "0"
    for number, step in enumerate(steps, 1):
        async with kept_fake(folder, client_time="virtual") as fake:
            assert (await fake.call("POST", *step)).is_success
            killed = await everything(fake)
            folder = fake.killed(tmp_path / str(number))
    assert killed == whole


async def test_request_ids_idempotency_keys_and_the_journal_go_on(tmp_path: Path) -> None:
    async with kept_fake(tmp_path / "a") as fake:
        first = await fake.call("POST", f"{MODEL}/runs", {"input": INPUT}, **{"Idempotency-Key": "once"})
        await settled(fake)
        killed = fake.killed(tmp_path / "b")
    async with kept_fake(killed) as again:
        second = await again.call("POST", f"{MODEL}/runs", {"input": INPUT}, **{"Idempotency-Key": "once"})
        assert second.json()["id"] == first.json()["id"]
        assert second.headers["x-request-id"] != first.headers["x-request-id"]
        journal = (await again.call("GET", "/_mock/journal")).json()
        assert [(entry["number"], entry["operation"]) for entry in journal["items"]] == [(1, "create_run"), (2, "create_run")]


async def test_upload_and_its_bytes_are_there(tmp_path: Path) -> None:
    async with kept_fake(tmp_path / "a") as fake:
        asked = {"filename": "a.png", "mime_type": "image/png", "size_bytes": 4}
        upload = (await fake.call("POST", "/v1/asset-uploads", asked)).json()
        assert (await fake.client.put(upload["upload_url"], content=b"\x89PNG")).status_code == 200
        killed = fake.killed(tmp_path / "b")
    async with kept_fake(killed) as again:
        confirmed = await again.call("POST", f"/v1/asset-uploads/{upload['asset_id']}/confirmations", {})
        assert confirmed.status_code == 201, confirmed.text
        assert (await again.client.get(confirmed.json()["url"])).content == b"\x89PNG"


async def test_quota_and_counted_polls_go_on(tmp_path: Path) -> None:
    rule = {"where": {"edge": "on_poll[3]"}, "what": {"kind": "answer", "status": 503}}
    async with kept_fake(tmp_path / "a") as fake:
        run = await fake.create_run()
        await fake.call("POST", "/_mock/faults", rule)
        assert [(await fake.call("GET", f"/v1/runs/{run['id']}")).status_code for _ in range(2)] == [200, 200]
        await fake.call("PUT", "/_mock/quota", {"requests": 2, "window": "1h"})
        await fake.call("GET", "/v1/runs")
        await settled(fake)
        killed = fake.killed(tmp_path / "b")
    async with kept_fake(killed) as again:
        told = [(await again.call("GET", f"/v1/runs/{run['id']}")).status_code for _ in range(3)]
        assert told == [503, 200, 429]


async def test_attempt_under_way_goes_out_again_under_the_same_id_and_number(tmp_path: Path) -> None:
    sender, second = Silent(), RecordingSender()
    async with kept_fake(tmp_path / "a", sender=sender, clock="auto") as fake:
        run = await fake.create_run(callback_url=CALLBACK_URL)
        while not sender.sent:
            await fake.call("GET", f"/v1/runs/{run['id']}")
            # In process a look that changes nothing lets nobody else have a turn.
            await asyncio.sleep(0)
        killed = fake.killed(tmp_path / "b")
    async with kept_fake(killed, sender=second, clock="auto") as again:
        tenant, _ = again.runtime.tenants.find(KEY)  # type: ignore[misc]
        await again.runtime.idle(tenant)
        (delivery,) = (await again.call("GET", "/_mock/deliveries")).json()["items"]
    assert [request.headers["Runflow-Request-Id"] for request in second.sent] == [sender.sent[0].headers["Runflow-Request-Id"]]
    assert (delivery["state"], len(delivery["attempts"])) == ("succeeded", 1)


@pytest.mark.parametrize(("stands", "status"), [(False, "succeeded"), (True, "queued")])
async def test_clock_catches_up_or_stands(tmp_path: Path, stands: bool, status: str) -> None:
    time = Time()
    async with kept_fake(tmp_path / "a", time=time, clock="real") as fake:
        run = await fake.create_run()
        await settled(fake)
        killed = fake.killed(tmp_path / "b")
    time.seconds += 3_600
    async with kept_fake(killed, time=time, stands=stands, clock="real") as again:
        assert (await again.call("GET", f"/v1/runs/{run['id']}")).json()["status_code"] == status


async def test_reset_drop_and_restore_are_kept_too(tmp_path: Path) -> None:
    async with kept_fake(tmp_path / "a") as fake:
        await fake.create_run()
        saved = (await fake.call("GET", "/_mock/snapshot")).content
        await fake.call("POST", "/_mock/reset")
        assert (await fake.call("GET", "/v1/runs")).json()["items"] == []
        other = "rf_live_mock_other"
        await fake.call("GET", "/v1/runs", key=other)
        put = await fake.client.put(
            "/_mock/snapshot", content=saved, headers={"Authorization": f"Bearer {other}", "Content-Type": "application/json"}
        )
        assert put.status_code == 200, put.text
        await fake.call("GET", "/v1/runs", key="rf_live_mock_gone")
        await fake.call("DELETE", "/_mock/tenants/gone")
        killed = fake.killed(tmp_path / "b")
    async with kept_fake(killed) as again:
        assert sorted(tenant.settings.name for tenant in again.runtime.tenants) == ["kept", "other"]
        assert (await again.call("GET", "/v1/runs")).json()["items"] == []
        assert len((await again.call("GET", "/v1/runs", key=other)).json()["items"]) == 1


async def test_tenant_that_asks_not_to_be_kept_is_not(tmp_path: Path) -> None:
    async with kept_fake(tmp_path / "a") as fake:
        assert (await fake.call("POST", "/_mock/tenants", {"name": "brief", "keep": False})).json()["keep"] is False
        await fake.call("POST", "/_mock/tenants", {"name": "long"})
    assert sorted(path.name for path in (tmp_path / "a").glob("*.sqlite")) == ["long.sqlite"]


@pytest.mark.slow(is_covering=True)
async def test_log_is_folded_into_a_new_base_while_requests_go_on(tmp_path: Path) -> None:
    async with kept_fake(tmp_path / "a", size=LogSize(rows_max=20)) as fake:
        for number in range(90):
            await fake.create_run(client_ref=str(number))
        await settled(fake)
        before = await everything(fake)
        killed = fake.killed(tmp_path / "b")
    with sqlite3.connect(killed / "kept.sqlite") as file:
        (rows,) = file.execute("SELECT count(*) FROM log").fetchone()
        generations = file.execute("SELECT DISTINCT generation FROM base").fetchall()
    file.close()
    assert (rows < 60, len(generations) <= 2) == (True, True)
    async with kept_fake(killed) as again:
        after = await everything(again)
    # What came before the base is part of it, and no longer told as history.
    assert before.pop("history").endswith(after.pop("history"))
    assert after == before


@pytest.mark.slow(is_covering=True)
async def test_large_tenant_is_not_written_anew_after_each_short_stretch(tmp_path: Path) -> None:
    """A base comes when the log is twice as large as the one before it: of what is written once, half is written twice."""
    async with kept_fake(tmp_path / "a", size=LogSize(bytes_max=4_096)) as fake:
        for number in range(80):
            await fake.create_run(client_ref=str(number))
        await settled(fake)
        before = await everything(fake)
        killed = fake.killed(tmp_path / "b")
    assert 1 < bases(killed) < 12
    async with kept_fake(killed) as again:
        after = await everything(again)
    assert before.pop("history").endswith(after.pop("history"))
    assert after == before


@pytest.mark.slow(is_covering=True)
async def test_log_of_a_server_that_is_started_again_and_again_is_folded_too(tmp_path: Path) -> None:
    for life in range(6):
        async with kept_fake(tmp_path / "a", size=LogSize(rows_max=20)) as fake:
            for number in range(5):
                await fake.create_run(client_ref=f"{life}-{number}")
            await settled(fake)
            killed = fake.killed(tmp_path / f"killed-{life}")
    assert bases(killed) >= 1


async def test_what_a_base_has_replaced_is_not_written_once_more(tmp_path: Path) -> None:
    file = KeptFile(tmp_path / "kept.sqlite")
    covered = file.begin([("head", b"")], b"", ())
    for _ in range(20):
        covered = file.append(bytes(3 * PAGE_BYTES))
    log = tmp_path / "kept.sqlite-wal"
    before = log.stat().st_size
    await file.rebase([("head", b"")], covered)
    pages = (log.stat().st_size - before) / PAGE_BYTES
    file.close()
    assert pages < 20


@pytest.mark.slow(is_covering=True)
async def test_journal_of_a_base_is_the_one_that_was_written(tmp_path: Path) -> None:
    """Exchanges that wait for their row when a base is made are written with that row, not lost with the log."""
    async with kept_fake(tmp_path / "a", size=LogSize(rows_max=3, journal_seconds=3_600)) as fake:
        for number in range(10):
            await fake.create_run(client_ref=str(number))
            await fake.call("GET", f"/v1/runs?limit={number + 1}")
        await settled(fake)
        # The last base is whole.
        await settled(fake)
        told = (await fake.call("GET", "/_mock/journal?limit=100")).json()["items"]
        killed = fake.killed(tmp_path / "b")
    assert bases(killed) >= 1
    async with kept_fake(killed) as again:
        assert (await again.call("GET", "/_mock/journal?limit=100")).json()["items"] == told


class Passing(Time):
    """A clock that goes on whenever somebody looks, so that whatever is timed takes long."""

    def __init__(self, step: float = 0.000_001) -> None:
        super().__init__()
        self.step = step

    def __call__(self) -> float:
        self.seconds += self.step
        return self.seconds


@pytest.mark.slow(is_covering=True)
async def test_exchange_is_written_although_nobody_changes_anything(tmp_path: Path) -> None:
    """A row that takes exchanges puts off those that come then; they have their row too."""
    time, (counting, connect) = Passing(), disk()
    async with kept_fake(tmp_path / "a", time=time, connect=connect, size=LogSize(journal_seconds=0)) as fake:
        await fake.create_run()
        for path in ("/v1/runs?limit=1", "/v1/runs?limit=2"):
            await fake.call("GET", path)
            looked = 0
            for _ in range(100_000):
                if counting.writes > looked and path.encode() in _written(fake):
                    break
                looked = counting.writes
                time.seconds += 0.001
                await asyncio.sleep(0)
            else:
                pytest.fail(f"{path} is not written")


async def test_journal_of_a_busy_tenant_is_written_in_a_thousandth_of_the_time(tmp_path: Path) -> None:
    """To write exchanges takes two microseconds here, so that two milliseconds, or five requests, pass before the next row with any."""
    time = Passing()
    async with kept_fake(tmp_path / "a", time=time, size=LogSize(journal_seconds=3_600)) as fake:
        for number in range(12):
            await fake.create_run(client_ref=str(number))
            time.seconds += 0.000_4
        rows = [msgpack_decoder(Row).decode(row) for row in _log(fake).read().log]
    assert (len(rows), sum(1 for row in rows if row.exchanges) < 4) == (13, True)


async def test_journal_waits_for_seconds_at_most_however_long_it_takes(tmp_path: Path) -> None:
    time = Passing(step=0.1)
    async with kept_fake(tmp_path / "a", time=time, size=LogSize(journal_seconds=3_600)) as fake:
        for number in range(4):
            await fake.create_run(client_ref=str(number))
            time.seconds += 6
        rows = [msgpack_decoder(Row).decode(row) for row in _log(fake).read().log]
    assert [len(row.exchanges) for row in rows] == [0, 0, 1, 1, 1]


def _log(fake: KeptFake) -> KeptFile:
    """Returns the log of the only tenant."""
    (tenant,) = fake.runtime.tenants
    assert isinstance(tenant.kept, Kept)
    assert isinstance(tenant.kept.log, KeptFile)
    return tenant.kept.log


def _written(fake: KeptFake) -> bytes:
    """Returns what the log of the only tenant holds."""
    return b"".join(_log(fake).read().log)


async def test_files_are_their_owners_alone(tmp_path: Path) -> None:
    async with kept_fake(tmp_path / "a") as fake:
        await fake.create_run()
        files = list((tmp_path / "a").iterdir())
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


async def test_key_that_looks_real_is_not_written_with_the_journal(tmp_path: Path) -> None:
    real = "rf_live_" + "Zm9yZ290dGVuIGtleQ".upper()
    async with kept_fake(tmp_path / "a") as fake:
        await fake.call("GET", f"/v1/runs?limit=1&note={real}", **{"User-Agent": real})
        await settled(fake)
        written = b"".join(path.read_bytes() for path in fake.killed(tmp_path / "b").iterdir())
    assert real.encode() not in written


async def test_value_of_a_cookie_is_judged_and_not_written_with_the_journal(tmp_path: Path) -> None:
    theme = {"name": "theme", "in": "cookie", "schema": {"enum": ["light"]}}
    document: dict[str, Any] = {"paths": {"/v1/runs": {"get": {"parameters": [theme], "responses": {"200": {"description": "Runs."}}}}}}
    async with kept_fake(tmp_path / "a", contract=Contract(document, source="own.json")) as fake:
        for _ in range(2):
            await fake.call("GET", "/v1/runs", cookie="theme=purple-of-mine; other=x")
            await settled(fake)
        rules = {each["rule"] for each in (await fake.call("GET", "/_mock/report")).json()["violations"]}
        copy = fake.killed(tmp_path / "b")
    written = b"".join(path.read_bytes() for path in copy.iterdir())
    assert (rules, b"purple-of-mine" in written, b"theme=[redacted]" in written) == ({"enum"}, False, True)
    async with kept_fake(tmp_path / "b", contract=Contract(document, source="own.json")) as again:
        assert (await again.call("GET", "/_mock/report")).json()["violations"] == []


async def test_real_clock_that_went_back_takes_no_time_back(tmp_path: Path) -> None:
    time = Time()
    async with kept_fake(tmp_path / "a", time=time, clock="real") as fake:
        await fake.create_run()
        time.seconds += 30
        before = (await fake.call("GET", "/_mock/clock")).json()["now"]
        await settled(fake)
    time.seconds -= 7_200
    async with kept_fake(tmp_path / "a", time=time, clock="real") as again:
        assert (await again.call("GET", "/_mock/clock")).json()["now"] == before
        time.seconds += 1
        assert (await again.call("GET", "/_mock/clock")).json()["now"] > before


@pytest.mark.slow(is_covering=True)
async def test_full_disk_is_told_and_takes_the_request_back(tmp_path: Path) -> None:
    full, connect = disk()
    async with kept_fake(tmp_path / "a", connect=connect) as fake:
        kept = await fake.create_run()
        full.fails_at = full.writes + 1
        refused = await fake.call("POST", f"{MODEL}/runs", {"input": INPUT})
        assert (refused.status_code, refused.json()["code"], refused.json()["errors"]) == (507, "INSUFFICIENT_STORAGE", None)
        assert (await fake.call("POST", "/_mock/faults", {"what": {"kind": "latency", "seconds": 0}})).status_code == 507
        assert (await fake.call("GET", "/v1/runs", key="rf_live_mock_new")).status_code == 507
        assert [run["id"] for run in (await fake.call("GET", "/v1/runs")).json()["items"]] == [kept["id"]]
        assert any("what was not written is taken back" in line for line in fake.told)
        full.fails_at = None
        another = await fake.create_run()
        assert [run["id"] for run in (await fake.call("GET", "/v1/runs")).json()["items"]] == [another["id"], kept["id"]]


async def test_whoever_found_the_tenant_before_it_was_taken_back_is_told_too(tmp_path: Path) -> None:
    full, connect = disk()
    async with kept_fake(tmp_path / "a", connect=connect) as fake:
        await fake.create_run()
        tenant, _ = fake.runtime.tenants.find(KEY)  # type: ignore[misc]
        kept = tenant.kept
        assert kept is not None
        full.fails_at = full.writes + 1
        kept.touch()
        for _ in range(2):
            with pytest.raises(KeepError, match="disk is full"):
                await kept.written()
        # Also when the server ends before the disk has room again.
        again, _ = fake.runtime.tenants.find(KEY)  # type: ignore[misc]
        assert again.kept is not None
        again.kept.touch()


async def test_attempt_under_way_when_a_tenant_was_taken_back_goes_out_again(tmp_path: Path) -> None:
    (full, connect), sender = disk(), Silent()
    async with kept_fake(tmp_path / "a", connect=connect, size=LogSize(retry_seconds=0), sender=sender, clock="auto") as fake:
        run = await fake.create_run(callback_url=CALLBACK_URL)
        while not sender.sent:
            await fake.call("GET", f"/v1/runs/{run['id']}")
            # In process a look that changes nothing lets nobody else have a turn.
            await asyncio.sleep(0)
        full.fails_at = full.writes + 1
        assert (await fake.call("POST", f"{MODEL}/runs", {"input": INPUT})).status_code == 507
        full.fails_at = None
        while len(sender.sent) < 2:
            await settled(fake)
    assert len({request.headers["Runflow-Request-Id"] for request in sender.sent}) == 1


async def _story(fake: KeptFake) -> list[str]:
    """A short story; returns the ids of runs that were acknowledged."""
    acknowledged = []
    for number in range(4):
        answer = await fake.call("POST", f"{MODEL}/runs", {"input": INPUT, "callback_url": CALLBACK_URL, "client_ref": str(number)})
        if answer.status_code == 201:
            acknowledged.append(answer.json()["id"])
        assert answer.status_code in {201, 507}, answer.text
        moved = await fake.call("POST", "/_mock/clock/advance", {"by": "20s"})
        assert moved.status_code in {200, 507}, moved.text
    return acknowledged


@pytest.mark.slow
@pytest.mark.parametrize("rows_max", [5_000, 6], ids=["log", "log and new base"])
async def test_whatever_write_fails_nothing_acknowledged_is_lost(tmp_path: Path, rows_max: int) -> None:
    """The disk fails from the n-th write on until the story ends, for every n of a short one.

    Exchanges are written with the rows of changes only, so that how busy the machine is does not move the n-th write.
    """
    size = LogSize(journal_seconds=3_600, rows_max=rows_max)
    counting, connect = disk()
    async with kept_fake(tmp_path / "whole", connect=connect, size=size) as fake:
        begun = counting.writes
        await _story(fake)
        await settled(fake)
        killed = fake.killed(tmp_path / "whole-killed")
    assert (bases(killed) > 0) == (rows_max == 6)
    writes = counting.writes - begun
    assert writes > 10
    for failing in range(1, writes + 1):
        full, connect = disk()
        folder = tmp_path / str(failing)
        async with kept_fake(folder, connect=connect, size=size) as fake:
            full.fails_at = full.writes + failing
            acknowledged = await _story(fake)
            full.fails_at = None
            answer = await fake.call("GET", "/v1/runs?limit=100")
            assert answer.status_code == 200, (failing, answer.text)
            assert {run["id"] for run in answer.json()["items"]} == {*acknowledged}, failing
            invariants = (await fake.call("GET", "/_mock/ledger")).json()["invariants"]
            assert [each for each in invariants if not each["held"]] == [], failing
            killed = fake.killed(tmp_path / f"{failing}-killed")
        async with kept_fake(killed) as again:
            assert {run["id"] for run in (await again.call("GET", "/v1/runs?limit=100")).json()["items"]} == {*acknowledged}, failing

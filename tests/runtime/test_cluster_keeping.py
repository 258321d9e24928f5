"""Workers that share a broker: each tenant is answered for by one of them, whoever is asked takes it over, and nobody tells what was."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import msgspec
import nats
import pytest
from benchmarks.brokers import broker
from clusters import failing, persistently, worker
from kept import INPUT, KEY, MODEL, KeptFake, everything, settled
from metrics import families
from nats.js.errors import NotFoundError
from worlds import CALLBACK_URL

from runflow_mock.runtime.brokers import KEYS, OBJECTS, STREAM, SUBJECTS
from runflow_mock.runtime.kept_tenants import LogSize
from runflow_mock.runtime.sender import RecordingSender
from runflow_mock.runtime.stream_logs import ASKED_BYTES_MAX

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    with broker(tmp_path / "broker") as found:
        yield found


async def ids(fake: KeptFake, key: str = KEY) -> list[str]:
    answer = await persistently(fake, "GET", "/v1/runs?limit=100", key=key)
    assert answer.status_code == 200, answer.text
    return [run["id"] for run in answer.json()["items"]]


async def stored(address: str) -> list[str]:
    """The names of the objects beside the logs; nothing else is left in their bucket."""
    client = await nats.connect(address)
    bucket = f"OBJ_{OBJECTS}"
    with suppress(NotFoundError):
        objects = await client.jetstream().object_store(OBJECTS)
        found = sorted(each.name for each in await objects.list(ignore_deletes=True))
        await client.close()
        return found
    state = (await client.jetstream().stream_info(bucket)).state
    await client.close()
    assert state.messages == 0
    return []


async def test_worker_that_is_asked_takes_the_tenant_over_as_it_stands(address: str) -> None:
    async with worker(address) as first, worker(address) as second:
        await first.create_run(client_ref="one")
        await first.call("POST", f"{MODEL}/batches", {"input": [INPUT, INPUT]})
        await first.call("POST", "/_mock/faults", {"where": {"operation": "create_run"}, "what": {"kind": "latency", "seconds": 0}})
        await first.call("POST", "/_mock/clock/advance", {"by": "3s"})
        before = await everything(first)
        assert await everything(second) == before


async def test_worker_that_was_replaced_never_tells_what_was(address: str) -> None:
    # Nothing is written but what requests lead to: a row with exchanges would be refused before them.
    size = LogSize(journal_seconds=3_600)
    async with worker(address, size=size) as first, worker(address, size=size) as second:
        run = await first.create_run()
        await settled(first)
        other = (await persistently(second, "POST", f"{MODEL}/runs", {"input": INPUT})).json()
        stale = await first.call("GET", "/v1/runs")
        assert (stale.status_code, stale.headers["retry-after"], stale.json()["code"]) == (503, "1", "SERVICE_UNAVAILABLE")
        assert await ids(first) == [other["id"], run["id"]]
        # Back again: what the second had is stale by now, and its change is refused by the broker.
        refused = await second.call("POST", f"{MODEL}/runs", {"input": INPUT})
        assert refused.status_code == 503
        assert await ids(second) == [other["id"], run["id"]]


async def test_killed_worker_has_lost_nothing_that_it_has_told(address: str) -> None:
    async with worker(address, is_killed=True) as first:
        told = [(await first.create_run())["id"] for _ in range(5)]
    async with worker(address) as second:
        assert await ids(second) == told[::-1]


async def test_upload_output_and_named_key_are_found_by_another_worker(address: str) -> None:
    async with worker(address) as first, worker(address) as second:
        made = await first.call("POST", "/_mock/tenants", {"name": "kept", "keys": [{"name": "ci", "scopes": ["runs:read"]}]})
        assert made.status_code == 201, made.text
        asked = {"filename": "a.png", "mime_type": "image/png", "size_bytes": 4}
        upload = (await first.call("POST", "/v1/asset-uploads", asked)).json()
        assert (await second.client.put(upload["upload_url"], content=b"\x89PNG")).status_code == 200
        confirmed = await persistently(first, "POST", f"/v1/asset-uploads/{upload['asset_id']}/confirmations", {})
        assert confirmed.status_code == 201, confirmed.text
        assert (await persistently(second, "GET", confirmed.json()["url"])).content == b"\x89PNG"
        run = (await persistently(second, "POST", f"{MODEL}/runs", {"input": INPUT})).json()
        await second.call("POST", "/_mock/clock/run-until-idle", {})
        (url,) = (await second.call("GET", f"/v1/runs/{run['id']}")).json()["output"]["image_urls"]
    async with worker(address) as third:
        assert (await third.client.get(url)).status_code == 200
    async with worker(address) as fourth:
        assert await ids(fourth, f"{KEY}_ci") == [run["id"]]


async def test_what_is_reset_or_dropped_is_so_for_every_worker(address: str) -> None:
    async with worker(address) as first, worker(address) as second:
        await first.create_run()
        assert len(await ids(second)) == 1
        assert (await persistently(first, "POST", "/_mock/reset")).status_code == 200
        assert await ids(second) == []
        assert (await persistently(first, "DELETE", "/_mock/tenants/kept")).status_code == 204
        assert (await persistently(second, "GET", "/_mock/tenants/kept")).status_code == 404
        assert (await second.call("POST", "/_mock/tenants", {"name": "kept"})).status_code == 201


def _entry(*parts: object) -> bytes:
    return msgspec.msgpack.encode(parts)


STRANGE_MESSAGES = {
    "no entry": (b"\xff\xff", {}, "written by somebody else, or is damaged"),
    "nothing": (b"", {}, "written by somebody else, or is damaged"),
    "another type": (_entry("rows", 7), {}, "written by somebody else, or is damaged"),
    "no text": (b"\x92\xa2\xff\xfe\x90", {}, "written by somebody else, or is damaged"),
    "huge": (b"\x00" * 900_000, {}, "written by somebody else, or is damaged"),
    "no part": (b"", {"Runflow-Mock-Part": "a/a"}, "written by somebody else"),
    "rows of nothing": (_entry("rows", [b"\xc1"]), {}, "what is in it does not go together"),
    "a base that is not there": (_entry("base", [], [], "kept/base/9.9"), {}, "its object kept/base/9.9 is gone or was changed"),
    "a base of another tenant": (_entry("coming", [], [], "other/base/1.1"), {}, "names what is not the tenant's"),
    "a blob of another tenant": (_entry("coming", [], ["../../other/blob/1"]), {}, "names what is not the tenant's"),
    "a later form": (_entry("rows", [], [], "", 0, 99), {}, "has form 99"),
}


@pytest.mark.parametrize("strange", STRANGE_MESSAGES)
async def test_log_that_somebody_else_wrote_into_is_told_once_and_others_go_on(address: str, strange: str) -> None:
    data, headers, why = STRANGE_MESSAGES[strange]
    async with worker(address) as first:
        await first.create_run()
        await settled(first)
    client = await nats.connect(address)
    await client.jetstream().publish(SUBJECTS + "kept", data, stream=STREAM, headers=headers or None)
    async with worker(address) as second:
        for _ in range(2):
            answer = await second.call("GET", "/v1/runs")
            assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
            assert why in answer.json()["message"]
        for method, path in (("GET", "/_mock/journal"), ("DELETE", "/_mock/tenants/kept")):
            refused = await second.call(method, path)
            assert (refused.status_code, refused.json()["error"]["type"]) == (503, "unavailable")
        assert [why in line for line in second.told] == [True]
        assert await ids(second, "rf_live_mock_other") == []
        await client.jetstream().purge_stream(STREAM, subject=SUBJECTS + "kept")
    async with worker(address) as third:
        assert await ids(third) == []
    await client.close()


async def test_object_that_was_changed_is_told_and_a_key_that_leads_nowhere(address: str) -> None:
    async with worker(address) as first:
        await first.create_run()
        await settled(first)
    client = await nats.connect(address)
    (name,) = await stored(address)
    await (await client.jetstream().object_store(OBJECTS)).put(name, b"something else")
    await (await client.jetstream().key_value(KEYS)).put("a_b", b"\xff *.>")
    async with worker(address) as second:
        assert f"its object {name} cannot be read" in (await second.call("GET", "/v1/runs")).json()["message"]
        refused = await second.call("GET", "/v1/runs", key="rf_live_mock_a_b")
        assert (refused.status_code, "written by somebody else" in refused.json()["message"]) == (503, True)
        assert len(second.told) == 2
    await client.close()


async def test_who_speaks_like_a_worker_and_is_none_is_not_waited_for(address: str) -> None:
    client = await nats.connect(address)
    async with worker(address) as first:
        for data in (b"\xff\xfe", b"", b"a name that no worker has", b"x" * 100_000):
            await client.publish("runflow_mock.alive", data)
            await client.publish("runflow_mock.ask", data)
        await client.flush()
        assert await ids(first) == []
        assert (await first.call("GET", "/_mock/health")).json().get("silent", []) == []
        assert first.told == []
    await client.close()


async def test_log_is_folded_into_a_new_base(address: str) -> None:
    async with worker(address, size=LogSize(rows_max=10)) as first:
        for number in range(45):
            await first.create_run(client_ref=str(number))
        await settled(first)
        before = await everything(first)
    async with worker(address) as second:
        after = await everything(second)
        assert before.pop("history").endswith(after.pop("history"))
        assert after == before


async def test_tenant_that_is_reset_amid_a_new_base_leaves_nothing_over(address: str) -> None:
    async with worker(address, size=LogSize(rows_max=1)) as first:
        for _ in range(4):
            # Its row is written when it is answered, and a new base is on its way.
            await first.create_run()
            assert (await first.call("POST", "/_mock/reset")).status_code == 200
    assert len(await stored(address)) == 1
    async with worker(address) as second:
        assert (await persistently(second, "DELETE", "/_mock/tenants/kept")).status_code == 204
    assert await stored(address) == []


async def test_object_of_a_worker_that_died_before_it_was_in_use_is_removed(address: str) -> None:
    """A worker that resets a tenant dies at the n-th call of the broker, for every n."""
    async with worker(address) as first:
        await first.create_run()
    for number in range(1, 9):
        way, connect = failing()
        async with worker(address, connect=connect, size=LogSize(journal_seconds=3_600), is_killed=True) as dying:
            await ids(dying)
            way.fails_at = way.sent + number
            assert (await dying.call("POST", "/_mock/reset")).status_code in {200, 503}
        async with worker(address) as second:
            await ids(second)
            assert len(await stored(address)) == 1, number


async def test_look_at_a_tenant_does_not_bring_its_latest_message_along(address: str) -> None:
    large = {"image_url": f"https://cdn.example.com/{'a' * 7_500}.png"}
    async with worker(address, size=LogSize(journal_seconds=3_600)) as first:
        assert (await first.call("POST", f"{MODEL}/batches", {"input": [large] * 20})).is_success
        for _ in range(3):
            await ids(first)
        client = await nats.connect(address)
        latest = await client.jetstream().get_last_msg(STREAM, f"{SUBJECTS}kept")
        await client.close()
    assert len(latest.data or b"") < ASKED_BYTES_MAX


async def test_row_larger_than_a_message_comes_back_whole(address: str) -> None:
    async with worker(address) as first:
        large = {"image_url": f"https://cdn.example.com/{'a' * 7_500}.png"}
        for _ in range(2):
            answer = await first.call("POST", f"{MODEL}/batches", {"input": [large] * 100})
            assert answer.is_success, answer.text
        before = await everything(first)
    async with worker(address) as second:
        assert await everything(second) == before


async def test_attempt_under_way_goes_out_again_under_the_same_id(address: str) -> None:
    async with worker(address, is_killed=True) as first:
        run = await first.create_run(callback_url=CALLBACK_URL)
        await first.call("POST", "/_mock/clock/advance", {"by": "20s"})
        (delivery,) = (await first.call("GET", "/_mock/deliveries")).json()["items"]
    sender = RecordingSender()
    async with worker(address, sender=sender) as second:
        (again,) = (await persistently(second, "GET", "/_mock/deliveries")).json()["items"]
    assert (again["id"], again["run_id"], again["state"]) == (delivery["id"], run["id"], delivery["state"])


async def acquainted(*fakes: KeptFake) -> None:
    """Returns once every worker has heard of all others."""
    for fake in fakes:
        while len((await fake.call("GET", "/_mock/health")).json()["workers"]) < len(fakes):
            await fake.call("GET", "/_mock/version")


async def test_server_wide_verbs_answer_for_all_workers(address: str) -> None:
    async with worker(address) as first, worker(address) as second, worker(address, is_killed=True) as third:
        await acquainted(first, second, third)
        for number, fake in enumerate((first, second, third)):
            await fake.call("GET", "/v1/runs", key=f"rf_live_mock_of{number}")
        for fake in (first, second, third):
            answer = await persistently(fake, "GET", "/_mock/tenants")
            assert answer.status_code == 200, (answer.text, fake.runtime.background_errors)
            listed = answer.json()
            assert sorted(tenant["tenant"] for tenant in listed["items"]) == ["of0", "of1", "of2"]
            health = (await fake.call("GET", "/_mock/health")).json()
            assert (health["status"], health["tenants"], health["silent"]) == ("ok", 3, [])
            assert sorted(each["tenants"] for each in health["workers"].values()) == [1, 1, 1]
        window = (await persistently(first, "GET", "/_mock/tenants?limit=2&offset=1")).json()
        assert (len(window["items"]), window["total"]) == (2, 3)
        own = (await first.call("GET", "/_mock/health?local=true")).json()
        assert ("workers" in own, own["tenants"]) == (False, 1)
        metrics = families(await second.call("GET", "/_mock/metrics"))
        assert sum(sample.value for sample in metrics["runflow_mock_tenants"].samples) == 3
        assert len({sample.labels["worker"] for sample in metrics["runflow_mock_tenants"].samples}) == 3
        local = families(await second.call("GET", "/_mock/metrics?local=true"))
        assert [(sample.labels, sample.value) for sample in local["runflow_mock_tenants"].samples] == [({}, 1)]


async def test_tenant_that_no_worker_has_is_listed(address: str) -> None:
    async with worker(address, is_killed=True) as first:
        await first.create_run()
    async with worker(address) as second:
        (tenant,) = (await second.call("GET", "/_mock/tenants")).json()["items"]
        assert tenant["tenant"] == "kept"


async def test_name_that_nobody_asked_for_is_free_everywhere(address: str) -> None:
    async with worker(address) as first, worker(address) as second:
        names = [(await fake.call("POST", "/_mock/tenants", {})).json()["tenant"] for fake in (first, second, first)]
    assert len(set(names)) == 3


@pytest.mark.timeout(240)
@pytest.mark.parametrize("is_sent", [False, True], ids=["request lost", "answer lost"])
async def test_whatever_call_of_the_broker_fails_nothing_acknowledged_is_lost(tmp_path: Path, is_sent: bool) -> None:
    """The n-th call of the broker fails, for every n of a short story: what was told is there, whatever was refused."""
    with broker(tmp_path / "broker") as address:
        counting, connect = failing()
        async with worker(address, connect=connect, size=LogSize(journal_seconds=3_600)) as fake:
            begun = counting.sent
            await _story(fake, "counted")
        calls = counting.sent - begun
        assert calls > 8
        for number in range(1, calls + 1):
            way, connect = failing()
            way.is_sent = is_sent
            key = f"rf_live_mock_n{number}"
            async with worker(address, connect=connect, size=LogSize(journal_seconds=3_600)) as fake:
                way.fails_at = way.sent + number
                told = await _story(fake, key)
                assert set(told) <= set(await ids(fake, key)), number
            async with worker(address) as other:
                found = await ids(other, key)
                assert set(told) <= set(found), number
                assert len(found) <= 3, number
                invariants = (await other.call("GET", "/_mock/ledger", key=key)).json()["invariants"]
                assert [each for each in invariants if not each["held"]] == [], number


async def _story(fake: KeptFake, key: str) -> list[str]:
    """A short story; returns the ids of runs that were acknowledged. Each is asked for once, or refused."""
    key = key if key.startswith("rf_") else f"rf_live_mock_{key}"
    told = []
    for number in range(3):
        answer = await fake.call("POST", f"{MODEL}/runs", {"input": INPUT, "client_ref": str(number)}, key=key)
        assert answer.status_code in {201, 503}, answer.text
        if answer.status_code == 201:
            told.append(answer.json()["id"])
            read = await fake.call("GET", f"/v1/runs/{told[-1]}", key=key)
            assert read.status_code in {200, 503}, read.text
    return told

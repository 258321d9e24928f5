"""What all tenants hold together: counted, told, given back, and refused where there is no room."""

import base64
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from doors import Door
from steps import INPUT, RUNS, ok, post_run, refusal
from uploads import open_upload, put

from runflow_mock.domain.documents import Document
from runflow_mock.domain.places import Where, place_bytes
from runflow_mock.domain.records import Limits
from runflow_mock.domain.scenarios import Scenario
from runflow_mock.runtime.bounds import Bound, BoundsMax
from runflow_mock.runtime.holdings import READ_TIMES
from runflow_mock.runtime.tenant_uses import NAMES

SMALL = BoundsMax(record_bytes_max=10_000, timers_max=5)


@pytest.fixture
def door() -> Iterator[Door]:
    with Door(bounds=SMALL, tenants_max=3) as opened:
        yield opened


def use_of(door: Door, name: str) -> dict[str, int]:
    found: dict[str, int] = door.get("/_mock/health").json()["bounds"][name]
    return found


def send(door: Door, size: int, *, key: str = "") -> int:
    return door.post(RUNS, {"input": {**INPUT, "note": "x" * size}}, key=key).status_code


def test_bytes_of_records_are_counted_and_come_back_with_the_tenant(door: Door) -> None:
    assert send(door, 3_000) == 201
    assert 3_000 < use_of(door, "record_bytes_max")["used"] < 3_200
    assert door.post(RUNS, {"input": 5}).status_code == 422
    assert use_of(door, "record_bytes_max")["used"] < 3_200
    ok(door.post("/_mock/reset"))
    assert use_of(door, "record_bytes_max")["used"] == 0


def test_bytes_of_a_journal_come_back_with_the_tenant_whatever_still_refers_to_it(door: Door) -> None:
    before = use_of(door, "journal_bytes_max")["used"]
    assert send(door, 3_000, key="rf_live_mock_b") == 201
    tenant = door.runtime.tenants.get("b")
    assert tenant is not None
    assert use_of(door, "journal_bytes_max")["used"] > before + 3_000
    assert door.delete("/_mock/tenants/b", key=None).status_code == 204
    assert use_of(door, "journal_bytes_max")["used"] < before + 1_500
    assert len(tenant.journal) == 1, "whoever tells of it still finds it"


def test_tenant_has_seven_tenths_and_the_server_all(door: Door) -> None:
    assert [send(door, 3_000) for _ in range(3)] == [201, 201, 503]
    assert [send(door, 3_000, key="rf_live_mock_b") for _ in range(2)] == [201, 503]
    told = door.post(RUNS, {"input": {**INPUT, "note": "x" * 9_000}})
    assert (told.json()["code"], told.headers["retry-after"]) == ("SERVICE_UNAVAILABLE", "1")
    assert use_of(door, "record_bytes_max")["met"] == 3
    assert door.get("/v1/runs").status_code == 200
    assert door.delete("/_mock/tenants/test", key=None).status_code == 204
    assert send(door, 3_000) == 201


def test_what_tenants_are_made_from_counts_until_they_go(door: Door) -> None:
    made = {"name": "b", "scenario": {"story": "x" * 4_000}}
    ok(door.post("/_mock/tenants", made), 201)
    ok(door.post("/_mock/reset", key="rf_live_mock_b"))
    first = use_of(door, "record_bytes_max")["used"]
    assert 4_000 < first < 4_100
    ok(door.request("PUT", "/_mock/scenario", json={"scenario": {"story": "x" * 5_000}}, key="rf_live_mock_b"))
    assert 5_000 < use_of(door, "record_bytes_max")["used"] < 5_100
    told = refusal(door.post("/_mock/tenants", {**made, "name": "c", "scenario": {"story": "x" * 5_000}}), 503, "full")
    assert "--record-bytes-max" in told
    refusal(door.request("PUT", "/_mock/scenario", json={"scenario": {"story": "x" * 9_990}}, key="rf_live_mock_b"), 503, "full")
    assert door.delete("/_mock/tenants/b", key=None).status_code == 204
    assert use_of(door, "record_bytes_max")["used"] == 0


def test_settings_count_as_long_as_a_tenant_is_made_from_them(door: Door) -> None:
    keys = [{"name": f"k{index}", "scopes": ["runs:read"] * 20} for index in range(10)]
    ok(door.post("/_mock/tenants", {"name": "b", "keys": keys, "scenario": {"story": "x" * 2_000}}), 201)
    assert 4_600 < use_of(door, "record_bytes_max")["used"] < 4_800
    for story in ("", "x" * 1_000, ""):
        ok(door.request("PUT", "/_mock/scenario", json={"scenario": {"story": story}}, key="rf_live_mock_b"))
        assert 2_500 < use_of(door, "record_bytes_max")["used"] - len(story) < 2_900
    ok(door.post("/_mock/reset", key="rf_live_mock_b"))
    assert 2_500 < use_of(door, "record_bytes_max")["used"] < 2_900
    saved = door.get("/_mock/snapshot", key="rf_live_mock_b").content
    plays: list[tuple[str, str, dict[str, Any]]] = [("POST", "/_mock/reset", {}), ("PUT", "/_mock/scenario", {"scenario": {}})]
    for method, path, body in plays:
        ok(door.request("PUT", "/_mock/snapshot", content=saved))
        before = use_of(door, "record_bytes_max")["used"]
        ok(door.request(method, path, json=body))
        assert 2_500 < use_of(door, "record_bytes_max")["used"] - before + len(saved) < 2_900


def test_bytes_that_a_delivery_is_sent_again_with_count(door: Door) -> None:
    """Twenty of seven megabytes each took 200 MB, and counted nowhere."""
    run = post_run(door, callback_url="http://127.0.0.1:9/x")
    ok(door.post("/_mock/clock/run-until-idle"))
    told = ok(door.get("/_mock/deliveries"))["items"][0]
    assert told["run_id"] == run["id"]
    changed = {"body": '{"note": "' + "x" * 3_000 + '"}'}
    resent = [door.post(f"/_mock/deliveries/{told['id']}/resend", changed).status_code for _ in range(3)]
    assert (resent, 6_000 < use_of(door, "record_bytes_max")["used"] < 6_400) == ([201, 201, 503], True)


def test_rules_count_until_they_are_dropped(door: Door) -> None:
    """A thousand stubs with an output of eight megabytes each were taken, and counted nowhere."""

    def used() -> int:
        return use_of(door, "record_bytes_max")["used"]

    failing = ok(door.post("/_mock/faults", {"what": {"kind": "fail", "failure_message": "x" * 3_000}}), 201)
    ok(door.post("/_mock/stubs", {"output": {"note": "x" * 2_000}}), 201)
    assert 5_000 < used() < 5_800
    refusal(door.post("/_mock/stubs", {"output": {"note": "x" * 2_000}}), 503, "full")
    assert door.delete(f"/_mock/faults/{failing['id']}").status_code == 204
    assert 2_000 < used() < 2_500
    ok(door.post("/_mock/stubs", {"output": {"note": "x" * 2_000}}), 201)
    assert door.delete("/_mock/stubs").status_code == 204
    assert used() == 0


def test_documents_of_rules_count_with_what_they_take_once_they_are_read(door: Door) -> None:
    """Each tenant may have rules of a megabyte, which are forty times as large as values."""
    rule = {"what": {"kind": "fail"}, "where": {"input": {"note": "x" * 89}}}
    made = ok(door.post("/_mock/faults", rule), 201)
    assert use_of(door, "record_bytes_max")["used"] > READ_TIMES * 100
    assert door.delete(f"/_mock/faults/{made['id']}").status_code == 204
    assert use_of(door, "record_bytes_max")["used"] == 0
    ok(door.post("/_mock/tenants", {"name": "b", "scenario": {"faults": [rule]}}), 201)
    assert use_of(door, "record_bytes_max")["used"] > READ_TIMES * 100
    assert door.delete("/_mock/tenants/b").status_code == 204
    assert use_of(door, "record_bytes_max")["used"] == 0


def test_scenario_of_the_server_that_changes_leaves_what_was_sent_counted(door: Door) -> None:
    ok(door.post("/_mock/tenants", {"name": "b", "folders": ["x" * 200] * 20}), 201)
    used = use_of(door, "record_bytes_max")["used"]
    door.runtime.play(Scenario(name="later"))
    assert (use_of(door, "record_bytes_max")["used"], used > 4_000) == (used, True)


@pytest.mark.parametrize(("size", "status"), [(6_900, 201), (7_000, 503), (9_500, 503)])
def test_tenant_is_made_from_seven_tenths_at_most(door: Door, size: int, status: int) -> None:
    made = door.post("/_mock/tenants", {"name": "b", "scenario": {"story": "x" * size}})
    assert made.status_code == status, made.text


def test_snapshot_counts_as_what_was_sent() -> None:
    with Door(bounds=BoundsMax(record_bytes_max=100_000)) as door:
        assert send(door, 2_000) == 201
        saved = door.get("/_mock/snapshot").content
        ok(door.request("PUT", "/_mock/snapshot", content=saved))
        assert use_of(door, "record_bytes_max")["used"] == len(saved)
        refusal(door.request("PUT", "/_mock/snapshot", content=saved + b" " * 100_000), 503, "full")


def test_timers_of_all_tenants_are_bounded_and_work_goes_on(door: Door) -> None:
    assert [send(door, 1, key=f"rf_live_mock_{name}") for name in ("a", "a", "a", "b", "b", "b")] == [201] * 5 + [503]
    use = use_of(door, "timers_max")
    assert (use["used"], use["max"], use["met"]) == (5, 5, 1)
    ok(door.post("/_mock/clock/run-until-idle", key="rf_live_mock_a"))
    assert use_of(door, "timers_max")["used"] == 2
    assert send(door, 1, key="rf_live_mock_b") == 201


def test_tenants_are_a_bound_as_well(door: Door) -> None:
    assert [door.get("/v1/runs", key=f"rf_live_mock_{name}").status_code for name in "abcd"] == [200, 200, 200, 503]
    assert use_of(door, "tenants_max") == {"used": 3, "max": 3, "peak": 3, "met": 1}


def test_use_of_the_fullest_tenant_is_shown_of_each_of_its_bounds(door: Door) -> None:
    assert {name: use["used"] for name, use in door.get("/_mock/health").json()["tenant_bounds"].items()} == dict.fromkeys(NAMES, 0)
    post_run(door)
    door.post(RUNS, {"input": INPUT}, headers={"Idempotency-Key": "k"}, key="rf_live_mock_b")
    shown = door.get("/_mock/health").json()["tenant_bounds"]
    assert set(shown) == set(NAMES) == {*Limits.__struct_fields__, "waits_max"} - {"steps_max"}
    assert (shown["runs_max"], shown["remembered_max"]["used"]) == ({"used": 1, "max": 1_000_000}, 1)
    for name in ("remembered_bytes_max", "journal_bytes_max", "history_bytes_max"):
        assert 0 < shown[name]["used"] < 10_000


def test_amount_is_shown_whoever_counts() -> None:
    bound = Bound("x_max", 2, print, "wait")
    bound.show(5)
    bound.give(5)
    assert (bound.used, bound.peak) == (0, 5)


FILE = "data:image/png;base64,"


def send_file(door: Door, size: int, *, key: str = "", letter: bytes = b"x") -> int:
    file = FILE + base64.b64encode(letter * size).decode()
    return door.post(RUNS, {"input": {**INPUT, "image_url": file}}, key=key).status_code


def test_files_of_all_tenants_are_bounded_and_come_back_with_the_tenant() -> None:
    with Door(bounds=BoundsMax(file_bytes_max=1_000)) as door:
        keys = ("", "rf_live_mock_b")
        assert [send_file(door, 400, key=key, letter=letter) for letter in (b"x", b"y") for key in keys] == [201, 201, 503, 503]
        use = use_of(door, "file_bytes_max")
        assert (use["used"], use["max"], use["met"]) == (800, 1_000, 2)
        assert door.get("/v1/assets").json()["items"][0]["size_bytes"] == 400
        ok(door.post("/_mock/reset", key=keys[1]))
        assert use_of(door, "file_bytes_max")["used"] == 400
        assert send_file(door, 400, key=keys[1]) == 201


def test_file_that_its_tenant_has_takes_no_more_room() -> None:
    with Door(bounds=BoundsMax(file_bytes_max=1_000)) as door:
        assert [send_file(door, 600) for _ in range(3)] == [201, 201, 201]
        assert send_file(door, 600, key="rf_live_mock_b") == 503
        file = FILE + base64.b64encode(b"y" * 400).decode()
        body = {"model": "runflow/background-removal", "items": [{"input": {"image_url": file}}] * 3}
        assert door.post("/v1/batches", body).status_code == 201
        use = use_of(door, "file_bytes_max")
        assert (use["used"], use["met"]) == (1_000, 1)


def test_upload_and_rule_that_bring_too_many_bytes_change_nothing() -> None:
    with Door(bounds=BoundsMax(file_bytes_max=100)) as door:
        session = open_upload(door, size_bytes=101)
        told = put(door, session, b"x" * 101)
        assert (told.status_code, b"at most 100 bytes" in told.content) == (503, True)
        stub = {"client_ref": "a", "files": [{"media_type": "image/png", "base64": base64.b64encode(b"x" * 101).decode()}]}
        assert "at most 100 bytes" in refusal(door.post("/_mock/stubs", stub), 503, "full")
        assert door.get("/_mock/faults").json()["items"] == []
        assert put(door, session, b"x" * 100).status_code == 200
        assert use_of(door, "file_bytes_max")["used"] == 100


def test_saved_tenant_takes_the_room_of_the_one_that_it_replaces() -> None:
    with Door(bounds=BoundsMax(file_bytes_max=1_000)) as door:
        assert send_file(door, 600) == 201
        saved = door.get("/_mock/snapshot").content
        ok(door.request("PUT", "/_mock/snapshot", content=saved))
        told = door.request("PUT", "/_mock/snapshot", content=saved, key="rf_live_mock_b")
        assert "--file-bytes-max" in refusal(told, 503, "full")
        assert use_of(door, "file_bytes_max")["used"] == 600


WORST = (
    "[" * 150 + "]" * 150,
    '{"":' * 150 + "0" + "}" * 150,
    '{"":[{"":[{}]}]}',
    "{}",
    '{"":0}',
    '{"":{}}',
    '{"":[0]}',
    "[]",
    "[0]",
    "0",
    '"\u0100"',
    "9e9",
)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("item", WORST, ids=lambda item: item[:16])
def test_document_takes_no_more_than_is_counted_once_it_is_read(item: str) -> None:
    # Few enough that nothing else is seen, and many enough that the list around them does not matter.
    written = f'{{"a":[{",".join([item] * (1 + 10_000 // len(item)))}]}}'.encode()
    tracemalloc.start()
    try:
        where = Where(input=Document(written))
        before = tracemalloc.get_traced_memory()[0]
        assert where.wanted is not None
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 0 < taken < READ_TIMES * place_bytes(where)

"""The concurrency cap as a client meets it: excess stays queued, in order, and goes on by itself."""

import pytest
from doors import AUTO, Door
from steps import BATCHES, INPUT, MODEL, Body, advance, finished_batch, get_run, ok, post_run, refusal

from runflow_mock.runtime.config import ConfigError

TENANTS = "/_mock/tenants"
BUSY = {"dispatching", "running"}


def capped(**caps: int) -> Door:
    """A door to a server on which models have caps; `model` stands for the usual one, `every` for all."""
    names = {"model": MODEL, "every": "*"}
    return Door(concurrency={names[name]: cap for name, cap in caps.items()})


def statuses(door: Door, runs: list[Body]) -> list[str]:
    return [get_run(door, run)["status_code"] for run in runs]


def test_excess_stays_queued_in_order_of_creation() -> None:
    with capped(model=2) as door:
        runs = [post_run(door) for _ in range(4)]
        advance(door, "700ms")
        assert statuses(door, runs)[2:] == ["queued", "queued"]
        assert set(statuses(door, runs)[:2]) <= BUSY
        door.settle()
        ended = [get_run(door, run) for run in runs]
    assert {run["status_code"] for run in ended} == {"succeeded"}
    freed = sorted(run["completed_at"] for run in ended[:2])
    assert [ended[2]["started_at"] > freed[0], ended[3]["started_at"] > freed[1]] == [True, True]


def test_timeline_says_when_a_slot_is_given() -> None:
    with capped(every=1) as door:
        first, second = post_run(door), post_run(door)
        timeline = door.settle()
    given = [step for step in timeline if step.get("change") == "slot given"]
    assert [step["id"] for step in given] == [second["id"]]
    assert given[0]["at"] == next(step["at"] for step in timeline if step["id"] == first["id"] and step.get("to") == "succeeded")


def test_client_that_polls_the_last_of_a_line_sees_its_end() -> None:
    with Door(AUTO, concurrency={"*": 1}) as door:
        *_, last = [post_run(door) for _ in range(3)]
        for _ in range(10):
            if get_run(door, last)["status_code"] == "succeeded":
                break
        assert get_run(door, last)["status_code"] == "succeeded"


def test_batch_goes_through_the_cap_and_ends() -> None:
    with capped(model=2) as door:
        batch = finished_batch(door, 5)
        invariants = ok(door.get("/_mock/ledger"))["invariants"]
    assert (batch["status_code"], batch["items_succeeded"]) == ("succeeded", 5)
    assert {"name": "no model runs more than its cap", "held": True, "evidence": None} in invariants


def test_tenant_has_caps_of_its_own(door: Door) -> None:
    tenant = ok(door.post(TENANTS, {"name": "shop", "concurrency": {MODEL: 1}}), 201)
    assert tenant["concurrency"] == {MODEL: 1}
    ok(door.post(BATCHES, {"input": [INPUT] * 3}, key=tenant["key"]), 201)
    ok(door.post(BATCHES, {"input": [INPUT] * 3}), 201)
    pending = [ok(door.get("/_mock/clock", key=key))["timers"] for key in (tenant["key"], door.key)]
    assert pending == [1, 3]


def test_cap_by_an_alias_is_the_models(door: Door) -> None:
    model = next(model for model in door.runtime.catalog.models if model.aliases and model.is_active)
    tenant = ok(door.post(TENANTS, {"concurrency": {model.aliases[0]: 3, "t1/mine": 4}}), 201)
    assert tenant["concurrency"] == {model.id: 3, "t1/mine": 4}


@pytest.mark.parametrize("cap", [0, -1, 1_000_001])
def test_cap_out_of_range_is_refused(door: Door, cap: int) -> None:
    assert f"{cap} must be from 1 to 1000000" in refusal(door.post(TENANTS, {"concurrency": {"*": cap}}), 422)


def test_cap_of_a_model_that_does_not_exist_is_refused_with_the_nearest(door: Door) -> None:
    refused = door.post(TENANTS, {"name": "shop", "concurrency": {"runflow/background-removel": 1}})
    assert "did you mean runflow/background-removal?" in refusal(refused, 404, "not_found")
    assert door.get(f"{TENANTS}/shop").status_code == 404


def test_server_does_not_start_with_the_cap_of_a_model_that_does_not_exist() -> None:
    with pytest.raises(ConfigError, match=r"concurrency: no model runflow/background-removel; did you mean runflow/background-removal\?"):
        Door(concurrency={"runflow/background-removel": 1})

"""Magic inputs, as somebody types them into curl: each value of the table has its story here."""

from collections.abc import Callable, Iterator, Mapping

import pytest
from doors import Door
from steps import BATCHES, INPUT, RUNS, Body, finished_batch, finished_run, get_run, ok, places, post_fault, post_run

from runflow_mock.domain.fault_kinds import KIND_OF, Family
from runflow_mock.domain.magic import MAGIC

URL = "https://magic.runflow.test/{}/shoe.png"


def failure(door: Door, **body: object) -> tuple[str, str | None, str | None]:
    run = finished_run(door, **body)
    return run["status_code"], run["failure_code"], run["failure_stage_code"]


def seconds_running(door: Door, name: str) -> float:
    return float(finished_run(door, client_ref=f"mock:{name}")["duration_ms"] // 1000)


def succeeds(door: Door) -> None:
    assert failure(door, client_ref="mock:succeed") == ("succeeded", None, None)


def fails(code: str, stage: str) -> Callable[[Door, str], None]:
    def story(door: Door, name: str) -> None:
        assert failure(door, client_ref=f"mock:{name}") == ("failed", code, stage)

    return story


def takes(low: float, high: float) -> Callable[[Door, str], None]:
    def story(door: Door, name: str) -> None:
        assert low <= seconds_running(door, name) < high

    return story


def is_partial(door: Door, name: str) -> None:
    batch = finished_batch(door, 4, metadata={"runflow_mock": name})
    assert [item["status_code"] for item in batch["items"]] == ["succeeded", "failed", "succeeded", "failed"]
    assert batch["status_code"] == "partial_succeeded"
    assert finished_run(door, client_ref=f"mock:{name}")["status_code"] == "partial_succeeded"


def is_flagged(door: Door, name: str) -> None:
    assert finished_run(door, client_ref=f"mock:{name}")["output"]["nsfw_detected"] is True
    assert finished_run(door)["output"]["nsfw_detected"] is False


RUN_STORIES: Mapping[str, Callable[[Door, str], None]] = {
    "succeed": lambda door, name: succeeds(door),
    "fail": fails("UPSTREAM_FAILED", "execution"),
    "fail:preprocess": fails("INPUT_VALIDATION_FAILED", "preprocess"),
    "fail:dispatch": fails("DISPATCH_FAILED", "dispatch"),
    "fail:execution": fails("UPSTREAM_FAILED", "execution"),
    "fail:timeout": fails("TIMEOUT", "execution"),
    "partial": is_partial,
    "slow": takes(60, 62),
    "slow:hour": takes(3600, 3602),
    "nsfw": is_flagged,
}


@pytest.mark.parametrize("name", RUN_STORIES)
def test_value_decides_how_the_run_ends(door: Door, name: str) -> None:
    RUN_STORIES[name](door, name)


def test_every_value_about_runs_has_its_story() -> None:
    acts_on_runs = {
        name for name, magic in MAGIC.items() if all(KIND_OF[type(effect.what)].family is Family.RUN for effect in magic.effects)
    }
    assert set(RUN_STORIES) == acts_on_runs


@pytest.mark.parametrize(
    "body", [{"client_ref": "mock:fail"}, {"metadata": {"runflow_mock": "fail"}}, {"input": {"image_url": URL.format("fail")}}]
)
def test_value_is_read_from_each_place(door: Door, body: Body) -> None:
    assert finished_run(door, **body)["status_code"] == "failed"


def test_item_follows_its_own_value_before_that_of_its_batch(door: Door) -> None:
    items: list[Body] = [
        {"input": INPUT},
        {"input": INPUT, "client_ref": "mock:succeed"},
        {"input": {"image_url": URL.format("fail:dispatch")}},
    ]
    batch = ok(door.post(BATCHES, {"items": items, "metadata": {"runflow_mock": "fail"}}), 201)
    door.settle()
    results = ok(door.get(f"/v1/batches/{batch['id']}"))["output"]["items"]
    assert [result.get("error", {}).get("kind") for result in results] == ["upstream_failed", None, "dispatch_failed"]


def test_rule_comes_before_magic(door: Door) -> None:
    post_fault(door, {}, {"kind": "succeed", "output": {"text": "rule"}}, {"times": 1})
    assert finished_run(door, client_ref="mock:fail")["output"] == {"text": "rule"}
    assert finished_run(door, client_ref="mock:fail")["status_code"] == "failed"


def test_timeline_names_the_value(door: Door) -> None:
    run = post_run(door, client_ref="mock:fail")
    told = [step for step in door.settle() if step["kind"] == "magic"]
    assert told == [{"at": get_run(door, run)["completed_at"], "kind": "magic", "id": run["id"], "value": "fail"}]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"client_ref": "mock:fial"}, ["body", "client_ref"]),
        ({"metadata": {"runflow_mock": 5}}, ["body", "metadata", "runflow_mock"]),
        ({"input": {"image_url": URL.format("")}}, ["body", "input"]),
    ],
)
def test_unknown_value_is_refused_by_its_place_with_those_that_there_are(door: Door, body: Body, place: list[str]) -> None:
    refused = door.post(RUNS, {"input": INPUT, **body})
    assert places(refused) == [(place, "magic_unknown")]
    assert all(name in refused.text for name in MAGIC)


def test_unknown_value_of_an_item_is_refused_by_its_index(door: Door) -> None:
    refused = door.post(BATCHES, {"items": [{"input": INPUT}, {"input": INPUT, "client_ref": "mock:"}]})
    assert places(refused) == [(["body", "items", 1, "client_ref"], "magic_unknown")]


@pytest.fixture(params=[{"strict": True}, {"magic": False}], ids=["strict", "no-magic"])
def plain(request: pytest.FixtureRequest) -> Iterator[Door]:
    with Door(**request.param) as opened:
        yield opened


def test_there_is_no_magic_under_strict_or_where_it_is_switched_off(plain: Door) -> None:
    assert finished_run(plain, client_ref="mock:fail")["status_code"] == "succeeded"
    assert finished_run(plain, client_ref="mock:fial")["status_code"] == "succeeded"


def test_magic_is_switched_off_for_one_tenant(door: Door) -> None:
    made = ok(door.post("/_mock/tenants", {"magic": False}), 201)
    assert made["magic"] is False
    door.key = made["key"]
    assert finished_run(door, client_ref="mock:fail")["status_code"] == "succeeded"

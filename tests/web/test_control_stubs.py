from base64 import b64encode

import pytest
from doors import BASE_URL, Door
from steps import BATCHES, INPUT, MODEL, Body, advance, finished_run, get_run, ok, post_fault, post_run, refusal

STUBS = "/_mock/stubs"
OWN: Body = {"image_urls": ["https://cdn.example.com/own.png"]}
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"


def post_stub(door: Door, **stub: object) -> Body:
    return ok(door.post(STUBS, stub), 201)


def test_stub_gives_its_output_and_is_told_with_its_counters(door: Door) -> None:
    stub: Body = {"label": "shoe", "model": MODEL, "input": INPUT, "output": OWN, "times": 2}
    made = post_stub(door, **stub)
    assert made == {"id": made["id"], **stub, "matched": 0, "fired": 0}
    assert finished_run(door)["output"] == OWN
    assert ok(door.get(f"{STUBS}/{made['id']}")) == {**made, "matched": 1, "fired": 1}


def test_stub_gives_duration_and_cost(door: Door) -> None:
    post_stub(door, duration="90s", cost="1.25")
    run = post_run(door)
    advance(door, "90s")
    assert get_run(door, run)["status_code"] == "running"
    advance(door, "1s")
    assert get_run(door, run)["cost"] == "1.250000"


def test_stub_serves_files_of_its_own(door: Door) -> None:
    post_stub(door, files=[{"name": "own.svg", "media_type": "image/svg+xml", "base64": b64encode(SVG).decode()}])
    (url,) = finished_run(door)["output"]["image_urls"]
    assert door.get(url.removeprefix(BASE_URL), key=None).content == SVG


@pytest.mark.parametrize(
    ("place", "hit", "miss"),
    [
        ({"client_ref": "sku-1"}, {"client_ref": "sku-1"}, {"client_ref": "sku-2"}),
        ({"metadata": {"shop": {"id": 7}}}, {"metadata": {"shop": {"id": 7, "name": "x"}, "more": []}}, {"metadata": {"shop": {"id": 8}}}),
        ({"input": {"n": [{"a": 1}]}}, {"input": {**INPUT, "n": [{"a": 1, "b": 2}]}}, {"input": {**INPUT, "n": [{"a": True}]}}),
        ({"model": MODEL}, {}, None),
    ],
    ids=lambda value: ",".join(value) if value else "",
)  # fmt: skip
def test_stub_answers_what_contains_its_place(door: Door, place: Body, hit: Body, miss: Body | None) -> None:
    post_stub(door, **place, output=OWN)
    assert finished_run(door, **hit)["output"] == OWN
    if miss is not None:
        assert finished_run(door, **miss)["output"] != OWN


def test_each_item_of_a_batch_can_have_a_stub(door: Door) -> None:
    post_stub(door, client_ref="b", output=OWN)
    items = [{"input": INPUT, "client_ref": ref} for ref in "ab"]
    batch = ok(door.post(BATCHES, {"items": items}), 201)
    door.settle()
    results = ok(door.get(f"/v1/batches/{batch['id']}"))["output"]["items"]
    assert [result["output"] == OWN for result in results] == [False, True]


def test_stubs_are_rules_and_rules_of_that_form_are_stubs(door: Door) -> None:
    stub = post_stub(door, client_ref="a", output=OWN)
    rule = post_fault(door, {"client_ref": "b"}, {"kind": "succeed", "nsfw_detected": True})
    longer = post_fault(door, {"edge": "batch.item[1]"}, {"kind": "succeed", "output": OWN})
    seldom = post_fault(door, {}, {"kind": "succeed", "output": OWN}, {"every": 2})
    failing = post_fault(door, {"client_ref": "c"})
    assert [item["id"] for item in ok(door.get(STUBS))["items"]] == [stub["id"], rule["id"]]
    others = [longer["id"], seldom["id"], failing["id"]]
    assert [item["id"] for item in ok(door.get("/_mock/faults"))["items"]] == [stub["id"], rule["id"], *others]
    for other in others:
        refusal(door.get(f"{STUBS}/{other}"), 404, "not_found")
        refusal(door.delete(f"{STUBS}/{other}"), 404, "not_found")
    assert door.delete(STUBS).status_code == 204
    assert [item["id"] for item in ok(door.get("/_mock/faults"))["items"]] == others


def test_removed_stub_has_no_effect(door: Door) -> None:
    stub = post_stub(door, output=OWN)
    assert door.delete(f"{STUBS}/{stub['id']}").status_code == 204
    refusal(door.get(f"{STUBS}/{stub['id']}"), 404, "not_found")
    assert finished_run(door)["output"] != OWN


@pytest.mark.parametrize(
    ("stub", "named"),
    [
        ({}, "gives nothing"),
        ({"client_ref": "a"}, "output, files"),
        ({"output": OWN, "cots": "1"}, "cots"),
        ({"output": []}, "output"),
        ({"output": OWN, "files": []}, "either output or files"),
        ({"files": [{}]}, "files"),
        ({"files": [{"media_type": "png", "base64": ""}]}, "files[0].media_type"),
        ({"cost": "-1"}, "cost -1"),
        ({"duration": "soon"}, "duration"),
        ({"output": OWN, "times": 0}, "times 0"),
        ({"output": OWN, "input": []}, "input"),
        ({"nsfw_detected": 1}, "nsfw_detected"),
    ],
)
def test_bad_stub_is_refused_by_the_name_of_its_field(door: Door, stub: Body, named: str) -> None:
    message = refusal(door.post(STUBS, stub), 422)
    assert named in message
    assert "what." not in message
    assert ok(door.get("/_mock/faults")) == {"items": []}


def test_unknown_model_of_a_stub_is_refused_with_the_nearest(door: Door) -> None:
    response = door.post(STUBS, {"model": "runflow/background-remove", "output": OWN})
    assert MODEL in refusal(response, 404, "not_found")

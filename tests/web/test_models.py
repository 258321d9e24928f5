import json
from pathlib import Path

import pytest
from contract import fits
from doors import MANUAL, Door
from msgspec.structs import replace
from steps import ABSENT, Body, ok, places, problem
from worlds import catalog

from runflow_mock.domain.documents import read_object
from runflow_mock.wire.inputs import InputChecks

HIDDEN = {"org_id", "is_public", "created_by", "deleted_at", "deleted_by"}
CLEAN = "runflow/background-removal"


def uuid(path: str) -> str:
    return catalog().read(path).uuid


def items(door: Door, path: str, operation: str) -> list[Body]:
    found: list[Body] = ok(fits(door.get(path), operation))["items"]
    return found


def test_all_models_are_listed_by_name_with_their_state(door: Door) -> None:
    found = items(door, "/v1/models?limit=500", "list_models")
    assert [item["name"] for item in found] == sorted(item["name"] for item in found)
    states = [item["status_code"] for item in found]
    assert (len(states), states.count("active"), states.count("inactive")) == (65, 50, 15)
    assert found[0]["inputs"] is None


def test_list_embeds_inputs_outputs_and_creator_when_asked(door: Door) -> None:
    (model,) = items(door, f"/v1/models?q=id.eq:'{uuid(CLEAN)}'&embed=inputs,outputs,model_creator", "list_models")
    assert [part["name"] for part in model["inputs"]] == ["image_url", "config"]
    assert "image_urls" in [part["name"] for part in model["outputs"]]
    assert model["model_creator"]["slug"] == "runflow"
    assert places(door.get("/v1/models?embed=friends")) == [(["query", "embed"], "value_error")]


@pytest.mark.parametrize("query", ["is_official:true", "category_code.eq:'product-imagery'", "slug:background-removal"])
def test_models_are_filtered(door: Door, query: str) -> None:
    assert uuid(CLEAN) in {item["id"] for item in items(door, f"/v1/models?limit=500&q={query}", "list_models")}


@pytest.mark.parametrize("order", ["created_at:desc", "id:asc", "updated_at:asc", "category_code:desc"])
def test_pages_joined_give_each_model_once(door: Door, order: str) -> None:
    seen: list[str] = []
    following: str | None = ""
    while following is not None:
        body = ok(door.get(f"/v1/models?limit=20&sort_by={order}&fields=id" + (f"&pq={following}" if following else "")))
        seen += [item["id"] for item in body["items"]]
        following = body["next"]
    assert sorted(seen) == sorted(model.uuid for model in catalog().models)
    if order == "id:asc":
        assert seen == sorted(seen)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("name", [CLEAN, uuid(CLEAN), "runflow%2Fbackground-removal"])
def test_model_is_read_by_path_and_by_uuid(door: Door, name: str) -> None:
    model = ok(fits(door.get(f"/v1/models/{name}"), "get_model"))
    assert (model["id"], model["slug"], model["pricing_note"]) == (uuid(CLEAN), "background-removal", "$0.27/request")
    assert model["inputs"][0]["is_required"]


@pytest.mark.parametrize("path", ["bytedance/seedance/2.0/fast/text-to-video", "flux-pro/kontext", "black-forest-labs/flux-2-max"])
def test_model_of_any_depth_short_or_inactive_is_read(door: Door, path: str) -> None:
    assert ok(fits(door.get(f"/v1/models/{path}"), "get_model"))["id"] == uuid(path)


@pytest.mark.parametrize("name", ["nobody/nothing", ABSENT, "nothing"])
def test_unknown_model_is_404_for_itself_and_its_parts(door: Door, name: str) -> None:
    for path in ("", "/examples", "/pricing", f"/inputs/{ABSENT}"):
        problem(door.get(f"/v1/models/{name}{path}"), 404, "NOT_FOUND")


@pytest.mark.slow(is_covering=True)
def test_listed_inputs_say_what_validation_checks(door: Door) -> None:
    checks = InputChecks()
    for entry in catalog().entries[::6]:
        shown = ok(door.get(f"/v1/models/{entry.model.id}"))["inputs"]
        required = {part["name"] for part in shown if part["is_required"]}
        assert {str(error.loc[-1]) for error in checks.read(entry.model, {}, ())[1] if error.type == "missing"} >= required
        for part in shown:
            values = (part["validator_attrs"] or {}).get("values")
            wrong = checks.read(entry.model, {part["name"]: "no such value"}, ())[1]
            assert not values or part["name"] in {str(error.loc[0]) for error in wrong if error.loc}


@pytest.mark.slow(is_covering=True)
def test_public_list_needs_no_key_and_shows_active_models_only(door: Door) -> None:
    response = door.get("/v1/public/models?limit=500&embed=inputs", key=None)
    found = ok(fits(response, "list_public_models"))["items"]
    assert len(found) == 50
    assert {item["status_code"] for item in found} == {"active"}
    assert not HIDDEN & set(found[0])
    assert ok(door.get("/v1/public/models?q=status_code:inactive", key=None))["items"] == []


@pytest.mark.parametrize("parameter", ["q=org_id:x", "sort_by=is_public", "fields=org_id", "embed=org"])
def test_public_list_knows_public_fields_only(door: Door, parameter: str) -> None:
    assert places(door.get(f"/v1/public/models?{parameter}", key=None))[0][0] == ["query", parameter.partition("=")[0]]


def test_public_cursors_are_spelled_as_the_server_speaks() -> None:
    with Door(dialect="docs") as door:
        assert "next_pq" in ok(door.get("/v1/public/models?limit=1", key=None))


@pytest.mark.parametrize("parent", [CLEAN, uuid(CLEAN), "any"])
def test_input_is_read_under_its_model_or_any(door: Door, parent: str) -> None:
    shown = ok(door.get(f"/v1/models/{CLEAN}"))["inputs"][0]
    assert ok(fits(door.get(f"/v1/models/{parent}/inputs/{shown['id']}"), "get_model_input")) == shown
    problem(door.get(f"/v1/models/google/veo3.1/inputs/{shown['id']}"), 404, "NOT_FOUND")
    assert places(door.get(f"/v1/models/{parent}/inputs/nonsense")) == [(["path", "id"], "uuid_parsing")]


def test_limits_of_an_input_are_told(door: Door) -> None:
    inputs = {part["name"]: part for part in ok(door.get("/v1/models/black-forest-labs/flux-pro/kontext"))["inputs"]}
    assert (inputs["num_images"]["validator_code"], inputs["num_images"]["validator_attrs"]) == ("range", {"min": 1, "max": 4})
    assert inputs["output_format"]["validator_attrs"] == {"values": ["jpeg", "png"]}
    assert inputs["num_images"]["default_value"] == 1


@pytest.mark.slow(is_covering=True)
def test_examples_run_as_they_stand(door: Door) -> None:
    examples = items(door, f"/v1/models/{CLEAN}/examples", "list_model_examples")
    assert [example["sort_order"] for example in examples] == [0, 1]
    assert ok(fits(door.get(f"/v1/models/any/examples/{examples[1]['id']}"), "get_model_example")) == examples[1]
    run = ok(door.post(f"/v1/models/{CLEAN}/runs", {"input": examples[0]["input"]}), 201)
    door.settle()
    assert ok(door.get(f"/v1/runs/{run['id']}"))["cost"] == examples[0]["cost"]


@pytest.mark.slow(is_covering=True)
def test_every_example_of_the_catalog_is_an_input_that_runs_accept(door: Door) -> None:
    checks = InputChecks()
    for example in items(door, "/v1/models/any/examples?limit=500", "list_model_examples"):
        model = catalog().read(example["model_id"])
        assert checks.read(model, example["input"], ())[1] == []
        assert (example["output"] is None) == (model.modality != "image")


def test_picture_of_an_example_is_there(door: Door) -> None:
    example = items(door, f"/v1/models/{CLEAN}/examples?limit=1", "list_model_examples")[0]
    picture = door.get(example["output"]["image_urls"][0], key=None)
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")


@pytest.mark.slow(is_covering=True)
def test_price_list_is_read_for_one_model_and_for_all(door: Door) -> None:
    rows = items(door, "/v1/models/google/nano-banana-2/pricing", "list_model_pricing")
    assert [(row["rule_effect_code"], row["price"]) for row in rows] == [("base", "0.080000"), ("add", "0.015000"), ("add", "0.002000")]
    everywhere = items(door, "/v1/models/any/pricing?limit=500", "list_model_pricing")
    assert {row["model_id"] for row in everywhere} == {model.uuid for model in catalog().models}
    assert [row for row in everywhere if row["model_id"] == rows[0]["model_id"]] == rows


@pytest.mark.slow(is_covering=True)
def test_creators_own_all_models(door: Door) -> None:
    creators = items(door, "/v1/model-creators?limit=500&embed=models", "list_model_creators")
    assert [creator["slug"] for creator in creators] == sorted({model.owner for model in catalog().models})
    assert sum(len(creator["models"]) for creator in creators) == 65
    alone = ok(fits(door.get(f"/v1/model-creators/{creators[0]['id']}"), "get_model_creator"))
    assert alone == creators[0]
    assert ok(door.get("/v1/model-creators?limit=1"))["items"][0]["models"] is None
    problem(door.get(f"/v1/model-creators/{ABSENT}"), 404, "NOT_FOUND")


def test_models_need_the_scope(door: Door) -> None:
    ok(
        door.post("/_mock/tenants", {"name": "narrow", "scopes": ["runs:read"]}, headers={"Authorization": "Bearer rf_live_mock_narrow"}),
        201,
    )
    for path in ("/v1/models", f"/v1/models/{CLEAN}", "/v1/models/any/pricing", "/v1/model-creators"):
        problem(door.get(path, key="rf_live_mock_narrow"), 403, "PERMISSION_DENIED")


def test_inputs_stand_in_the_order_of_the_schema(door: Door) -> None:
    model = catalog().get("ideogram/v3")
    properties = read_object(model.input_schema)["properties"]
    assert isinstance(properties, dict)
    assert [part["name"] for part in ok(door.get(f"/v1/models/{model.uuid}"))["inputs"]] == list(properties)


def test_model_of_ones_own_that_says_next_to_nothing_is_told_as_the_contract_says(tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    model = {
        "id": "shop/cutter",
        "name": "Cutter",
        "input": {"type": "object", "properties": {}},
        "price": {"unit": "request", "amount": "0.05"},
        "output": {"media_type": "image/png", "file": "cut"},
        "run_seconds": [1, 2],
    }
    file.write_text(json.dumps([model]))
    with Door(replace(MANUAL, catalog=(file,))) as door:
        (listed,) = items(door, "/v1/models?q=slug:cutter&embed=model_creator", "list_models")
        assert (listed["name"], listed["category_code"]) == ("Cutter", None)
        fits(door.get(f"/v1/models/{listed['id']}"), "get_model")
        fits(door.get("/v1/public/models?limit=500"), "list_public_models")

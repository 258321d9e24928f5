"""Programs that do what public clients do, each in both dialects."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from doors import BASE_URL, Door
from programs import RunFailed, Sdk, Send, cards, create_ad, deploy, through_a_proxy
from steps import get_run, ok, post_fault
from uploads import PNG

PHOTO = "https://cdn.example.com/shirt.jpg"
MODELS: list[tuple[str, dict[str, Any]]] = [
    ("runflow/background-removal", {"image_url": PHOTO}),
    ("runflow/dyver-removal", {"image_url": PHOTO, "config": {"elements": ["tag_removal"]}}),
    ("runflow/smart-resize", {"image_url": PHOTO, "aspect_ratio": "16:9", "resolution": "2K"}),
    ("runflow/background-replace", {"prompt": "white studio"}),
    ("google/nano-banana-pro/edit", {"prompt": "x", "image_urls": [PHOTO]}),
    ("alibaba/wan/v2.7/text-to-video", {"prompt": "x"}),
    ("elevenlabs/tts", {"text": "hello"}),
]


@pytest.fixture(params=["seed", "docs"])
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    with Door(dialect=request.param, balance=10**9) as opened:
        yield opened


def sender(door: Door) -> Send:
    """How a program sends: addresses of the server itself lose their host on the way."""
    return lambda method, path, **more: door.request(method, path.removeprefix(BASE_URL), **more)


def pause(door: Door) -> Callable[[], object]:
    return lambda: ok(door.post("/_mock/clock/advance", {"by": "2s"}))


def fetched(door: Door, url: str) -> httpx.Response:
    return door.get(url.removeprefix(BASE_URL), key=None)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(("model", "inputs"), MODELS, ids=[model for model, _ in MODELS])
def test_sdk_finds_the_result_of_every_kind_of_model(door: Door, model: str, inputs: dict[str, Any]) -> None:
    url = Sdk(sender(door), pause(door)).run(model, inputs)
    assert fetched(door, url).status_code == 200


@pytest.mark.parametrize(("switch", "told"), [("absent", "Run {id} failed"), ("present", "too dark")])
def test_sdk_tells_why_a_run_failed_only_where_the_run_says_it_as_the_sdk_reads_it(switch: str, told: str) -> None:
    with Door(switches={"run_error": switch}) as door:
        post_fault(door, {"edge": "run.running->failed"}, {"kind": "fail", "failure_message": "too dark"})
        with pytest.raises(RunFailed) as failed:
            Sdk(sender(door), pause(door)).run(*MODELS[0])
        (run,) = ok(door.get("/v1/runs"))["items"]
        assert str(failed.value) == told.format(id=run["id"])


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(("spelling", "outcome"), [("us", RunFailed), ("uk", TimeoutError)])
def test_sdk_that_knows_one_spelling_polls_for_ever_where_the_other_is_spoken(spelling: str, outcome: type[Exception]) -> None:
    with Door(switches={"status_spelling": spelling}) as door:
        run = ok(door.post("/v1/models/runflow/background-removal/runs", {"input": {"image_url": PHOTO}}), 201)
        ok(door.post(f"/v1/admin/runs/{run['id']}/cancellation", key=door.admin_key), 201)
        with pytest.raises(outcome):
            Sdk(sender(door), lambda: None).wait(run["id"])


@pytest.mark.parametrize(
    ("name", "data", "mime_type"),
    [
        ("shoe photo.png", PNG, "image/png"),
        ("photo", PNG, "image/png"),
        ("chair.glb", b"glTF....", "model/gltf-binary"),
        ("notes.zzz", b"hello", "application/octet-stream"),
    ],
)
def test_upload_in_three_steps_takes_whatever_a_client_has(door: Door, name: str, data: bytes, mime_type: str) -> None:
    asset = Sdk(sender(door), pause(door)).upload(name, data)
    assert asset["mime_type"] in {mime_type, "application/octet-stream"}
    assert fetched(door, asset["url"]).content == data


@pytest.mark.parametrize("form", ["{id}", "runflow://assets/{id}", "{url}"])
def test_uploaded_picture_is_an_input_by_id_reference_and_address(door: Door, form: str) -> None:
    sdk = Sdk(sender(door), pause(door))
    asset = sdk.upload("shoe.png", PNG)
    assert sdk.run("runflow/background-removal", {"image_url": form.format(**asset)})


def test_script_that_says_nothing_by_empty_text_is_served(door: Door) -> None:
    run = create_ad(sender(door), PHOTO)
    door.settle()
    ended = get_run(door, run)
    assert (ended["status_code"], ended["output"]["outputs"][0]["type"]) == ("succeeded", "image")
    assert create_ad(sender(door), PHOTO, logo=PHOTO)["input"]["logo"] == PHOTO


def test_plugin_deploys_a_graph_with_any_file_and_changes_it_the_second_time(door: Door) -> None:
    graph = {"1": {"class_type": "RunflowInputImage", "inputs": {"input_id": "photo"}}}
    files = {"checkpoints/own.safetensors": b"\x00\x01weights", "configs/own.yaml": b"a: 1", "nodes/pack.tar.gz": b"\x1f\x8b.."}
    first = deploy(sender(door), "My Flow", graph, files)
    second = deploy(sender(door), "My Flow", graph, {})
    assert (first["id"], first["slug"]) == (second["id"], "my-flow")
    owner = ok(door.get("/v1/auth/me"))["memberships"][0]["org"]["slug"]
    run = ok(door.post(f"/v1/comfyui-workflows/{owner}/my-flow/runs", {"input": {"photo": PHOTO}}), 201)
    door.settle()
    assert get_run(door, run)["status_code"] == "succeeded"


def test_proxy_that_lets_only_uuids_by_lets_every_run_by(door: Door) -> None:
    way = through_a_proxy(sender(door))
    assert Sdk(way, pause(door)).run(*MODELS[0])
    assert way("GET", "/v1/runs/01J0ABCDEFGHJKMNPQRSTVWXYZ").status_code == 403


def test_page_shows_and_finds_every_active_model_and_its_links_lead_there(door: Door) -> None:
    rows = door.get("/models-catalog.json", key=None).json()
    shown = list(cards(rows, BASE_URL))
    assert len(shown) == 50
    assert [name for name, _, _ in cards(rows, BASE_URL, "nano banana pro edit")] == ["Nano Banana Pro Edit by Google"]
    for _, picture, page in shown[::11]:
        assert (fetched(door, picture).status_code, fetched(door, page).status_code) == (200, 200)

"""Programs that do what public clients do, each in both dialects.

How an SDK polls and uploads, how a script says nothing, how a plugin deploys: each knows only how to send a request, and reads of an answer
what the public program reads; none of their code is here.
"""

import mimetypes
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from doors import BASE_URL, Door
from steps import get_run, ok, post_fault
from uploads import PNG

Send = Callable[..., httpx.Response]
POLLS_MAX = 400
OF_A_PROXY = re.compile(r"/v1/runs/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class RunFailed(Exception):
    """A run did not end well; the message is what the program would show its user."""


class Sdk(NamedTuple):
    """What an SDK does: it runs a model, polls until a word that it knows, and hands over the first address that it finds."""

    send: Send
    pause: Callable[[], object]
    terminal: frozenset[str] = frozenset(("succeeded", "failed", "canceled", "partial_succeeded"))

    def run(self, model: str, inputs: dict[str, Any]) -> str:
        """The address of a finished picture."""
        path = "/v1/models/" + "/".join(model.split("/")) + "/runs"
        run = self.send("POST", path, json={"input": inputs, "client_ref": None}).raise_for_status().json()
        return self.wait(run["id"])

    def wait(self, run_id: str) -> str:
        """The address of a picture of a run, which is polled until it has ended."""
        for _ in range(POLLS_MAX):
            run = self.send("GET", f"/v1/runs/{run_id}").raise_for_status().json()
            if run["status_code"] in self.terminal:
                return self._result(run)
            self.pause()
        raise TimeoutError(run_id)

    def _result(self, run: dict[str, Any]) -> str:
        if run["status_code"] != "succeeded":
            told = (run.get("error") or {}).get("message")
            raise RunFailed(told or f"Run {run['id']} {run['status_code']}")
        output = run["output"]
        first = (output.get("outputs") or [{}])[0].get("url")
        return str(first or (output.get("image_urls") or [None])[0] or output.get("url"))

    def upload(self, name: str, data: bytes) -> dict[str, Any]:
        """The asset of a file, in three steps; what the file is, its name says, or nobody does."""
        declared = mimetypes.guess_type(name)[0] or "application/octet-stream"
        opened = {"filename": name, "mime_type": declared, "size_bytes": len(data)}
        session = self.send("POST", "/v1/asset-uploads", json=opened).raise_for_status().json()
        self.send("PUT", session["upload_url"], content=data, key=None, headers={"Content-Type": declared}).raise_for_status()
        path = f"/v1/asset-uploads/{session['asset_id']}/confirmations"
        asset: dict[str, Any] = self.send("POST", path, json={"folder_id": None}).raise_for_status().json()
        return asset


def create_ad(send: Send, design: str, logo: str = "") -> dict[str, Any]:
    """A run of a workflow as a script makes it that says nothing by empty text."""
    inputs = {
        "primary_design_ref": design,
        "Aux Reference 1": "",
        "Aux Reference 2": "",
        "logo": logo,
        "aspect_ratio": "1:1",
        "prompt": "x",
    }
    path = "/v1/comfyui-workflows/runflow-access/brand-locked-variant-nux/runs"
    run: dict[str, Any] = send("POST", path, json={"input": inputs}).raise_for_status().json()
    return run


def deploy(send: Send, name: str, graph: dict[str, Any], files: dict[str, bytes]) -> dict[str, Any]:
    """A workflow as a plugin deploys it: its files first, whatever they are, then changed if it is there and made if it is not."""
    sdk = Sdk(send, lambda: None)
    models = {path: {"url": sdk.upload(path.rpartition("/")[2], data)["url"]} for path, data in files.items()}
    slug = re.sub(r"[^a-z0-9-]", "", name.lower().replace(" ", "-"))
    body = {"name": name, "workflow_json": graph, "graph": {}, "environment": {"packages": []}, "custom_nodes": {}, "models": models}
    found = send("GET", f"/v1/comfyui-workflows?q=slug.eq:'{slug}'&limit=1").raise_for_status().json()["items"]
    if found:
        changed: dict[str, Any] = send("PATCH", f"/v1/comfyui-workflows/{found[0]['id']}", json=body).raise_for_status().json()
        return changed
    made: dict[str, Any] = send("POST", "/v1/comfyui-workflows", json={**body, "slug": slug}).raise_for_status().json()
    return made


def through_a_proxy(send: Send) -> Send:
    """The way of a request through a proxy that lets nothing by but runs, and of those only ids that are UUIDs."""

    def forward(method: str, path: str, **more: Any) -> httpx.Response:
        is_run = method == "GET" and OF_A_PROXY.fullmatch(path)
        is_creation = method == "POST" and path.startswith("/v1/models/") and path.endswith("/runs")
        if not (is_run or is_creation):
            return httpx.Response(403, json={"error": "path not allowed"}, request=httpx.Request(method, f"http://proxy{path}"))
        return send(method, path, **more)

    return forward


def cards(rows: list[dict[str, Any]], host: str, words: str = "") -> Iterator[tuple[str, str, str]]:
    """What a page shows of the catalog, with a search: name and maker, picture, and where a click leads."""
    for row in rows:
        text = f"{row['model_name']} {row['slug'].lower()} {row['provider_name'].lower()}"
        if row["active"] and not row["isWorkflow"] and words in text.lower():
            yield f"{row['model_name']} by {row['provider_name']}", row["thumbnail_url"], host + row["page_url"]


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

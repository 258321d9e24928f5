"""The files behind output addresses: opened and measured for models of every kind, and refused where they must be."""

import base64
import wave
from io import BytesIO
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import pytest
from clips import first_colors, read_clip
from contract import fits
from doors import BASE_URL, Door
from PIL import Image
from steps import ABSENT, Body, advance, file_urls, finished_batch, finished_run, get_run, ok, post_fault, problem
from uploads import upload
from worlds import create_run, created

from runflow_mock.domain.seeds import Seed

PROMPT = {"prompt": "a red kite"}
PHOTO = {"image_url": "https://cdn.example.com/shirt.jpg"}
RED = (200, 30, 30)

# Model, inputs, format, pixels, number of files, seconds.
KINDS: list[tuple[str, Body, str, tuple[int, int] | None, int, float | None]] = [
    ("runflow/background-removal", PHOTO, "WEBP", (1024, 1024), 1, None),
    ("google/nano-banana-pro", {**PROMPT, "resolution": "2K", "aspect_ratio": "16:9", "num_images": 2}, "PNG", (2048, 1152), 2, None),
    ("black-forest-labs/flux-2-pro", {**PROMPT, "image_size": {"width": 640, "height": 480}}, "JPEG", (640, 480), 1, None),
    ("black-forest-labs/flux-2-klein-9b", {**PROMPT, "output_format": "webp", "num_images": 3}, "WEBP", (1024, 768), 3, None),
    ("bria/background/remove", PHOTO, "PNG", (1024, 1024), 1, None),
    ("topaz/upscale/image", PHOTO, "JPEG", (2048, 2048), 1, None),
    ("google/veo3.1/fast", {**PROMPT, "duration": "6s", "resolution": "1080p", "aspect_ratio": "9:16"}, "MP4", (1080, 1920), 1, 6.0),
    ("bytedance/seedance/2.0/text-to-video", {**PROMPT, "resolution": "480p", "aspect_ratio": "16:9"}, "MP4", (854, 480), 1, 5.0),
    ("kuaishou/kling-video/v3/pro/text-to-video", {**PROMPT, "duration": "15"}, "MP4", (1920, 1080), 1, 15.0),
    ("google/gemini-tts", {"text": "hello", "prompt": "hello", "output_format": "wav"}, "WAV", None, 1, 4.0),
    ("elevenlabs/tts/eleven-v3", {"text": "hello"}, "MP3", None, 1, 4.0),
]


def run_of(door: Door, model: str, inputs: Body) -> Body:
    run = ok(door.post(f"/v1/models/{model}/runs", {"input": inputs}), 201)
    door.settle()
    return get_run(door, run)


def at(door: Door, url: str, method: str = "GET", **headers: str) -> httpx.Response:
    """The answer at an address of an output, asked without a key."""
    assert url.startswith(BASE_URL)
    return door.request(
        method, url.removeprefix(BASE_URL), key=None, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def url_of(run: Body) -> str:
    return file_urls(run)[0]


def opened(response: httpx.Response) -> Image.Image:
    assert response.status_code == 200, response.text
    image = Image.open(BytesIO(response.content))
    image.load()
    return image


def measured(response: httpx.Response) -> tuple[str, tuple[int, int] | None, float | None]:
    """What a file is by its own account: format, pixels, seconds."""
    data, kind = response.content, response.headers["content-type"]
    if kind == "video/mp4":
        clip = read_clip(data)
        assert clip.coded == (clip.width, clip.height)
        return "MP4", (clip.width, clip.height), clip.seconds
    if kind == "audio/wav":
        with wave.open(BytesIO(data)) as reader:
            return "WAV", None, reader.getnframes() / reader.getframerate()
    if kind == "audio/mpeg":
        return "MP3", None, round(data.count(b"\xff\xfb\x14\xc4") * 0.024, 1)
    image = opened(response)
    assert kind == f"image/{cast(str, image.format).lower()}"
    return cast(str, image.format), image.size, None


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(("model", "inputs", "kind", "pixels", "count", "seconds"), KINDS, ids=[row[0] for row in KINDS])
def test_file_is_what_the_output_says(
    model: str, inputs: Body, kind: str, pixels: tuple[int, int] | None, count: int, seconds: float | None
) -> None:
    with Door(switches={"output_form": "both"}) as door:
        outputs = run_of(door, model, inputs)["output"]["outputs"]
        _is_as_announced(door, outputs, kind, pixels, count, seconds)


def _is_as_announced(door: Door, outputs: list[Body], kind: str, pixels: tuple[int, int] | None, count: int, seconds: float | None) -> None:
    assert len(outputs) == count
    for entry in outputs:
        response = at(door, entry["url"])
        assert measured(response) == (kind, pixels, seconds)
        assert (entry.get("width"), entry.get("height")) == (pixels or (None, None))
        assert (entry.get("duration"), entry["content_type"]) == (seconds, response.headers["content-type"])


@pytest.mark.slow
def test_every_active_model_serves_what_it_announces() -> None:
    with Door(balance=10**12, switches={"output_form": "both"}) as door:
        for model in (model for model in door.runtime.catalog.models if model.is_active and model.output.width <= 1024):
            outputs = _outputs_of(door, model.id)
            assert outputs == _announced(door, outputs), model.id


def _outputs_of(door: Door, model_id: str) -> list[Body]:
    run = created(door.runtime.execute(_tenant(door), create_run(model_id, {"prompt": "x"})))
    door.settle()
    return cast(list[Body], get_run(door, {"id": run.id})["output"]["outputs"])


def _tenant(door: Door) -> Any:
    door.get("/v1/auth/me")
    return door.runtime.tenants.get("test")


def _announced(door: Door, outputs: list[Body]) -> list[Body]:
    checked = []
    for entry in outputs:
        _, pixels, _ = measured(at(door, entry["url"]))
        checked.append(entry | ({} if pixels is None else {"width": pixels[0], "height": pixels[1]}))
    return checked


@pytest.mark.slow(is_covering=True)
def test_stages_of_a_pipeline_cut_out_where_they_should(door: Door) -> None:
    run = run_of(door, "runflow/dyver-removal", {**PHOTO, "config": {"elements": ["background_removal", "tag_removal"]}})
    modes = {urlsplit(url).path.rpartition("/")[2]: opened(at(door, url)).mode for url in run["output"]["image_urls"]}
    assert modes == {"tag_remover_00001_.webp": "RGB", "bg_remover_00001_.webp": "RGBA", "result_00001_.webp": "RGBA"}


def test_files_of_a_run_differ_from_each_other_and_stay_the_same(door: Door) -> None:
    urls = file_urls(run_of(door, "google/nano-banana-2", {**PROMPT, "resolution": "0.5K", "num_images": 2}))
    first, second = (at(door, url).content for url in urls)
    assert first != second
    assert at(door, urls[0]).content == first


@pytest.mark.slow(is_covering=True)
def test_same_seed_gives_the_same_files_and_another_gives_others() -> None:
    contents = []
    for seed in ("7", "7", "8"):
        with Door(seed=seed) as door:
            contents.append(at(door, url_of(finished_run(door))).content)
    assert contents[0] == contents[1] != contents[2]


@pytest.mark.slow(is_covering=True)
def test_world_after_a_reset_does_not_show_files_of_the_one_before(door: Door) -> None:
    data = "data:image/png;base64," + base64.b64encode(_red_picture()).decode()
    red = url_of(run_of(door, "runflow/skin-fix", {"image_url": data}))
    before = at(door, red).content
    door.post("/_mock/reset")
    plain = url_of(run_of(door, "runflow/skin-fix", PHOTO))
    assert urlsplit(plain).path == urlsplit(red).path
    assert at(door, plain).content != before


@pytest.mark.slow(is_covering=True)
def test_picture_that_was_sent_in_is_shown(door: Door) -> None:
    data = "data:image/png;base64," + base64.b64encode(_red_picture()).decode()
    image = opened(at(door, url_of(run_of(door, "runflow/skin-fix", {"image_url": data}))))
    red, green, _ = cast(tuple[int, int, int], image.getpixel((512, 300)))
    assert red > 180
    assert green < 60


@pytest.mark.slow(is_covering=True)
def test_asset_is_shown_however_it_is_referred_to(door: Door) -> None:
    asset = upload(door, _red_picture())
    for address in (f"runflow://assets/{asset['id']}", asset["url"]):
        image = opened(at(door, url_of(run_of(door, "runflow/skin-fix", {"image_url": address}))))
        assert cast(tuple[int, int, int], image.getpixel((512, 300)))[0] > 180
    door.delete(f"/v1/assets/{asset['id']}")
    gone = at(door, url_of(run_of(door, "runflow/skin-fix", {"image_url": asset["url"]})))
    assert opened(gone).size == (1024, 1024)


@pytest.mark.slow(is_covering=True)
def test_video_begins_with_the_picture_that_was_sent_in(door: Door) -> None:
    asset = upload(door, _red_picture())
    run = run_of(door, "alibaba/wan/v2.7/image-to-video", {"image_url": f"runflow://assets/{asset['id']}", **PROMPT})
    response = at(door, url_of(run))
    kind, size, _ = measured(response)
    assert kind == "MP4"
    assert size is not None
    luma, blue, red = first_colors(response.content)[size[0] // 32]
    assert luma < 120
    assert blue < 128
    assert red > 200


@pytest.mark.slow(is_covering=True)
def test_workflow_shows_the_picture_that_was_sent_in(door: Door) -> None:
    asset = upload(door, _red_picture())
    inputs = {"primary_design_ref": f"runflow://assets/{asset['id']}", "aspect_ratio": "1:1"}
    run = ok(door.post("/v1/comfyui-workflows/runflow-access/brand-locked-variant-nux/runs", {"input": inputs}), 201)
    door.settle()
    image = opened(at(door, url_of(get_run(door, run)))).convert("RGB")
    assert cast(tuple[int, int, int], image.getpixel((image.width // 2, image.height // 4)))[0] > 180


@pytest.mark.slow(is_covering=True)
def test_items_of_a_batch_have_files(door: Door) -> None:
    batch = finished_batch(door)
    items = ok(door.get(f"/v1/batches/{batch['id']}/items"))["items"]
    contents = {at(door, url_of(get_run(door, {"id": item["run_id"]}))).content for item in items}
    assert len(contents) == 2


@pytest.mark.slow(is_covering=True)
def test_broken_picture_falls_back_to_a_synthetic_one(door: Door) -> None:
    data = "data:image/png;base64," + base64.b64encode(_red_picture()[:60]).decode()
    assert opened(at(door, url_of(run_of(door, "runflow/skin-fix", {"image_url": data})))).size == (1024, 1024)


def _red_picture() -> bytes:
    target = BytesIO()
    Image.new("RGB", (64, 64), RED).save(target, "PNG")
    return target.getvalue()


@pytest.fixture
def url(door: Door) -> str:
    return url_of(finished_run(door))


@pytest.mark.slow(is_covering=True)
def test_head_says_the_same_without_a_body(door: Door, url: str) -> None:
    whole, head = at(door, url), at(door, url, "HEAD")
    volatile = {"x-request-id"}
    assert {k: v for k, v in head.headers.items() if k not in volatile} == {k: v for k, v in whole.headers.items() if k not in volatile}
    assert (head.content, int(head.headers["content-length"])) == (b"", len(whole.content))


@pytest.mark.slow(is_covering=True)
def test_part_of_a_file_is_206(door: Door, url: str) -> None:
    whole = at(door, url).content
    size = len(whole)
    for asked, (first, last) in {
        "bytes=0-99": (0, 99),
        "bytes=-5": (size - 5, size - 1),
        f"bytes={size - 2}-": (size - 2, size - 1),
    }.items():
        response = at(door, url, Range=asked)
        assert (response.status_code, response.content) == (206, whole[first : last + 1])
        assert response.headers["content-range"] == f"bytes {first}-{last}/{size}"
    beyond = at(door, url, Range=f"bytes={size}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")


def test_file_that_the_client_has_is_304(door: Door, url: str) -> None:
    tag = at(door, url).headers["etag"]
    response = at(door, url, If_None_Match=tag)
    assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", tag)
    assert at(door, url, If_None_Match='"other"').status_code == 200


@pytest.mark.slow(is_covering=True)
def test_browsers_ask_again_and_believe_the_type(door: Door, url: str) -> None:
    headers = at(door, url).headers
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("private, no-cache", "nosniff")


@pytest.mark.slow(is_covering=True)
def test_run_of_a_workflow_has_a_file(door: Door) -> None:
    inputs = {"primary_design_ref": PHOTO["image_url"], "aspect_ratio": "4:5", "prompt": "in autumn"}
    run = ok(door.post("/v1/comfyui-workflows/runflow-access/brand-locked-variant-nux/runs", {"input": inputs}), 201)
    door.settle()
    assert measured(at(door, url_of(get_run(door, run)))) == ("PNG", (819, 1024), None)


@pytest.mark.parametrize(
    ("old", "new"),
    [("signature=", "signature=0"), ("expires=1", "expires=2"), ("expires=", "expires=x"), ("?expires", "?e"), ("&signature", "&s")],
)
def test_changed_address_is_403(door: Door, url: str, old: str, new: str) -> None:
    assert old in url
    problem(at(door, url.replace(old, new)), 403, "PERMISSION_DENIED")
    problem(at(door, url.partition("?")[0]), 403, "PERMISSION_DENIED")


def test_address_of_one_file_does_not_open_another(door: Door) -> None:
    run = run_of(door, "google/nano-banana-2", {**PROMPT, "resolution": "0.5K", "num_images": 2})
    problem(at(door, file_urls(run)[0].replace("_00001_", "_00002_")), 403, "PERMISSION_DENIED")


@pytest.mark.parametrize(
    "path",
    [
        "/media/nobody/{run}/{name}",
        f"/media/test/{ABSENT}/{{name}}",
        "/media/test/{run}/other_00001_.webp",
        "/media/test/{run}/",
        "/media/test/{run}/{name}/more",
        "/media/test/{run}/..%2f..%2f..%2fetc%2fpasswd",
        "/media/test/{run}/..",
        "/media/",
    ],
)
def test_what_does_not_exist_is_404(door: Door, url: str, path: str) -> None:
    parts = urlsplit(url)
    _, _, _, run, name = parts.path.split("/")
    target = path.format(run=run, name=name)
    # The client must send the path as it is, dots included.
    problem(at(door, f"{BASE_URL}{target.replace('..', '%2e%2e')}?{parts.query}"), 404, "NOT_FOUND")
    assert door.runtime.tenants.get("nobody") is None


def test_run_without_output_has_no_files(door: Door) -> None:
    post_fault(door, {"model": "runflow/background-removal"})
    run = finished_run(door)
    assert run["status_code"] == "failed"
    problem(at(door, f"{BASE_URL}/media/test/{run['id']}/bg_remover_00001_.webp"), 404, "NOT_FOUND")


def test_other_methods_are_405(door: Door, url: str) -> None:
    response = at(door, url, "POST")
    problem(response, 405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "GET, HEAD"


@pytest.mark.slow(is_covering=True)
def test_address_works_for_24_hours_of_the_tenants_time(door: Door, url: str) -> None:
    advance(door, "23h59m")
    assert at(door, url).status_code == 200
    advance(door, "2m")
    problem(at(door, url), 403, "PERMISSION_DENIED")


@pytest.mark.slow(is_covering=True)
def test_lifetime_of_addresses_can_be_chosen(door: Door) -> None:
    made = ok(door.post("/_mock/tenants", {"name": "brief", "clock": "manual", "output_lifetime": "10m"}), 201)
    assert made["output_lifetime"] == 600
    door.key = made["key"]
    url = url_of(finished_run(door))
    advance(door, "9m")
    assert at(door, url).status_code == 200
    advance(door, "2m")
    problem(at(door, url), 403, "PERMISSION_DENIED")


def test_lifetime_below_a_second_is_refused(door: Door) -> None:
    assert door.post("/_mock/tenants", {"output_lifetime": 0.5}).status_code == 422


def test_reading_with_add_signature_signs_anew_and_changes_nothing_else(door: Door) -> None:
    run = finished_run(door)
    advance(door, "25h")
    again = fits(door.get(f"/v1/runs/{run['id']}?add_signature=true"), "get_run").json()
    assert at(door, url_of(again)).status_code == 200
    assert url_of(again) == file_urls(again)[0] != url_of(run)
    assert {**again, "output": None} == {**get_run(door, run), "output": None}
    assert _unsigned(again["output"]) == _unsigned(run["output"])
    assert url_of(get_run(door, run)) == url_of(run)


def _unsigned(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unsigned(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_unsigned(part) for part in value]
    return value.partition("?")[0] if isinstance(value, str) else value


def test_add_signature_is_true_or_false(door: Door) -> None:
    run = finished_run(door)
    assert ok(door.get(f"/v1/runs/{run['id']}?add_signature=false")) == run
    assert problem(door.get(f"/v1/runs/{run['id']}?add_signature=maybe"), 422, "VALIDATION_ERROR")[0]["loc"] == ["query", "add_signature"]


@pytest.mark.slow(is_covering=True)
def test_creating_runs_makes_no_files(door: Door) -> None:
    run = finished_run(door)
    assert door.runtime.media.made == 0
    for _ in range(2):
        at(door, url_of(run))
    assert door.runtime.media.made == 1


@pytest.mark.slow(is_covering=True)
def test_reading_a_file_is_in_the_journal_without_its_bytes(door: Door, url: str) -> None:
    at(door, url)
    exchange = ok(door.get("/_mock/journal"))["items"][-1]
    assert (exchange["request"]["method"], exchange["response"]["status"], exchange["response"]["body"]) == ("GET", 200, None)
    assert url.endswith(exchange["request"]["target"])


def test_signature_is_of_the_tenants_seed(door: Door, url: str) -> None:
    parts = urlsplit(url)
    assert parts.query.endswith(Seed.from_text("0").hex(32, "media", parts.path, int(parts.query.split("=")[1].split("&")[0])))


@pytest.mark.slow(is_covering=True)
def test_browser_of_another_origin_may_read_files_where_that_was_asked_for() -> None:
    with Door(cors=True) as door:
        assert at(door, url_of(finished_run(door)), Origin="https://app.example").headers["access-control-allow-origin"] == "*"

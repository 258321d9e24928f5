"""Own files: a `succeed` rule gives them, and runs list and serve them."""

import base64
from io import BytesIO

import pytest
from contract import fits
from doors import BASE_URL, Door
from PIL import Image
from steps import INPUT, RUNS, Body, file_urls, finished_run, get_run, ok, post_fault, refusal

from runflow_mock.domain.records import Limits
from runflow_mock.wire.files import FILE_BYTES_MAX, FILES_MAX

SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
WHERE = {"model": "runflow/background-removal"}


def picture() -> bytes:
    target = BytesIO()
    Image.new("RGB", (30, 20)).save(target, "PNG")
    return target.getvalue()


def a_file(data: bytes = SVG, media_type: str = "image/svg+xml", **more: str) -> Body:
    return {"media_type": media_type, "base64": base64.b64encode(data).decode(), **more}


def give(door: Door, *files: Body) -> Body:
    return post_fault(door, WHERE, {"kind": "succeed", "files": list(files)})


def refused(door: Door, *files: Body, **more: object) -> str:
    rule = {"where": WHERE, "what": {"kind": "succeed", "files": list(files), **more}}
    return refusal(door.post("/_mock/faults", rule), 422)


def content(door: Door, url: str) -> bytes:
    response = door.get(url.removeprefix(BASE_URL), key=None)
    assert response.status_code == 200, response.text
    return response.content


def test_run_lists_and_serves_the_files_of_a_rule(door: Door) -> None:
    give(door, a_file(picture(), "image/png", name="cut.png"), a_file(b"moov", "video/mp4"))
    run = finished_run(door)
    output = fits(door.get(f"/v1/runs/{run['id']}"), "get_run").json()["output"]
    first, second = output["outputs"]
    assert [{**entry, "url": ""} for entry in (first, second)] == [{"url": "", "type": "image"}, {"url": "", "type": "video"}]
    assert [content(door, entry["url"]) for entry in output["outputs"]] == [picture(), b"moov"]
    assert "/cut.png?" in first["url"]
    assert "/file_00002_.mp4?" in second["url"]


def test_files_of_a_rule_have_every_figure_where_that_is_asked_for() -> None:
    with Door(switches={"output_form": "both"}) as door:
        give(door, a_file(picture(), "image/png", name="cut.png"), a_file(b"moov", "video/mp4"))
        output = finished_run(door)["output"]
    first, second = output["outputs"]
    assert {**first, "url": ""} == {"url": "", "type": "image", "content_type": "image/png", "width": 30, "height": 20}
    assert {**second, "url": ""} == {"url": "", "type": "video", "content_type": "video/mp4"}
    assert output["image_urls"] == [first["url"]]


def test_page_among_the_files_runs_nothing(door: Door) -> None:
    give(door, a_file(b"<script>1</script>", "text/html"))
    url = file_urls(finished_run(door))[0]
    assert door.get(url.removeprefix(BASE_URL), key=None).headers["content-security-policy"] == "sandbox"


def test_files_outlive_their_rule(door: Door) -> None:
    rule = give(door, a_file())
    run = finished_run(door)
    door.delete(f"/_mock/faults/{rule['id']}")
    assert content(door, file_urls(get_run(door, run))[0]) == SVG
    assert "bg_remover" in file_urls(finished_run(door))[0]


def test_model_has_no_files_beside_those_of_the_rule(door: Door) -> None:
    give(door, a_file(name="own.svg"))
    url = file_urls(finished_run(door))[0]
    assert door.get(url.removeprefix(BASE_URL).replace("own.svg", "bg_remover_00001_.webp"), key=None).status_code == 404


def test_rule_shows_its_files_without_their_bytes(door: Door) -> None:
    (shown,) = give(door, a_file(picture(), "image/png"))["what"]["files"]
    assert (shown["name"], shown["media_type"], shown["size_bytes"]) == ("file_00001_.png", "image/png", len(picture()))
    assert (shown["width"], shown["height"]) == (30, 20)
    assert "base64" not in shown


def test_picture_that_is_none_is_served_as_it_is_and_has_no_size(door: Door) -> None:
    give(door, a_file(b"broken", "image/png"))
    (url,) = file_urls(finished_run(door))
    assert content(door, url) == b"broken"


@pytest.mark.parametrize("name", ["", "../x.png", "a/b.png", ".hidden", "a b.png", "x" * 101, "ä.png", "a\\b"])
def test_name_that_could_be_a_path_is_refused(door: Door, name: str) -> None:
    assert "what.files[0].name" in refused(door, a_file(name=name))


@pytest.mark.parametrize("media_type", ["", "png", "image/png\r\nx: y", "IMAGE/PNG", "image/"])
def test_media_type_must_be_one(door: Door, media_type: str) -> None:
    assert "what.files[0].media_type" in refused(door, a_file(media_type=media_type))


def test_bytes_must_be_base64_and_names_differ(door: Door) -> None:
    assert "what.files[0].base64" in refused(door, {"media_type": "image/png", "base64": "no base64!"})
    assert "two files" in refused(door, a_file(name="a.svg"), a_file(name="a.svg"))


@pytest.mark.slow(is_covering=True)
def test_files_are_bounded_by_number_and_size(door: Door) -> None:
    assert str(FILES_MAX) in refused(door, *[a_file()] * (FILES_MAX + 1))
    give(door, *[a_file()] * FILES_MAX)
    assert str(FILE_BYTES_MAX) in refused(door, a_file(bytes(FILE_BYTES_MAX + 1)))
    give(door, a_file(bytes(FILE_BYTES_MAX)))


def test_files_of_all_rules_are_bounded_together() -> None:
    with Door(limits=Limits(asset_bytes_max=100)) as door:
        give(door, a_file(bytes(60)))
        give(door, a_file(bytes(60)))
        rule = {"where": WHERE, "what": {"kind": "succeed", "files": [a_file(bytes(41))]}}
        assert door.post("/_mock/faults", rule).status_code == 409
        give(door, a_file(bytes(40)))


def test_output_and_files_together_are_refused(door: Door) -> None:
    assert "either output or files" in refused(door, a_file(), output={"x": 1})


def test_callback_and_record_name_the_same_files(door: Door) -> None:
    give(door, a_file())
    run = ok(door.post(RUNS, {"input": INPUT, "callback_url": "http://127.0.0.1:9000/hook"}), 201)
    door.settle()
    sent = ok(door.get("/_mock/deliveries"))["items"][0]["attempts"][0]["body"]
    assert file_urls(get_run(door, run))[0] in sent

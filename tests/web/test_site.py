import re
import struct
import zlib
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from doors import BASE_URL, MANUAL, Door
from msgspec.structs import replace
from steps import ok, problem
from worlds import catalog

from runflow_mock.domain.model_parts import inputs_of
from runflow_mock.domain.models import Model
from runflow_mock.wire.skills import SkillError
from runflow_mock.wire.solutions import packaged_solutions

MODELS = catalog().models
SOME_PATHS = ["runflow/dyver-removal", "openai/gpt-image-2/edit", "elevenlabs/tts/eleven-v3", "black-forest-labs/flux-2-max"]
PAGES = ["/api", "/models", "/settings/api-keys", *(f"/models/{path}" for path in SOME_PATHS)]
TEXTS = {
    "/llms.txt": "text/markdown; charset=utf-8",
    "/llms-full.txt": "text/markdown; charset=utf-8",
    "/models/openai/gpt-image-2/edit/llms.txt": "text/markdown; charset=utf-8",
    "/models-catalog.json": "application/json",
    "/.well-known/api-catalog": 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"',
    "/.well-known/agent-skills/index.json": "application/json",
    "/.well-known/agent-skills/runflow/SKILL.md": "text/markdown; charset=utf-8",
    "/images/models/_base/portrait-woman-studio.png": "image/png",
}
SKILL = "/.well-known/agent-skills/runflow/SKILL.md"
OF_THE_PAGE = ["slug", "provider_name", "thumbnail_url", "isWorkflow"]
INDEX = "/.well-known/agent-skills/index.json"
ADDRESS = re.compile(re.escape(BASE_URL) + r"(/[^\s`)\"'\\]*)")
VOID = {"meta", "br", "link", "img"}


class Links(HTMLParser):
    """Reads a page: where it leads, what it loads, and whether its tags are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.links += [found["href"] or ""] if tag == "a" else []
        self.loads += [value or "" for name, value in attrs if name in {"src", "srcset"} or (tag == "link" and name == "href")]
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(page: str) -> Links:
    links = Links()
    links.feed(page)
    assert links.open == []
    return links


@pytest.mark.parametrize("path", PAGES)
def test_page_loads_nothing_and_its_links_lead_somewhere(door: Door, path: str) -> None:
    response = door.get(path, key=None)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    page = read(response.text)
    assert page.loads == []
    for link in list(dict.fromkeys(page.links))[::3]:
        assert link.startswith(("/", "#"))
        assert link[0] == "#" or door.request("HEAD", link, key=None).status_code == 200


@pytest.mark.parametrize("path", TEXTS)
def test_text_has_its_type_and_answers_head_and_tags(door: Door, path: str) -> None:
    response = door.get(path, key=None)
    assert (response.status_code, response.headers["content-type"]) == (200, TEXTS[path])
    head = door.request("HEAD", path, key=None)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(response.content)))
    assert door.get(path, key=None, headers={"If-None-Match": response.headers["etag"]}).status_code == 304


def test_solutions_page_shows_every_endpoint_with_its_inputs(door: Door) -> None:
    page = door.get("/api", key=None).text
    for path in (path for solution in packaged_solutions() for path in solution.models):
        assert f"POST /v1/models/{path}/runs" in page
        assert all(f"<code>{part.name}</code>" in page for part in inputs_of(catalog().get(path)))


def test_catalog_has_a_row_for_every_model_with_a_page(door: Door) -> None:
    rows = door.get("/models-catalog.json", key=None).json()
    assert (len(rows), sum(row["active"] for row in rows)) == (65, 50)
    assert list(rows[0]) == ["provider_slug", "model_slug", "model_name", "category", "page_url", "price_label", "active", *OF_THE_PAGE]
    assert [f"{row['provider_slug']}/{row['model_slug']}" for row in rows] == [model.id for model in MODELS]
    assert {door.request("HEAD", row["page_url"], key=None).status_code for row in rows[::5]} == {200}


def test_catalog_can_be_given_to_a_server_again(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "models-catalog.json"
    file.write_bytes(door.get("/models-catalog.json", key=None).content)
    with Door(replace(MANUAL, catalog=(file,))) as other:
        assert other.get("/models-catalog.json", key=None).content == file.read_bytes()


@pytest.mark.parametrize("model", MODELS, ids=[model.id for model in MODELS])
def test_model_text_tells_endpoint_inputs_and_price(door: Door, model: Model) -> None:
    text = door.get(f"/models/{model.id}/llms.txt", key=None).text
    assert f"`POST {BASE_URL}/v1/models/{model.id}/runs`" in text
    assert model.price.label in text
    for part in inputs_of(model):
        assert f"### `{part.name}` ({part.variable_type}, {'required' if part.is_required else 'optional'})" in text


def test_alternative_inputs_are_told(door: Door) -> None:
    text = door.get("/models/runflow/object-removal/llms.txt", key=None).text
    assert "either `image_url` with `mask_url`" in text
    assert "One of these is needed" in door.get("/models/runflow/object-removal", key=None).text


@pytest.mark.parametrize("path", ["/llms.txt", "/models/runflow/outpaint/llms.txt", "/.well-known/api-catalog"])
def test_addresses_in_texts_lead_somewhere(door: Door, path: str) -> None:
    found = {address for address in ADDRESS.findall(door.get(path, key=None).text) if not address.endswith("/runs")} - {"/"}
    assert found or path.startswith("/models")
    assert {address: door.request("HEAD", address, key=None).status_code for address in found} == dict.fromkeys(found, 200)


def test_addresses_are_those_of_the_request(door: Door) -> None:
    headers = {"Host": "sandbox.example:9", "X-Forwarded-Proto": "https"}
    assert "https://sandbox.example:9/models/" in door.get("/llms.txt", key=None, headers=headers).text
    for path in ("/llms-full.txt", "/models-catalog.json", "/.well-known/api-catalog", "/settings/api-keys"):
        text = door.get(path, key=None, headers=headers).text
        assert "https://sandbox.example:9" in text
        assert BASE_URL not in text


def test_full_text_holds_the_text_of_every_active_model(door: Door) -> None:
    text = door.get("/llms-full.txt", key=None).text
    assert text.count("## Input Schema") == 50
    assert door.get("/models/google/veo3.1/llms.txt", key=None).text in text


def test_key_on_the_page_works(door: Door) -> None:
    (key,) = set(re.findall(r"rf_live_mock_[a-z0-9_]+", door.get("/settings/api-keys", key=None).text))
    ok(door.get("/v1/auth/me", key=key))


def test_index_gives_the_digest_of_the_skill_that_is_served(door: Door) -> None:
    index = door.get(INDEX, key=None).json()
    (entry,) = index["skills"]
    assert index["$schema"] == "https://schemas.agentskills.io/discovery/0.2.0/schema.json"
    assert (entry["name"], entry["type"], entry["url"]) == ("runflow", "skill-md", SKILL)
    assert entry["digest"] == "sha256:" + sha256(door.get(entry["url"], key=None).content).hexdigest()
    assert 0 < len(entry["description"]) <= 1024


def test_paths_that_the_skill_names_exist(door: Door) -> None:
    text = door.get(SKILL, key=None).text
    for path in re.findall(r"`(/[a-z0-9./-]+(?:\.json|api|api-keys|health))`", text):
        assert door.get(path, key=None).status_code == 200


def test_skill_of_the_user_is_served_byte_for_byte(tmp_path: Path) -> None:
    file = tmp_path / "SKILL.md"
    file.write_bytes(b"---\r\nname: own\r\ndescription: Mine,\r\n  folded.\r\n---\r\n\xc3\xa9\r\n")
    with Door(skill=file) as door:
        assert door.get(SKILL, key=None).content == file.read_bytes()
        (entry,) = door.get(INDEX, key=None).json()["skills"]
    assert (entry["name"], entry["description"]) == ("own", "Mine, folded.")
    assert entry["digest"] == "sha256:" + sha256(file.read_bytes()).hexdigest()


def test_file_that_is_no_skill_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "SKILL.md").write_text("# Without front matter")
    with pytest.raises(SkillError):
        Door(skill=tmp_path / "SKILL.md")


def test_sample_is_a_picture_that_its_name_decides(door: Door) -> None:
    first, again, other = (door.get(f"/images/models/_base/{name}.png", key=None).content for name in ("a", "a", "b"))
    assert first == again != other
    assert first[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", first[16:24]) == (256, 256)
    data = first[first.index(b"IDAT") + 4 : -16]
    assert len(zlib.decompress(data)) == 256 * (1 + 3 * 256)


@pytest.mark.parametrize("name", ["a.jpg", ".png", "a", "x" * 129 + ".png", "a%20b.png", "..%2F..%2Fa.png"])
def test_sample_of_another_name_is_404(door: Door, name: str) -> None:
    assert door.get(f"/images/models/_base/{name}").status_code == 404


@pytest.mark.parametrize("path", ["/models/nobody/nothing", "/models/nobody/nothing/llms.txt"])
def test_unknown_model_has_no_page(door: Door, path: str) -> None:
    problem(door.get(path, key=None), 404, "NOT_FOUND")


def test_pages_take_no_other_method(door: Door) -> None:
    problem(door.post("/llms.txt"), 405, "METHOD_NOT_ALLOWED")


def test_names_from_a_user_catalog_are_escaped(tmp_path: Path) -> None:
    row = '{"provider_slug": "x", "model_slug": "y", "model_name": "<script>alert(1)</script>", "price_label": "<b>$1</b>"}'
    (tmp_path / "own.json").write_text(f"[{row}]")
    with Door(replace(MANUAL, catalog=(tmp_path / "own.json",))) as door:
        for path in ("/models", "/models/x/y"):
            page = door.get(path, key=None).text
            assert "<script" not in page
            assert "<b>$1" not in page
            assert "&lt;script&gt;" in page

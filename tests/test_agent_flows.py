"""What agents are asked to do, carried out by one that follows the installed skill: real HTTP, and time that moves when it polls.

The agent knows nothing but the skill, and does nothing that the skill does not name.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import urllib3
from answers import ANSWERS
from clips import read_clip
from commands import call
from PIL import Image
from uploads import JPEG
from worlds import catalog

from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.testing.receiver import CallbackReceiver
from runflow_mock.testing.server import RunningServer, serve

ENDS = frozenset(("succeeded", "partial_succeeded", "failed", "cancelled"))
POLLS_MAX = 20


class Agent:
    """Carries out what a user asks for, with the key and the address of the environment."""

    def __init__(self, skill: str, environment: Mapping[str, str]) -> None:
        self._skill = skill
        self._base = environment["RUNFLOW_BASE_URL"]
        self._headers = {"Authorization": f"Bearer {environment['RUNFLOW_API_KEY']}"}
        self._pool = urllib3.PoolManager(retries=False, timeout=20, maxsize=8)

    def read(self, template: str, **parts: str) -> str:
        """The text at a public address that the skill names."""
        return self._pool.request("GET", self._address(template, parts)).data.decode()

    def get(self, template: str, **parts: str) -> Any:
        """The JSON at an address that the skill names."""
        return self._json(self._pool.request("GET", self._address(template, parts), headers=self._headers))

    def post(self, template: str, body: Any, **parts: str) -> Any:
        """The JSON that answers a POST to an address that the skill names."""
        return self._json(self._pool.request("POST", self._address(template, parts), json=body, headers=self._headers))

    def solutions(self) -> set[str]:
        """The models behind the Solutions, which the skill wants to be looked at first."""
        return set(re.findall(r"POST /v1/models/(\S+?)/runs", self.read("/api")))

    def models(self, *words: str) -> list[str]:
        """For each word the shortest id of an active model in the catalog that contains it."""
        rows = self.get("/models-catalog.json")
        paths = [f"{row['provider_slug']}/{row['model_slug']}" for row in rows if row["active"]]
        return [min((path for path in paths if word in path), key=len) for word in words]

    def required(self, model: str) -> set[str]:
        """The required fields of a model, as its text for agents says."""
        owner, _, slug = model.partition("/")
        text = self.read("/models/{provider_slug}/{model_slug}/llms.txt", provider_slug=owner, model_slug=slug)
        return set(re.findall(r"^### `([^`.]+)` \([^)]*, required\)$", text, re.MULTILINE))

    def run(self, model: str, **inputs: Any) -> Any:
        """A run of a model, just created."""
        owner, _, slug = model.partition("/")
        return self.post("/v1/models/{owner}/{slug}/runs", {"input": inputs}, owner=owner, slug=slug)

    def run_all(self, wanted: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Any]:
        """Runs that are created at the same time, once all of them have ended."""
        with ThreadPoolExecutor(len(wanted)) as threads:
            created = list(threads.map(lambda each: self.run(each[0], **each[1]), wanted))
        return [self.wait("/v1/runs/{id}", run["id"]) for run in created]

    def batch(self, model: str, items: Sequence[Mapping[str, Any]], **fields: Any) -> list[Any]:
        """The items of a batch, once it has ended."""
        owner, _, slug = model.partition("/")
        made = self.post("/v1/models/{owner}/{slug}/batches", {"input": items, **fields}, owner=owner, slug=slug)
        self.wait("/v1/batches/{id}", made["id"])
        found: list[Any] = self.get("/v1/batches/{id}/items", id=made["id"])["items"]
        return found

    def wait(self, template: str, record_id: str) -> Any:
        """A run or batch, once it has ended."""
        for _ in range(POLLS_MAX):
            record = self.get(template, id=record_id)
            if record["status_code"] in ENDS:
                return record
        raise AssertionError(f"{record_id} has not ended after {POLLS_MAX} polls")

    def upload(self, name: str, mime_type: str, data: bytes) -> str:
        """The lasting reference of a file of the user's."""
        session = self.post("/v1/asset-uploads", {"filename": name, "mime_type": mime_type, "size_bytes": len(data)})
        assert self._pool.request("PUT", session["upload_url"], body=data).status == 200
        self.post("/v1/asset-uploads/{asset_id}/confirmations", {}, asset_id=session["asset_id"])
        return f"runflow://assets/{session['asset_id']}"

    def fetch(self, url: str) -> bytes:
        """The bytes of a result, read without the key."""
        answer = self._pool.request("GET", url)
        assert answer.status == 200
        return answer.data

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()

    def _address(self, template: str, parts: Mapping[str, str]) -> str:
        assert template in self._skill, f"the skill does not name {template}"
        return self._base + template.format(**{name: quote(part, safe="/") for name, part in parts.items()})

    def _json(self, answer: urllib3.BaseHTTPResponse) -> Any:
        assert answer.status < 400, answer.data.decode()
        return answer.json()


PHOTOS = """\
sku,photo
shoe-1,https://cdn.example.com/shoe.jpg
boot-2,https://cdn.example.com/boot.jpg
hat-3,https://cdn.example.com/hat.jpg
"""
SCENES = ("a beach", "a kitchen", "a gym", "a forest", "a rooftop", "a studio")


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serve(Config(port=0, clock=ClockMode.AUTO, speed=1.0), catalog=catalog(), observer=ANSWERS) as running:
        yield running


@pytest.fixture
def agent(server: RunningServer, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Agent]:
    """An agent in a project into which the skill was installed, with an account of its own."""
    assert call("skill", "install", "--sandbox", "--dir", str(tmp_path), "--for", "agents").code == 0
    key = f"rf_live_mock_{request.node.name.lower()[:60]}"
    environment = json.loads(call("env", "--url", server.url, "--key", key, "--json").out)
    opened = Agent((tmp_path / ".agents/skills/runflow/SKILL.md").read_text(), environment)
    yield opened
    opened.close()


def size(data: bytes) -> tuple[int, int]:
    """Width and height of a picture."""
    with Image.open(BytesIO(data)) as picture:
        return picture.size


@pytest.mark.slow(is_covering=True)
def test_every_photo_in_a_table_is_cut_out_widened_and_saved(agent: Agent, tmp_path: Path) -> None:
    cut, widen = "runflow/background-removal", "runflow/outpaint/aspect-ratio"
    assert {cut, widen} <= agent.solutions()
    rows = list(csv.DictReader(StringIO(PHOTOS)))
    secret = agent.post("/v1/callback-secrets", {"label": "csv"})["secret"]
    with CallbackReceiver() as receiver:
        items = [{"image_url": row["photo"], "client_ref": row["sku"]} for row in rows]
        cutouts = agent.batch(cut, items, callback_url=receiver.url)
        received = receiver.wait(1)[0]
    received.verify(secret)
    assert isinstance(received.json, dict)
    assert received.json["event"] == "batch.succeeded"
    wanted = [{"image_url": item["output"]["image_urls"][0], "aspect_ratio": "16:9", "client_ref": item["client_ref"]} for item in cutouts]
    for item in agent.batch(widen, wanted):
        (tmp_path / f"{item['client_ref']}.png").write_bytes(agent.fetch(item["output"]["image_urls"][0]))
    saved = {path.stem: size(path.read_bytes()) for path in tmp_path.glob("*.png")}
    assert set(saved) == {row["sku"] for row in rows}
    assert all(width * 9 == pytest.approx(height * 16, rel=0.02) for width, height in saved.values())


@pytest.mark.slow(is_covering=True)
def test_one_prompt_on_four_models_side_by_side(agent: Agent) -> None:
    prompt, photo = "a neon-lit alley at night, anamorphic lens", "https://cdn.example.com/alley.jpg"
    models = agent.models("nano-banana-pro", "gpt-image-2", "flux-pro/kontext", "ideogram/v3")
    # The text of one of them says that it needs a picture to begin with.
    given = [{"prompt": prompt, **({"image_url": photo} if "image_url" in agent.required(model) else {})} for model in models]
    assert [len(inputs) for inputs in given] == [1, 1, 2, 1]
    ended = agent.run_all(list(zip(models, given, strict=True)))
    assert [run["status_code"] for run in ended] == ["succeeded"] * 4
    grid = [agent.fetch(run["output"]["outputs"][0]["url"]) for run in ended]
    assert len(set(grid)) == 4
    assert all(min(size(picture)) >= 512 for picture in grid)


@pytest.mark.slow(is_covering=True)
def test_six_scenes_of_a_packshot_and_a_video_of_the_best(agent: Agent) -> None:
    edit, animate = agent.models("gpt-image-2/edit", "wan/v2.7/image-to-video")
    packshot = agent.upload("packshot.jpg", "image/jpeg", JPEG)
    scenes = agent.run_all([(edit, {"prompt": f"the product in {scene}", "image_urls": [packshot]}) for scene in SCENES])
    pictures = {run["output"]["outputs"][0]["url"]: run["id"] for run in scenes}
    assert len(pictures) == 6
    winner = max(pictures, key=lambda url: len(agent.fetch(url)))
    video = agent.wait("/v1/runs/{id}", agent.run(animate, image_url=winner, prompt="a slow reveal", duration=5)["id"])
    assert video["status_code"] == "succeeded"
    assert read_clip(agent.fetch(video["output"]["outputs"][0]["url"])).seconds == pytest.approx(5, abs=0.1)

"""Page 000: what is called, which models there are, and what they cost; marketing figures are listed with why they are none of ours."""

from collections import Counter
from decimal import Decimal
from hashlib import sha256
from typing import Any

from checks import SHIRT, created, ended, named, runs, served, skill_says
from doors import Door
from facts import Fact
from steps import file_urls, ok, places

from runflow_mock.packaged import endpoints

SKILL = "/.well-known/agent-skills/runflow/SKILL.md"
FOUR: tuple[tuple[str, dict[str, Any]], ...] = (
    ("google/nano-banana-pro", {}),
    ("openai/gpt-image-2", {}),
    ("flux-pro/kontext", {"image_url": SHIRT}),
    ("ideogram/v3", {}),
)


def _fan_out(door: Door) -> None:
    made = [created(door, f"/v1/models/{model}/runs", {"input": {"prompt": "a mug", **more}}) for model, more in FOUR]
    door.settle()
    assert {run["status_code"] for run in ok(door.get("/v1/runs"))["items"]} == {"succeeded"}
    assert len({run["model_id"] for run in made}) == 4


def _new_account(door: Door) -> None:
    assert Decimal(str(ok(door.get("/v1/billing/balance"))["balance"])) == 10


def _workflow(door: Door) -> None:
    body = {"input": {"primary_design_ref": SHIRT, "prompt": "x"}, "callback_url": "https://you.example/hook"}
    run = created(door, "/v1/comfyui-workflows/runflow-access/brand-locked-variant-nux/runs", body)
    model_run = created(door, "/v1/models/runflow/background-removal/runs", {"input": {"image_url": SHIRT}})
    assert (run.keys(), run["status_code"]) == (model_run.keys(), "queued")


def _batch(door: Door) -> None:
    body = {"model": "runflow/background-removal", "input": [{"image_url": SHIRT}] * 3, "callback_url": "https://you.example/hook"}
    batch = created(door, "/v1/batches", body)
    assert (batch["items_total"], len(batch["items"])) == (3, 3)
    door.settle()
    assert len(ok(door.get(f"/v1/batches/{batch['id']}"))["output"]["items"]) == 3
    assert len(door.get(f"/v1/batches/{batch['id']}/callback").json()) == 1


def _fast_cutout(door: Door) -> None:
    run = ended(door, created(door, "/v1/models/runflow/background-removal/runs", {"input": {"image_url": SHIRT}}))
    assert 1_000 <= run["duration_ms"] <= 2_500


def _large_and_any_shape(door: Door) -> None:
    path, inputs = "/v1/models/google/nano-banana-pro/runs", {"prompt": "x", "resolution": "4K", "aspect_ratio": "21:9"}
    assert ended(door, created(door, path, {"input": inputs}))["status_code"] == "succeeded"
    assert places(door.post(path, {"input": {**inputs, "resolution": "8K"}})) == [(["body", "input", "resolution"], "enum")]


def _transparent(door: Door) -> None:
    run = ended(door, created(door, "/v1/models/runflow/background-removal/runs", {"input": {"image_url": SHIRT}}))
    picture = door.get(file_urls(run)[0], key=None)
    assert (picture.headers["content-type"], picture.content[8:16], picture.content[20] & 0x10) == ("image/webp", b"WEBPVP8X", 0x10)


def _product_video(door: Door) -> None:
    scenes = [
        created(door, "/v1/models/openai/gpt-image-2/edit/runs", {"input": {"prompt": f"scene {n}", "image_urls": [SHIRT]}})
        for n in range(6)
    ]
    door.settle()
    winner = ok(door.get(f"/v1/runs/{scenes[0]['id']}"))["output"]["outputs"][0]["url"]
    video = {"image_url": winner, "prompt": "reveal", "duration": 5}
    run = ended(door, created(door, "/v1/models/alibaba/wan/v2.7/image-to-video/runs", {"input": video}))
    assert run["output"]["outputs"][0]["type"] == "video"


def _catalog(door: Door) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = door.get("/models-catalog.json", key=None).json()
    return found


def _fifty(door: Door) -> None:
    assert sum(row["active"] for row in _catalog(door)) == 50


def _counts(**counts: int) -> Any:
    def check(door: Door) -> None:
        found = Counter(model.modality for model in door.runtime.catalog.models if model.is_active)
        assert {kind: found[kind] for kind in counts} == counts

    return check


def _secrets(door: Door) -> None:
    assert created(door, "/v1/callback-secrets", {"label": "a"})["secret"]


def _digest(door: Door) -> None:
    text = door.get(f"{SKILL}.sha256", key=None).text
    assert text.split()[0] == sha256(door.get(SKILL, key=None).content).hexdigest()


def _prices(door: Door) -> None:
    for row in _catalog(door)[::7]:
        text = door.get(f"/models/{row['provider_slug']}/{row['model_slug']}/llms.txt", key=None).text
        assert row["price_label"].startswith(("$", "from $"))
        assert row["price_label"] in text


def _same_shape(door: Door) -> None:
    body = {"callback_url": "https://you.example/hook"}
    inputs = (
        ("google/nano-banana-pro", {"prompt": "x"}),
        ("alibaba/wan/v2.7/text-to-video", {"prompt": "x"}),
        ("elevenlabs/tts", {"text": "x"}),
    )
    made = [created(door, f"/v1/models/{model}/runs", {"input": given, **body}) for model, given in inputs]
    assert len({frozenset(run) for run in made}) == 1


def _whole_overview(door: Door) -> None:
    text = door.get("/llms.txt", key=None).text
    assert all(f"{each.method} {each.path}" in text for each in endpoints() if "Admin" not in each.tags)


def _no_provider(door: Door) -> None:
    run = ended(door, created(door, "/v1/models/google/nano-banana-pro/runs", {"input": {"prompt": "x"}}))
    assert not {"provider", "datacenter", "region"} & run.keys()


def _flows(door: Door) -> None:
    assert ok(door.get("/v1/flows"))["items"]


MARKETING = "a figure or promise of the company, not of the interface"
FACTS = (
    Fact("000-01", "POST …/google/nano-banana-pro/edit/runs", runs("google/nano-banana-pro/edit", prompt="x", image_urls=[SHIRT])),
    Fact("000-02", "45 models, says the headline; 50 everywhere below it", None, "the page contradicts itself; 50 is taken, see 000-17"),
    Fact("000-03", "a new account has $10", _new_account),
    Fact("000-04", "keys are made in the dashboard's settings", served("/settings/api-keys", "text/html", "rf_live_mock_")),
    Fact("000-05", "the skill is fetched from /.well-known/agent-skills/runflow/SKILL.md", served(SKILL, "text/markdown", "name: runflow")),
    Fact("000-06", "millions of pictures a year, uptime, margins, clouds and GPUs", None, MARKETING),
    Fact("000-07", "POST …/google/nano-banana-pro/runs", runs("google/nano-banana-pro", prompt="a tea cup")),
    Fact(
        "000-08",
        "Solutions are a pipeline behind one endpoint: POST …/runflow/background-removal/runs",
        runs("runflow/background-removal", image_url=SHIRT),
    ),
    Fact(
        "000-09",
        "models named: Nano Banana Pro, FLUX Kontext, FLUX 2, GPT Image 2, Ideogram v3, Wan 2.7, Veo 3.1, Kling v3 Pro, Seedance 2.0",
        named(
            "Nano Banana Pro", "FLUX Kontext", "FLUX 2", "GPT Image 2", "Ideogram v3", "Wan 2.7", "Veo 3.1", "Kling v3 Pro", "Seedance 2.0"
        ),
    ),
    Fact("000-10", "fan-out: one input on nano-banana-pro, gpt-image-2, flux-pro/kontext and ideogram/v3 in parallel", _fan_out),
    Fact("000-11", "fan-out is described in the skill", skill_says("in parallel", "flux-pro/kontext")),
    Fact("000-12", "graphs run at POST /v1/comfyui-workflows/{owner}/{slug}/runs with the same shape", _workflow),
    Fact("000-13", "POST /v1/batches takes inputs and a callback address; items are tracked, one callback at the end", _batch),
    Fact("000-14", "POST …/alibaba/wan/v2.7/text-to-video/runs", runs("alibaba/wan/v2.7/text-to-video", prompt="a shoe turns")),
    Fact("000-15", "videos up to 1080p and 12 seconds", None, "the models' own pages say more (4k, 15 s) and win"),
    Fact("000-16", "a background removal takes about 1.4 s", _fast_cutout),
    Fact("000-17", "50 active models in /models-catalog.json", _fifty),
    Fact("000-18", "17 video models", _counts(video=17)),
    Fact("000-19", "26 image models, Solutions included", _counts(image=26)),
    Fact(
        "000-20",
        "94 public endpoints",
        None,
        "a figure about a document that cannot be seen; those with evidence are counted in docs/explanation/fidelity.md",
    ),
    Fact(
        "000-21",
        "the public OpenAPI is at /api/openapi.public.json of the docs host",
        served("/api/openapi.public.json", "application/json", '"openapi":"3.1.0"'),
    ),
    Fact("000-22", "six scenes with gpt-image-2/edit, then wan/v2.7/image-to-video on the best", _product_video),
    Fact("000-23", "a sha256 is published beside the skill", _digest),
    Fact(
        "000-24",
        "the skill has a decision rule: Solutions first, a model second",
        skill_says("Look at `/api` first", "Do not rebuild a Solution"),
    ),
    Fact(
        "000-25",
        "the skill has a request shape",
        skill_says("POST /v1/models/{owner}/{slug}/runs", "Authorization: Bearer", "callback_url"),
    ),
    Fact("000-26", "the skill has an error map: 401, 403, 429, 5xx", skill_says("401, 403", "429", "5xx", "/v1/health")),
    Fact("000-27", "Solutions are browsed at /api", served("/api", "text/html", "background-removal")),
    Fact("000-28", "the same request shape for pictures, videos and sound", _same_shape),
    Fact("000-29", "callbacks are signed with keys that live at /v1/callback-secrets", _secrets),
    Fact("000-30", "each model's price is in its llms.txt and in the catalog", _prices),
    Fact(
        "000-31",
        "picture models: Nano Banana Pro, GPT Image 2, FLUX 2, Ideogram v3, Reve, Bria, Topaz",
        named("Nano Banana Pro", "GPT Image 2", "FLUX 2", "Ideogram v3", "Reve", "Bria", "Topaz"),
    ),
    Fact(
        "000-32",
        "edits: GPT Image 2 Edit, FLUX Kontext, Nano Banana Pro Edit, Qwen Image Edit, Reve Edit",
        named("GPT Image 2 Edit", "FLUX Kontext", "Nano Banana Pro Edit", "Qwen Image Edit", "Reve Edit"),
    ),
    Fact("000-33", "videos: Veo 3.1 Lite and Fast, HeyGen", named("Veo 3.1 Lite", "Veo 3.1 Fast", "HeyGen")),
    Fact("000-34", "sound: ElevenLabs TTS v3, Gemini TTS", named("ElevenLabs TTS v3", "Gemini TTS")),
    Fact(
        "000-35",
        "Background Removal, Outpaint, Object Removal, Skin Fix, Tag Removal, Product Isolation, Model Removal, Background Color",
        named(
            "Background Removal",
            "Outpaint",
            "Object Removal",
            "Skin Fix",
            "Tag Removal",
            "Product Isolation",
            "Model Removal",
            "Background Color",
        ),
    ),
    Fact("000-36", "AI headshots are a Solution", named("Headshots")),
    Fact("000-37", "graphs are uploaded in the dashboard", served("/deploy", "text/html", "/v1/comfyui-workflows")),
    Fact("000-38", "llms.txt lists every address", _whole_overview),
    Fact("000-39", "nothing tells which datacenter ran a job", _no_provider),
    Fact("000-40", "flows are composed of runs, checks and callbacks", _flows),
    Fact("000-41", "the skill's page is at /skill", served("/skill", "text/html", "SKILL.md")),
    Fact("000-42", "which model an agent picks for a sentence", None, "the choice of an agent, not of the interface"),
    Fact("000-43", "a batch of a CSV, written back through the callback", None, "the customer's own program; its calls are 000-13"),
    Fact(
        "000-44",
        "POST /v1/models/{owner}/{slug}/runs with input and callback_url, a bearer key and JSON",
        runs("runflow/background-removal", image_url=SHIRT),
    ),
    Fact("000-45", "pictures up to 4K, in any shape", _large_and_any_shape),
    Fact("000-46", "a cut-out is transparent", _transparent),
    Fact(
        "000-47", "jobs are routed across providers, with failover", None, "happens behind the interface; nothing of it shows, see 000-39"
    ),
    Fact("000-48", "no MCP, package or SDK is needed", None, "says what is not there; the skill is plain Markdown, see 000-05"),
)

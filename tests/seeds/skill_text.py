"""Page 001: where things are, the shape of a call, and what errors mean; the sandbox's own skill says the same in its own words."""

from checks import SERVER, SHIRT, UUID7, created, ended, refused, served, skill_says
from doors import Door
from facts import Fact
from steps import Body, get_run, ok

EDIT = "/v1/models/openai/gpt-image-2/edit"
PORTRAIT = "https://public.runflow.io/images/models/_base/portrait-woman-studio.png"
SEVEN = {"provider_slug", "model_slug", "model_name", "category", "page_url", "price_label", "active"}
EXAMPLE: Body = {
    "input": {"prompt": "Put the subject into a cafe by the sea", "image_urls": [PORTRAIT]},
    "callback_url": SERVER,
}


def _example(door: Door) -> None:
    run = created(door, f"{EDIT}/runs", EXAMPLE)
    assert UUID7.fullmatch(run["id"])
    assert (run["status_code"], run["input"], run["callback_url"]) == ("queued", EXAMPLE["input"], SERVER)
    assert ended(door, run)["status_code"] == "succeeded"


def _catalog(door: Door) -> None:
    rows = door.get("/models-catalog.json", key=None).json()
    assert isinstance(rows, list)
    assert all(row.keys() >= SEVEN and isinstance(row["active"], bool) for row in rows)


def _sample(door: Door) -> None:
    response = door.get("/images/models/_base/portrait-woman-studio.png", key=None)
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")


def _optional(door: Door) -> None:
    body = {"input": {"image_url": SHIRT}, "metadata": {"a": [1, {"b": None}]}, "client_ref": "x" * 255}
    run = created(door, "/v1/models/runflow/background-removal/runs", body)
    assert (run["metadata"], run["client_ref"]) == (body["metadata"], body["client_ref"])
    ok(door.post("/v1/models/runflow/background-removal/runs", {"input": {"image_url": SHIRT}}), 201)


def _polled(door: Door) -> None:
    run = created(door, "/v1/models/runflow/background-removal/runs", {"input": {"image_url": SHIRT}})
    seen = [get_run(door, run)["status_code"]]
    while seen[-1] not in {"succeeded", "failed", "cancelled"}:
        ok(door.post("/_mock/clock/next"))
        seen.append(get_run(door, run)["status_code"])
    assert seen == ["queued", "dispatching", "running", "succeeded"]


def _no_scope(door: Door) -> object:
    key = ok(door.post("/_mock/tenants", {"scopes": ["runs:read"]}), 201)["key"]
    return door.post(f"{EDIT}/runs", EXAMPLE, key=key)


def _too_fast(door: Door) -> object:
    key = ok(door.post("/_mock/tenants", {"quota": {"requests": 1, "window": "1h"}}), 201)["key"]
    door.get("/v1/runs", key=key)
    return door.get("/v1/runs", key=key)


def _categories(door: Door) -> None:
    titles = {each["title"] for each in ok(door.get("/v1/solutions"))["items"]}
    assert titles == {"People Imagery", "On-Model/Fashion", "Ad Creative", "Product Imagery"}


def _hosts(door: Door) -> None:
    for host, path in (("app.runflow.io", "/settings/api-keys"), ("docs.runflow.io", "/llms.txt"), ("www.runflow.io", "/api")):
        assert door.get(path, key=None, headers={"Host": host}).status_code == 200


def _no_video(door: Door) -> None:
    models = door.runtime.catalog.models
    assert {model.modality for model in models if model.owner == "runflow"} == {"image"}


FACTS = (
    Fact("001-01", "the front matter has name and description, folded over lines, and no more", skill_says("name: runflow\ndescription: ")),
    Fact("001-02", "Solutions come first, models second", skill_says("## What to use", "Do not rebuild a Solution")),
    Fact("001-03", "the website", served("/", "text/html")),
    Fact("001-04", "Solutions at /api", served("/api", "text/html", "runflow/outpaint")),
    Fact("001-05", "health at /v1/health", served("/v1/health", "application/json", '"status":"ok"')),
    Fact(
        "001-06", "the API's own document at /v1/openapi.json", served("/v1/openapi.json", "application/json", "/v1/models/{model_id}/runs")
    ),
    Fact("001-07", "the whole text for agents at /llms-full.txt", served("/llms-full.txt", "text/markdown", "gpt-image-2")),
    Fact("001-08", "Solutions have four categories", _categories),
    Fact("001-09", "models-catalog.json is an array with seven keys an entry", _catalog),
    Fact(
        "001-10",
        "a model's llms.txt has endpoint, parameters and price, at any depth",
        served("/models/openai/gpt-image-2/edit/llms.txt", "text/markdown", "`prompt`", "image_urls", "$0.133"),
    ),
    Fact("001-11", "the document outranks every text", skill_says("the OpenAPI document is right")),
    Fact("001-12", "signing up", served("/signup", "text/html")),
    Fact("001-13", "keys at /settings/api-keys", served("/settings/api-keys", "text/html")),
    Fact(
        "001-14",
        "a key is shown once, and scoped",
        None,
        "the sandbox makes no keys: any of the right form works, with scopes of the tenant",
    ),
    Fact(
        "001-15",
        "POST /v1/models/{owner}/{slug}/runs with a bearer key; input is required",
        refused(422, "VALIDATION_ERROR", lambda door: door.post(f"{EDIT}/runs", {})),
    ),
    Fact("001-16", "callback_url, metadata and client_ref (255 characters) are optional", _optional),
    Fact("001-17", "the example that edits a picture with gpt-image-2/edit", _example),
    Fact("001-18", "its sample picture is there", _sample),
    Fact("001-19", "the answer has the run's id; GET /v1/runs/{id} is polled until the status is terminal", _polled),
    Fact("001-20", "401 for a bad or missing key", refused(401, "UNAUTHORIZED", lambda door: door.post(f"{EDIT}/runs", EXAMPLE, key=None))),
    Fact("001-21", "403 where the key lacks a scope", refused(403, "PERMISSION_DENIED", _no_scope)),
    Fact("001-22", "429 where there is a limit", refused(429, "RATE_LIMITED", _too_fast)),
    Fact("001-23", "5xx is transient: look at health and try again", skill_says("5xx", "/v1/health")),
    Fact("001-24", "Swagger UI at /v1/docs", served("/v1/docs", "text/html", "swagger")),
    Fact("001-25", "the blog", served("/blog", "text/html")),
    Fact("001-26", "the dashboard and the docs host under their own names", _hosts),
    Fact("001-27", "video is no Solution yet", _no_video),
    Fact(
        "001-28",
        "a key is kept in an environment variable, never committed or logged",
        skill_says("environment variable", "never log or commit it"),
    ),
    Fact("001-29", "the skill is read before the long texts", None, "advice to agents on what to read first"),
)

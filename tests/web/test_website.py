"""The www and docs sides as real readers use them: the page that reads the catalog, the public bundle, and places that need no key."""

from collections import Counter
from hashlib import sha256
from typing import Any

import pytest
from doors import BASE_URL, Door
from steps import ok, problem

from runflow_mock.domain.documents import Json
from runflow_mock.openapi.public_bundle import TAGS, public_bundle
from runflow_mock.packaged import endpoints

SKILL = "/.well-known/agent-skills/runflow/SKILL.md"
BUNDLE = "/api/openapi.public.json"
PLACES = ["/", "/skill", "/blog", "/signup", "/deploy", "/robots.txt", "/settings/api-keys"]
METHODS = ("get", "put", "post", "patch", "delete")

every_dialect = pytest.mark.parametrize("dialect", ["seed", "docs"])


def rows(door: Door) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = door.get("/models-catalog.json", key=None).json()
    return found


@every_dialect
def test_catalog_has_what_a_page_of_the_service_reads(dialect: str) -> None:
    with Door(dialect=dialect) as door:
        catalog = rows(door)
        seven = {"provider_slug", "model_slug", "model_name", "category", "page_url", "price_label", "active"}
        assert {frozenset(row) for row in catalog} == {frozenset(seven | {"slug", "provider_name", "thumbnail_url", "isWorkflow"})}
        assert len({row["slug"] for row in catalog}) == len(catalog)
        assert {row["isWorkflow"] for row in catalog} == {False}
        assert all(row["provider_name"] and row["slug"] == f"{row['provider_slug']}/{row['model_slug']}" for row in catalog)


def test_host_in_front_of_a_page_is_the_page_and_its_picture_is_there(door: Door) -> None:
    for row in rows(door)[::9]:
        assert row["page_url"] == f"/models/{row['provider_slug']}/{row['model_slug']}"
        assert door.get(row["page_url"], key=None).status_code == 200
        picture = door.get(row["thumbnail_url"].removeprefix(BASE_URL), key=None)
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")


def test_search_and_tabs_of_that_page_work(door: Door) -> None:
    catalog = rows(door)
    found = [row["slug"] for row in catalog if "kling" in f"{row['model_name']} {row['slug']} {row['provider_name']}".lower()]
    assert len(found) == 2
    assert [row for row in catalog if row["isWorkflow"]] == []


def test_counts_of_the_catalog_are_those_of_the_skill_page(door: Door) -> None:
    models = door.runtime.catalog.models
    assert Counter(model.modality for model in models if model.is_active) == {"video": 17, "image": 26, "audio": 7}
    assert sum(row["active"] for row in rows(door)) == 50
    assert len(ok(door.get("/v1/public/models?limit=500", key=None))["items"]) == 50


def test_ids_that_only_make_up_the_counts_are_marked_as_guesses(door: Door) -> None:
    models = door.runtime.catalog.models
    guessed = Counter(model.modality for model in models if model.evidence == "inferred")
    assert guessed == {"video": 5, "audio": 5, "image": 2}
    assert all("the id itself" in model.inferred for model in models if model.evidence == "inferred" and model.modality != "image")


def test_model_that_the_counts_leave_out_is_run_all_the_same(door: Door) -> None:
    (unlisted,) = [model for model in door.runtime.catalog.models if model.id == "google/nano-banana-2"]
    assert (unlisted.is_active, unlisted.is_offered) == (False, True)
    ok(door.post("/v1/models/google/nano-banana-2/runs", {"input": {"prompt": "a mug"}}), 201)
    problem(door.post("/v1/models/black-forest-labs/flux-2-max/runs", {"input": {"prompt": "a mug"}}), 404, "NOT_FOUND")


NAMED = [
    *("Nano Banana Pro", "FLUX Kontext", "GPT Image 2", "GPT Image 2 Edit", "Ideogram v3", "Nano Banana Pro Edit", "Qwen Image Edit"),
    *("Reve", "Reve Edit", "Gemini TTS", "ElevenLabs TTS v3", "Veo 3.1", "Veo 3.1 Lite", "Veo 3.1 Fast", "Background Removal", "Outpaint"),
    *("Object Removal", "Skin Fix", "Tag Removal", "Product Isolation", "Model Removal", "Background Color"),
]
FAMILIES = ["FLUX 2", "Wan 2.7", "Kling v3 Pro", "Seedance 2.0", "HeyGen", "Bria", "Topaz"]


def test_models_are_called_what_the_skill_page_calls_them(door: Door) -> None:
    names = [row["model_name"] for row in rows(door) if row["active"]]
    assert [name for name in NAMED if name not in names] == []
    assert [family for family in FAMILIES if not any(name.startswith(family) for name in names)] == []


def test_public_bundle_has_eight_tags_one_server_and_nothing_that_is_not_for_customers(door: Door) -> None:
    bundle = ok(door.get(BUNDLE, key=None))
    operations = [item[method] for item in bundle["paths"].values() for method in METHODS if method in item]
    assert {tag for operation in operations for tag in operation["tags"]} == set(TAGS)
    assert [tag["name"] for tag in bundle["tags"]] == list(TAGS)
    assert [server["url"] for server in bundle["servers"]] == [BASE_URL]
    assert not any(word in path for path in bundle["paths"] for word in ("/admin/", "comfyui", "/flow", "/solutions"))
    assert len(operations) == sum(set(endpoint.tags) <= set(TAGS) for endpoint in endpoints())
    assert ok(door.get("/v1/openapi.json", key=None))["paths"].keys() > bundle["paths"].keys()


def test_everything_in_the_public_bundle_leads_somewhere_in_it(door: Door) -> None:
    bundle = ok(door.get(BUNDLE, key=None))
    ids = {item[method]["operationId"] for item in bundle["paths"].values() for method in METHODS if method in item}
    parts = list(_parts(bundle))
    references = {part["$ref"] for part in parts if isinstance(part.get("$ref"), str)}
    assert [reference for reference in references if not _is_there(bundle, reference)] == []
    linked = {link.get("operationId") for part in parts for link in _links(part)}
    assert linked - {None} <= ids
    named = {f"#/components/{section}/{name}" for section, found in bundle["components"].items() for name in found}
    assert {name for name in named if "/securitySchemes/" not in name} <= references


def test_public_bundle_of_a_document_without_such_operations_is_empty() -> None:
    plain: dict[str, Json] = {
        "paths": {"/a": {"get": {"tags": ["Admin"], "operationId": "a"}}},
        "components": {"schemas": {"A": {}}},
        "tags": [],
    }
    bundle = public_bundle(plain, "http://here")
    assert (bundle["paths"], bundle["components"]) == ({}, {})


def test_bundle_under_the_services_own_names_has_the_services_own_address(door: Door) -> None:
    bundle = ok(door.get(BUNDLE, key=None, headers={"Host": "docs.runflow.io"}))
    assert [server["url"] for server in bundle["servers"]] == ["https://api.runflow.io"]


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("key", [None, "wrong", "rf_live_0123456789abcdef"])
def test_place_of_the_website_never_asks_for_a_key(door: Door, path: str, key: str | None) -> None:
    assert door.get(path, key=key).status_code == 200


@pytest.mark.parametrize("path", ["/pricing", "/careers/", "/.well-known/agent-skills/other/SKILL.md", "/favicon.ico", "/v2/runs", "/v1x"])
@pytest.mark.parametrize("key", [None, "wrong"])
def test_page_that_is_not_there_is_404_and_never_a_question_for_a_key(door: Door, path: str, key: str | None) -> None:
    problem(door.get(path, key=key), 404, "NOT_FOUND")
    problem(door.post(path, {}, key=key), 404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing", "/v1/models/a/b/nothing"])
def test_what_is_below_the_api_still_asks_for_a_key_first(door: Door, path: str) -> None:
    problem(door.get(path, key=None), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("path", ["/v1/public/nothing", "/v1/public/models/", "/v1/public/models/google/nano-banana-pro"])
@pytest.mark.parametrize("key", [None, "wrong"])
def test_what_is_public_is_404_without_a_key_where_it_is_not_there(door: Door, path: str, key: str | None) -> None:
    problem(door.get(path, key=key), 404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/v1/health", "/v1/readiness", "/v1/openapi.json", "/v1/docs", "/v1/public/models"])
@pytest.mark.parametrize("body", [{}, {"much": "x" * 100_000}])
def test_other_methods_of_what_needs_no_key_are_405_without_one(door: Door, path: str, body: dict[str, Json]) -> None:
    problem(door.post(path, body, key=None), 405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("path", ["/", "/blog", "/llms.txt"])
def test_other_methods_of_a_page_are_405_without_a_key(door: Door, path: str) -> None:
    problem(door.post(path, {}, key=None), 405, "METHOD_NOT_ALLOWED")


def test_client_that_forgets_the_version_finds_it_in_its_journal(door: Door) -> None:
    problem(door.post("/models/runflow/background-removal/runs", {}), 405, "METHOD_NOT_ALLOWED")
    problem(door.post("/run/google/nano-banana-pro", {}), 404, "NOT_FOUND")
    found = ok(door.get("/_mock/journal"))["items"]
    assert [violation["rule"] for entry in found for violation in entry["violations"]] == ["route", "route"]


def test_digest_stands_beside_the_skill_as_sha256sum_writes_it(door: Door) -> None:
    text = door.get(f"{SKILL}.sha256", key=None).text
    assert text == f"{sha256(door.get(SKILL, key=None).content).hexdigest()}  SKILL.md\n"


@every_dialect
def test_overview_names_every_endpoint_but_those_of_administration(dialect: str) -> None:
    with Door(dialect=dialect) as door:
        text = door.get("/llms.txt", key=None).text
    for endpoint in endpoints():
        assert (f"- `{endpoint.method} {endpoint.path}`:" in text) is ("Admin" not in endpoint.tags), endpoint


@pytest.mark.parametrize(
    "promised",
    ["POST /v1/models/{owner}/{slug}/runs", "POST /v1/models/{owner}/{slug}/batches", "POST /v1/batches", "`/v1/health`", "in parallel",
     "POST /v1/comfyui-workflows/{owner}/{slug}/runs", "POST /v1/callback-secrets", "callback_url", "401, 403", "429", "5xx", "Solutions",
     "google/nano-banana-pro", "openai/gpt-image-2", "flux-pro/kontext", "ideogram/v3"],
)  # fmt: skip
def test_skill_has_what_its_page_promises(door: Door, promised: str) -> None:
    assert promised in door.get(SKILL, key=None).text


def _parts(part: Any) -> Any:
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _parts(inner)


def _links(part: dict[str, Any]) -> list[dict[str, Any]]:
    links = part.get("links")
    return [link for link in links.values() if isinstance(link, dict)] if isinstance(links, dict) else []


def _is_there(bundle: Any, reference: str) -> bool:
    for step in reference.removeprefix("#/").split("/"):
        bundle = bundle.get(step) if isinstance(bundle, dict) else None
    return bundle is not None

"""The fake under the service's own names: what is at each host, and what is not."""

import re

import httpx
import pytest
from doors import Door
from steps import INPUT, RUNS, problem, refusal

HOME = {
    "/v1/openapi.json": "api",
    "/v1/docs": "api",
    "/api/openapi.public.json": "docs",
    "/api": "www",
    "/models": "www",
    "/models-catalog.json": "www",
    "/models/openai/gpt-image-2/edit/llms.txt": "www",
    "/llms-full.txt": "www",
    "/.well-known/agent-skills/runflow/SKILL.md": "www",
    "/settings/api-keys": "app",
    "/images/models/_base/portrait.png": "public",
}
PAGE_HOSTS = ("www", "docs", "app", "public")


def get(door: Door, site: str, path: str) -> httpx.Response:
    """Reads a page without a key at one of the service's hosts."""
    return door.get(path, key=None, headers={"Host": f"{site}.runflow.io:8443"})


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("path", HOME)
def test_page_is_at_its_own_host_and_every_page_host_leads_there(door: Door, path: str) -> None:
    assert get(door, HOME[path], path).status_code == 200
    for site in set(PAGE_HOSTS) - {HOME[path], *(["docs"] if path.startswith("/llms") else [])}:
        led = get(door, site, path + "?a=1")
        assert (led.status_code, led.headers["location"]) == (307, f"http://{HOME[path]}.runflow.io:8443{path}?a=1")


@pytest.mark.parametrize("path", ["/llms.txt", "/llms-full.txt"])
def test_texts_for_agents_are_at_the_documentation_too(door: Door, path: str) -> None:
    assert get(door, "docs", path).text == get(door, "www", path).text


@pytest.mark.parametrize("site", PAGE_HOSTS)
def test_api_is_at_no_host_of_pages(door: Door, site: str) -> None:
    refused = door.post(RUNS, {"input": INPUT}, headers={"Host": f"{site}.runflow.io"})
    problem(refused, 404, "NOT_FOUND")
    assert door.get("/v1/runs").json()["items"] == []


@pytest.mark.parametrize("path", ["/models", "/settings/api-keys", "/images/models/_base/x.png", "/api"])
def test_pages_are_not_at_the_host_of_the_api(door: Door, path: str) -> None:
    problem(door.get(path, headers={"Host": "api.runflow.io"}), 404, "NOT_FOUND")


@pytest.mark.slow(is_covering=True)
def test_api_answers_at_its_own_host_with_files_that_are_there_too(door: Door) -> None:
    at_api = {"Host": "API.runflow.io"}
    run = door.post(RUNS, {"input": INPUT}, headers=at_api).json()
    door.settle()
    image = door.get(f"/v1/runs/{run['id']}", headers=at_api).json()["output"]["image_urls"][0]
    assert image.startswith("https://API.runflow.io/media/")
    assert door.get(image.removeprefix("https://API.runflow.io"), key=None, headers=at_api).status_code == 200


def test_texts_send_calls_to_the_api_and_readers_to_the_website(door: Door) -> None:
    text = get(door, "www", "/llms-full.txt").text
    calls = set(re.findall(r"POST (https?://[^/`]+)", text))
    assert calls == {"http://api.runflow.io:8443"}
    assert set(re.findall(r"\((https?://[^/]+)/models/", text)) == {"http://www.runflow.io:8443"}


def test_sample_pictures_of_examples_are_at_their_host(door: Door) -> None:
    found = door.get("/v1/models/google/nano-banana-pro/edit/examples", headers={"Host": "api.runflow.io"}).text
    assert '"https://public.runflow.io/images/models/_base/' in found


@pytest.mark.parametrize("site", ["api", *PAGE_HOSTS])
def test_control_api_keeps_its_guard_under_the_services_names(door: Door, site: str) -> None:
    assert "RUNFLOW_MOCK_ALLOWED_HOSTS" in refusal(get(door, site, "/_mock/health"), 403, "foreign_host")


@pytest.mark.parametrize("host", ["runflow.io", "api.runflow.io.evil.example", "runflow", "127.0.0.1:8787"])
def test_every_other_name_has_everything(door: Door, host: str) -> None:
    assert door.get("/models", key=None, headers={"Host": host}).status_code == 200
    assert door.get("/v1/runs", headers={"Host": host}).status_code == 200

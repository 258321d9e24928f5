"""Programs of our own that do what public ones do: how an SDK polls and uploads, how a script says nothing, how a plugin deploys.

Each knows only how to send a request, and reads of an answer what the public program reads; none of their code is here.
"""

import mimetypes
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import httpx

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

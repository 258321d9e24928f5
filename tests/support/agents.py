"""A coding agent for tests: it knows nothing but the installed skill, and does nothing that the skill does not name."""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import urllib3

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

"""Looking at the inspector: a page that keeps what it complains of, and a tenant whose story it shows."""

import re
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect
from tools import NODE_MODULES

from runflow_mock.testing.client import Client, ClientError

MODEL = "runflow/background-removal"
SHIRT = {"image_url": "https://cdn.example.com/shirt.jpg"}
# Nobody listens there: every attempt fails at once.
NOBODY = "http://127.0.0.1:9/hooks"
# Long, for a browser on a machine that does much else: what does not come costs it, what comes costs nothing.
PATIENCE_MS = 40_000
# A list that is told to be missing is a thing that the page asks for; everything else that it complains of is a mistake.
_ASKED = re.compile(r"/_mock/(scenario|tenants/[a-z0-9_]+|faults/.+|runs/.+|media.*|events|clock|tenants\?limit=1)$")

expect.set_options(timeout=PATIENCE_MS)


class Shop(NamedTuple):
    """A tenant, and what a client or a test does to it."""

    url: str
    name: str
    client: Client

    def at(self, screen: str, record_id: str = "") -> str:
        """Returns the address of a screen."""
        return f"{self.url}/_mock/#/t/{self.name}/{screen}{f'/{record_id}' if record_id else ''}"

    def get(self, path: str) -> Any:
        """Returns what a verb answers."""
        return self.client.get(path)

    def fails(self, method: str, path: str, body: Any = None) -> int:
        """Sends a request that is refused, and returns the status."""
        with pytest.raises(ClientError) as refused:
            self.client.request(method, path, body)
        return refused.value.status

    def run(self, **body: Any) -> dict[str, Any]:
        """Creates a run."""
        return dict(self.client.request("POST", f"/v1/models/{MODEL}/runs", {"input": SHIRT, **body}))

    def batch(self, items: int = 4, **body: Any) -> dict[str, Any]:
        """Creates a batch."""
        return dict(self.client.request("POST", f"/v1/models/{MODEL}/batches", {"input": [SHIRT] * items, **body}))

    def rule(self, **rule: Any) -> dict[str, Any]:
        """Puts a rule into force."""
        return dict(self.client.request("POST", "/_mock/faults", rule))

    def advance(self, by: str) -> None:
        """Moves the clock."""
        self.client.request("POST", "/_mock/clock/advance", {"by": by})


class Looker:
    """One page in a context of its own."""

    def __init__(self, browser: Browser, url: str, *, scheme: Any = "light", width: int = 1280, axe: bool = False) -> None:
        self.complaints: list[str] = []
        self.context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=axe, permissions=["clipboard-read", "clipboard-write"]
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("console", self._hear)
        self.page.on("request", lambda request: self._watch(url, request.url))
        self.page.goto(url)

    def screen(self, name: str) -> Locator:
        """Waits for a screen."""
        found = self.page.locator(f'main[data-screen="{name}"]:not([aria-busy=true])')
        found.wait_for()
        return found

    def table(self, name: str) -> Locator:
        """Returns a table by its label, once it was read."""
        found = self.page.get_by_role("table", name=name, exact=True)
        found.first.wait_for()
        return found

    def go(self, url: str) -> None:
        """Goes to another screen, as a link would."""
        self.page.goto(url)

    def press(self, *keys: str) -> None:
        """Presses keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def clipboard(self) -> str:
        """Returns what was copied."""
        expect(self.page.get_by_role("status")).to_contain_text("Copied")
        return str(self.page.evaluate("navigator.clipboard.readText()"))

    def axe(self) -> list[str]:
        """Returns what axe-core finds on the page as it stands."""
        if not self.page.evaluate("'axe' in window"):
            self.page.add_script_tag(path=NODE_MODULES / "axe-core" / "axe.min.js")
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        return [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}" for one in found]

    def close(self) -> list[str]:
        """Closes the page and returns its complaints."""
        self.context.close()
        return self.complaints

    def _hear(self, message: ConsoleMessage) -> None:
        url = message.location["url"]
        if message.type in ("error", "warning") and not _ASKED.search(url):
            self.complaints.append(f"{message.type}: {message.text} ({url})")

    def _watch(self, own: str, url: str) -> None:
        origin = own.split("/_mock", maxsplit=1)[0]
        if not url.startswith((origin, "blob:", "data:")):
            self.complaints.append(f"it asks for {url}")

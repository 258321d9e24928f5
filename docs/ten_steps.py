"""The story of the inspector in ten steps: told on a page of the documentation, walked by a test, and seen in pictures of a real session.

python docs/ten_steps.py    take the pictures anew; needs Chromium
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.testing.client import Client
from runflow_mock.testing.server import serve

if TYPE_CHECKING:
    from playwright.sync_api import Page

IMAGES = Path(__file__).resolve().parent / "images"
MODEL = "runflow/background-removal"
# Nobody listens there, as when the worker that takes callbacks is down.
WORKER = "http://127.0.0.1:9/hooks/runflow"


class App(NamedTuple):
    """The client whose work the page shows: a shop that has its pictures cut out."""

    url: str
    name: str
    client: Client

    def order(self) -> dict[str, Any]:
        """Sends a batch of four shoes."""
        body = {"input": [{"image_url": f"https://cdn.example.com/shoe-{number}.jpg"} for number in range(4)], "callback_url": WORKER}
        return dict(self.client.post(f"/v1/models/{MODEL}/batches", {**body, "metadata": {"order": "4711"}}))


class Step(NamedTuple):
    """One step: what the page of the documentation says, what a person does, and the picture of what is seen then."""

    says: str
    act: Callable[[Page, App], None]
    picture: str | None = None


def begin(url: str, name: str) -> App:
    """Lets the app work until half of its batch is done and the other is not: a rule, a few runs, a batch, and two minutes."""
    app = App(url, name, Client(url, f"rf_live_mock_{name}"))
    app.client.post("/_mock/tenants", {"name": name, "clock": "manual", "callback_secret": "rf_whsec_of_the_shop"})
    where = {"model": MODEL, "edge": "batch.item[2]"}
    app.client.post("/_mock/faults", {"label": "the third shoe cannot be cut out", "where": where, "what": {"kind": "fail"}})
    app.client.post("/v1/models/google/veo3.1/fast/runs", {"input": {"prompt": "a shoe turns", "duration": "4s"}, "client_ref": "teaser"})
    app.client.post(f"/v1/models/{MODEL}/runs", {"input": {"image_url": "https://cdn.example.com/logo.jpg"}, "client_ref": "logo"})
    app.order()
    app.client.post("/_mock/clock/advance", {"by": "2m"})
    return app


def _press(name: str, page: Page, _app: App) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def _tenants(page: Page, app: App) -> None:
    page.get_by_role("searchbox").fill(app.name)
    page.get_by_role("table", name="tenants").get_by_role("link", name=app.name, exact=True).click()
    page.locator('main[data-screen="timeline"] [data-place="0"]').wait_for()


def _batches(page: Page, _app: App) -> None:
    page.locator("body").press("g")
    page.keyboard.press("b")
    page.get_by_role("table", name="batches").get_by_text("partial succeeded").wait_for()


def _batch(page: Page, _app: App) -> None:
    page.keyboard.press("j")
    page.locator("[data-place]:focus-within").wait_for()
    page.keyboard.press("Enter")
    page.get_by_label("Details").get_by_text("UPSTREAM_FAILED").wait_for()


def _run(page: Page, _app: App) -> None:
    page.get_by_role("list", name="Items of the batch").get_by_role("link", name="2 failed").click()
    page.get_by_role("list", name="States").get_by_text("failed").wait_for()


def _delivery(page: Page, _app: App) -> None:
    page.get_by_role("navigation").get_by_role("link", name="deliveries").click()
    page.get_by_role("table", name="deliveries").get_by_role("link").first.click()
    page.get_by_label("Details").get_by_text("the next attempt is due at").wait_for()


def _rules(page: Page, _app: App) -> None:
    page.get_by_role("navigation").get_by_role("link", name="rules").click()
    row = page.get_by_role("table", name="Rules").get_by_role("row").filter(has_text="the third shoe")
    row.get_by_role("button", name="Take away").click()
    page.get_by_role("heading", name="No rule: everything goes well").wait_for()


def _again(page: Page, app: App) -> None:
    page.get_by_role("navigation").get_by_role("link", name="batches").click()
    app.order()
    page.get_by_role("table", name="batches").get_by_text("queued").wait_for()


def _idle(page: Page, app: App) -> None:
    _press("Run until idle", page, app)
    page.get_by_role("status").get_by_text("steps").wait_for()
    page.get_by_role("region", name="Clock").get_by_text("nothing is due").wait_for()
    page.get_by_role("table", name="batches").get_by_text("succeeded", exact=True).first.wait_for()


def _keep(page: Page, app: App) -> None:
    _press("Make scenario…", page, app)
    page.get_by_role("dialog").get_by_role("button", name=f"Save {app.name}.yaml").wait_for()


STEPS = (
    Step("Open the address that `serve` prints. The list says how each tenant is; open yours.", _tenants, "inspector-timeline"),
    Step(
        "The timeline tells all in one order. Press **Faults**: one rule fired, and its label says what it stands for.",
        partial(_press, "Faults"),
    ),
    Step("Press `g` `b`: among the batches one is *partial succeeded*.", _batches),
    Step("Press `j` and `Enter`: the squares are its items, and below them stands why item 2 failed.", _batch, "inspector-batch"),
    Step("Follow square 2 to its run: how long it was in each state, what went in, and that it cost nothing.", _run),
    Step(
        "Open the last of the deliveries: nobody took the callback. What was sent and what was signed stands there to the byte.",
        _delivery,
        "inspector-delivery",
    ),
    Step("Go to the rules: it was met once and fired once. **Take away** removes it.", _rules),
    Step("Go to the batches, and let your app order the same again: a new line appears by itself.", _again),
    Step("Press **Run until idle**: all four items succeed, without a wait.", _idle, "inspector-again"),
    Step(
        "Press **Make scenario…** and save what happened: as a file for `serve --scenario`, and as a marker for a test.",
        _keep,
    ),
)


def told() -> str:
    """Returns the steps as the page of the documentation has them."""
    lines = []
    for number, step in enumerate(STEPS, 1):
        lines.append(f"{number}. {step.says}")
        if step.picture:
            lines.append(
                f"\n   ![Step {number}: {step.says.partition(':')[0].replace('*', '').replace('`', '')}](../images/{step.picture}.png)\n"
            )
    return "\n".join(lines) + "\n"


def walk(page: Page, app: App, see: Callable[[str], None]) -> None:
    """Does what the steps say, one after the other, and shows each that has a picture."""
    page.goto(f"{app.url}/_mock/")
    for step in STEPS:
        step.act(page, app)
        if step.picture:
            see(step.picture)


def main() -> int:
    """Takes the pictures: in light, and the one of the README in dark as well."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with serve(Config(port=0, clock=ClockMode.MANUAL)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, scheme in (("shop", "light"), ("shop_by_night", "dark")):
            page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme="dark" if scheme == "dark" else "light")

            def see(picture: str, page: Page = page, scheme: str = scheme) -> None:
                page.locator("[aria-busy=true]").wait_for(state="detached")
                page.mouse.move(0, 0)
                page.screenshot(path=IMAGES / f"{picture}{'-dark' if scheme == 'dark' else ''}.png", animations="disabled")

            walk(page, begin(server.url, name), see)
            page.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

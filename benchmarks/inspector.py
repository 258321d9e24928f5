"""`python -m benchmarks.inspector`: how soon the inspector shows what happens, in a real browser; needs Chromium.

From event to row is measured in the page, from the instant at which it sends the request that makes a run until the run's row is painted,
so that the request itself counts as well.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median, quantiles
from typing import TYPE_CHECKING

import msgspec
import uvloop

from benchmarks import load, messages
from benchmarks.limits import Kind, Limit
from benchmarks.machine import cores, note, pin, worked_milliseconds
from benchmarks.servers import Server, fake
from benchmarks.table import Figure, render

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

BALANCE = ("--balance", "100000000", "--clock", "manual")
EVENT_TO_ROW_MAX = Limit(Kind.MAX, 100.0)
FRAME_MAX = Limit(Kind.MAX, 100.0)
BATCHES = 25
PART = 5_000
WIDTH, HEIGHT = 1280, 800
EXPLANATION = """\
ours: from the instant at which the page sends the request until the row that comes of it is painted
bare: from the same instant until the answer is there and two frames are painted
work: time on a core, whoever else wanted one: of the whole server, and of the page's main thread"""

PAINTED = "const painted = (found) => requestAnimationFrame(() => requestAnimationFrame(() => found(performance.now())));"
# Returns how long the row took, and how long the request and two frames take where nobody waits for a row.
CREATE = f"""async ([path, key, body]) => {{
    {PAINTED}
    const rows = document.querySelector('.rows');
    const begun = performance.now();
    const headers = {{Authorization: `Bearer ${{key}}`, 'Content-Type': 'application/json'}};
    const told = fetch(path, {{method: 'POST', headers, body}}).then((answer) => answer.json());
    const bare = told.then(() => new Promise(painted));
    const seen = new Promise((found) => {{
        const watching = new MutationObserver(async () => {{
            const {{id}} = await told;
            if (!rows.querySelector(`[data-place] a[title="${{id}}"]`)) return;
            watching.disconnect();
            painted(found);
        }});
        watching.observe(rows, {{subtree: true, childList: true, characterData: true, attributes: true}});
    }});
    return [await seen - begun, await bare - begun];
}}"""
SCROLL = f"""async (share) => {{
    {PAINTED}
    const rows = document.querySelector('.rows');
    const begun = performance.now();
    rows.scrollTop = share * (rows.scrollHeight - rows.clientHeight);
    const middle = () => Math.floor((rows.scrollTop + rows.clientHeight / 2) / 34);
    const seen = new Promise((found) => {{
        const look = () => (rows.querySelector(`[data-place="${{middle()}}"] a`) ? painted(found) : requestAnimationFrame(look));
        look();
    }});
    return await seen - begun;
}}"""
# The longest time between two frames until it is asked for: while the page stalls, there is none.
FRAMES = """() => {
    window.longest = 0;
    let last = performance.now();
    const look = (now) => { window.longest = Math.max(window.longest, now - last); last = now; requestAnimationFrame(look); };
    requestAnimationFrame(look);
}"""


def main() -> int:
    """Measures, prints, and returns 0: a missed target is told, not punished."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inspector", description="Measure the inspector in a real browser.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs, and fewer tries")
    arguments = parser.parse_args()
    stored, tries = (10_000, 20) if arguments.quick else (100_000, 100)
    told = note()
    pin(0, cores()[1])
    with fake(*BALANCE) as server, _page() as page:
        server.client().get("/v1/auth/me")
        page.goto(f"{server.url}/_mock/#/t/{_name(server)}/runs")
        page.locator("[data-link=live]").wait_for()
        figures = [*_event_to_row(page, server, tries, "few runs"), *_burst(page, server)]
        _fill(server, stored)
        page.reload()
        page.locator('.table:not([data-total="0"]) [data-place="0"] a').wait_for()
        figures += _many(page, server, tries, stored)
    print("\n".join(f"{name + ':':<10} {text}" for name, text in told.items()))
    print(EXPLANATION + "\n\n" + render(figures))
    return 0


@contextmanager
def _page() -> "Iterator[Page]":
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def _name(server: Server) -> str:
    return server.key.rpartition("_")[2]


def _fill(server: Server, stored: int) -> None:
    async def create() -> None:
        # In parts, since one round has an end where a machine is busy.
        for _ in range(stored // PART):
            await load.run_once(server.port, messages.creates(server.key), status=201, connections=16, count=PART)

    def fill() -> None:
        uvloop.run(create())

    # Playwright's own loop runs in this thread.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(fill).result()


def _event_to_row(page: "Page", server: Server, tries: int, where: str) -> Iterator[Figure]:
    bodies = (msgspec.json.encode(messages.run_body(number)).decode() for number in range(tries))
    counted = page.context.new_cdp_session(page)
    counted.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = worked_milliseconds(server.pid), _page_worked(counted)
    took = [page.evaluate(CREATE, [messages.RUNS_PATH, server.key, body]) for body in bodies]
    after = worked_milliseconds(server.pid), _page_worked(counted)
    rows, bare = ([float(each[place]) for each in took] for place in (0, 1))
    for name, of in (("median", median), ("p95", lambda values: quantiles(values, n=20)[-1]), ("longest", max)):
        yield Figure(name=f"event to row, {where}, {name}", unit="ms", ours=of(rows), bare=of(bare), target=EVENT_TO_ROW_MAX)
    for name, begun, ended in zip(("server", "page"), before, after, strict=True):
        yield Figure(name=f"work of the {name} for an event, {where}", unit="ms", ours=(ended - begun) / tries)


def _page_worked(counted: "CDPSession") -> float:
    metrics = {metric["name"]: metric["value"] for metric in counted.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"]) * 1000


def _burst(page: "Page", server: Server) -> Iterator[Figure]:
    """Ten thousand events at once: 25 batches of 100 items, from their creation to their end."""
    client = server.client()
    page.goto(f"{server.url}/_mock/#/t/{_name(server)}/timeline")
    page.locator('[data-place="0"] a').wait_for()
    before = client.get("/_mock/timeline?limit=1")["total"]
    page.evaluate(FRAMES)
    items = [messages.run_body(number)["input"] for number in range(100)]
    for _ in range(BATCHES):
        client.post(f"/v1/models/{messages.MODEL}/batches", {"input": items})
    client.post("/_mock/clock/run-until-idle")
    total = client.get("/_mock/timeline?limit=1")["total"]
    page.locator(f'.table[data-total="{total}"]').wait_for()
    yield Figure(name=f"longest frame while {total - before:,} events happen", unit="ms", ours=page.evaluate("longest"), target=FRAME_MAX)
    page.goto(f"{server.url}/_mock/#/t/{_name(server)}/runs")


def _many(page: "Page", server: Server, tries: int, stored: int) -> Iterator[Figure]:
    where = f"{stored:,} runs stored"
    yield from _event_to_row(page, server, tries, where)
    page.evaluate(FRAMES)
    took = [float(page.evaluate(SCROLL, number * 0.618 % 1)) for number in range(1, tries + 1)]
    yield Figure(name=f"jump to rows anywhere, {where}, median", unit="ms", ours=median(took))
    yield Figure(name=f"jump to rows anywhere, {where}, longest", unit="ms", ours=max(took))
    yield Figure(name=f"longest frame meanwhile, {where}", unit="ms", ours=page.evaluate("longest"), target=FRAME_MAX)


if __name__ == "__main__":
    sys.exit(main())

"""The site of the documentation: it builds without a broken link, and in a browser it asks no other host for anything."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from commands import ROOT
from tools import chromium, run_tool

from website import SITE, build

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]

SCRIPT = ROOT / "tests" / "clients" / "read_site.cjs"
PAGES = ("index.html", "tutorials/pytest.html", "how-to/each-fault.html", "reference/commands.html", "architecture.html")


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Keeps the output of tests clean."""


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    assert build() == []
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_site_works_without_any_other_host(served: str) -> None:
    told = run_tool("node", SCRIPT, chromium(), served, "partial", *PAGES)
    assert told.returncode == 0, told.stdout
    seen = json.loads(told.stdout)
    assert (seen["foreign"], seen["broken"]) == ([], [])
    assert seen["titles"]["architecture.html"].startswith("Architecture")
    assert seen["found"].startswith("partial")
    light, dark = seen["backgrounds"]
    assert light != dark

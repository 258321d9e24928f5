"""The picture of the demo: what `runflow-mock demo` really prints, as an SVG.

The demo is deterministic but for its ports and for what follows the wall clock: timestamp and signature of the callback. Those lines are
left out, and so is most of the callback's body: a picture has room for one screen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO

from rich.console import Console
from rich.text import Text

from runflow_mock.cli.demo import Story
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.testing.client import Client
from runflow_mock.testing.receiver import CallbackReceiver
from runflow_mock.testing.server import serve

COLUMNS = 112
BODY_LINES = 4
LEFT_OUT = re.compile(r"http://127\.0\.0\.1:|The clock stands still|runflow-(?:signature|timestamp):|held  |Next:")
CHAPTER_LEFT_OUT = re.compile(r"6\. ")

_FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


def demo() -> str:
    """Returns the picture."""
    console = Console(record=True, file=StringIO(), width=COLUMNS, force_terminal=True, color_system="truecolor", highlight=False)
    console.print("[bold green]$[/] [bold]runflow-mock demo[/]")
    for line in _shown(_told()):
        console.print(Text.from_ansi(line))
    drawn = console.export_svg(title="runflow-mock demo", unique_id="demo")
    # Fonts would come from another host; the reader's own will do.
    drawn = _FONT.sub("", drawn).replace("font-family: Fira Code, monospace", "font-family: ui-monospace, Menlo, Consolas, monospace")
    return "\n".join(line.rstrip() for line in drawn.splitlines()) + "\n"


def _told() -> str:
    """Returns what the demo prints in a terminal of that width."""
    printed = StringIO()
    console = Console(file=printed, width=COLUMNS, force_terminal=True, color_system="truecolor", highlight=False, soft_wrap=True)
    with serve(Config(port=0, clock=ClockMode.MANUAL, speed=1.0)) as server, CallbackReceiver() as receiver:
        client = Client(server.url, "rf_live_mock_demo")
        try:
            Story(console, client, receiver, lambda seconds: None).tell()
        finally:
            client.close()
    return printed.getvalue()


def _shown(printed: str) -> Iterator[str]:
    """Yields the lines that the picture shows."""
    body = 0
    for line in printed.splitlines():
        plain = Text.from_ansi(line).plain
        if CHAPTER_LEFT_OUT.match(plain):
            return
        is_body = plain.startswith((" ", "{", "}"))
        body = body + 1 if is_body else 0
        if LEFT_OUT.search(plain) or body > BODY_LINES + 1:
            continue
        yield "  …" if body == BODY_LINES + 1 else line

"""`runflow-mock listen`: shows callbacks as they come, checks their signatures, and hands them on."""

import errno
import os
import signal
import threading
from collections.abc import Callable

import click
import msgspec
from rich.console import Console
from rich.markup import escape

from runflow_mock.cli.options import Secret, WholeNumber, checked_url, json_option, option
from runflow_mock.cli.stopping import SIGNALS, is_ignored
from runflow_mock.domain.printing import on_one_line
from runflow_mock.runtime.deadlines import WAKEFUL_SECONDS
from runflow_mock.testing.listening import Heard, Listener

DEFAULT_PORT = 8788


@click.command()
@click.option("--forward-to", default=None, callback=checked_url, help="Receiver that gets every callback as it came, bytes and headers.")
@option("--secret", envvar="RUNFLOW_MOCK_CALLBACK_SECRET", default=None, type=Secret(), help="Callback secret to check signatures with.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, type=WholeNumber(0, 65535), help="Port to listen on; 0 picks a free one.")
@click.option("--count", default=None, type=WholeNumber(1), help="Stop after so many callbacks.")
@json_option("Print JSON lines: first the url, then one per callback with event, verified, answered, headers and body.")
def command(*, forward_to: str | None, secret: str | None, host: str, port: int, count: int | None, as_json: bool) -> None:
    """Show callbacks as they come, verify and forward them.

    Give the printed address as callback_url. Whatever the receiver behind --forward-to answers goes back to the sandbox, which repeats what
    failed; without one every callback is answered with 200. Both forms of signature are understood. Exit codes: 0 stopped, 1 what comes can
    no longer be shown, 2 wrong usage or a port that is taken.
    """
    stopped = threading.Event()
    show = Show(as_json=as_json, count=count, is_done=stopped.set)
    try:
        listener = Listener(host, port, show.heard, forward_to=forward_to, secret=secret)
    except (OSError, OverflowError) as error:
        raise click.UsageError(f"cannot listen on {host}:{port}: {error}; choose another port with --port, 0 for any free one") from None
    for number in SIGNALS:
        if not is_ignored(number):
            signal.signal(number, lambda *_: stopped.set())
    with listener:
        show.ready(listener.url, forward_to)
        while not stopped.wait(WAKEFUL_SECONDS):
            continue
    if show.failure is not None:
        raise show.failure


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leaves it to whoever prints: not every thread may end the command."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


class Show:
    """Tells people or programs what comes."""

    def __init__(self, *, as_json: bool, count: int | None, is_done: Callable[[], None]) -> None:
        self._as_json = as_json
        self._left = count
        self._is_done = is_done
        self.failure: OSError | None = None
        """Why nothing more can be shown, if nothing can."""
        self._console = _Console(highlight=False, soft_wrap=True)
        self._telling = threading.Lock()

    def ready(self, url: str, forward_to: str | None) -> None:
        """Tells where to send callbacks."""
        if self._as_json:
            self._write({"url": url, "forward_to": forward_to})
        else:
            onward = f", forwarding to {forward_to}" if forward_to else ", answering 200"
            self._console.print(f"listening: give [bold]{escape(url)}[/bold] as callback_url{escape(onward)}")

    def heard(self, heard: Heard) -> None:
        """Tells of one callback."""
        with self._telling:
            try:
                if self._as_json:
                    self._write(heard)
                else:
                    self._console.print(line_of(heard))
            except OSError as error:
                # Whoever has sent the callback is answered all the same.
                self.failure = error
                self._is_done()
            if self._left is not None:
                self._left -= 1
                if self._left == 0:
                    self._is_done()

    def _write(self, line: object) -> None:
        click.echo(msgspec.json.encode(line).decode())


def line_of(heard: Heard) -> str:
    """Returns one readable line, in rich's markup."""
    signed = {
        None: "[yellow]not checked[/] (no --secret)",
        True: "[green]verified[/]",
        False: f"[red]NOT VERIFIED[/]: {_shown(heard.objection or '')}",
    }
    parts = [
        f"{heard.at.astimezone():%H:%M:%S}",
        f"[bold]{_shown(heard.event or 'no event')}[/bold]",
        _shown(heard.about or ""),
        f"[bright_black]{_shown(heard.request_id or 'no Runflow-Request-Id')}[/]",
        signed[heard.verified],
    ]
    if heard.answered is not None:
        parts.append(f"-> [{'green' if heard.answered < 300 else 'red'}]{heard.answered}[/] in {heard.answered_ms} ms")
    if heard.problem is not None:
        parts.append(f"-> [red]{_shown(heard.problem)}[/]")
    return "  ".join(filter(None, parts))


def _shown(text: str) -> str:
    """Returns what others wrote on one line: a line of its own would look like a callback."""
    return escape(on_one_line(text))

"""File steps: what a receiver fetches, seen from a place of this command's own to which the addresses in a callback's output lead.

Whoever fetches before it has verified asks for whatever anybody names: addresses within its own network, which nobody else reaches.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import msgspec

from runflow_mock.domain.callback_policy import is_loopback
from runflow_mock.kit.probes.probe_steps import ProbeKit, Seen
from runflow_mock.media.samples import draw_sample
from runflow_mock.testing.samples import SampleCallback

LOOPBACK = "127.0.0.1"
# Whoever fetches what it has not verified does so before it answers; who fetches later than this cannot be judged.
FETCH_SECONDS, LOOK_SECONDS = 0.3, 0.01
OLD_SECONDS = 3600
FAR = "files are shown on this machine alone, and the receiver is on another"
NO_FILE = "this event tells of no file"
NOT_FETCHED = f"it fetches nothing that a genuine callback tells of, within {FETCH_SECONDS:g} s"
ELSEWHERE = "with its files at an address of this command's own"
TELLS_ITS_OWN = "what the application has created is told as it is"
TAKEN = "it was taken, which another rule is about"


class _Files:
    """A place that has every file, and knows which were asked for."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.fetched: set[str] = set()

    def is_fetched(self, name: str, seconds: float) -> bool:
        """Whether a file was asked for, or is within so many seconds."""
        until = time.monotonic() + seconds
        while name not in self.fetched and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
        return name in self.fetched


def fetches_after_verifying(kit: ProbeKit) -> Iterator[Seen]:
    """Files of forged and of old callbacks are left alone, by whoever fetches those of a genuine one."""
    if kit.sender.known is not None:
        yield Seen(None, TELLS_ITS_OWN)
        return
    if not is_loopback(urlsplit(kit.carrier.url).hostname or ""):
        yield Seen(None, FAR)
        return
    with _files() as files:
        genuine = kit.sender.write(is_fresh=True)
        body = _leading(genuine.body, f"{files.address}/genuine")
        if body is None:
            yield Seen(None, NO_FILE)
            return
        began = time.monotonic()
        answer = kit.carrier.carry(kit.sender.sign(genuine, body))
        if not files.is_fetched("/genuine", FETCH_SECONDS):
            yield Seen(None, NOT_FETCHED if answer.is_taken else f"{ELSEWHERE}, a genuine callback was {answer.told}")
            return
        took = time.monotonic() - began
        forgers: dict[str, Callable[[SampleCallback, bytes], SampleCallback]] = {"forged": kit.sender.sign_for_nobody}
        if kit.sender.dates_attempts:
            forgers["old"] = lambda sample, body: kit.sender.sign(sample, body, at=int(time.time()) - OLD_SECONDS)
        for name, forge in forgers.items():
            sample = kit.sender.write(is_fresh=True)
            answer = kit.carrier.carry(forge(sample, _leading(sample.body, f"{files.address}/{name}") or sample.body))
            if answer.is_taken:
                yield Seen(None, f"{name}: {TAKEN}")
                continue
            is_fetched = files.is_fetched(f"/{name}", 2 * took)
            told = f"the file of a callback that was {name} was {'fetched' if is_fetched else 'left alone'}, which was {answer.told}"
            yield Seen(not is_fetched, told, is_proof=is_fetched)


def _leading(body: bytes, address: str) -> bytes | None:
    """Returns a message each file of which is at an address, or nothing where it tells of none."""
    message = msgspec.json.decode(body)
    output = _led(message["output"], address)
    return None if output == message["output"] else msgspec.json.encode({**message, "output": output})


def _led(value: Any, address: str) -> Any:
    if isinstance(value, dict):
        # What an item was made from is the customer's own.
        return {name: part if name == "input" else _led(part, address) for name, part in value.items()}
    if isinstance(value, list):
        return [_led(part, address) for part in value]
    return address if isinstance(value, str) and value.startswith(("http://", "https://")) else value


@contextmanager
def _files() -> Iterator[_Files]:
    """Shows files on this machine while the context lasts, each of which is a picture: whoever looks at one is content."""
    picture = draw_sample("file")

    class Handler(BaseHTTPRequestHandler):
        """Has every file."""

        def do_GET(self) -> None:
            """Notes which one was asked for."""
            files.fetched.add(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", str(len(picture)))
            self.end_headers()
            if self.command == "GET":
                # Whoever has asked for it may be gone.
                with suppress(ConnectionError):
                    self.wfile.write(picture)

        do_HEAD = do_GET  # noqa: N815 - the name is the base class's

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            """Says nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    server.daemon_threads = True
    files = _Files(f"http://{LOOPBACK}:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(LOOK_SECONDS,), name="files", daemon=True)
    thread.start()
    try:
        yield files
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

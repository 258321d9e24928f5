"""The bench for receivers: webhook handlers that are right in different ways, and others that have nothing but one flaw."""

import hashlib
import hmac
import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from io import BufferedIOBase, BytesIO
from typing import Any, NamedTuple

from PIL import Image, UnidentifiedImageError
from slips import (
    BELIEVED,
    COMPARISONS,
    COMPARISONS_OF,
    EARLY,
    MEMORIES,
    ODDITIES,
    PREVIOUS_SECRET,
    READINGS,
    READS,
    ROUNDS,
    SECRET,
    SECRETS,
    SECRETS_OF,
    STATUSES,
    STRICT,
    TIMELESS,
    UNKNOWN_EVENTS,
    WINDOW_SECONDS,
    WINDOWS,
    WINDOWS_OF,
    parsed,
    said,
)

SLOW_SECONDS = 0.15
RACE_SECONDS = 0.05
NOTE_SECONDS = 0.01
# How long after its answer it acts, where it does so later.
DELAYS = {"acts later": RACE_SECONDS, "acts two seconds later": 2.0, "acts three seconds later": 3.0}
# An address of this machine, as files of a trial have one; samples lead elsewhere, where nobody is.
FILE = re.compile(rb'"(http://127\.0\.0\.1:[0-9]+)(/[^"]*)"')
BATCHES_ALONE = frozenset(("acts on batches alone", "acts on batches alone, then verifies", "acts on batches alone, on every attempt"))
MOMENT_SECONDS = 1.5
CALLS_MAX = 30


class Running(NamedTuple):
    """Where a handler listens, and where it tells how often it has acted."""

    url: str
    effects_url: str


class Shop:
    """What the handler does with a message: status of the answer. `flaw` names what it does wrong or how else it is built.

    With `known` it takes only what it knows, and answers everything else with `unknown`.
    """

    def __init__(self, flaw: str | None, known: Collection[str] | None, unknown: int) -> None:
        self.flaw = flaw or "usual"
        self.effects = 0
        self._known, self._unknown = known, unknown
        self._seen: set[str] = set()
        self._working: set[str] = set()
        self._requests: set[str] = set()
        self._verified: set[tuple[object, ...]] = set()
        self._latest = ""
        self._calls: list[float] = []
        self._remembered: dict[str, float] = {}
        self._lock = threading.Lock()
        self._is_verified = False

    def is_full(self) -> bool:
        """Whether it was called too often within a moment, where it looks at that."""
        now = time.monotonic()
        self._calls = [*(call for call in self._calls if now - call < MOMENT_SECONDS), now]
        return self.flaw == "limits how often it is called" and len(self._calls) > CALLS_MAX

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Returns the status."""
        if self.flaw == "slow" and not self.effects:
            time.sleep(SLOW_SECONDS)
        if (odd := ODDITIES.get(self.flaw)) is not None and odd(headers, body):
            return 500
        if (early := EARLY.get(self.flaw)) is not None and early[1](headers, body):
            return early[0]
        is_batch = str(said(body, "event")).startswith("batch.")
        acts_first = {
            "acts, then verifies": True,
            "acts on batches, then verifies": is_batch,
            "acts on batches alone, then verifies": is_batch,
        }
        if acts_first.get(self.flaw, False):
            self._act(headers, body)
            return 200 if self._is_signed(headers, body) else 401
        if self.flaw in ("remembers, then verifies", "passes over what it was told before") and self._delivery(headers) in self._seen:
            return 200
        if not self._lets_in(headers, body):
            if self.flaw == "remembers, then verifies" and "runflow-request-id" in headers:
                self._seen.add(self._delivery(headers))
            if self.flaw == "forgets what it cannot verify":
                self._seen.discard(self._delivery(headers))
            if (
                self.flaw == "acts on old batches, then looks at the time"
                and said(body, "batch_id")
                and self._has_signed(headers.get("runflow-timestamp", ""), headers.get("runflow-signature", ""), body, is_timeless=True)
            ):
                self.effects += 1
            return 401
        files = [] if self.flaw == "fetches no files" else _fetch(body)
        return self._act(headers, body) if all(map(_is_picture, files)) else 500

    def _lets_in(self, headers: dict[str, str], body: bytes) -> bool:
        if self.flaw == "fetches files, then verifies":
            _fetch(body)
        is_signed = self._is_signed(headers, body)
        if self.flaw != "notes in one place what it has verified":
            return is_signed
        self._is_verified = is_signed
        time.sleep(NOTE_SECONDS)
        return self._is_verified

    def _is_signed(self, headers: dict[str, str], body: bytes) -> bool:
        stamp, given = headers.get("runflow-timestamp", ""), headers.get("runflow-signature", "")
        known_by = MEMORIES.get(self.flaw) if stamp and given and "runflow-request-id" in headers else None
        if known_by is not None and known_by(headers, body) in self._verified:
            return True
        if self.flaw == "trusts who does not sign" and "runflow-signature" not in headers:
            return True
        if self.flaw == "trusts who gives no timestamp" and not stamp:
            return True
        if (believes := BELIEVED.get(self.flaw)) is not None and isinstance(message := parsed(body), dict):
            return believes(str(message.get("event"))) or self._has_signed(stamp, given, body)
        is_later = not headers.get("runflow-request-id", "").endswith("-1")
        if self.flaw == "verifies the first attempt alone" and is_later and stamp.isdigit():
            return abs(time.time() - float(stamp)) <= WINDOW_SECONDS
        is_timeless = is_later and self.flaw == "takes old timestamps of later attempts"
        is_timeless = is_timeless or TIMELESS.get(self.flaw, str.isspace)(str(said(body, "event")))
        is_signed = self._has_signed(stamp, given, body, is_timeless=is_timeless)
        if is_signed and known_by is not None:
            self._verified.add(known_by(headers, body))
        return is_signed

    def _has_signed(self, stamp: str, given: str, body: bytes, *, is_timeless: bool = False) -> bool:
        if self.flaw == "takes both forms" and not stamp:
            return hmac.compare_digest(_digest(body, SECRET).encode(), given.encode())
        if not (stamp.isascii() and stamp.isdigit()):
            return False
        mine = (self.flaw, str(said(body, "event")).partition(".")[0])
        past, future = WINDOWS_OF.get(mine, WINDOWS.get(self.flaw, (WINDOW_SECONDS, WINDOW_SECONDS)))
        off = time.time() - float(stamp)
        if (once_round := ROUNDS.get(self.flaw)) is not None:
            off = (off + once_round / 2) % once_round - once_round / 2
        content = stamp.encode() + b"." + READINGS.get(self.flaw, bytes)(body)
        if self.flaw == "fetches files, then looks at the time" and _is_same("v1=" + _digest(content, SECRET), given):
            _fetch(body)
        if self.flaw == "looks at the time under the present secret alone":
            is_timeless = _is_same("v1=" + _digest(content, PREVIOUS_SECRET), given)
        if not -future <= off <= past and not is_timeless:
            return False
        is_same = COMPARISONS_OF.get(mine, COMPARISONS.get(self.flaw, _is_same))
        secrets = SECRETS_OF.get(mine, SECRETS.get(self.flaw, (SECRET, PREVIOUS_SECRET)))
        return any(is_same("v1=" + _digest(content, secret), given) for secret in secrets)

    def _act(self, headers: dict[str, str], body: bytes) -> int:
        message = parsed(READINGS.get(self.flaw, bytes)(body))
        if not isinstance(message, dict) or "event" not in message:
            crashes = self.flaw == "crashes on garbage" or (self.flaw == "crashes on a list" and isinstance(message, list))
            return 500 if crashes else 400
        is_strict = self.flaw in STRICT and STRICT[self.flaw](headers, message)
        if is_strict or str(message["event"]).startswith(UNKNOWN_EVENTS.get(self.flaw, ("nothing",))):
            return 422
        request = headers.get("runflow-request-id", "")
        if self.flaw == "refuses repeats of batches" and "batch_id" in message and self._delivery(headers) in self._seen:
            return 409
        if self.flaw == "refuses the next attempt" and self._delivery(headers) in self._seen and request not in self._requests:
            return 409
        self._requests.add(request)
        if self._known is not None and message.get("run_id", message.get("batch_id")) not in self._known:
            return self._unknown
        return self._once(headers, message)

    def _forget(self, delivery: str) -> None:
        """Forgets what a memory is too short for."""
        now = self._remembered.setdefault(delivery, time.monotonic())
        places = {"remembers twenty deliveries": 20, "remembers a hundred deliveries": 100}.get(self.flaw, len(self._remembered))
        if len(self._remembered) > places:
            self._seen.discard(next(iter(self._remembered)))
            del self._remembered[next(iter(self._remembered))]
        if self.flaw == "remembers for a moment" and time.monotonic() - now > MOMENT_SECONDS:
            self._seen.discard(delivery)

    def _once(self, headers: dict[str, str], message: dict[str, Any]) -> int:
        if self.flaw in BATCHES_ALONE and "batch_id" not in message:
            return 200
        delivery, request = self._delivery(headers), headers.get("runflow-request-id", "")
        ids = [message.get(f"{noun}_id") for noun in ("run", "batch", "evaluation")]
        marks = {
            "by the record": next(filter(None, ids), None),
            "by the client_ref": message.get("client_ref") or next(filter(None, ids), None),
            "takes all batches for one": ids[0],
            "takes all evaluations for one": ids[0] or ids[1],
            "acts once for each event": message["event"],
            "acts once for each state": message["status"],
            "tells deliveries apart by when they ended": message["completed_at"],
            "tells deliveries apart by their end and length": (message["completed_at"], message["duration_ms"]),
            "acts once a second": headers.get("runflow-timestamp"),
            "acts on every attempt about a failure": request if message["status"] == "failed" else delivery,
            "acts on every attempt about a batch": request if message.get("batch_id") else delivery,
            "acts on batches alone, on every attempt": request,
            "remembers the beginning of an id": delivery[:13],
            "remembers the end of an id": delivery[-12:],
            "has a memory for each worker": (delivery, threading.current_thread().name),
        }
        mark = str(marks.get(self.flaw, delivery))
        ways: Mapping[str, Callable[[str], int]] = {
            "says that it is at work": self._work,
            "drops what comes while it is at work": self._work_alone,
            "locks attempts, not deliveries": partial(self._work_unless, headers.get("runflow-request-id", "")),
        }
        if (work := ways.get(self.flaw)) is not None:
            return work(mark)
        if self.flaw == "races":
            if mark not in self._seen:
                time.sleep(RACE_SECONDS)
                self._seen.add(mark)
                self.effects += 1
            return 200
        with self._lock:
            self._forget(delivery)
            if self.flaw == "wants order" and message["created_at"] < self._latest:
                return 409
            self._latest = max(self._latest, message["created_at"])
            if self.flaw == "forgets":
                self._seen.clear()
            if mark in self._seen:
                return {"refuses repeats": 409, **STATUSES}.get(self.flaw, 200)
            self._seen.add(mark)
            if self.flaw in DELAYS:
                threading.Timer(DELAYS[self.flaw], self._count).start()
            else:
                self.effects += 2 if self.flaw == "acts twice at once" else 1
        return STATUSES.get(self.flaw, 200)

    def _work(self, mark: str) -> int:
        """Works without a lock; whoever comes with the same meanwhile is to come again later."""
        with self._lock:
            if mark in self._seen:
                return 200
            if mark in self._working:
                return 409
            self._working.add(mark)
        time.sleep(RACE_SECONDS)
        self.effects += 1
        self._seen.add(mark)
        self._working.discard(mark)
        return 200

    def _work_unless(self, request: str, mark: str) -> int:
        """Works unless the same attempt is at work already."""
        with self._lock:
            if mark in self._seen or request in self._working:
                return 200
            self._working.add(request)
        time.sleep(RACE_SECONDS)
        self.effects += 1
        self._seen.add(mark)
        return 200

    def _work_alone(self, mark: str) -> int:
        """Works on one thing at a time, and says to everything else that it was taken."""
        with self._lock:
            if self._working or mark in self._seen:
                return 200
            self._working.add(mark)
            self._seen.add(mark)
        time.sleep(RACE_SECONDS)
        self.effects += 1
        self._working.clear()
        return 200

    def _count(self) -> None:
        self.effects += 1

    def _delivery(self, headers: dict[str, str]) -> str:
        request = headers.get("runflow-request-id", "")
        others = {
            "takes every attempt for another delivery": request,
            "takes other signatures for other deliveries": headers.get("runflow-signature", ""),
        }
        return others.get(self.flaw, request.rpartition("-")[0])


@contextmanager
def running(server: HTTPServer) -> Iterator[Running]:
    """Runs the server of a receiver while the context lasts."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        base = f"http://127.0.0.1:{server.server_port}"
        yield Running(f"{base}/hooks", f"{base}/effects")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def handler(flaw: str | None = None, *, known: Collection[str] | None = None, unknown: int = 409) -> Iterator[Running]:
    """Runs a handler while the context lasts."""
    shop = Shop(flaw, known, unknown)

    class Handler(BaseHTTPRequestHandler):
        """HTTP for the shop."""

        protocol_version = "HTTP/1.1"
        # The head and the body of an answer leave one after the other: each refusal with words took 40 ms more.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            body = b"".join(_parts(self.rfile, length, flaw))
            if flaw == "wants headers as they are documented" and "Runflow-Signature" not in [*self.headers.keys()]:
                self._answer(401)
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            if flaw == "verifies at one address alone" and self.path != "/hooks":
                shop.effects += 1
                self._answer(200)
                return
            if shop.is_full():
                self._answer(429)
                return
            status = shop.take(headers, body)
            in_body, in_header = _confessions(flaw, headers, body) if status == 401 else ("", None)
            self._answer(status, in_body.encode(), in_header)

        def do_GET(self) -> None:
            told = self.path == "/effects"
            self._answer(200 if told else READS.get((flaw or "", self.command), 405), str(shop.effects).encode() if told else b"")

        do_HEAD = do_GET  # noqa: N815 - the name is the base class's

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", "0")))
            shop.effects += flaw == "acts on whatever is put"
            self._answer(405)

        def _answer(self, status: int, body: bytes = b"", expected: str | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Expected", expected or "nothing")
            if flaw in ("one at a time", "reads what is there at once"):
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            """Says nothing."""

    server = (HTTPServer if flaw == "one at a time" else ThreadingHTTPServer)(("127.0.0.1", 0), Handler)
    server.daemon_threads = True  # type: ignore[attr-defined]
    with running(server) as receiver:
        yield receiver


def _confessions(flaw: str | None, headers: Mapping[str, str], body: bytes) -> tuple[str, str | None]:
    """What a refusal gives away, in its body and in a header."""
    needed = _digest(headers.get("runflow-timestamp", "").encode() + b"." + body, SECRET)
    told = {
        "says which signature it expected": needed,
        "says which signature it expected, in base64": b64encode(bytes.fromhex(needed)).decode(),
        "says its secret": SECRET,
        "says the secret before": PREVIOUS_SECRET,
    }
    return told.get(flaw or "", ""), needed if flaw == "says in a header which signature it expected" else None


def _parts(file: BufferedIOBase, length: int, flaw: str | None) -> Iterator[bytes]:
    """Yields a body, in the parts in which it came where the handler looks at each of them."""
    if flaw != "decodes each part":
        yield file.read1(length) if flaw == "reads what is there at once" else file.read(length)
        return
    while length > 0 and (part := file.read1(length)):
        length -= len(part)
        yield part.decode(errors="replace").encode()


def _is_picture(file: bytes) -> bool:
    try:
        Image.open(BytesIO(file)).verify()
    except UnidentifiedImageError:
        return False
    return True


def _fetch(body: bytes) -> list[bytes]:
    """Fetches the files that a message tells of."""
    files = list[bytes]()
    for host, path in FILE.findall(body):
        with closing(HTTPConnection(host.decode().removeprefix("http://"), timeout=5)) as connection:
            connection.request("GET", path.decode())
            files.append(connection.getresponse().read())
    return files


def _is_same(mine: str, given: str) -> bool:
    return hmac.compare_digest(mine.encode(), given.encode())


def _digest(content: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()

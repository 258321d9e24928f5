"""The bench for receivers: webhook handlers that are right in different ways, and others that have nothing but one flaw."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from io import BufferedIOBase
from typing import Any, NamedTuple

SECRET, PREVIOUS_SECRET, RETIRED_SECRET = "rf_whsec_handlers_now", "rf_whsec_handlers_before", "rf_whsec_handlers_long_ago"
SLOW_SECONDS = 0.15
RACE_SECONDS = 0.05
MOMENT_SECONDS = 1.5
WINDOW_SECONDS = 300
PART = 16
KNOWN_FIELDS = {"event", "run_id", "batch_id", "evaluation_id", "status", "output", "duration_ms", "created_at", "completed_at", "metadata"}

# How they answer a genuine callback, where not with 200.
_STATUSES: Mapping[str, int] = {"answers 201": 201, "answers 202": 202}
_SECRETS: Mapping[str, tuple[str, ...]] = {
    "one secret": (SECRET,),
    "signs with nothing where no secret was before": (SECRET, PREVIOUS_SECRET, ""),
    "signs with None where no secret was before": (SECRET, PREVIOUS_SECRET, "None"),
    "keeps every secret": (SECRET, PREVIOUS_SECRET, RETIRED_SECRET),
}
_COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "trusts everybody": lambda mine, given: True,
    "compares the first digits": lambda mine, given: mine[: 3 + PART] == given[: 3 + PART],
    "compares the last digits": lambda mine, given: mine[-PART:] == given[-PART:],
    "compares as many digits as it is given": lambda mine, given: given.startswith("v1=") and mine.startswith(given),
    "looks for the signature within its own": lambda mine, given: given in mine,
    "compares all but the last digit": lambda mine, given: mine[:-1] == given[:-1],
    "compares both ends": lambda mine, given: (mine[:20], mine[-20:]) == (given[:20], given[-20:]),
}
# What a handler believes without looking at the signature.
_BELIEVED: Mapping[str, Callable[[str], bool]] = {
    "believes what tells of batches": lambda event: event.startswith("batch."),
    "believes what tells of failures": lambda event: event.endswith(".failed"),
    "believes what tells of cancellations": lambda event: event.endswith(".cancelled"),
    "believes events that it does not know": lambda event: event.partition(".")[0] not in ("run", "batch", "evaluation"),
}
# How a handler answers before it verifies anything, and what; and what it crashes on.
_EARLY: Mapping[str, tuple[int, Callable[[dict[str, str], bytes], bool]]] = {
    "takes eight kilobytes": (413, lambda headers, body: len(body) > 8 * 1024),
    "takes twenty-four kilobytes": (413, lambda headers, body: len(body) > 24 * 1024),
    "takes a hundred kilobytes": (413, lambda headers, body: len(body) > 100 * 1024),
    "takes what is no JSON for nothing": (204, lambda headers, body: body == b"not json"),
    "takes what it cannot count for fresh and signed": (204, lambda headers, body: not headers.get("runflow-timestamp", "0").isdigit()),
    "takes signatures that it cannot compare": (204, lambda headers, body: not headers.get("runflow-signature", "").isascii()),
    "takes signatures of other versions": (204, lambda headers, body: headers.get("runflow-signature", "v1").startswith("v0")),
    "strict content type": (415, lambda headers, body: headers.get("content-type") != "application/json"),
    "verifies JSON alone": (204, lambda headers, body: "json" not in headers.get("content-type", "")),
    "takes no body for a ping": (204, lambda headers, body: not body),
    "takes what names no event for a ping": (204, lambda headers, body: isinstance(sent := _parsed(body), dict) and "event" not in sent),
}
_ODDITIES: Mapping[str, Callable[[dict[str, str], bytes], bool]] = {
    "crashes on null": lambda headers, body: body == b"null",
    "crashes where no event is named": lambda headers, body: body == b"{}",
    "crashes without a timestamp": lambda headers, body: not headers.get("runflow-timestamp", "").isdigit(),
    "crashes where a signature is short": lambda headers, body: len(headers.get("runflow-signature", "")) not in (0, 67),
}
# By how many seconds a timestamp may lie in the past, and in the future.
_WINDOWS: Mapping[str, tuple[float, float]] = {
    "ignores the timestamp": (1e12, 1e12),
    "has a nine-minute window": (540, 540),
    "looks at the past alone": (WINDOW_SECONDS, 1e12),
    "looks at the future alone": (1e12, WINDOW_SECONDS),
    "impatient": (180, 180),
    "has a window of four and a half minutes": (270, 270),
    "takes nothing from ahead": (WINDOW_SECONDS, 5),
}
# What a handler takes for a whole round of the clock, and counts no further.
_ROUNDS: Mapping[str, int] = {"counts seconds without days": 86400, "counts minutes without hours": 3600}
_READINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "writes it again": lambda body: json.dumps(_parsed(body), separators=(",", ":")).encode(),
    "drops what is no text": lambda body: body.decode("utf-8", "ignore").encode(),
    "trims the body": lambda body: body.strip(),
}
_UNKNOWN_EVENTS: Mapping[str, tuple[str, ...]] = {
    "only runs": ("batch.", "evaluation."),
    "knows no evaluations": ("evaluation.",),
    "strict events": ("run.hibernated",),
    "only batches": ("run.", "evaluation."),
}


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
        self._latest = ""
        self._remembered: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Returns the status."""
        if self.flaw == "slow" and not self.effects:
            time.sleep(SLOW_SECONDS)
        if (odd := _ODDITIES.get(self.flaw)) is not None and odd(headers, body):
            return 500
        if (early := _EARLY.get(self.flaw)) is not None and early[1](headers, body):
            return early[0]
        if self.flaw == "acts, then verifies":
            self._act(headers, body)
            return 200 if self._is_signed(headers, body) else 401
        if self.flaw == "remembers, then verifies" and self._delivery(headers) in self._seen:
            return 200
        if not self._is_signed(headers, body):
            if self.flaw == "remembers, then verifies":
                self._seen.add(self._delivery(headers))
            return 401
        return self._act(headers, body)

    def _is_signed(self, headers: dict[str, str], body: bytes) -> bool:
        stamp, given = headers.get("runflow-timestamp", ""), headers.get("runflow-signature", "")
        if self.flaw == "trusts who does not sign" and "runflow-signature" not in headers:
            return True
        if self.flaw == "trusts who gives no timestamp" and not stamp:
            return True
        if (believes := _BELIEVED.get(self.flaw)) is not None and isinstance(message := _parsed(body), dict):
            return believes(str(message.get("event"))) or self._has_signed(stamp, given, body)
        return self._has_signed(stamp, given, body)

    def _has_signed(self, stamp: str, given: str, body: bytes) -> bool:
        if self.flaw == "takes both forms" and not stamp:
            return hmac.compare_digest(_digest(body, SECRET).encode(), given.encode())
        if not stamp.isdigit():
            return False
        past, future = _WINDOWS.get(self.flaw, (WINDOW_SECONDS, WINDOW_SECONDS))
        off = time.time() - float(stamp)
        if (once_round := _ROUNDS.get(self.flaw)) is not None:
            off = (off + once_round / 2) % once_round - once_round / 2
        if not -future <= off <= past:
            return False
        content = stamp.encode() + b"." + _READINGS.get(self.flaw, bytes)(body)
        is_same = _COMPARISONS.get(self.flaw, _is_same)
        return any(is_same("v1=" + _digest(content, secret), given) for secret in _SECRETS.get(self.flaw, (SECRET, PREVIOUS_SECRET)))

    def _act(self, headers: dict[str, str], body: bytes) -> int:
        message = _parsed(_READINGS.get(self.flaw, bytes)(body))
        if not isinstance(message, dict) or "event" not in message:
            crashes = self.flaw == "crashes on garbage" or (self.flaw == "crashes on a list" and isinstance(message, list))
            return 500 if crashes else 400
        is_strict = self.flaw == "strict fields" and not set(message) <= KNOWN_FIELDS
        is_strict = is_strict or (self.flaw == "strict output" and "x_unknown" in (message.get("output") or {}))
        if is_strict or message["event"].startswith(_UNKNOWN_EVENTS.get(self.flaw, ("nothing",))):
            return 422
        request = headers.get("runflow-request-id", "")
        if self.flaw == "refuses the next attempt" and self._delivery(headers) in self._seen and request not in self._requests:
            return 409
        self._requests.add(request)
        if self._known is not None and message.get("run_id", message.get("batch_id")) not in self._known:
            return self._unknown
        return self._once(self._delivery(headers), message)

    def _forget(self, delivery: str) -> None:
        """Forgets what a memory is too short for."""
        now = self._remembered.setdefault(delivery, time.monotonic())
        if self.flaw == "remembers twenty deliveries" and len(self._remembered) > 20:
            self._seen.discard(next(iter(self._remembered)))
            del self._remembered[next(iter(self._remembered))]
        if self.flaw == "remembers for a moment" and time.monotonic() - now > MOMENT_SECONDS:
            self._seen.discard(delivery)

    def _once(self, delivery: str, message: dict[str, Any]) -> int:
        ids = [message.get(f"{noun}_id") for noun in ("run", "batch", "evaluation")]
        marks = {
            "by the record": next(filter(None, ids), None),
            "takes all batches for one": ids[0],
            "acts once for each event": message["event"],
        }
        mark = str(marks.get(self.flaw, delivery))
        if self.flaw == "says that it is at work":
            return self._work(mark)
        if self.flaw == "drops what comes while it is at work":
            return self._work_alone(mark)
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
                return {"refuses repeats": 409, **_STATUSES}.get(self.flaw, 200)
            self._seen.add(mark)
            if self.flaw == "acts later":
                threading.Timer(RACE_SECONDS, self._count).start()
            else:
                self.effects += 1
        return _STATUSES.get(self.flaw, 200)

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
def handler(flaw: str | None = None, *, known: Collection[str] | None = None, unknown: int = 409) -> Iterator[Running]:
    """Runs a handler while the context lasts."""
    shop = Shop(flaw, known, unknown)

    class Handler(BaseHTTPRequestHandler):
        """HTTP for the shop."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            body = b"".join(_parts(self.rfile, length, flaw))
            if flaw == "wants headers as they are documented" and "Runflow-Signature" not in [*self.headers.keys()]:
                self._answer(401)
                return
            self._answer(shop.take({name.lower(): value for name, value in self.headers.items()}, body))

        def do_GET(self) -> None:
            told = self.path == "/effects"
            self._answer(200 if told else 405, str(shop.effects).encode() if told else b"")

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", "0")))
            shop.effects += flaw == "acts on whatever is put"
            self._answer(405)

        def _answer(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if flaw in ("one at a time", "reads what is there at once"):
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            """Says nothing."""

    server = (HTTPServer if flaw == "one at a time" else ThreadingHTTPServer)(("127.0.0.1", 0), Handler)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        base = f"http://127.0.0.1:{server.server_port}"
        yield Running(f"{base}/hooks", f"{base}/effects")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _parts(file: BufferedIOBase, length: int, flaw: str | None) -> Iterator[bytes]:
    """Yields a body, in the parts in which it came where the handler looks at each of them."""
    if flaw != "decodes each part":
        yield file.read1(length) if flaw == "reads what is there at once" else file.read(length)
        return
    while length > 0 and (part := file.read1(length)):
        length -= len(part)
        yield part.decode(errors="replace").encode()


def _is_same(mine: str, given: str) -> bool:
    return hmac.compare_digest(mine.encode(), given.encode())


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _digest(content: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()

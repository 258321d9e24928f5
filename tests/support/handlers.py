"""Webhook handlers written on purpose: a good one, and for each flaw one that has nothing but this flaw."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

SECRET, PREVIOUS_SECRET = "rf_whsec_handlers_now", "rf_whsec_handlers_before"
SLOW_SECONDS = 0.15
KNOWN_FIELDS = {"event", "run_id", "batch_id", "evaluation_id", "status", "output", "duration_ms", "created_at", "completed_at", "metadata"}


class Running(NamedTuple):
    """Where a handler listens, and where it tells how often it has acted."""

    url: str
    effects_url: str


class Shop:
    """What the handler does with a message: status of the answer. `flaw` names what it does wrong."""

    def __init__(self, flaw: str | None) -> None:
        self.flaw = flaw
        self.effects = 0
        self._seen: set[str] = set()
        self._latest = ""
        self._lock = threading.Lock()

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Returns the status."""
        if self.flaw == "slow" and not self.effects:
            time.sleep(SLOW_SECONDS)
        if self.flaw == "strict content type" and headers.get("content-type") != "application/json":
            return 415
        if not self._is_signed(headers, body):
            return 401
        try:
            message = json.loads(body)
            event = message["event"]
        except (ValueError, TypeError, KeyError):
            return 500 if self.flaw == "crashes on garbage" else 400
        return self._act(headers, message, event)

    def _is_signed(self, headers: dict[str, str], body: bytes) -> bool:
        stamp = headers.get("runflow-timestamp", "")
        if not stamp.isdigit():
            return False
        if self.flaw != "ignores the timestamp" and abs(time.time() - int(stamp)) > (180 if self.flaw == "impatient" else 300):
            return False
        if self.flaw == "trusts everybody":
            return True
        if self.flaw == "trusts who does not sign" and "runflow-signature" not in headers:
            return True
        if self.flaw == "writes it again":
            body = _written_again(body)
        secrets = (SECRET,) if self.flaw == "one secret" else (SECRET, PREVIOUS_SECRET)
        signature = headers.get("runflow-signature", "").encode()
        return any(hmac.compare_digest(_signature(stamp, body, secret), signature) for secret in secrets)

    def _act(self, headers: dict[str, str], message: dict[str, Any], event: str) -> int:
        if self.flaw == "only runs" and not event.startswith("run."):
            return 422
        if self.flaw == "strict fields" and not set(message) <= KNOWN_FIELDS:
            return 422
        with self._lock:
            if self.flaw == "wants order" and message["created_at"] < self._latest:
                return 409
            self._latest = max(self._latest, message["created_at"])
            delivery = headers["runflow-request-id"].rpartition("-")[0]
            if self.flaw == "forgets":
                self._seen.clear()
            if delivery in self._seen:
                return 409 if self.flaw == "refuses repeats" else 200
            self._seen.add(delivery)
            self.effects += 1
        return 200


@contextmanager
def handler(flaw: str | None = None) -> Iterator[Running]:
    """Runs a handler while the context lasts."""
    shop = Shop(flaw)

    class Handler(BaseHTTPRequestHandler):
        """HTTP for the shop."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            self._answer(shop.take({name.lower(): value for name, value in self.headers.items()}, body))

        def do_GET(self) -> None:
            told = self.path == "/effects"
            self._answer(200 if told else 405, str(shop.effects).encode() if told else b"")

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", "0")))
            self._answer(405)

        def _answer(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        base = f"http://127.0.0.1:{server.server_port}"
        yield Running(f"{base}/hooks", f"{base}/effects")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _written_again(body: bytes) -> bytes:
    try:
        return json.dumps(json.loads(body), separators=(",", ":")).encode()
    except ValueError:
        return b""


def _signature(stamp: str, body: bytes, secret: str) -> bytes:
    return b"v1=" + hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest().encode()

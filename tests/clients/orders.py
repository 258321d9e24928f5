"""A client for tests: orders one picture and waits for it, by polling or by a callback; with a flaw if one is named.

orders.py [--callback] [FLAW]
"""

import hashlib
import hmac
import http.client
import json
import os
import sys
import threading
import time
import uuid
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

FLAW = next((argument for argument in sys.argv[1:] if not argument.startswith("--")), "")
KEY = os.environ["RUNFLOW_API_KEY"]
BASE = urlsplit(os.environ["RUNFLOW_BASE_URL"])
SECRET = os.environ.get("RUNFLOW_CALLBACK_SECRET", "")
TRIES = 4
UNFINISHED = {"queued", "dispatching", "running"}
ENDS = {"succeeded", "partial_succeeded", "failed", "cancelled", "canceled"}


class Refused(Exception):
    """The API said no, and trying again would not help."""


def send(
    method: str, target: str, body: object = None, *, key: str | None = KEY, idempotency: str | None = None
) -> tuple[int, dict[str, str], bytes]:
    """One request; an answer that is cut off is a `ConnectionError`."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    if idempotency is not None:
        headers["Idempotency-Key"] = idempotency
    connection = http.client.HTTPConnection(BASE.hostname or "", BASE.port, timeout=10)
    try:
        connection.request(method, target, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    except (http.client.HTTPException, TimeoutError) as error:
        raise ConnectionError(str(error)) from None
    finally:
        connection.close()


def call(method: str, target: str, body: object = None) -> dict[str, object]:
    """A request with everything that is asked of a client that tries again."""
    idempotency = str(uuid.uuid4()) if body is not None and FLAW != "no idempotency key" else None
    for attempt in range(10 if FLAW == "never gives up" else TRIES):
        pause = {"no backoff": 0.3, "never gives up": 0.06 * 1.4**attempt}.get(FLAW, 0.3 * 2**attempt)
        try:
            status, headers, raw = send(method, target, body, idempotency=idempotency)
        except ConnectionError:
            if FLAW == "no retry":
                raise
            time.sleep(pause)
            continue
        if status < 300:
            return json.loads(raw)  # type: ignore[no-any-return]
        may_help = status >= 500 or status in (408, 429)
        if FLAW == "repeats refusals" and attempt < 2 and status != 402:
            may_help = True
        if FLAW == "goes on without credit" and status == 402 and attempt < 2:
            idempotency, may_help, body = str(uuid.uuid4()), True, {**body, "client_ref": f"again-{attempt}"}  # type: ignore[dict-item]
        if not may_help or FLAW == "no retry":
            raise Refused(f"{status}")
        asked = headers.get("retry-after")
        time.sleep(pause if asked is None or FLAW == "ignores retry-after" else seconds_of(asked))
    raise Refused("too many failures")


def seconds_of(retry_after: str) -> float:
    """Returns how long to wait: the header has seconds, or a date."""
    if retry_after.replace(".", "").isdigit():
        return float(retry_after)
    return max(parsedate_to_datetime(retry_after).timestamp() - time.time(), 0.0)


def wait_by_polling(run_id: str) -> str:
    """Reads the run until it has ended."""
    while True:
        run = call("GET", f"/v1/runs/{run_id}")
        check_fields(run)
        status = str(run["status_code"])
        if FLAW == "takes any state for the end" and status not in UNFINISHED:
            return "succeeded"
        if status in ENDS or (FLAW == "knows all states" and status not in UNFINISHED):
            if FLAW == "partial is no end" and status == "partial_succeeded":
                time.sleep(0.6)
                continue
            for _ in range(3 if FLAW == "polls after the end" else 0):
                send("GET", f"/v1/runs/{run_id}")
            fetch(run)
            return status
        time.sleep(0.2 if FLAW == "polls too often" else 0.6)


def check_fields(run: dict[str, object]) -> None:
    """A good client ignores what it does not know."""
    if FLAW == "knows all fields" and "x_unknown" in run:
        raise Refused("unknown field")


def fetch(run: dict[str, object]) -> None:
    """Downloads the output files, without the key."""
    text = json.dumps(run.get("output"))
    for piece in text.split('"'):
        if "/media/" in piece and piece.startswith("http"):
            parts = urlsplit(piece)
            status, _, _ = send("GET", f"{parts.path}?{parts.query}", key=KEY if FLAW == "sends the key to files" else None)
            if status >= 400:
                raise Refused(f"{status} instead of a file")


class Inbox:
    """Listens for callbacks and takes what is signed, fresh and about something that has ended."""

    def __init__(self) -> None:
        self.done, self.repeated = threading.Event(), threading.Event()
        self.status = ""
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            """Answers callbacks."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = inbox.take({name.lower(): value for name, value in self.headers.items()}, body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
                """Says nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/callbacks"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Returns the status."""
        stamp, signature = headers.get("runflow-timestamp", "0"), headers.get("runflow-signature", "")
        digits = "v1=" + hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        if FLAW != "trusts every callback" and not hmac.compare_digest(digits, signature):
            return 401
        if FLAW != "takes old callbacks" and abs(time.time() - float(stamp)) > 300:
            return 401
        if self.status and FLAW == "refuses repeats":
            self.repeated.set()
            return 409
        self.status = str(json.loads(body)["status"])
        self.done.set()
        return 500 if FLAW == "answers 500" else 204


def main() -> int:
    """Returns the exit code."""
    inbox = Inbox() if "--callback" in sys.argv else None
    order: dict[str, object] = {"input": {"image_url": "https://cdn.example.com/shoe.jpg"}}
    if FLAW == "misspells":
        order["inputs"] = order.pop("input")
    if inbox is not None:
        order["callback_url"] = inbox.url
    try:
        run = call("POST", "/v1/models/runflow/background-removal/runs", order)
        if inbox is None:
            status = wait_by_polling(str(run["id"]))
        else:
            inbox.done.wait()
            # Repeats and late answers are still taken for a moment; whoever is to be seen refusing one waits for it, however late it comes.
            is_due = FLAW == "refuses repeats" and os.environ["RUNFLOW_MOCK_CELL"].endswith("twice")
            inbox.repeated.wait(8.0 if is_due else 0.5)
            status = inbox.status
    except (Refused, ConnectionError) as error:
        sys.stdout.write(f"failed: {error}\n")
        return 1 if FLAW != "hides failures" else 0
    sys.stdout.write(f"{status}\n")
    return 0 if status in ("succeeded", "partial_succeeded") or FLAW == "hides failures" else 1


if __name__ == "__main__":
    sys.exit(main())

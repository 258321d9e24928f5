"""Takes callbacks, with nothing but the standard library: `python handler.py PORT`."""

import hashlib
import hmac
import json
import os
import sys
import time
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

SECRET = os.environ.get("RUNFLOW_CALLBACK_SECRET", "").encode() or sys.exit("RUNFLOW_CALLBACK_SECRET is not set: anybody could sign")
IS_DATED = os.environ.get("RUNFLOW_SIGNATURE") != "bare"
TOLERANCE_SECONDS = 300
seen: set[str] = set()
looking = Lock()


def is_first(delivery: str) -> bool:
    with looking:
        is_repeat = delivery in seen
        seen.add(delivery)
    return not is_repeat


def is_fresh(stamp: str) -> bool:
    try:
        return abs(time.time() - int(stamp)) <= TOLERANCE_SECONDS
    except (ValueError, OverflowError):  # Some hundred digits are a number, and more than a float can be.
        return False


def is_genuine(headers: Message, body: bytes) -> bool:
    stamp = headers.get("Runflow-Timestamp", "")
    content = f"{stamp}.".encode() + body if IS_DATED else body
    expected = ("v1=" if IS_DATED else "") + hmac.new(SECRET, content, hashlib.sha256).hexdigest()
    is_signed = hmac.compare_digest(expected.encode(), headers.get("Runflow-Signature", "").encode())
    return is_signed and (not IS_DATED or is_fresh(stamp))


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not is_genuine(self.headers, body):
            return self.answer(401)
        try:
            event = json.loads(body)["event"]
        except (ValueError, LookupError, TypeError):
            return self.answer(400)
        delivery = self.headers.get("Runflow-Request-Id", "").rpartition("-")[0]
        if not delivery:
            return self.answer(400)
        if is_first(delivery):
            print(event, delivery, flush=True)
        return self.answer(204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.end_headers()


# With one thread, whoever opens a connection and says nothing keeps all others waiting.
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()

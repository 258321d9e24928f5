"""A photo shop that has backgrounds removed: it knows the service by its real address, and is told of results by callback."""

import hashlib
import hmac
import json
import os
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

API = "https://api.runflow.io"
MODEL = "runflow/background-removal"
TOLERANCE_SECONDS = 300


class Shop(BaseHTTPRequestHandler):
    """POST /photos begins, POST /callbacks is told, GET /photos shows."""

    states: ClassVar[dict[str, str]] = {}
    public_url = ""

    def do_GET(self) -> None:
        self.answer(200, self.states) if self.path == "/photos" else self.answer(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path == "/photos":
            self.answer(201, self.begin(json.loads(body)["image_url"]))
        elif self.path == "/callbacks":
            self.answer(self.take(body), {})
        else:
            self.answer(404, {})

    def begin(self, image_url: str) -> dict[str, str]:
        """Creates a run; its result comes by callback."""
        asked = {"input": {"image_url": image_url}, "callback_url": f"{self.public_url}/callbacks"}
        headers = {"Authorization": f"Bearer {os.environ['RUNFLOW_API_KEY']}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{API}/v1/models/{MODEL}/runs", json.dumps(asked).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            run_id = json.load(response)["id"]
        self.states.setdefault(run_id, "begun")
        return {"run_id": run_id}

    def take(self, body: bytes) -> int:
        """Takes a callback if it is signed by the service and not stale; whatever comes twice says the same."""
        stamp, signature = self.headers.get("Runflow-Timestamp", ""), self.headers.get("Runflow-Signature", "")
        secret = os.environ["RUNFLOW_CALLBACK_SECRET"].encode()
        expected = "v1=" + hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signature.encode(), expected.encode()) or abs(time.time() - int(stamp)) > TOLERANCE_SECONDS:
            return 401
        told = json.loads(body)
        self.states[told["run_id"]] = told["status"]
        return 204

    def answer(self, status: int, content: Any) -> None:
        """Sends JSON, or nothing where the status says that there is nothing."""
        body = b"" if status == 204 else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serves until it is stopped."""
    if not os.environ.get("RUNFLOW_CALLBACK_SECRET"):
        sys.exit("RUNFLOW_CALLBACK_SECRET is not set: anybody could sign")
    server = ThreadingHTTPServer((os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "3000"))), Shop)
    Shop.public_url = os.environ.get("PUBLIC_URL") or f"http://127.0.0.1:{server.server_port}"
    print(f"the shop is open at {Shop.public_url}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

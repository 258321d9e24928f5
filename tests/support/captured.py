"""Captures of our own server, as somebody takes them who uses it: a story that shows every switch, kept in the forms that people keep."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import urllib3
from doors import Door
from steps import ABSENT, INPUT, RUNS, Body
from worlds import CALLBACK_URL

from runflow_mock.domain.tenants import ClockMode
from runflow_mock.kit.calibration.captures import Capture
from runflow_mock.kit.calibration.files import CaptureFile, captures_in
from runflow_mock.kit.calibration.readings import Reading, read_switches
from runflow_mock.kit.calibration.scrubbing import scrub
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.sender import RecordingSender
from runflow_mock.testing.receiver import CallbackReceiver
from runflow_mock.testing.server import serve

Files = dict[str, bytes]
KEY, ADMIN_KEY = "rf_live_mock_test", "rf_svc_mock_test"


class Answer(NamedTuple):
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        """The body as JSON."""
        return json.loads(self.raw)


class Told(NamedTuple):
    """A callback as it came."""

    headers: Mapping[str, str]
    raw: bytes


class Captured(NamedTuple):
    """Files with captures, and the secret that the callbacks are signed with."""

    files: Files
    secret: str

    def write(self, folder: Path) -> Path:
        """Writes the files into a folder and returns it."""
        for name, content in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return folder


Call = Callable[[str, str, Any, str], Answer]


def take(call: Call, callback_url: str, told: Callable[[], list[Told]]) -> Captured:
    """Plays the story and keeps what comes back, each file in another form."""
    created = call("POST", "/v1/callback-secrets", {}, KEY)
    call("POST", "/_mock/faults", {"where": {"client_ref": "bad"}, "what": {"kind": "fail"}}, KEY)
    failed = call("POST", RUNS, {"input": INPUT, "client_ref": "bad", "callback_url": callback_url}, KEY)
    run = call("POST", RUNS, {"input": INPUT, "callback_url": callback_url}, KEY).body
    cancelled = call("POST", f"/v1/admin/runs/{run['id']}/cancellation", None, ADMIN_KEY)
    stages = {"image_url": INPUT["image_url"], "config": {"elements": ["tag_removal"]}}
    at_work, done = (call("POST", "/v1/models/runflow/dyver-removal/runs", {"input": stages}, KEY).body["id"] for _ in range(2))
    call("POST", "/_mock/clock/advance", {"by": "2s"}, KEY)
    call("POST", f"/v1/admin/runs/{at_work}/cancellation", None, ADMIN_KEY)
    call("POST", "/_mock/clock/run-until-idle", None, KEY)
    odd = {"filename": "chair.glb", "mime_type": "model/gltf-binary", "size_bytes": 5}
    session = call("POST", "/v1/asset-uploads", odd, KEY)
    if session.status == 201:
        call("PUT", session.body["upload_url"].partition("/_upload")[2].join(("/_upload", "")), {}, KEY)
        session = call("POST", f"/v1/asset-uploads/{session.body['asset_id']}/confirmations", {}, KEY)
    poor = call("POST", "/_mock/tenants", {"balance": "0"}, KEY).body["key"]
    eager = call("POST", "/_mock/tenants", {"quota": {"requests": 1, "window": "1h"}}, KEY).body["key"]
    call("GET", "/v1/runs", None, eager)
    kept = {
        "secret.http": _transcript(created),
        "runs/created.json": failed.raw,
        "runs/cancelled.json": call("GET", f"/v1/runs/{run['id']}", None, KEY).raw,
        "runs/cancellation.http": _transcript(cancelled),
        "runs/at-work.json": call("GET", f"/v1/runs/{at_work}", None, KEY).raw,
        "runs/done.json": call("GET", f"/v1/runs/{done}", None, KEY).raw,
        "runs/failed.json": call("GET", f"/v1/runs/{failed.body['id']}", None, KEY).raw,
        "upload.json": _answer(session),
        "runs/page.json": call("GET", "/v1/runs?limit=1", None, KEY).raw,
        "runs/history.json": call("GET", f"/v1/runs/{failed.body['id']}/callback", None, KEY).raw,
        "errors/402.json": _answer(call("POST", RUNS, {"input": INPUT}, poor)),
        "errors/404.har": _archive("GET", f"/v1/runs/{ABSENT}", call("GET", f"/v1/runs/{ABSENT}", None, KEY)),
        "errors/422.json": _answer(call("POST", RUNS, {}, KEY)),
        "errors/429.http": _transcript(call("GET", "/v1/runs", None, eager)),
    }
    callbacks = {f"callbacks/{number}.json": _callback(each, number) for number, each in enumerate(told())}
    return Captured({**kept, **callbacks}, created.body["plain_secret"])


@contextmanager
def over_http(**settings: Any) -> Iterator[Captured]:
    """The captures of a server on a port of its own, whose callbacks come to a receiver."""
    with CallbackReceiver() as receiver, serve(Config(port=0, clock=ClockMode.MANUAL, speed=1.0, **settings)) as server:
        pool = urllib3.PoolManager(retries=False)

        def call(method: str, path: str, body: Any, key: str) -> Answer:
            response = pool.request(method, server.url + path, json=body, headers={"Authorization": f"Bearer {key}"})
            return Answer(response.status, dict(response.headers), response.data)

        yield take(call, receiver.url, lambda: [Told(each.headers, each.body) for each in receiver.deliveries])
        pool.clear()


def in_process(**settings: Any) -> Captured:
    """The captures of a server without a socket."""
    sender = RecordingSender()
    with Door(sender=sender, **settings) as door:

        def call(method: str, path: str, body: Any, key: str) -> Answer:
            response = door.request(method, path, key=key, **({} if body is None else {"json": body}))
            return Answer(response.status_code, dict(response.headers), response.content)

        return take(call, CALLBACK_URL, lambda: [Told(each.headers, each.body) for each in sender.sent])


def recognised(files: Mapping[str, bytes]) -> list[Capture]:
    """The captures in files of these names."""
    found = captures_in(tuple(CaptureFile(name, Path(name), raw) for name, raw in files.items()))
    return [capture for captures in found.values() for capture in captures]


def readings_of(captured: Captured, *more: str) -> dict[str, Reading]:
    """What captures say about each switch, with their secret at hand, and more of them."""
    scrubbed = [scrub(capture, [captured.secret, *more]) for capture in recognised(captured.files)]
    return {reading.switch: reading for reading in read_switches(scrubbed)}


def read(**files: Any) -> dict[str, Reading]:
    """What captures that are given as JSON say about each switch."""
    return readings_of(Captured({f"{name}.json": json.dumps(value).encode() for name, value in files.items()}, "rf_whsec_other"))


def _transcript(answer: Answer) -> bytes:
    """What `curl -i` prints."""
    head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    return f"HTTP/1.1 {answer.status} Whatever\r\n{head}\r\n".encode() + answer.raw


def _answer(answer: Answer) -> bytes:
    return json.dumps({"status": answer.status, "headers": dict(answer.headers), "body": answer.body}).encode()


def _archive(method: str, path: str, answer: Answer) -> bytes:
    """What a browser saves."""

    def pairs(headers: Mapping[str, str]) -> list[Body]:
        return [{"name": name, "value": value} for name, value in headers.items()]

    request = {"method": method, "url": f"https://api.runflow.io{path}", "headers": pairs({"Authorization": f"Bearer {KEY}"})}
    content = {"size": len(answer.raw), "mimeType": "application/json", "text": answer.raw.decode()}
    response = {"status": answer.status, "headers": pairs(answer.headers), "content": content}
    page = {"request": {"method": "GET", "url": "https://www.runflow.io/", "headers": []}, "response": {"status": 200, "content": {}}}
    return json.dumps({"log": {"version": "1.2", "entries": [page, {"request": request, "response": response}]}}).encode()


def _callback(told: Told, number: int) -> bytes:
    """A callback with its raw bytes, as text and as Base64 by turns."""
    body = {"body_base64": base64.b64encode(told.raw).decode()} if number % 2 else {"body": told.raw.decode()}
    return json.dumps({"headers": dict(told.headers), **body}).encode()

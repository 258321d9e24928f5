"""Counts what six requests pass through in process: calls and different functions of the package, and the files that they stand in.

    python -m benchmarks.ways

A request is sent twice before it is counted, so that what is made once is not part of it.
"""

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from starlette.types import ASGIApp, Message

from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.web.app import Application, create_app
from runflow_mock.web.calls import Answer

KEY = "rf_live_mock_ways"
MODEL = "/v1/models/runflow/background-removal"
INPUT = {"image_url": "https://cdn.example.com/a.png"}
RULE = {"where": {"operation": "get_run"}, "what": {"kind": "latency", "seconds": 0}}


async def send(app: Application, method: str, path: str, body: object = None, key: str = KEY) -> Any:
    """Sends one request as the server's connections do, and returns what the JSON of the answer holds."""
    content = b"" if body is None else json.dumps(body).encode()
    headers = [(b"host", b"127.0.0.1:8787"), (b"authorization", f"Bearer {key}".encode()), (b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "scheme": "http",
        "server": ("127.0.0.1", 8787),
        "client": ("127.0.0.1", 1),
        "state": {},
    }
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    async def take(message: Message) -> None:
        told.append(message)

    given: list[Answer | ASGIApp] = []
    app.at_once(scope, content, given.append)
    # Nothing is kept here, so that nothing is given later.
    (found,) = given
    if isinstance(found, Answer):
        assert found.status < 300, (method, path, found)
        return json.loads(found.body)
    await found(scope, receive, take)
    assert told[0]["status"] < 300, (method, path, told)
    return json.loads(b"".join(message.get("body", b"") for message in told[1:]) or b"null")


async def ways(app: Application) -> dict[str, tuple[str, str, object]]:
    """Returns the six requests; what they need is there afterwards."""
    run = await send(app, "POST", f"{MODEL}/runs", {"input": INPUT})
    other = await send(app, "POST", f"{MODEL}/runs", {"input": INPUT, "client_ref": "watched"})
    return {
        "create run": ("POST", f"{MODEL}/runs", {"input": INPUT}),
        "create batch of two": ("POST", f"{MODEL}/batches", {"input": [INPUT, INPUT]}),
        "get run": ("GET", f"/v1/runs/{run['id']}", None),
        "add rule": ("POST", "/_mock/faults", RULE),
        "faulted get": ("GET", f"/v1/runs/{other['id']}", None),
        "advance": ("POST", "/_mock/clock/advance", {"by": "1ms"}),
    }


async def main() -> None:
    """Prints a row for each way."""
    app = create_app(Config(clock=ClockMode.MANUAL, speed=1.0))
    package = str(Path(sys.modules["runflow_mock"].__file__ or "").parent)
    sys.stdout.write(f"{'way':<22}{'calls':>8}{'functions':>11}{'files':>7}\n")
    for name, request in (await ways(app)).items():
        if name == "faulted get":
            await send(app, "DELETE", "/_mock/faults")
            await send(app, "POST", "/_mock/faults", RULE)
        for _ in range(2):
            await send(app, *request)
        seen: Counter[CodeType] = Counter()

        def note(frame: FrameType, event: str, _: object, seen: Counter[CodeType] = seen) -> None:
            if event == "call" and frame.f_code.co_filename.startswith(package):
                seen[frame.f_code] += 1

        sys.setprofile(note)
        await send(app, *request)
        sys.setprofile(None)
        files = {code.co_filename for code in seen}
        sys.stdout.write(f"{name:<22}{seen.total():>8}{len(seen):>11}{len(files):>7}\n")


if __name__ == "__main__":
    asyncio.run(main())

"""Requests to the application in process: fast, and with a view of the worlds behind it."""

import asyncio
import resource
import sys
from random import Random
from time import process_time
from typing import Any
from urllib.parse import unquote

from fuzzing.changes import changes, look
from fuzzing.findings import Answered, Findings
from fuzzing.progress import Progress
from fuzzing.requests import TENANTS, Request, Requests
from runflow_mock.domain.records import Limits
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.runtime.sender import RecordingSender
from runflow_mock.web.app import create_app
from runflow_mock.web.connections import ConnectionFault

CONFIG = Config(
    clock=ClockMode.MANUAL,
    speed=1.0,
    sync_seconds_max=0.01,
    tenants_max=50,
    limits=Limits(runs_max=3_000, journal_max=300, history_max=2_000, steps_max=20_000),
)
FRESH_EVERY = 4_000
"""After so many requests the tenants begin anew, so that memory that grows is a leak."""
TURNS_BETWEEN = 2
"""Over a connection an answer leaves in the next turn of the loop, and the next request comes in another."""
GROWTH_MIB_MAX = 48
SECONDS_MAX = 60.0
LOOKS = (
    "/_mock/ledger",
    "/_mock/snapshot",
    "/_mock/timeline",
    "/_mock/report",
    "/_mock/history",
    "/_mock/journal.har",
    "/v1/runs?limit=500",
)


async def fuzz(seed: int, count: int, progress: Progress) -> None:
    """Sends requests, and keeps what is found."""
    requests, findings = Requests(Random(seed)), progress.findings
    sender = RecordingSender()
    app = create_app(CONFIG, sender=sender, sleep=_no_time)
    runtime: Runtime = app.state.runtime
    warm = 0.0
    for number in range(1, count + 1):
        request = requests.make()
        requests.learn(await ask(app, runtime, request, findings))
        await turn(request, findings)
        if number % FRESH_EVERY == 0 or number == count:
            await _look_around(app, findings)
            sender.sent.clear()
            for tenant in tuple(runtime.tenants):
                runtime.tenants.drop(tenant.settings.name)
            if number <= max(FRESH_EVERY, count // 3):
                warm = _resident_mib()
        progress.step()
        if progress.is_over:
            break
    grown = _resident_mib() - warm
    if warm and grown > GROWTH_MIB_MAX:
        findings.wrong.append(f"memory has grown by {grown:.0f} MiB since a third of the requests")
    for error in runtime.background_errors:
        findings.wrong.append(f"in the background: {error}")
    await runtime.close()


async def turn(request: Request, findings: Findings) -> None:
    """Gives the loop the turns that it has until the next request, and looks at how long they take: others would wait for them."""
    began = process_time()
    for _ in range(TURNS_BETWEEN):
        await asyncio.sleep(0)
    findings.turned(request, process_time() - began)


async def ask(app: object, runtime: Runtime, request: Request, findings: Findings) -> Any:
    """Sends a request, looks at what came of it, and returns the values of the answer if it has any."""
    before = look(runtime.tenants)
    answered = await _send(app, request, findings)
    if answered is None:
        findings.unanswered += 1
        return None
    if 400 <= answered.status < 500 and not answered.is_spoiled:
        for change in changes(runtime.tenants, before, request):
            findings.find(request, f"{answered.status}, and yet {change}")
    return findings.check(request, answered)


async def _send(app: object, request: Request, findings: Findings) -> Answered | None:
    """Returns what a request was answered with, if a rule let it be answered."""
    path, _, query = request.target.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": request.method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1", "replace")) for name, value in request.headers],
        "scheme": "http",
        "server": ("127.0.0.1", 8787),
        "client": ("127.0.0.1", 9),
        "root_path": "",
        "extensions": {},
    }
    messages = [{"type": "http.request", "body": request.body, "more_body": False}]
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    started = process_time()
    try:
        async with asyncio.timeout(SECONDS_MAX):
            await app(scope, receive, send)  # type: ignore[operator]
    except ConnectionFault:
        return None
    except Exception as error:
        findings.find(request, f"the application failed: {type(error).__name__}: {error}")
        return None
    if not sent:
        return None
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in sent[0]["headers"]}  # type: ignore[attr-defined]
    body = b"".join(message.get("body", b"") for message in sent[1:])  # type: ignore[misc]
    return Answered(int(sent[0]["status"]), headers, body, process_time() - started)  # type: ignore[call-overload]


async def _look_around(app: object, findings: Findings) -> None:
    """Looks at everything that there is to see of each tenant: a world that took whatever it was sent must still be whole."""
    for tenant in TENANTS:
        headers = (("host", "127.0.0.1:8787"), ("authorization", f"Bearer rf_live_mock_{tenant}"), ("content-type", "application/json"))
        for target in LOOKS:
            request = Request("look", "GET", target, headers, b"")
            answered = await _send(app, request, findings)
            if answered is None or answered.is_spoiled:
                continue
            findings.check(request, answered)
            if target == "/_mock/snapshot" and answered.status == 200:
                back = Request("put_snapshot", "PUT", target, headers, answered.body)
                restored = await _send(app, back, findings)
                if restored is not None and restored.status != 200:
                    findings.find(back, f"a snapshot that cannot be restored: {restored.status} {restored.body[:300]!r}")


def _resident_mib() -> float:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 1024 / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / (1024 if sys.platform == "darwin" else 1)


async def _no_time(seconds: float) -> None:
    await asyncio.sleep(0)

"""Mockoon's command line, with a file of its own form."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from benchmarks.contenders.contender import Request, Start
from benchmarks.contenders.document import CALLED_BACK
from benchmarks.contenders.installed import node, node_version, script
from benchmarks.contenders.stubs import NO_RUNS, Stubbed
from benchmarks.rows import Row

PACKAGE = "@mockoon/cli"
TOKEN = "benchmark"
_JSON = [{"key": "Content-Type", "value": "application/json"}]
_CALL = "00000000-0000-4000-8000-00000000000c"


class Mockoon(Stubbed):
    """Mockoon, with fixed bodies: they are what costs it least."""

    name: ClassVar[str] = "Mockoon"
    configuration: ClassVar[str] = (
        "a file of its own form with fixed bodies; what is sent is not checked; callbacks unsigned; "
        "a test begins with `POST /mockoon-admin/state/purge`"
    )
    reasons: ClassVar[Mapping[Row, str]] = NO_RUNS

    @property
    def programs(self) -> Sequence[Path]:
        return (node(), script(PACKAGE, "mockoon-cli"))

    def version(self) -> str:
        return node_version(PACKAGE)

    def command(self, start: Start) -> Sequence[str]:
        where = ("--hostname", "127.0.0.1", "--port", str(start.port), "--data", str(start.folder / "runs.json"))
        # What the file leaves out is filled in by --repair.
        options = ("--repair", "--disable-log-to-file", "--admin-api-token", TOKEN)
        return (str(node()), str(script(PACKAGE, "mockoon-cli")), "start", *where, *options)

    def files(self, sample: bytes) -> Mapping[str, bytes]:
        run = sample.decode()
        routes = [
            _route(1, "post", "v1/models/:owner/:slug/runs", 201, run),
            _route(2, "post", CALLED_BACK.strip("/"), 201, run, callbacks=[{"uuid": _CALL, "latency": 0}]),
            _route(3, "get", "v1/runs/:id", 200, run),
        ]
        call = {
            "uuid": _CALL,
            "id": "call",
            "name": "call",
            "method": "post",
            "uri": "{{body 'callback_url'}}",
            "headers": _JSON,
            "body": run,
        }
        children = [{"type": "route", "uuid": route["uuid"]} for route in routes]
        data = {"uuid": _uuid(0), "name": "runs", "routes": routes, "rootChildren": children, "callbacks": [call]}
        return {"runs.json": msgspec.json.encode(data)}

    def before_test(self, test: int) -> Sequence[Request]:
        return (Request("POST", "/mockoon-admin/state/purge", 200, {"Authorization": f"Bearer {TOKEN}"}),)


def _route(number: int, method: str, endpoint: str, status: int, run: str, **more: object) -> dict[str, Any]:
    fixed = {"body": run, "headers": _JSON, "disableTemplating": True, "default": True}
    response = {"uuid": _uuid(10 + number), "statusCode": status, **fixed, **more}
    return {"uuid": _uuid(number), "type": "http", "method": method, "endpoint": endpoint, "responses": [response]}


def _uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-0000000000{number:02d}"

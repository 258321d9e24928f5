"""Mock servers that are told what to answer: WireMock by stubs, Prism by an OpenAPI document."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec

from benchmarks import messages
from benchmarks.contenders.contender import NO_CLOCK, Contender, Request, Start, json_request, program
from benchmarks.contenders.document import CALLED_BACK, document
from benchmarks.contenders.installed import modules, node, node_version, script
from benchmarks.rows import Row

ANSWER = "the same requests, answered with one run; a poll gives the same run whatever its id"
RUN_PATH = "/v1/runs/019b76da-a800-7000-8000-000000000001"
NOT_BUILT = "its image is not built here"
NO_RUNS: Mapping[Row, str] = {Row.FULL: "it keeps no runs", Row.DAY: NO_CLOCK, Row.IMAGE: NOT_BUILT}
_AUTHORIZED = {"Authorization": "Bearer rf_live_mock_sandbox"}


class Stubbed(Contender):
    """Answers the requests that our fake gets, and keeps nothing."""

    doing: ClassVar[str] = ANSWER
    ready: ClassVar[str] = RUN_PATH
    keeps: ClassVar[bool] = False

    def create(self, number: int, test: int | None = None, callback_url: str | None = None) -> Request:
        path = CALLED_BACK if callback_url else messages.RUNS_PATH
        return json_request("POST", path, 201, messages.run_body(number, callback_url), _AUTHORIZED)

    def poll(self, answer: bytes, test: int | None = None) -> Request:
        return Request("GET", RUN_PATH, 200, _AUTHORIZED)


class WireMock(Stubbed):
    """WireMock on the JVM, with its defaults but for the journal."""

    name: ClassVar[str] = "WireMock"
    configuration: ClassVar[str] = (
        "stubs with a JSON Schema of the body; the journal bounded to 2,000 requests as ours is; webhook listener for callbacks, "
        "unsigned; a test begins with `POST /__admin/reset`"
    )
    reasons: ClassVar[Mapping[Row, str]] = NO_RUNS

    @property
    def programs(self) -> Sequence[Path]:
        return (program("java"), self._jar)

    @property
    def _jar(self) -> Path:
        return next((modules("wiremock") / "wiremock" / "build").glob("*.jar"), modules("wiremock") / "wiremock.jar")

    def version(self) -> str:
        return node_version("wiremock")

    def command(self, start: Start) -> Sequence[str]:
        where = ("--port", str(start.port), "--bind-address", "127.0.0.1", "--root-dir", str(start.folder))
        return (str(program("java")), "-jar", str(self._jar), *where, "--max-request-journal-entries", "2000", "--disable-banner")

    def files(self, sample: bytes) -> Mapping[str, bytes]:
        run = msgspec.json.decode(sample)
        schema = {"type": "object", "required": ["input"], "properties": {"input": {"type": "object"}, "client_ref": {"type": "string"}}}
        checked = {"bodyPatterns": [{"matchesJsonSchema": schema, "schemaVersion": "V202012"}]}
        answers = {status: {"status": status, "headers": {"Content-Type": "application/json"}, "jsonBody": run} for status in (200, 201)}
        call = {
            "method": "POST",
            "url": "{{jsonPath originalRequest.body '$.callback_url'}}",
            "headers": {"Content-Type": "application/json"},
            "body": msgspec.json.encode(run).decode(),
        }
        webhook = {"name": "webhook", "parameters": call}
        created = {"method": "POST", "urlPathPattern": "/v1/models/[^/]+/[^/]+/runs", **checked}
        mappings = [
            {"request": created, "response": answers[201]},
            {"request": {"method": "POST", "urlPath": CALLED_BACK}, "response": answers[201], "serveEventListeners": [webhook]},
            {"request": {"method": "GET", "urlPathPattern": "/v1/runs/[^/]+"}, "response": answers[200]},
        ]
        return {"mappings/runs.json": msgspec.json.encode({"mappings": mappings})}

    def before_test(self, test: int) -> Sequence[Request]:
        return (Request("POST", "/__admin/reset", 200),)


class Prism(Stubbed):
    """Prism, answering with the example of the document."""

    name: ClassVar[str] = "Prism"
    configuration: ClassVar[str] = (
        "static: an OpenAPI document of these two operations with one example; `-v silent`; "
        "callbacks as the document declares them, unsigned"
    )
    reasons: ClassVar[Mapping[Row, str]] = {
        **NO_RUNS,
        Row.TEST: "it has no state that a test could find clean",
    }
    PACKAGE: ClassVar[str] = "@stoplight/prism-cli"

    @property
    def programs(self) -> Sequence[Path]:
        return (node(), script(self.PACKAGE, "prism"))

    def version(self) -> str:
        return node_version(self.PACKAGE)

    def command(self, start: Start) -> Sequence[str]:
        options = ("-h", "127.0.0.1", "-p", str(start.port), "-v", "silent")
        return (str(node()), str(script(self.PACKAGE, "prism")), "mock", *options, str(start.folder / "runs.json"))

    def files(self, sample: bytes) -> Mapping[str, bytes]:
        return {"runs.json": document(sample)}

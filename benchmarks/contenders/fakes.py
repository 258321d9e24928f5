"""Fakes of other services that keep what is created: localstripe, moto's server, aimock."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlencode

import msgspec

from benchmarks.contenders.contender import NO_CLOCK, Contender, Request, Start, json_request
from benchmarks.contenders.installed import BIN, node, node_version, python_version, script
from benchmarks.contenders.stubs import NOT_BUILT
from benchmarks.rows import Row


class Localstripe(Contender):
    """localstripe: customers are what costs it least."""

    name: ClassVar[str] = "localstripe"
    doing: ClassVar[str] = "`POST /v1/customers` and `GET /v1/customers/{id}`: checked and kept"
    configuration: ClassVar[str] = (
        "`--from-scratch`; it writes its whole store to a file after every create; callbacks a second later, signed; "
        "a test begins with `DELETE /_config/data`"
    )
    ready: ClassVar[str] = "/js.stripe.com/v3/"
    reasons: ClassVar[Mapping[Row, str]] = {Row.DAY: NO_CLOCK, Row.IMAGE: NOT_BUILT}
    AUTHORIZED: ClassVar[Mapping[str, str]] = {"Authorization": "Bearer sk_test_benchmark"}

    @property
    def programs(self) -> Sequence[Path]:
        return (BIN / "localstripe",)

    def version(self) -> str:
        return python_version("localstripe")

    def command(self, start: Start) -> Sequence[str]:
        return (str(BIN / "python"), str(BIN / "localstripe"), "--port", str(start.port), "--from-scratch")

    def create(self, number: int, test: int | None = None, callback_url: str | None = None) -> Request:
        body = urlencode({"description": f"sku-{number:06d}-front", "metadata[campaign]": "spring-2026-relaunch"}).encode()
        headers = {**self.AUTHORIZED, "Content-Type": "application/x-www-form-urlencoded"}
        return Request("POST", "/v1/customers", 200, headers, body)

    def poll(self, answer: bytes, test: int | None = None) -> Request:
        return Request("GET", f"/v1/customers/{msgspec.json.decode(answer)['id']}", 200, self.AUTHORIZED)

    def before_test(self, test: int) -> Sequence[Request]:
        return (Request("DELETE", "/_config/data", 200),)

    def before_callbacks(self, url: str) -> Sequence[Request]:
        return (json_request("POST", "/_config/webhooks/benchmark", 200, {"url": url, "secret": "whsec_benchmark"}),)


class Moto(Contender):
    """moto's server: Athena has jobs that are started and asked for."""

    name: ClassVar[str] = "moto"
    doing: ClassVar[str] = "Athena's `StartQueryExecution` and `GetQueryExecution`: kept"
    configuration: ClassVar[str] = "`moto_server`; it closes each connection after one answer; a test begins with `POST /moto-api/reset`"
    ready: ClassVar[str] = "/moto-api/"
    reasons: ClassVar[Mapping[Row, str]] = {
        Row.CALLBACKS: "it sends none",
        Row.DAY: "its jobs move only when they are asked for, by real seconds or by the number of polls",
        Row.IMAGE: NOT_BUILT,
    }
    SCOPE: ClassVar[str] = "Credential=x/20260101/us-east-1/athena/aws4_request, SignedHeaders=host, Signature=x"

    @property
    def programs(self) -> Sequence[Path]:
        return (BIN / "moto_server",)

    def version(self) -> str:
        return python_version("moto")

    def command(self, start: Start) -> Sequence[str]:
        return (str(BIN / "python"), str(BIN / "moto_server"), "-H", "127.0.0.1", "-p", str(start.port))

    def create(self, number: int, test: int | None = None, callback_url: str | None = None) -> Request:
        body = {
            "QueryString": f"SELECT * FROM products WHERE sku = 'sku-{number:06d}-front' AND campaign = 'spring-2026-relaunch'",
            "QueryExecutionContext": {"Database": "shop"},
            "ResultConfiguration": {"OutputLocation": "s3://results/"},
        }
        return self._call("StartQueryExecution", body)

    def poll(self, answer: bytes, test: int | None = None) -> Request:
        return self._call("GetQueryExecution", msgspec.json.decode(answer))

    def before_test(self, test: int) -> Sequence[Request]:
        return (Request("POST", "/moto-api/reset", 200),)

    def _call(self, action: str, body: object) -> Request:
        headers = {"X-Amz-Target": f"AmazonAthena.{action}", "Authorization": f"AWS4-HMAC-SHA256 {self.SCOPE}"}
        return json_request("POST", "/", 200, body, headers)


class Aimock(Contender):
    """aimock: its queue of fal.ai has jobs that are submitted and asked for."""

    name: ClassVar[str] = "aimock"
    doing: ClassVar[str] = "the queue of fal.ai, submit and status: kept, at most 10,000 of them; the job is complete at once"
    configuration: ClassVar[str] = "`llmock --log-level silent` with one fixture; a test begins with `POST /__aimock/reset/journal`"
    ready: ClassVar[str] = "/__aimock/health"
    reasons: ClassVar[Mapping[Row, str]] = {
        Row.FULL: "it keeps at most 10,000 jobs",
        Row.CALLBACKS: "it sends none",
        Row.DAY: "its jobs move by the number of polls, not by a clock",
        Row.IMAGE: NOT_BUILT,
    }
    PACKAGE: ClassVar[str] = "@copilotkit/aimock"
    QUEUE: ClassVar[Mapping[str, str]] = {"x-fal-target-host": "queue.fal.run"}

    @property
    def programs(self) -> Sequence[Path]:
        return (node(), script(self.PACKAGE, "llmock"))

    def version(self) -> str:
        return node_version(self.PACKAGE)

    def command(self, start: Start) -> Sequence[str]:
        options = ("-p", str(start.port), "--log-level", "silent", "-f", str(start.folder / "fixtures.json"))
        return (str(node()), str(script(self.PACKAGE, "llmock")), *options)

    def files(self, sample: bytes) -> Mapping[str, bytes]:
        output = {"images": [{"url": "https://cdn.example.com/shirt.png"}]}
        return {"fixtures.json": msgspec.json.encode({"fixtures": [{"match": {"endpoint": "fal"}, "response": {"json": output}}]})}

    def create(self, number: int, test: int | None = None, callback_url: str | None = None) -> Request:
        body = {"prompt": f"a white shirt on white, sku-{number:06d}-front", "metadata": {"campaign": "spring-2026-relaunch"}}
        return json_request("POST", "/fal/fal-ai/flux", 200, body, self.QUEUE)

    def poll(self, answer: bytes, test: int | None = None) -> Request:
        job = msgspec.json.decode(answer)["request_id"]
        return Request("GET", f"/fal/fal-ai/flux/requests/{job}/status", 200, self.QUEUE)

    def before_test(self, test: int) -> Sequence[Request]:
        return (Request("POST", "/__aimock/reset/journal", 200),)

"""Our fake, and the bare Starlette app that shows what the framework gives."""

import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

import msgspec

from benchmarks import messages
from benchmarks.contenders.contender import NO_CLOCK, Contender, Request, Start, json_request
from benchmarks.results import BARE
from benchmarks.rows import Row

KEY = "rf_live_mock_sandbox"
RUN_ID = "019b76da-a800-7000-8000-000000000001"


class Ours(Contender):
    """`runflow-mock serve`."""

    name: ClassVar[str] = "runflow-mock"
    doing: ClassVar[str] = (
        "`POST /v1/models/{owner}/{slug}/runs` and `GET /v1/runs/{id}`: keys, validation, ledger, journal, history at work"
    )
    configuration: ClassVar[str] = (
        "`runflow-mock serve --balance 100000000 --log-level warning` (clock real, speed 10: runs go on meanwhile); "
        "for callbacks `--speed 1000000 --callback-secret …`, each signed; a test has a tenant of its own, made and dropped"
    )
    ready: ClassVar[str] = "/v1/health"

    @property
    def programs(self) -> Sequence[Path]:
        return (Path(sys.executable),)

    def version(self) -> str:
        return version("runflow-mock")

    def command(self, start: Start) -> Sequence[str]:
        quick = ("--speed", "1000000", "--callback-secret", "rf_whsec_benchmark") if start.is_quick else ()
        options = ("--balance", "100000000", "--log-level", "warning", "--json", *quick)
        return (sys.executable, "-m", "runflow_mock", "serve", "--port", str(start.port), *options)

    def create(self, number: int, test: int | None = None, callback_url: str | None = None) -> Request:
        return json_request("POST", messages.RUNS_PATH, 201, messages.run_body(number, callback_url), _authorized(test))

    def poll(self, answer: bytes, test: int | None = None) -> Request:
        return Request("GET", f"/v1/runs/{msgspec.json.decode(answer)['id']}", 200, _authorized(test))

    def timers(self) -> Request | None:
        return Request("GET", "/_mock/clock", 200, _authorized(None))

    def before_test(self, test: int) -> Sequence[Request]:
        return (json_request("POST", "/_mock/tenants", 201, {"name": f"test_{test}"}, _authorized(None)),)

    def after_test(self, test: int) -> Sequence[Request]:
        return (Request("DELETE", f"/_mock/tenants/test_{test}", 204),)


class Standing(Ours):
    """The same while time stands: nothing goes on by itself, as with all the others."""

    name: ClassVar[str] = "runflow-mock --clock manual"

    def command(self, start: Start) -> Sequence[str]:
        return (*super().command(start), "--clock", "manual")

    def timers(self) -> Request | None:
        return None


class Bare(Contender):
    """Two routes of Starlette that answer with one run."""

    name: ClassVar[str] = BARE
    doing: ClassVar[str] = "the same requests, answered with one run of the same size: nothing is checked, kept or recorded"
    configuration: ClassVar[str] = "the same settings of uvicorn, uvloop and httptools; two routes"
    ready: ClassVar[str] = f"/v1/runs/{RUN_ID}"
    keeps: ClassVar[bool] = False
    reasons: ClassVar[Mapping[Row, str]] = {
        Row.FULL: "it keeps no runs",
        Row.TEST: "it has no state that a test could find clean",
        Row.CALLBACKS: "it sends none",
        Row.DAY: NO_CLOCK,
        Row.IMAGE: "it is no product",
    }

    @property
    def programs(self) -> Sequence[Path]:
        return (Path(sys.executable),)

    def version(self) -> str:
        return version("starlette")

    def command(self, start: Start) -> Sequence[str]:
        return (sys.executable, "-m", "benchmarks.bare", str(start.folder / "run.json"), str(start.port))

    def files(self, sample: bytes) -> Mapping[str, bytes]:
        return {"run.json": sample}

    def create(self, number: int, test: int | None = None, callback_url: str | None = None) -> Request:
        return json_request("POST", messages.RUNS_PATH, 201, messages.run_body(number), _authorized(None))

    def poll(self, answer: bytes, test: int | None = None) -> Request:
        return Request("GET", f"/v1/runs/{msgspec.json.decode(answer)['id']}", 200, _authorized(None))


def _authorized(test: int | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {KEY if test is None else f'rf_live_mock_test_{test}'}"}

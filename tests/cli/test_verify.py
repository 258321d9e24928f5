import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import call
from contract import DOCUMENT as CONTRACT
from doors import MANUAL
from foreign import OWN
from msgspec.structs import replace
from worlds import catalog

from runflow_mock.testing.server import RunningServer, serve


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serve(replace(MANUAL, port=0), catalog=catalog()) as running:
        yield running


@pytest.mark.slow(is_covering=True)
def test_document_that_is_none_is_told_with_exit_code_2(server: RunningServer, tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    file.write_text('{"swagger": "2.0"}')
    told = call("verify", "--base-url", server.url, "--openapi", str(file))
    assert told.code == 2
    assert "is a document of Swagger 2.0" in told.err


@pytest.mark.slow(is_covering=True)
def test_document_that_is_not_there_is_told(server: RunningServer) -> None:
    told = call("verify", "--base-url", server.url, "--openapi", "nowhere.json")
    assert (told.code, "nowhere.json cannot be read" in told.err) == (2, True)


@pytest.mark.parametrize(
    ("options", "words"), [(("--profile", "absent.yaml"), "absent.yaml"), (("--switches", "spelling=us"), "'spelling'")]
)
def test_speech_that_cannot_be_meant_is_wrong_usage(options: tuple[str, str], words: str) -> None:
    told = call("verify", "--base-url", "http://127.0.0.1:9", *options)
    assert (told.code, words in told.err) == (2, True)


@pytest.mark.slow(is_covering=True)
def test_server_that_does_not_answer_is_told() -> None:
    told = call("verify", "--base-url", "http://127.0.0.1:9")
    assert (told.code, "does not answer" in told.err) == (2, True)


@pytest.mark.slow
def test_missing_extra_is_told_with_the_way_out() -> None:
    program = "import sys; sys.modules['schemathesis'] = None; from runflow_mock.cli import main; main(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", program, "verify", "--base-url", "http://127.0.0.1:9"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "pip install 'runflow-mock[contracts]'" in done.stderr) == (2, True)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_users_own_document_judges_the_fake(server: RunningServer, tmp_path: Path) -> None:
    """Paths of owner and slug, other ids, no extensions: one rule of it is broken by the fake, and that is found."""
    file, report = tmp_path / "own.json", tmp_path / "report.md"
    file.write_text(json.dumps(OWN))
    told = call("verify", "--base-url", server.url, "--openapi", str(file), "--markdown", str(report), "--json")
    found = json.loads(told.out)
    assert told.code == 1
    assert {operation for check, operation, _ in found["broken"] if check in ("answer_schema", "response_schema_conformance")} == {
        "readRun"
    }
    assert "| startRun | 201" in report.read_text()


@pytest.mark.slow(is_covering=True)
def test_own_document_is_compared_with_the_fake(tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    file.write_text(json.dumps({**OWN, "paths": {**OWN["paths"], "/v1/weather": {"get": {"responses": {"200": {"description": "Sun."}}}}}}))
    told = call("contract", "check", str(file), "--json")
    found = {(each["kind"], each["operation"]) for each in json.loads(told.out)["disagreements"]}
    assert told.code == 1
    assert {("not served", "GET /v1/weather"), ("not in the document", "GET /v1/runs"), ("answer", "readRun")} <= found
    assert not {operation for kind, operation in found if kind in ("not served", "status", "request")} - {"GET /v1/weather"}


@pytest.mark.slow
@pytest.mark.parametrize(("status", "is_told"), [("2XX", False), ("204", True)])
def test_range_of_statuses_holds_those_in_it(tmp_path: Path, status: str, is_told: bool) -> None:
    file = tmp_path / "own.json"
    paths = {"/v1/health": {"get": {"responses": {status: {"description": "Well."}}}}}
    file.write_text(json.dumps({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}))
    told = json.loads(call("contract", "check", str(file), "--json").out)["disagreements"]
    assert any(each["kind"] == "status" for each in told) is is_told


@pytest.mark.slow
def test_contract_agrees_with_itself() -> None:
    told = call("contract", "check", str(CONTRACT))
    assert (told.code, told.out) == (0, "The fake and the document agree.\n")

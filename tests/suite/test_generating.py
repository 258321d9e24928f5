"""Requests made up from the document reach operations with slashes in their ids, and find what a schema can say."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import trustme
from answers import ANSWERS
from doors import MANUAL
from msgspec.structs import replace
from mutants import MUTANTS, Mutant

from runflow_mock.cli.streams import written_at_the_end
from runflow_mock.kit.suite.carriers import Answer, AppCarrier, HttpCarrier
from runflow_mock.kit.suite.generating import PHASES, Effort, labels
from runflow_mock.kit.suite.recordings import recording
from runflow_mock.kit.suite.runner import generated
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.kit.suite.tolerances import asks_for_another
from runflow_mock.runtime.foreign_documents import load_document
from runflow_mock.testing.in_process import InProcess
from runflow_mock.testing.server import serve

FEW = Effort(examples=1, sequences=1)


@pytest.mark.slow
def test_operation_with_slashes_in_its_id_is_reached(app: InProcess) -> None:
    tally = generated(Target(AppCarrier(app), None), load_document(None), FEW, PHASES, operations=("POST /v1/models/{model_id}/runs",))
    assert (tally.breaches, tally.errors) == ([], [])
    assert tally.answers["create_run", 201] > 5


@pytest.mark.slow
def test_planted_bug_is_found_by_generated_requests(app: InProcess) -> None:
    target = Target(Mutant(AppCarrier(app), MUTANTS["creating answers 200 in place of 201"]), None)
    tally = generated(target, load_document(None), FEW, ("examples", "coverage"), operations=("POST /v1/models/{model_id}/runs",))
    assert "status_code_conformance" in {check for check, _ in tally.broken}


@pytest.mark.slow
def test_generated_requests_trust_the_authority_that_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(replace(MANUAL, port=0, tls_port=0, state=tmp_path), observer=ANSWERS) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_file))
        tally = generated(
            Target(HttpCarrier(str(server.tls_url)), None), load_document(None), FEW, ("examples",), operations=("GET /v1/runs",)
        )
    assert (tally.breaches, tally.errors) == ([], [])
    assert tally.answers


@pytest.mark.slow
def test_generated_requests_trust_the_authorities_in_a_folder_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "trusted"
    folder.mkdir()
    with serve(replace(MANUAL, port=0, tls_port=0, state=tmp_path), observer=ANSWERS) as server:
        command = ["openssl", "x509", "-hash", "-noout", "-in", str(server.ca_file)]
        digest = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        (folder / f"{digest}.0").write_bytes(Path(str(server.ca_file)).read_bytes())
        monkeypatch.setenv("SSL_CERT_DIR", str(folder))
        carrier = HttpCarrier(str(server.tls_url))
        tally = generated(Target(carrier, None), load_document(None), FEW, ("examples",), operations=("GET /v1/runs",))
        carrier.close()
    assert (tally.breaches, tally.errors) == ([], [])
    assert tally.answers


def test_authorities_that_cannot_be_read_are_passed_over_as_openssl_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, absent, authority = tmp_path / "trusted", tmp_path / "absent", trustme.CA().cert_pem.bytes()
    (folder / "0000000a.0").mkdir(parents=True)
    (folder / "0000000b.0").symlink_to(absent)
    (folder / "0000000c.0").write_bytes(authority[:60] + b"!" + authority[61:])
    (folder / "0000000d.0").write_bytes(b"")
    (folder / "0000000e.0").write_bytes(authority)
    (folder / "0000000\u0663.0").write_bytes(b"of no digest")
    monkeypatch.setenv("SSL_CERT_FILE", str(absent))
    monkeypatch.setenv("SSL_CERT_DIR", os.pathsep.join(map(str, (absent, folder / "0000000e.0", folder))))
    carrier = HttpCarrier("https://localhost:1")
    try:
        assert Path(str(carrier.authorities)).read_bytes() == authority
    finally:
        carrier.close()


def test_every_operation_has_a_label() -> None:
    assert len(labels(load_document(None))) == 89


@pytest.mark.slow
def test_recording_has_the_exchanges_and_no_credential(app: InProcess, tmp_path: Path) -> None:
    file = tmp_path / "suite.har"
    file.write_text("of an earlier round")
    with written_at_the_end() as files, recording(file, files) as keep:
        target = Target(AppCarrier(app), None)
        generated(target, load_document(None), FEW, ("examples",), operations=("POST /v1/callback-secrets",), keep=keep)
        assert file.read_text() == "of an earlier round"
    text = file.read_text()
    assert json.loads(text)["log"]["entries"]
    assert "plain_secret" in text
    assert not re.search(r"whsec_[0-9a-zA-Z]{16}|rf_svc_mock_", text)


@pytest.mark.parametrize(("wanted", "is_another"), [("batch", False), ("item", True)])
def test_what_was_not_created_need_not_be_there(wanted: str, is_another: bool) -> None:
    creating = Answer("POST", "/v1/batches", 201, {}, b'{"id": "batch", "items": [{"id": "item"}]}')
    asking = Answer("POST", f"/v1/batches/{wanted}/callback-redeliveries", 404, {}, b"{}")
    assert asks_for_another("ensure_resource_availability", asking, creating) is is_another
    assert asks_for_another("use_after_free", asking, creating) is False
    assert asks_for_another("ensure_resource_availability", asking, replace(creating, body=b"[]")) is False

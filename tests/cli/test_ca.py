import json
import shlex
import stat
import subprocess
from pathlib import Path

import pytest
from commands import call, sandbox

NODE = "require('https').get(process.argv[1], (answer) => process.stdout.write(String(answer.resume().statusCode)))"


def test_json_names_the_file(state: Path) -> None:
    told = call("ca", "--state", str(state), "--json")
    assert (told.code, json.loads(told.out)) == (0, {"ca_file": str(state / "ca" / "ca.pem")})


def test_authority_is_made_when_it_is_asked_for_first(tmp_path: Path) -> None:
    file = Path(json.loads(call("ca", "--state", str(tmp_path / "new"), "--json").out)["ca_file"])
    assert file.read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert stat.S_IMODE(file.with_name("ca-key.pem").stat().st_mode) == 0o600


def test_every_line_is_a_comment_or_sets_a_variable_to_the_file(tmp_path: Path) -> None:
    state = tmp_path / "it's here"
    lines = [line for line in call("ca", "--state", str(state)).out.splitlines() if not line.startswith("#")]
    words = [shlex.split(line) for line in lines]
    assert {word for word, _ in words} == {"export"}
    variables = dict(setting.split("=", 1) for _, setting in words)
    assert set(variables) == {"CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"}
    assert set(variables.values()) == {str(state / "ca" / "ca.pem")}


def test_java_is_told_how_to_make_its_store(state: Path) -> None:
    assert f"-file '{state}/ca/ca.pem' -keystore '{state}/ca/ca.p12'" in call("ca", "--state", str(state)).out


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = call("ca", "--state", str(tmp_path / "file" / "below"))
    assert told.code == 2
    assert "below cannot be written" in told.err
    assert "--state or RUNFLOW_MOCK_STATE" in told.err


@pytest.mark.slow
def test_sandbox_with_https_names_address_and_authority(state: Path) -> None:
    with sandbox("--tls-port", "0", "--state", str(state)) as running:
        assert set(running.ready) == {"url", "key", "admin_key", "pid", "inspector", "tls_url", "ca_file"}
        assert running.ready["ca_file"] == str(state / "ca" / "ca.pem")
        told = call("healthcheck", "--url", running.ready["tls_url"], "--state", str(state))
        assert (told.code, told.out.strip()) == (0, f"runflow-mock at {running.ready['tls_url']}: ok")


@pytest.mark.slow
@pytest.mark.parametrize("program", [["curl", "-so", "/dev/null", "-w", "%{http_code}"], ["node", "-e", NODE]], ids=["curl", "node"])
def test_other_programs_trust_the_authority_by_the_printed_lines(state: Path, program: list[str]) -> None:
    lines = call("ca", "--state", str(state)).out
    with sandbox("--tls-port", "0", "--state", str(state)) as running:
        command = f"{lines}\n{shlex.join([*program, running.ready['tls_url'] + '/v1/health'])}"
        result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, timeout=30)
    assert result.stdout == "200"

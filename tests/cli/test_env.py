import json
import shutil
import subprocess
from pathlib import Path

import pytest
from commands import call

from runflow_mock.cli.shells import SHELLS, write_exports

NAMES = {"RUNFLOW_API_KEY", "RUNFLOW_KEY", "RUNFLOW_BASE_URL", "RUNFLOW_API_BASE"}
AWKWARD = 'a\'b "c" $HOME `d` \\e'


def test_json_has_key_and_addresses() -> None:
    told = call("env", "--url", "http://localhost:9999/", "--key", "rf_live_mock_shop", "--json")
    variables = json.loads(told.out)
    assert set(variables) == NAMES
    assert variables["RUNFLOW_KEY"] == variables["RUNFLOW_API_KEY"] == "rf_live_mock_shop"
    assert variables["RUNFLOW_BASE_URL"] == variables["RUNFLOW_API_BASE"] == "http://localhost:9999"


def test_lines_can_be_evaluated() -> None:
    lines = call("env", "--url", "http://localhost:9999").out
    result = subprocess.run(["sh", "-c", f'{lines} echo "$RUNFLOW_API_KEY $RUNFLOW_BASE_URL"'], capture_output=True, text=True, check=True)
    assert result.stdout == "rf_live_mock_sandbox http://localhost:9999\n"


def test_https_address_brings_the_authority_along(state: Path) -> None:
    variables = json.loads(call("env", "--url", "https://localhost:8443", "--state", str(state), "--json").out)
    assert {"SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"} <= set(variables) - NAMES
    assert {variables[name] for name in set(variables) - NAMES} == {str(state / "ca" / "ca.pem")}


def test_sandbox_is_sought_where_serve_would_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFLOW_MOCK_PORT", "9123")
    monkeypatch.setenv("RUNFLOW_MOCK_HOST", "0.0.0.0")
    assert json.loads(call("env", "--json").out)["RUNFLOW_BASE_URL"] == "http://127.0.0.1:9123"


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8787",
        "ftp://localhost",
        "http://",
        "http://localhost:port",
        "http://[::1",
        "http://localhost:٣",
        "http://a..b",
        "http://a\x1bb",
    ],
)
def test_address_that_is_none_is_named(url: str) -> None:
    told = call("env", "--url", url)
    assert told.code == 2
    assert "is not an address such as http://127.0.0.1:8787: it must" in told.err
    assert url[:8] in told.err


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("sh", "export NAME='a'\\''b \"c\" $HOME `d` \\e'\n"),
        ("fish", "set -gx NAME 'a\\'b \"c\" $HOME `d` \\\\e'\n"),
        ("powershell", "$env:NAME = 'a''b \"c\" $HOME `d` \\e'\n"),
    ],
)
def test_awkward_value_is_quoted_as_the_shell_wants_it(shell: str, line: str) -> None:
    assert set(SHELLS) == {"sh", "fish", "powershell"}
    assert write_exports({"NAME": AWKWARD}, shell) == line


def test_shell_reads_an_awkward_value_back() -> None:
    shell = shutil.which("sh") or "sh"
    script = write_exports({"NAME": AWKWARD}, "sh") + "printenv NAME"
    assert subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True).stdout == AWKWARD + "\n"

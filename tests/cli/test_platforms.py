"""What differs between platforms: the event loop is Python's own where uvloop does not exist, such as on Windows."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from commands import call

# An entry of None is what the import system has for a module that is not there.
WITHOUT_UVLOOP = "import sys; sys.modules['uvloop'] = None; from runflow_mock.cli import main; main(sys.argv[1:])"


@pytest.mark.slow
def test_sandbox_works_without_uvloop_over_http_and_https(tmp_path: Path) -> None:
    options = ("serve", "--json", "--port", "0", "--tls-port", "0", "--state", str(tmp_path))
    command = [sys.executable, "-c", WITHOUT_UVLOOP, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            told = [call("healthcheck", "--state", str(tmp_path), "--url", ready[url]) for url in ("url", "tls_url")]
        finally:
            process.terminate()
    assert [answer.code for answer in told] == [0, 0]
    assert process.returncode == 0

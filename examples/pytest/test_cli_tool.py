"""A command-line tool as a subprocess: told where the fake is, or caught although its host is written into it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from runflow_mock.testing import Runflow

TOOL = Path(__file__).with_name("tool.py")


def run_tool(env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(TOOL)], env={**os.environ, **env}, capture_output=True, text=True, check=False, timeout=30)


def test_tool_finds_the_fake_by_the_environment(runflow_env: Mapping[str, str]) -> None:
    assert run_tool(runflow_env).stdout == "10.000000\n"


def test_tool_with_its_own_host_is_caught_by_proxy(runflow_proxy_env: Mapping[str, str]) -> None:
    assert run_tool(runflow_proxy_env).stdout == "10.000000\n"


def test_tool_tells_when_the_service_is_down(runflow: Runflow, runflow_env: Mapping[str, str]) -> None:
    runflow.faults.add(what={"kind": "answer", "status": 503, "message": "come back later"}, where={"path": "/v1/billing/*"})
    done = run_tool(runflow_env)
    assert (done.returncode, done.stderr) == (1, "503: come back later\n")

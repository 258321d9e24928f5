"""The page about calibration: its commands are run one after the other, against a sandbox in place of the real service."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from benchmarks.machine import free_ports
from blocks import texts_of
from commands import ROOT, sandbox

from runflow_mock.kit.calibration.readings import Verdict
from runflow_mock.runtime.profiles import load_profile

PAGE = ROOT / "docs" / "calibration.md"


@pytest.mark.slow
def test_commands_that_are_shown_give_the_table_that_is_shown(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    # A reader starts the run some time after the listener.
    script = "".join(texts_of(PAGE, "sh")).replace(
        "jsonl &\n", f"jsonl --port {port} &\nuntil [ -s captures/callbacks.jsonl ]; do sleep 0.05; done\n"
    )
    table, served = texts_of(PAGE, "text")
    with sandbox("--callback-secret", "rf_whsec_0123") as running:
        env = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "RUNFLOW_BASE_URL": running.url,
            "RUNFLOW_API_KEY": running.ready["key"],
            "CALLBACK_URL": f"http://127.0.0.1:{port}/",
        }
        command = ["bash", "-euc", script]
        made = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert table in made.stdout
    assert len(list((tmp_path / "redacted").iterdir())) == 5
    assert load_profile(tmp_path / "profile.yaml").dialect == "seed"
    _, _, *arguments = served.split()
    with sandbox(*(argument.replace("profile.yaml", str(tmp_path / "profile.yaml")) for argument in arguments)) as running:
        assert httpx.get(f"{running.url}/v1/health").status_code == 200


def test_every_verdict_is_documented() -> None:
    assert [verdict for verdict in Verdict if f"`{verdict}`" not in PAGE.read_text(encoding="utf-8")] == []

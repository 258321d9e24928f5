"""Our own document under Schemathesis' command line, as somebody would run it who has never seen us: every check, in both dialects."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from commands import ROOT, sandbox

ST = Path(sys.executable).with_name("st")
CONFIG = ROOT / "contracts" / "schemathesis.toml"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("dialect", "seed"), [("seed", "1"), ("docs", "2")])
def test_schemathesis_finds_nothing(dialect: str, seed: str, tmp_path: Path) -> None:
    """What the document cannot say stands in `contracts/schemathesis.toml`, each with its reason."""
    with sandbox("--dialect", dialect, "--seed", seed, "--start", "2026-01-01T00:00:00Z") as running:
        command: list[str | Path] = [
            ST,
            "--no-color",
            "--config-file",
            CONFIG,
            "run",
            f"{running.url}/v1/openapi.json",
            "--checks",
            "all",
            "--seed",
            "1",
        ]
        command += ["--phases", "examples,coverage", "--header", f"Authorization: Bearer {running.ready['key']}", "--continue-on-failure"]
        key = {"Authorization": f"Bearer {running.ready['key']}"}
        organization = httpx.get(f"{running.url}/v1/auth/me", headers=key).json()["memberships"][0]["org"]["id"]
        variables = {**os.environ, "RUNFLOW_ORGANIZATION": organization}
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=550, cwd=tmp_path, env=variables)
    assert told.returncode == 0, told.stdout[-8000:]


def test_every_exception_is_given_with_its_reason() -> None:
    lines = CONFIG.read_text(encoding="utf-8").splitlines()
    tables = [number for number, line in enumerate(lines) if line.startswith("[")]
    assert tables
    assert all(lines[number + 1].startswith("# ") for number in tables)

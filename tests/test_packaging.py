"""The wheel: one top-level package, all data, and a command that works in an empty environment."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from commands import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return next(folder.glob("*.whl"))


def test_wheel_has_one_top_level_package_and_all_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"runflow_mock"}
    assert "runflow_mock/py.typed" in names
    assert "runflow_mock/_data/contracts/openapi.json" in names
    assert "runflow_mock/_data/fixtures/catalog/runflow.json" in names


def test_wheel_holds_every_pinned_byte(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    command = ["sha256sum", "-c", "--strict", "--quiet", "contracts/SHA256SUMS"]
    told = subprocess.run(command, cwd=tmp_path / "runflow_mock" / "_data", capture_output=True, text=True, timeout=20, check=False)
    assert told.returncode == 0, told.stdout


def test_wheel_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    home = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True, env=home, timeout=120)
    python = tmp_path / "venv" / "bin" / "python"
    lock = ["--require-hashes", "-r", str(ROOT / "requirements" / "run.lock")]
    for arguments in (lock, ["--no-deps", str(wheel)]):
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments], check=True, env=home, timeout=240)
    demo = subprocess.run(
        [tmp_path / "venv/bin/runflow-mock", "demo"], capture_output=True, text=True, check=True, cwd=tmp_path, timeout=60
    )
    assert "partial_succeeded" in demo.stdout
    data = subprocess.run(
        [python, "-c", "from runflow_mock.wire.catalog import load_catalog; print(len(load_catalog()))"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        timeout=60,
    )
    assert json.loads(data.stdout) == 65

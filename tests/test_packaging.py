"""The wheel: one top-level package, all data, and a command that works in an empty environment."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from commands import ROOT

INSTALL = ROOT / "docs" / "how-to" / "install.md"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


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


@pytest.fixture(scope="module")
def empty(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an environment in which nothing but the wheel is installed, and what it needs."""
    folder = tmp_path_factory.mktemp("empty")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, env=home(folder), timeout=120)
    install(folder, "--require-hashes", "-r", str(ROOT / "requirements" / "run.lock"))
    install(folder, "--no-deps", str(wheel))
    return folder


def home(folder: Path) -> dict[str, str]:
    return {**os.environ, "HOME": str(folder)}


def install(folder: Path, *arguments: str) -> None:
    pip = [str(folder / "venv" / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments]
    subprocess.run(pip, check=True, env=home(folder), timeout=240)


def told_by(folder: Path, program: str, *arguments: str) -> str:
    command = [str(folder / "venv" / "bin" / program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, timeout=60)
    return done.stdout


def test_wheel_works_in_an_empty_environment(empty: Path) -> None:
    assert "partial_succeeded" in told_by(empty, "runflow-mock", "demo")
    count = told_by(empty, "python", "-c", "from runflow_mock.wire.catalog import load_catalog; print(len(load_catalog()))")
    assert json.loads(count) == 65


def test_extra_comes_by_name_once_the_package_is_there(empty: Path) -> None:
    shown = INSTALL.read_text(encoding="utf-8")
    assert 'pip install "runflow-mock[cluster]"' in shown
    install(empty, "runflow-mock[cluster]")
    assert told_by(empty, "python", "-c", "import nats; print('there')") == "there\n"


def test_package_installs_in_every_way_that_the_page_names(empty: Path, wheel: Path, tmp_path: Path) -> None:
    shown_there = INSTALL.read_text(encoding="utf-8")
    (lines,) = re.findall(r"^```sh\n((?:pip install .+\n){4})```$", shown_there, re.MULTILINE)
    archive = tmp_path / "main.tar.gz"
    subprocess.run(["git", "archive", "--prefix=runflow-mock-main/", "-o", archive, "HEAD"], check=True, cwd=ROOT, timeout=60)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True, cwd=ROOT, timeout=20).stdout.strip()
    # A clone, a wheel, git, an archive: what the page shows, and what stands for it here.
    here = (
        ("/path/to/runflow-mock", str(ROOT)),
        ("dist/runflow_mock-0.1.0-py3-none-any.whl", str(wheel)),
        ("https://github.com/OWNER/runflow-mock@main", f"file://{ROOT}@{commit}"),
        ("https://github.com/OWNER/runflow-mock/archive/refs/heads/main.tar.gz", archive.as_uri()),
    )
    # What it needs and what builds it is there already, so that no way has to fetch it anew.
    install(empty, "hatchling")
    for line, (shown, ours) in zip(lines.splitlines(), here, strict=True):
        what = line.removeprefix("pip install ")
        assert shown in what
        install(empty, "--no-deps", "--no-build-isolation", "--no-compile", "--force-reinstall", what.strip('"').replace(shown, ours))
        assert told_by(empty, "runflow-mock", "--version").split()[1] == wheel.name.split("-")[1]

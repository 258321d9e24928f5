"""A typed client that a program of others generates from the contract makes a run and a batch, and the type checker follows it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import ROOT, sandbox
from contract import DOCUMENT, document
from tools import TYPESCRIPT, run_tool

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

STORY = ROOT / "tests" / "clients" / "generated.py"
ACCOUNT = ROOT / "tests" / "clients" / "generated_account.py"
TYPED = ROOT / "tests" / "clients" / "generated.ts"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the package `runflow_client`; a part of the document that the generator leaves out fails here."""
    folder = tmp_path_factory.mktemp("client")
    places: list[str | Path] = ["--path", DOCUMENT, "--output-path", folder / "runflow_client"]
    result = run_tool("openapi-python-client", "generate", *places, "--meta", "none", "--fail-on-warning")
    assert result.returncode == 0, result.stdout
    return folder


def python(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=200, env={**os.environ, **variables})


def test_every_operation_is_generated(generated: Path) -> None:
    modules = {path.stem for path in (generated / "runflow_client" / "api").rglob("*.py")} - {"__init__"}
    operations = (operation for item in document()["paths"].values() for operation in item.values())
    assert modules == {operation["operationId"] for operation in operations if "operationId" in operation}


def test_generated_client_makes_a_run_and_a_batch(generated: Path) -> None:
    with sandbox("--clock", "auto") as running:
        told = python(str(STORY), running.url, running.ready["key"], PYTHONPATH=str(generated))
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == {
        "run": ["succeeded", "typed", "0.270000", 1],
        "batch": ["succeeded", 2, [0, 1]],
        "items": ["succeeded", "succeeded"],
        "absent": "NOT_FOUND",
    }


def test_generated_client_needs_no_assertions_for_the_rest_of_the_api(generated: Path) -> None:
    with sandbox("--clock", "auto") as running:
        told = python(str(ACCOUNT), running.url, running.ready["key"], PYTHONPATH=str(generated))
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == {
        "webhooks": ["app.example", ["run.completed"], True, True],
        "upload": [True, True, "SHIRT.PNG", 24, True],
        "evaluation": ["completed", "BACKGROUND-REMOVAL", 2, True, 0],
        "callbacks": [["https://app.example/callbacks"], True, 1, None],
        "catalog": ["BACKGROUND-REMOVAL", 2, True, 2, [True], True, True],
    }
    assert re.findall(r"\bassert\b|is not None\b(?!,|\])|cast\(|: Any\b|type: ignore", ACCOUNT.read_text(encoding="utf-8")) == []


def test_types_of_the_generated_client_hold(generated: Path) -> None:
    strictly = ["--strict", "--follow-imports", "silent", "--config-file", os.devnull, "--cache-dir", str(generated / "cache")]
    told = python("-m", "mypy", *strictly, str(STORY), str(ACCOUNT), MYPYPATH=str(generated))
    assert told.returncode == 0, told.stdout


@pytest.fixture(scope="module")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the types of the document, and a program that uses them; compiled as strictly as our own client is."""
    folder = tmp_path_factory.mktemp("typescript")
    (folder / "node_modules").symlink_to(TYPESCRIPT / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "generated.ts").write_bytes(TYPED.read_bytes())
    (folder / "tsconfig.json").write_text(json.dumps(strict_options()))
    made = run_tool("openapi-typescript", DOCUMENT, "--output", folder / "api.ts", "--empty-objects-unknown", cwd=folder)
    assert made.returncode == 0, made.stdout
    return folder


def strict_options() -> dict[str, Any]:
    ours = json.loads((TYPESCRIPT / "tsconfig.json").read_bytes())["compilerOptions"]
    return {"compilerOptions": {**ours, "noEmit": False, "outDir": "out"}, "files": ["generated.ts"]}


def test_typescript_client_needs_no_assertions(typescript: Path) -> None:
    built = run_tool("tsc", "--project", typescript, cwd=typescript)
    assert built.returncode == 0, built.stdout
    with sandbox("--clock", "auto") as running:
        told = run_tool("node", typescript / "out" / "generated.js", running.url, running.ready["key"], cwd=typescript)
    assert told.returncode == 0, told.stdout
    assert json.loads(told.stdout) == {
        "run": ["succeeded", "typed", "0.270000", 0, ["image_url"]],
        "batch": ["succeeded", 2, [0, 1]],
        "account": ["app.example", "RUN.COMPLETED", True, 9.19, "background-removal", 12, True],
    }


def test_program_of_typescript_asserts_nothing() -> None:
    text = TYPED.read_text(encoding="utf-8")
    assert re.findall(r"\) as \w|\w as \w+[;,)]|: any\b|\w!\.|\w!;|@ts-", text) == []

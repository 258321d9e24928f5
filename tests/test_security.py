"""SECURITY.md promises nothing that is not proven: every promise names tests that there are."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NAMED = re.compile(r"`(tests/[a-z_/]+\.py)::(test_[a-z0-9_]+)`")


def _promises() -> list[str]:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    table = text.partition("## What is promised")[2].partition("\n## ")[0]
    return [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| promise")]


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("promise", _promises())
def test_promise_names_tests_that_there_are(promise: str) -> None:
    named = NAMED.findall(promise)
    assert named
    for file, name in named:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert name in {part.name for part in ast.walk(tree) if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)}, f"{file}::{name}"


def test_there_are_promises() -> None:
    assert len(_promises()) > 10

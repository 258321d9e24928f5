"""Clients in other languages that are right: nothing accuses them, however their HTTP library and their clock are made."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from commands import call

CLIENTS = Path(__file__).parents[1] / "clients"
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "node": ("node", str(CLIENTS / "order.mjs")),
    "java": ("java", "-XX:TieredStopAtLevel=1", "-cp", "{folder}", "Order"),
    "shell": ("bash", str(CLIENTS / "order.sh"), sys.executable),
}
# The compiler comes with the runtime, its command with the development kit alone.
JAVAC = ("java", "-m", "jdk.compiler/com.sun.tools.javac.Main")
COMPILED: Mapping[str, tuple[str, ...]] = {"java": (*JAVAC, "-d", "{folder}", str(CLIENTS / "Order.java"))}
# What each library does in its own way: how it tells a lost answer, reads a header, sends the same again, and waits.
CELLS = (
    "failed",
    "422 at creation",
    "503 with Retry-After at creation",
    "answer lost after creation",
    "cut answer after creation",
    "429 at poll",
    "reset within an answer at poll",
    "gateway page at poll",
    "unknown fields",
)
# Java is started for each of them, and takes its time.
CELLS_OF = {"java": ("422 at creation", "cut answer after creation", "reset within an answer at poll", "unknown fields")}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("language", COMMANDS)
def test_right_client_in_another_language_is_not_accused(language: str, tmp_path: Path) -> None:
    cells = CELLS_OF.get(language, CELLS)
    compiler, client = ([word.format(folder=tmp_path) for word in words] for words in (COMPILED.get(language, ()), COMMANDS[language]))
    if compiler:
        subprocess.run(compiler, check=True)
    chosen = (word for cell in cells for word in ("--only", cell))
    told = call("verify-client", "--json", *chosen, "--", *client)
    sheet = json.loads(told.out)
    assert [(row["subject"], row["rule"], row["evidence"]) for row in sheet["rows"] if row["verdict"] == "broken"] == []
    assert (sheet["errors"], told.code) == ([], 0)
    assert {row["subject"] for row in sheet["rows"] if row["verdict"] == "held"} >= {"plain", *cells}

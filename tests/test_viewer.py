"""The viewer at /v1/docs in a real browser: whoever clicks "Execute" there has made a run."""

import json

import pytest
from commands import ROOT, sandbox
from contract import document
from tools import chromium, run_tool

from runflow_mock.testing.client import Client

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]

SCRIPT = ROOT / "tests" / "clients" / "try_it_out.cjs"


def test_run_is_created_from_the_page() -> None:
    with sandbox("--clock", "manual") as running:
        told = run_tool("node", SCRIPT, chromium(), running.url, running.ready["key"], "create_run")
        runs = Client(running.url, running.ready["key"]).get("/v1/runs")["items"]
    assert told.returncode == 0, told.stdout
    seen = json.loads(told.stdout)
    assert (seen["foreign"], seen["broken"]) == ([], [])
    # Whoever writes a rule for an operation finds its id here.
    ids = [operation["operationId"] for item in document()["paths"].values() for operation in item.values() if "operationId" in operation]
    assert seen["operations"] == len(ids)
    assert sorted(shown.replace("\u200b", "") for shown in seen["ids"]) == sorted(ids)
    assert seen["status"] == "201"
    shown = json.loads(seen["body"])
    assert [(run["id"], run["input"]) for run in runs] == [(shown["id"], shown["input"])]

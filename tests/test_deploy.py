"""What is in `deploy/` is what Kubernetes and Compose take."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from commands import ROOT

DEPLOY = ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))


def _workers() -> dict[str, Any]:
    return {each["kind"]: each for each in yaml.safe_load_all((DEPLOY / "kubernetes" / "workers.yaml").read_text())}


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_manifest_is_valid_for_kubernetes(path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text()):
        kubernetes_validate.validate(document, "1.31", strict=True)


def test_manifest_that_is_wrong_is_found() -> None:
    document = _workers()["StatefulSet"]
    document["spec"]["replicaz"] = 3
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, "1.31", strict=True)


def test_workers_have_probes_time_to_drain_and_a_disruption_budget() -> None:
    found = _workers()
    pod = found["StatefulSet"]["spec"]["template"]["spec"]
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= pod["containers"][0].keys()
    assert pod["terminationGracePeriodSeconds"] >= 30
    assert found["PodDisruptionBudget"]["spec"]["selector"] == found["StatefulSet"]["spec"]["selector"]


@pytest.mark.slow
def test_composition_is_valid() -> None:
    checker = ROOT / ".venv" / "tools" / "bin" / "check-jsonschema"
    program = str(checker) if checker.exists() else str(Path(sys.executable).parent / "check-jsonschema")
    command = [program, "--builtin-schema", "vendor.compose-spec", str(DEPLOY / "compose.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout

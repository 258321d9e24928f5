"""The recipes for other languages run as they stand: TypeScript under strict types, Vitest, and the shell with curl and jq."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from commands import ROOT, sandbox
from tools import TYPESCRIPT, run_tool

from clients import generate

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

SCRIPT = ROOT / "examples" / "shell" / "story.sh"
CHECKS = "check-extra-masked-returns,check-set-e-suppressed,quote-safe-variables"
TOLD = """\
the first run: succeeded
one that fails: failed NSFW_CONTENT
in three hours: dispatching, running, succeeded
charged 0.540000, left 9.460000, in order: true
runs that were created: 3
"""
USE = """
import { Control } from "./control.js";
import { startSandbox } from "./sandbox.js";
const sandbox = await startSandbox();
%s
console.log((await runflow.ledger()).charged);
await sandbox.stop();
"""
CREATION = """await fetch(`${runflow.url}/v1/models/runflow/background-removal/runs`, {
  method: "POST",
  headers: { Authorization: `Bearer ${runflow.key}`, "Content-Type": "application/json" },
  body: '{"input": {"image_url": "https://cdn.example.com/shoe.jpg"}}',
});"""


def package() -> Any:
    return json.loads((TYPESCRIPT / "package.json").read_bytes())


def run_vitest(folder: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    return run_tool("npm", "test", cwd=folder, env={"NO_COLOR": "1", **env})


def run_script(url: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [SCRIPT], env={"PATH": "/usr/bin:/bin", "RUNFLOW_BASE_URL": url}, capture_output=True, text=True, check=False, timeout=60
    )


def test_types_of_the_control_client_are_those_of_the_document(tmp_path: Path) -> None:
    """Where they are not, `make docs-write` makes them anew."""
    generate(made := tmp_path / "control-api.ts")
    assert made.read_text() == (TYPESCRIPT / "src" / "control-api.ts").read_text()


def test_types_hold() -> None:
    told = run_tool("npm", "run", "types", cwd=TYPESCRIPT)
    assert told.returncode == 0, told.stdout


def example() -> str:
    """The example of the README, with a client in the place of the words about one."""
    (block,) = re.findall(r"```ts\n(.*?)```", (TYPESCRIPT / "README.md").read_text(), re.DOTALL)
    return re.sub("// ….*", lambda _: CREATION, block).replace('"http://127.0.0.1:8787"', "sandbox.url")


def test_example_of_the_readme_works_with_the_package_once_it_is_built(tmp_path: Path) -> None:
    told = run_tool("npm", "run", "build", "--", "--outDir", tmp_path / "dist", cwd=TYPESCRIPT)
    assert told.returncode == 0, told.stdout
    (tmp_path / "dist" / "use.mjs").write_text(USE % example())
    (tmp_path / "node_modules").symlink_to(TYPESCRIPT / "node_modules")
    assert run_tool("node", tmp_path / "dist" / "use.mjs").stdout == "0.270000\n"


def test_lock_names_no_registry() -> None:
    assert "resolved" not in (TYPESCRIPT / "package-lock.json").read_text()


def test_vitest_starts_a_sandbox_of_its_own() -> None:
    told = run_vitest(TYPESCRIPT)
    assert told.returncode == 0, told.stdout


def test_vitest_uses_the_sandbox_that_it_is_given() -> None:
    with sandbox() as running:
        told = run_vitest(TYPESCRIPT, RUNFLOW_MOCK_URL=running.url)
        assert told.returncode == 0, told.stdout
    assert run_vitest(TYPESCRIPT, RUNFLOW_MOCK_URL=running.url).returncode == 1


def test_vitest_fails_where_the_client_breaks_the_contract(tmp_path: Path) -> None:
    """No test looks at the request that is added here; the report on the tenant tells of it."""
    folder = tmp_path / "typescript"
    shutil.copytree(TYPESCRIPT, folder, ignore=shutil.ignore_patterns("node_modules"))
    (folder / "node_modules").symlink_to(TYPESCRIPT / "node_modules")
    client = folder / "vitest" / "photos.ts"
    client.write_text(client.read_text().replace("return run.id;", "await this.send('GET', '/v1/runz').catch(() => 0); return run.id;"))
    told = run_vitest(folder)
    assert told.returncode == 1
    assert "/v1/runz" in told.stdout


def test_shell_script_tells_its_story() -> None:
    with sandbox() as running:
        told = run_script(running.url)
    assert (told.returncode, told.stdout) == (0, TOLD), told.stderr


def test_shell_script_ends_where_nothing_answers() -> None:
    with sandbox() as running:
        url = running.url
    assert run_script(url).returncode == 7


def test_shell_script_passes_shellcheck() -> None:
    told = run_tool("shellcheck", f"--enable={CHECKS}", SCRIPT)
    assert told.returncode == 0, told.stdout


@pytest.mark.parametrize("recipe", ["testcontainers/conftest.py", "typescript/testcontainers/global-setup.ts"])
def test_ports_of_a_container_are_those_of_the_image(recipe: str) -> None:
    """That the container starts, too, is shown by `make image`."""
    (exposed,) = re.findall(r"^EXPOSE (.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    ports = re.findall(r"PORT = (\d+)", (ROOT / "examples" / recipe).read_text())
    assert "8787" in ports
    assert set(ports) <= set(exposed.split())

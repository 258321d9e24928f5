"""Every code block of the documentation: it is run, or there is a reason; and it is well formed in any case."""

import ast
import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from blocks import FAILS, PAGES, REASONS, Block, all_blocks, blocks_of, pattern_of, run_script, script_of, slug_of, write_files
from commands import ROOT, Sandbox, sandbox
from tools import run_tool
from worlds import catalog

from runflow_mock.cli import group
from runflow_mock.wire.scenarios import read_scenario

pytest_plugins = ["pytester"]

PARSERS: Mapping[str, Callable[[str], object]] = {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}
EXAMPLES = tuple(file for file in (ROOT / "examples").rglob("*") if file.is_file() and "node_modules" not in file.parts)
BLOCKS = tuple(all_blocks())
SHELL_PAGES = [page for page in PAGES if script_of(page, with_slow=False)]
SLOW_PAGES = [page for page in PAGES if any(block.is_slow for block in blocks_of(page))]
TEST_PAGES = [page for page in PAGES if any(block.is_test for block in blocks_of(page))]
OF_EVERY_SHELL = frozenset(("HOME", "PATH", "PWD"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def of(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with sandbox("--speed", "1000") as started:
        yield started


def run_page(page: Path, folder: Path, running: Sandbox, *, with_slow: bool) -> None:
    write_files(page, folder)
    key = f"rf_live_mock_{slug_of(page)}"
    done = run_script(script_of(page, with_slow=with_slow), folder, running.url, {"RUNFLOW_API_KEY": key})
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    shown = [block for block in blocks_of(page) if (block.title or "").startswith("output") and (with_slow or page not in SLOW_PAGES)]
    lines = [line for block in shown for line in block.text.splitlines()]
    missing = [line for line in lines if not re.search(f"^{pattern_of(line)}$", done.stdout, re.MULTILINE)]
    assert missing == [], done.stdout


def test_what_is_pasted_into_a_shell_has_no_comments() -> None:
    """At its prompt zsh, the shell of macOS, knows none: `#` is a command or an argument there, and what stands in backticks is run."""
    assert [(block.page.name, line) for block in of("sh") for line in block.text.splitlines() if re.search(r"(\A|\s)#(\s|\Z)", line)] == []


def test_what_is_pasted_into_a_shell_finds_its_variables() -> None:
    """A page that is read alone says before their first use where they come from: by name, or by the command that sets the sandbox's."""
    unsaid = []
    for block in of("sh"):
        before = "".join(block.page.read_text(encoding="utf-8").splitlines(keepends=True)[: block.line]) + block.text
        for found in re.finditer(r"\$\{?([A-Z][A-Z_]+)", block.text):
            said = before[: len(before) - len(block.text) + found.start()]
            if found[1] not in OF_EVERY_SHELL and "runflow-mock env" not in said and not re.search(rf"(?<![${{]){found[1]}\b", said):
                unsaid.append(f"{block.name}: {found[1]}")
    assert unsaid == []


def test_there_is_something_to_run() -> None:
    assert len(SHELL_PAGES) > 10
    assert len(TEST_PAGES) > 5


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("page", SHELL_PAGES, ids=name_of)
def test_commands_of_a_page_work_as_shown(page: Path, tmp_path: Path, running: Sandbox) -> None:
    run_page(page, tmp_path, running, with_slow=False)


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("page", SLOW_PAGES, ids=name_of)
def test_slow_commands_of_a_page_work_as_shown(page: Path, tmp_path: Path, running: Sandbox) -> None:
    run_page(page, tmp_path, running, with_slow=True)


@pytest.mark.slow(is_covering=True)
@pytest.mark.timeout(180)
def test_tests_of_all_pages_pass(pytester: pytest.Pytester) -> None:
    # All in one run: a run for each page would import everything anew.
    files = [file for page in TEST_PAGES for file in write_files(page, pytester.path)]
    result = pytester.runpytest_inprocess("-pno:asyncio", "-pno:randomly", "-pno:xdist", "-pno:cacheprovider", *files)
    outcomes = result.parseoutcomes()
    assert outcomes.keys() == {"passed"}
    assert outcomes["passed"] >= len(files)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("block", [block for block in BLOCKS if block.reason == FAILS], ids=lambda block: block.name)
def test_test_that_should_fail_does_and_says_what_is_shown(block: Block, pytester: pytest.Pytester) -> None:
    write_files(block.page, pytester.path)
    file = pytester.path / (block.title or "test_failing.py")
    file.write_text(block.text, encoding="utf-8")
    result = pytester.runpytest_inprocess("-pno:asyncio", "-pno:randomly", "-pno:xdist", "-pno:cacheprovider", file)
    result.assert_outcomes(failed=1)
    shown = [other.text for other in blocks_of(block.page) if other.title == "failure"]
    assert [line for text in shown for line in text.splitlines() if line not in result.outlines] == []


def test_every_block_says_what_it_is() -> None:
    assert [block.name for block in BLOCKS if not block.language] == []


def test_other_languages_are_shown_from_examples_that_are_run() -> None:
    others = [block for block in BLOCKS if block.language not in ("sh", "python", "text", *PARSERS)]
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in EXAMPLES]
    assert [block.name for block in others if not any(block.text.strip() in text for text in texts)] == []


@pytest.mark.slow(is_covering=True)
def test_data_can_be_parsed() -> None:
    for block in BLOCKS:
        if block.language in PARSERS:
            PARSERS[block.language](block.text)


def test_what_is_not_run_has_a_reason_that_counts() -> None:
    given = {block.reason for block in BLOCKS if block.reason is not None}
    assert given == REASONS


def test_notes_are_understood() -> None:
    known = re.compile(r"not run: .*|slow|table: [a-z-]+|")
    assert [block.name for block in BLOCKS if not known.fullmatch(block.note)] == []


@pytest.mark.parametrize("block", of("sh"), ids=lambda block: block.name)
def test_commands_can_be_parsed(block: Block) -> None:
    subprocess.run(["bash", "-n", "-c", block.text], check=True, timeout=10)


@pytest.mark.parametrize("block", of("python"), ids=lambda block: block.name)
def test_python_can_be_parsed(block: Block) -> None:
    ast.parse(block.text, block.name)


def own_commands() -> list[tuple[str, list[str]]]:
    """The calls of our own command in blocks that are not run."""
    text = "".join(block.text for block in of("sh") if block.reason is not None).replace("\\\n", " ")
    return [(found, shlex.split(found)) for found in re.findall(r"(?<!install )runflow-mock ((?!\n)[^#\n)|&>]+)", text)]


@pytest.mark.parametrize(("shown", "words"), own_commands(), ids=lambda value: value if isinstance(value, str) else "")
def test_own_commands_that_are_not_run_are_understood(shown: str, words: list[str]) -> None:
    name, *arguments = (word.rstrip('"') for word in words)
    command = group.get_command(click.Context(group), name)
    assert isinstance(command, click.Command), shown
    leaf = command.commands[arguments.pop(0)] if isinstance(command, click.Group) else command
    # Parsing tells unknown options and unusable values; nothing is started.
    assert leaf.make_context(name, arguments)


def test_make_targets_that_are_shown_exist() -> None:
    shown = {target for block in of("sh") for target in re.findall(r"^make ([a-z-]+(?: [a-z-]+)*)", block.text, re.MULTILINE)}
    assert [target for targets in shown for target in targets.split() if f"\n{target}:" not in MAKEFILE] == []


def schema_of(value: Mapping[str, Any]) -> str | None:
    """The schema by which a file of this kind is judged; a scenario has none of these."""
    if "jobs" in value:
        return "vendor.github-workflows"
    if "services" in value:
        return "vendor.compose-spec"
    return "vendor.gitlab-ci" if any(isinstance(part, dict) and "script" in part for part in value.values()) else None


@pytest.mark.parametrize("block", of("yaml"), ids=lambda block: block.name)
def test_yaml_is_a_scenario_or_a_file_of_a_known_kind(block: Block) -> None:
    if schema_of(yaml.safe_load(block.text)) is None:
        read_scenario(block.text, block.name, catalog())


@pytest.mark.slow
def test_yaml_fits_its_schema(tmp_path: Path) -> None:
    for block in of("yaml"):
        schema = schema_of(yaml.safe_load(block.text))
        if schema is not None:
            file = tmp_path / "shown.yaml"
            file.write_text(block.text, encoding="utf-8")
            told = run_tool("check-jsonschema", "--builtin-schema", schema, str(file))
            assert told.returncode == 0, f"{block.name}: {told.stdout}"

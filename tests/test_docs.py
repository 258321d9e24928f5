"""The documentation: its tables are what the registries say, nothing is missing from it, and what it shows works."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
from commands import ROOT, sandbox
from doors import Door
from steps import finished_batch, ok
from worlds import catalog

from runflow_mock.domain.fault_kinds import KINDS
from runflow_mock.domain.magic import MAGIC
from runflow_mock.domain.places import CALLBACK_EDGES, EXCHANGE_EDGES, RUN_EDGES
from runflow_mock.wire.faults import WirePlace, WireWhen
from runflow_mock.wire.marked_yaml import read_yaml
from runflow_mock.wire.scenario_schema import scenario_schema
from runflow_mock.wire.scenarios import OWN_KEYS, ScenarioFileError, read_scenario
from runflow_mock.wire.stubs import WireStub

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("**/*.md"))
FILES = sorted((ROOT / "fixtures" / "scenarios").glob("*.yaml"))


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text_of(page), re.DOTALL)


def outcome() -> dict[Path, str]:
    """What the files should hold that are written from registries."""
    spec = spec_from_file_location("tables", DOCS / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("Callable[[], dict[Path, str]]", module.outcome)()


def test_what_is_written_from_registries_is_up_to_date() -> None:
    stale = [file.name for file, text in outcome().items() if file.read_text(encoding="utf-8") != text]
    assert stale == [], "run python docs/tables.py"


def test_links_lead_to_files() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_every_page_is_listed() -> None:
    listed = re.findall(r"\]\(([^)]+)\)", text_of("README.md"))
    assert listed == [page for page in listed if (DOCS / page).exists()]
    assert {page.name for page in PAGES} == {*listed, "README.md"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_kind_is_documented_and_has_a_test(kind: Any) -> None:
    assert f"| `{kind.name}` |" in text_of("faults.md")
    assert any(f'@shows("{kind.name}")' in file.read_text(encoding="utf-8") for file in (ROOT / "tests" / "web").glob("*.py"))


@pytest.mark.parametrize("edge", [*RUN_EDGES, *EXCHANGE_EDGES, *CALLBACK_EDGES])
def test_edge_is_documented(edge: str) -> None:
    assert f"`{edge}`" in text_of("faults.md")


def test_every_field_of_a_rule_is_documented() -> None:
    names = [*WirePlace.__struct_fields__, *WireWhen.__struct_encode_fields__, *WireStub.__struct_fields__]
    assert [name for name in names if f"`{name}`" not in text_of("faults.md")] == []


def test_every_magic_value_is_documented() -> None:
    assert [name for name in MAGIC if f"`mock:{name}`" not in text_of("magic-inputs.md")] == []


def test_every_key_of_a_scenario_is_documented() -> None:
    assert [key for key in OWN_KEYS if f"`{key}`" not in text_of("scenarios.md")] == []


def test_scenario_that_is_shown_comes_true() -> None:
    (example,) = blocks("scenarios.md", "yaml")
    with Door() as door:
        ok(door.request("PUT", "/_mock/scenario", content=example.encode(), headers={"Content-Type": "application/yaml"}))
        finished_batch(door)
        assert ok(door.get("/_mock/scenario"))["held"] is True


def test_error_that_is_shown_is_the_one_that_comes() -> None:
    (example,) = blocks("scenarios.md", "yaml")
    (shown,) = re.findall(r"`(half\.yaml:.*?; )…`", text_of("scenarios.md"))
    with pytest.raises(ScenarioFileError) as caught:
        read_scenario(example.replace("batch.item[", "batch.items["), "half.yaml", catalog())
    assert str(caught.value).startswith(shown)


def test_commands_that_are_shown_work() -> None:
    script = "".join(block for page in ("faults.md", "magic-inputs.md") for block in blocks(page, "sh"))
    with sandbox() as running:
        env = {**os.environ, "RUNFLOW_BASE_URL": running.url, "RUNFLOW_API_KEY": running.ready["key"]}
        command = ["bash", "-euc", script.replace("curl -s", "curl -sf")]
        made = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=env)
    # The creation comes last, and meets the rule by which its answer is lost.
    assert (made.returncode, made.stdout.count('"id"')) == (56, 3)


def schema_errors(value: object) -> Iterator[object]:
    return jsonschema.Draft202012Validator(scenario_schema()).iter_errors(value)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_scenario_fits_the_schema_and_names_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert list(schema_errors(read_yaml(text).value)) == []
    assert text.startswith("# yaml-language-server: $schema=../scenario.schema.json\n")


def test_schema_is_valid_and_refuses_what_the_reader_refuses() -> None:
    jsonschema.Draft202012Validator.check_schema(scenario_schema())
    fail = {"kind": "fail"}
    bad: list[object] = [
        [], {"fautls": []}, {"name": "Ü"}, {"balance": 1.5}, {"faults": [{}]}, {"faults": [{"what": {"kind": "explode"}}]},
        {"faults": [{"what": fail, "where": {"edg": "x"}}]}, {"faults": [{"what": fail, "when": {"tiems": 1}}]}, {"unused": "never"},
        {"stubs": [{"cots": "1"}]}, {"expectations": [{"runs": {"suceeded": 1}}]}, {"expectations": [{"runs": {}}]}, {"models": [{}]},
        {"durations": []}, {"expectations": [{"ledger": {"balance": 1}}]}, {"quota": {"requests": "many"}},
    ]  # fmt: skip
    assert [value for value in bad if not list(schema_errors(value))] == []

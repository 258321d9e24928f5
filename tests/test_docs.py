"""The documentation: its tables are what the registries say, nothing is missing from it, and what it shows works."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import jsonschema
import pytest
from blocks import texts_of
from commands import ROOT
from doors import Door
from steps import finished_batch, ok
from worlds import catalog

from links import faults_of_site
from runflow_mock.cli import COMMANDS
from runflow_mock.cli.ca import trust_variables
from runflow_mock.cli.evidence import FILES as EVIDENCE
from runflow_mock.domain.dialects import SWITCHES
from runflow_mock.domain.fault_kinds import KINDS
from runflow_mock.domain.magic import MAGIC
from runflow_mock.domain.places import CALLBACK_EDGES, EXCHANGE_EDGES, RUN_EDGES
from runflow_mock.packaged import operation_ids
from runflow_mock.runtime.config import environment_for_client
from runflow_mock.testing.runflow import TenantFaults
from runflow_mock.wire.faults import WirePlace, WireWhen
from runflow_mock.wire.marked_yaml import read_yaml
from runflow_mock.wire.scenarios import OWN_KEYS, ScenarioFileError, read_scenario
from runflow_mock.wire.stubs import WireStub
from runflow_mock.wire.tenants import SETTINGS
from tables import outcome, written
from website import navigation, staged
from writing import comparison, dialects, evidence, faults, scenarios
from writing.scenario_schema import scenario_schema

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("**/*.md"))
FILES = sorted((ROOT / "fixtures" / "scenarios").glob("*.yaml"))


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return texts_of(DOCS / page, language)


def test_what_is_written_from_registries_is_up_to_date() -> None:
    stale = [file.name for file, text in outcome().items() if file.read_text(encoding="utf-8") != text]
    assert stale == [], "run python docs/tables.py"


def test_links_lead_to_files() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_every_page_is_listed_and_thus_in_the_navigation() -> None:
    listed = re.findall(r"\]\(([^)]+\.md)\)", text_of("README.md"))
    assert {str(page.relative_to(DOCS)) for page in PAGES} == {*listed, "README.md"}
    assert [page for section in navigation(text_of("README.md"))[1:] for pages in section.values() for page in pages] == [
        {title: page} for title, page in re.findall(r"^- \[([^\]]+)\]\(([^)]+)\)$", text_of("README.md"), re.MULTILINE)
    ]


def test_links_out_of_the_folder_are_plain_text_on_the_site_or_lead_to_the_repository() -> None:
    page, text = (
        DOCS / "reference" / "it.md",
        "[a](../faults.md#b) [the map](../../mock_server/runflow_mock/README.md) ![p](../images/demo.svg)",
    )
    assert staged(text, page, None) == "[a](../faults.md#b) the map ![p](../images/demo.svg)"
    there = "https://forge.example/blob/main/"
    assert f"[the map]({there}mock_server/runflow_mock/README.md)" in staged(text, page, there)


def test_site_with_a_fault_is_found_out(tmp_path: Path) -> None:
    good = '<h1 id="top"></h1><a href="#top"></a><a href="https://elsewhere.example/"></a><link rel="canonical" href="https://x.example/">'
    (tmp_path / "index.html").write_text(good + '<a href="b.html"></a><a href="#nix"></a><script src="https://cdn.example/x.js"></script>')
    assert faults_of_site(tmp_path) == [
        "index.html: loads https://cdn.example/x.js", "index.html: b.html leads nowhere", "index.html: #nix leads nowhere",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_kind_is_documented_and_has_a_test(kind: Any) -> None:
    assert f"| `{kind.name}` |" in text_of("faults.md")
    assert any(f'@shows("{kind.name}")' in file.read_text(encoding="utf-8") for file in (ROOT / "tests" / "web").glob("*.py"))


@pytest.mark.parametrize("edge", [*RUN_EDGES, *EXCHANGE_EDGES, *CALLBACK_EDGES])
def test_edge_is_documented(edge: str) -> None:
    assert f"`{edge}`" in text_of("faults.md")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_line_for_a_test_makes_the_rule_of_the_command(kind: Any) -> None:
    rule = faults.EXAMPLES[kind.name]
    assert rule["what"]["kind"] == kind.name
    asked = {**rule, "where": rule.get("where"), "when": rule.get("when"), "label": None}
    assert made_by(faults.call(rule)) == asked


def made_by(line: str) -> dict[str, Any]:
    """What a line such as `runflow.faults.add(what="fail")` asks of the control API."""

    class Recorder:
        def add_fault(self, **given: Any) -> dict[str, Any]:
            return given

    runflow = SimpleNamespace(faults=TenantFaults(cast("Any", Recorder())))
    return cast("dict[str, Any]", eval(line, {"runflow": runflow}))


@pytest.mark.parametrize("name", COMMANDS)
def test_command_is_documented_with_its_exit_codes(name: str) -> None:
    page = text_of("reference/commands.md")
    sections = [section for section in page.split("\n## ")[1:] if re.match(rf"`{name}[` ]", section)]
    assert sections
    assert [section for section in sections if "**Exit codes:**" not in section] == []


def test_every_variable_for_clients_is_documented() -> None:
    names = [*environment_for_client("http://here", "key"), *trust_variables(Path("ca.pem"))]
    assert [name for name in names if f"`{name}`" not in text_of("reference/environment.md")] == []


def test_every_file_of_the_evidence_is_shown() -> None:
    assert [name for name in EVIDENCE if name not in text_of("tutorials/docker-in-ci.md")] == []


def test_every_switch_has_its_provenance() -> None:
    assert dialects.PROVENANCE.keys() == SWITCHES.keys()


def test_every_setting_of_a_scenario_has_a_meaning() -> None:
    assert [name for name in SETTINGS if name not in scenarios.MEANINGS] == []


def test_counts_of_evidence_add_up() -> None:
    rows = re.findall(r"\| (?:`\w+`|all) \| (\d+) \|", evidence.operations())
    assert sum(map(int, rows[:-1])) == int(rows[-1]) == len(operation_ids())


def test_every_row_of_the_comparison_has_a_cell_for_each_tool() -> None:
    assert [row.name for row in comparison.FEATURES if len(row.others) != len(comparison.TOOLS)] == []
    # What is there in part only says what is missing.
    ours = [(row.ours, row.why) for row in comparison.FEATURES] + [(row.ours, row.why) for row in comparison.AMBITIONS]
    assert [why for cell, why in ours if cell != "Y" and not why] == []


def test_picture_of_the_demo_loads_nothing_from_elsewhere() -> None:
    picture = (DOCS / "images" / "demo.svg").read_text(encoding="utf-8")
    assert "partial_succeeded" in picture
    assert re.findall(r"url\((?!#)[^)]*\)|href=", picture) == []


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


def schema_errors(value: object) -> Iterator[object]:
    return jsonschema.Draft202012Validator(scenario_schema()).iter_errors(value)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_scenario_fits_the_schema_and_names_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert list(schema_errors(read_yaml(text).value)) == []
    assert text.startswith("# yaml-language-server: $schema=../scenario.schema.json\n")


@pytest.mark.slow(is_covering=True)
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


def test_table_that_nobody_makes_is_named_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"no table is called 'run-kind'; did you mean 'run-kinds'\?"):
        written("<!-- table: run-kind -->\n<!-- end of table -->\n")

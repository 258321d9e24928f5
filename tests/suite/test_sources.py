"""Every rule of the suite says on which claim of the contract it rests, and stands on the page of verdicts."""

import json
from pathlib import Path

from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.laws import LAWS, OF_CALLBACKS
from runflow_mock.kit.suite.sources import A_SCHEMA, DOCUMENT, FAMILIES, SOURCES, asked, sources_of
from runflow_mock.resources import data_folder

NAMES = {A_SCHEMA, *LAWS, *OF_CALLBACKS, *(flow.id for flow in FLOWS)}
CLAIMS = {entry["id"] for entry in json.loads((data_folder("contracts") / "provenance.json").read_bytes())}


def test_every_rule_of_the_suite_names_its_source() -> None:
    assert [name for name in sorted(NAMES) if not sources_of(name)] == []
    told = {source for name in NAMES for source in sources_of(name)}
    assert told - CLAIMS == {DOCUMENT}


def test_sources_are_told_of_rules_that_there_are() -> None:
    assert sorted(SOURCES.keys() - NAMES) == []
    assert [start for start in FAMILIES if not any(name.startswith(start) for name in NAMES)] == []


def test_rule_that_nobody_has_explained_has_no_source() -> None:
    assert sources_of("the moon is full") == ()


def test_every_rule_stands_on_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "verdicts.md").read_text(encoding="utf-8")
    told = [name for name, _, _ in asked()]
    assert len(told) == len(set(told))
    assert [name for name in told if f"| `{name}` |" not in page] == []
    missing = [name for name in NAMES if name not in told and not name.startswith(tuple(FAMILIES)) and not name.endswith("_agree")]
    assert missing == []

from functools import partial
from typing import Any

import pytest
from worlds import catalog

from runflow_mock.domain.documents import Json, read_document
from runflow_mock.domain.expectations import Noun, Span
from runflow_mock.domain.scenarios import Scenario
from runflow_mock.domain.tenants import ClockMode, TenantSettings
from runflow_mock.packaged import operation_ids
from runflow_mock.web.operations import OPERATION_IDS
from runflow_mock.wire.scenarios import ScenarioError, ScenarioFileError, decode_scenario, read_scenario
from runflow_mock.wire.tenants import apply_settings

BASE = TenantSettings(name="test", speed=3.0)
MODEL = "runflow/background-removal"


def _read(text: str) -> Scenario:
    return read_scenario(text, "story.yaml", catalog(), "story")


def _error(text: str) -> str:
    with pytest.raises(ScenarioFileError) as caught:
        _read(text)
    return str(caught.value)


def test_empty_object_is_a_scenario_with_the_usual_name() -> None:
    assert _read("{}") == Scenario(name="story")


def test_settings_of_a_tenant_come_on_top_of_the_base() -> None:
    scenario = _read('seed: 7\nclock: manual\nbalance: "1.50"\nswitches: {status_spelling: us}\n')
    settings = apply_settings(scenario, BASE)
    assert (settings.seed, settings.clock, settings.balance, settings.speed) == ("7", ClockMode.MANUAL, 1_500_000, 3.0)
    assert settings.switches == {"status_spelling": "us"}


def test_faults_come_before_stubs_in_their_order() -> None:
    scenario = _read("stubs: [{label: c, cost: '0'}]\nfaults: [{label: a, what: {kind: fail}}, {label: b, what: {kind: callback.drop}}]")
    assert [rule.label for rule in scenario.rules] == ["a", "b", "c"]


def test_bytes_of_files_are_kept() -> None:
    assert _read("stubs: [{files: [{media_type: image/svg+xml, base64: aGk=}]}]").contents == (b"hi",)


def test_expectations_are_numbers_spans_and_amounts() -> None:
    text = "expectations: [{label: x, runs: {failed: 1, total: {at_least: 2, at_most: 3}}}, {ledger: {charged: '0.27'}}]"
    counted, booked = _read(text).expectations
    assert (counted.label, counted.noun, counted.counts) == ("x", Noun.RUNS, {"failed": Span(1, 1), "total": Span(2, 3)})
    assert booked.amounts == {"charged": 270_000}


def test_models_are_changed_where_the_scenario_says_so_and_nowhere_else() -> None:
    before = catalog().get(MODEL)
    (model,) = _read(f"models: [{{id: {MODEL}, active: false, price: {{unit: request, amount: '1.00'}}}}]").models
    assert (model.is_active, model.price.amount, model.input_schema) == (False, 1_000_000, before.input_schema)


def test_durations_are_a_short_form() -> None:
    slow, ranged = _read(f"durations: {{{MODEL}: 10m, fal-ai/kling-video/v2: [60, 2m]}}".replace("fal-ai/kling-video/v2", _other())).models
    assert (slow.run_seconds, ranged.run_seconds) == ((600.0, 600.0), (60.0, 120.0))


def _other() -> str:
    return next(model.id for model in catalog().models if model.is_active and model.id != MODEL)


def test_model_that_the_catalog_does_not_have_is_described_in_full() -> None:
    text = """
models:
  - id: acme/new
    name: New
    input: {type: object}
    price: {unit: request, amount: "0.10"}
    output: {media_type: image/png, file: result}
    run_seconds: [1, 2]
faults:
  - {where: {model: acme/new}, what: {kind: fail}}
"""
    scenario = _read(text)
    assert scenario.models[0].id == scenario.rules[0].where.model == "acme/new"


def test_source_is_the_scenario_as_it_was_written() -> None:
    assert read_document(_read("name: a\nstory: b\n").source) == {"name": "a", "story": "b"}


BAD: dict[str, tuple[str, str]] = {
    "[1]": ("1:1", "a scenario is an object"),
    "a: 1\n}": ("2:1", "not YAML"),
    "name: Über": ("1:1", "name: 'Über' must be of a-z"),
    "story: 5": ("1:1", "story: must be a text"),
    "fautls: []": ("1:1", "no such key; did you mean faults? A scenario takes name, "),
    "lunch: 12": ("1:1", "no such key. A scenario takes name, "),
    "\nclock: sundial": ("2:1", "clock 'sundial' does not exist; choose one of real"),
    "seed: 1\nbalance: 10.50": ("2:1", "(write it in quotes)"),
    "switches: {signature: round}": ("1:1", "round"),
    "keys: [{name: ci, scope: []}]": ("1:19", "unknown field `scope`"),
    "start: yesterday": ("1:1", "start: 'yesterday' is not an instant"),
    "faults: {}": ("1:1", "faults: must be a list"),
    "faults: [{what: {kind: explode}}]": ("1:18", ": faults[0].what.kind 'explode' does not exist; choose one of fail"),
    "faults:\n - what: {kind: fail}\n   where: {edge: run.lunch}": ("3:12", "run.lunch"),
    "faults:\n - what: {kind: fail}\n   when: {times: 0}": ("3:11", "when.times 0 must be from 1"),
    "faults:\n - what: {kind: fail}\n   wehn: {}": ("3:4", "unknown field `wehn`"),
    "faults:\n - what: {kind: fail}\n   where: {edg: x}": ("3:12", "unknown field `edg`"),
    "faults:\n - what: {kind: fail}\n   where: {model: runflow/background-remove}": ("3:12", MODEL),
    "faults:\n - what: {kind: reset}\n   where: {operation: make_run}": ("3:12", "make_run"),
    "faults: [{where: {}}]": ("1:10", "required field `what`"),
    "faults: [1]": ("1:10", "Expected `object`"),
    "stubs: [{cost: cheap}]": ("1:10", ": stubs[0].cost: "),
    "stubs: [{client_ref: a}]": ("1:9", "gives nothing"),
    "models: [{id: a/b}]": ("1:10", "required field"),
    "models: [{}]": ("1:10", "an object with an id"),
    f"models: [{{id: {MODEL}, colour: red}}]": ("1:43", "colour is nothing that a scenario can change"),
    f"models: [{{id: {MODEL}, run_seconds: [3, 1]}}]": ("1:43", "a range from low to high"),
    f"models: [{{id: {MODEL}, price: {{unit: request, amount: much}}}}]": ("1:43", "much"),
    "durations: 5": ("1:1", "an object from models to durations"),
    "durations: {runflow/background-remove: 5}": ("1:13", MODEL),
    f"durations: {{{MODEL}: soon}}": ("1:13", "is not a duration"),
    f"durations: {{{MODEL}: [1, 2, 3]}}": ("1:13", "the shortest and the longest"),
    f"durations: {{{MODEL}: [2, 1]}}": ("1:13", "a range from low to high"),
    "expectations: [{label: x}]": ("1:16", "say one of runs, batches"),
    "expectations: [5]": ("1:16", "an expectation is an object"),
    "expectations: [{runs: {}, batches: {}}]": ("1:27", "takes a label and one of"),
    "expectations: [{runs: {suceeded: 1}}]": ("1:24", "choose from queued"),
    "expectations: [{runs: {total: -1}}]": ("1:24", "must be a number from 0"),
    "expectations: [{runs: {total: {about: 3}}}]": ("1:24", "at_least or at_most"),
    "expectations: [{runs: 5}]": ("1:17", "what is expected"),
    "expectations: [{label: 5, runs: {total: 1}}]": ("1:17", "label must be a text"),
    "expectations: [{ledger: {profit: '1'}}]": ("1:26", "choose from balance"),
    "expectations: [{ledger: {balance: 1.5}}]": ("1:26", "in quotes"),
    "expectations: [{ledger: {balance: much}}]": ("1:26", "much"),
    "expectations: [{requests: {}}]": ("1:17", "what is expected"),
    "expectations: [{requests: {operation: make_run}}]": ("1:28", "make_run"),
    "expectations: [{requests: {sequence: []}}]": ("1:28", "from 1 to"),
    "history: []": ("1:1", "the body of GET /_mock/history"),
    "unused: never": ("1:1", "must be one of error, allowed"),
}


@pytest.mark.parametrize("text", BAD)
def test_what_is_wrong_is_told_with_file_line_column_and_the_way_out(text: str) -> None:
    place, named = BAD[text]
    error = _error(text)
    assert error.startswith(f"story.yaml:{place}: ")
    assert named in error


def test_error_of_a_body_leads_to_its_place_without_lines() -> None:
    body: Json = {"faults": [{"what": {"kind": "fail"}}, {"what": {"kind": "latency"}}]}
    with pytest.raises(ScenarioError, match=r"^faults\[1\]\.what\.seconds is missing"):
        decode_scenario(body, catalog())


@pytest.mark.slow(is_covering=True)
def test_list_is_bounded() -> None:
    many: Any = partial(str.__mul__, "{what: {kind: fail}},")
    assert len(_read(f"faults: [{many(1000)}]").rules) == 1000
    assert "at most 1000" in _error(f"faults: [{many(1001)}]")


def test_rules_may_name_every_operation_of_the_api() -> None:
    assert operation_ids() == OPERATION_IDS

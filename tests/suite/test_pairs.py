"""Every declared pair of operation and status is seen, or it is said why not."""

import pytest

from runflow_mock.kit.sheets.markdown import write_markdown
from runflow_mock.kit.suite.carriers import AppCarrier
from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import play_all
from runflow_mock.kit.suite.pairs import NOT_ANSWERED, NOT_CREATED, NOT_PROVOKED, Unseen, coverage, missing, told, unseen
from runflow_mock.kit.suite.reports import summary_of
from runflow_mock.kit.suite.runner import declared_operations
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.kit.suite.tallies import Tally
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.testing.in_process import InProcess

ANSWERS = {"200": {"description": ""}, "4XX": {"description": ""}, "default": {"description": ""}}
PATHS = {"/v1/runs": {"get": {"operationId": "read", "responses": ANSWERS}, "post": {"operationId": "make", "responses": ANSWERS}}}
DECLARED = declared_operations({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": PATHS})


def seen(*answers: tuple[str, int]) -> Tally:
    tally = Tally()
    tally.answers.update(answers)
    return tally


def test_range_and_default_stand_for_what_is_in_them() -> None:
    tally = seen(("read", 200), ("read", 404), ("make", 503))
    assert [(each.id, status) for each, status in missing(tally, DECLARED)] == [
        ("read", "default"),
        ("make", "200"),
        ("make", "4XX"),
    ]
    assert coverage(tally, DECLARED) == (3, 6)


@pytest.mark.parametrize(("has_control", "reasons"), [(True, {NOT_ANSWERED}), (False, {NOT_PROVOKED, NOT_CREATED})])
def test_what_was_not_seen_has_a_reason(has_control: bool, reasons: set[str]) -> None:
    app = InProcess(callbacks_open=False)
    target = Target(AppCarrier(app), None)
    target.has_control = has_control
    pairs = unseen(seen(("read", 200)), DECLARED, target)
    app.stop()
    assert {each.why for each in pairs} == reasons
    assert {each.operation for each in pairs if each.why == NOT_CREATED} <= {"make"}
    lines = list(told(pairs, shown_max=1))
    assert len(lines) == len(reasons)
    assert all(any(reason in line for line in lines) for reason in reasons)
    report = write_markdown(summary_of(seen(("read", 200)), DECLARED, "Suite", pairs))
    assert "| read | 200 (1) | 4XX, default |" in report
    assert all(f"make {status}" in report for status in ANSWERS)


def test_name_of_an_operation_begins_no_line_of_its_own() -> None:
    assert list(told([Unseen("read\nbroken: x", "200", NOT_CREATED)])) == [rf"not seen, {NOT_CREATED}: read\nbroken: x 200"]


@pytest.mark.slow(is_covering=True)
def test_errors_of_what_needs_no_key_are_seen() -> None:
    nouns = ("health", "readiness", "openapi_json", "docs", "public")
    flows = [flow for flow in FLOWS if flow.id in {f"statuses_of_{noun}" for noun in nouns}]
    app = InProcess(callbacks_open=False)
    tally = play_all(flows, Target(AppCarrier(app), None), packaged_contract())
    app.stop()
    public = [each for each in packaged_contract().operations if each.path.split("/")[2].replace(".", "_") in nouns]
    assert (len(flows), tally.breaches) == (5, [])
    assert [(each.id, status) for each, status in missing(tally, public)] == []

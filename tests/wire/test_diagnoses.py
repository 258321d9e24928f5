from typing import Any

import pytest

from runflow_mock.wire.diagnoses import Diagnosis

CLOCK = {"mode": "manual", "rate": 0, "now": "2026-01-01T00:00:00.000Z", "next_due": "2026-01-01T00:00:01.000Z", "in_flight": 1}
ATTEMPT: dict[str, Any] = {
    "number": 1,
    "status_code": 200,
    "error": None,
    "response_body": "",
    "fault": None,
    "signature": "v1=1",
    "headers": {},
}


def run(**changes: Any) -> dict[str, Any]:
    return {"id": "r1", "callback_url": "http://a.example", "status_code": "succeeded", "batch_id": None, **changes}


def delivery(**changes: Any) -> dict[str, Any]:
    return {
        "id": "d1",
        "run_id": "r1",
        "url": "http://a.example",
        "state": "succeeded",
        "attempts": [ATTEMPT],
        "reason": None,
        "detail": None,
        "next_attempt_at": None,
        **changes,
    }


def told(identifier: str | None = None, *, rules: Any = (), deliveries: Any = (), **records: Any) -> list[str]:
    diagnosis = Diagnosis(CLOCK, rules, deliveries, {each["id"]: ("run", each) for each in records.values()})
    return [f"{finding.about}: {finding.says}" for finding in diagnosis.findings(identifier)]


def test_record_of_a_batch_leads_to_the_batch() -> None:
    (finding,) = told("r1", one=run(batch_id="b1"))
    assert finding.startswith("run r1: it belongs to batch b1")


def test_delivery_is_told_under_its_own_id_and_without_its_record() -> None:
    assert told("d1", deliveries=[delivery(run_id="gone")]) == told(deliveries=[delivery(run_id="gone")])
    assert told("d1", deliveries=[delivery()]) == ["delivery d1 to http://a.example: delivered: attempt 1 was answered 200"]


def test_delivery_under_way_is_told_as_such() -> None:
    attempt = {**ATTEMPT, "status_code": None, "signature": None}
    (finding,) = told("d1", deliveries=[delivery(state="delivering", attempts=[attempt])])
    assert "attempt 1 is under way" in finding


def test_nothing_is_found_under_an_unknown_id() -> None:
    assert told("x", one=run()) == ["x: there is no such run, batch or delivery under this key"]


@pytest.mark.parametrize(
    ("fired", "kind", "count"), [(2, "callback.drop", 1), (0, "callback.drop", 0), (2, "latency", 0)], ids=["fired", "unfired", "other"]
)
def test_rule_that_has_interfered_with_callbacks_is_named(fired: int, kind: str, count: int) -> None:
    rule = {"id": "f1", "what": {"kind": kind}, "fired": fired, "label": "odd"}
    found = told(rules=[rule], deliveries=[delivery()], one=run())
    assert sum("has interfered with callbacks 2 times" in each for each in found) == count


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (run(callback_url=None), "it was created without callback_url"),
        (run(status_code="running"), "it has not ended: it is running"),
        (run(), "it has ended, nothing was sent yet"),
    ],
)
def test_record_without_deliveries_says_why(record: dict[str, Any], says: str) -> None:
    (finding,) = told("r1", one=record)
    assert says in finding

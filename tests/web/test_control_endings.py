"""The end of a tenant in one answer, and what a test asks of a tenant that waits."""

from datetime import UTC, datetime

import pytest
from doors import Door
from steps import RUNS, Body, callback_run, ok, post_fault, post_run

from runflow_mock.domain.signing import verify_timestamped
from runflow_mock.runtime.sender import RecordingSender


def ended(door: Door, *, brief: bool = False) -> Body:
    return ok(door.request("DELETE", f"/_mock/tenants/test?tell=true&brief={str(brief).lower()}"))


def test_tenant_with_nothing_to_say_about_ends_without_evidence(door: Door) -> None:
    post_run(door)
    told = ended(door)
    assert (told["report"]["exchanges"]["total"], told["scene"], told["evidence"]) == (1, None, None)
    assert "test" not in [tenant["tenant"] for tenant in ok(door.get("/_mock/tenants"))["items"]]


def test_tenant_with_nothing_to_say_about_ends_in_brief_without_a_report(door: Door) -> None:
    post_run(door)
    assert ended(door, brief=True) == {"report": None, "scene": None, "evidence": None}
    assert "test" not in [tenant["tenant"] for tenant in ok(door.get("/_mock/tenants"))["items"]]


def test_brief_end_tells_of_a_request_that_leads_nowhere(door: Door) -> None:
    door.get("/v1/runz")
    told = ended(door, brief=True)
    assert [request["path"] for request in told["report"]["unmatched_requests"]] == ["/v1/runz"]


def test_brief_end_tells_of_a_request_that_breaks_the_contract(door: Door) -> None:
    door.post(RUNS, {"client_ref": 7})
    assert ended(door, brief=True)["report"]["violations"]


@pytest.mark.slow(is_covering=True)
def test_brief_end_tells_of_a_callback_that_nobody_took() -> None:
    with Door(sender=RecordingSender(*[503] * 5)) as door:
        callback_run(door)
        ok(door.post("/_mock/clock/run-until-idle", {}))
        assert ended(door, brief=True)["report"]["undelivered_callbacks"]


def test_brief_end_tells_of_an_error_of_ours(door: Door) -> None:
    post_run(door)
    door.runtime.report(door.runtime.tenants.get("test"), ZeroDivisionError("planted"))
    assert ended(door, brief=True)["report"]["background_errors"]
    door.runtime.background_errors.clear()


@pytest.mark.slow(is_covering=True)
def test_brief_end_tells_of_an_unused_rule_and_of_a_story_that_did_not_come_true(door: Door) -> None:
    ok(door.request("PUT", "/_mock/scenario", json={"name": "partial-batch"}))
    told = ended(door, brief=True)
    assert told["scene"]["held"] is False
    assert told["report"]["unfired_faults"]


def test_tenant_with_an_unused_rule_ends_with_everything_that_explains_it(door: Door) -> None:
    post_fault(door, {"client_ref": "sku-2"})
    run = post_run(door, client_ref="sku-1")
    told = ended(door)
    (rule,) = told["report"]["unfired_faults"]
    assert rule["nearest"]["differences"][0]["seen"] == "sku-1"
    assert run["id"] in [step["id"] for step in told["evidence"]["timeline"]]
    assert [exchange["operation"] for exchange in told["evidence"]["journal"]] == ["create_run"]
    assert "history:" in told["evidence"]["scenario"]


@pytest.mark.slow(is_covering=True)
def test_scenario_whose_story_did_not_come_true_ends_with_evidence(door: Door) -> None:
    ok(door.request("PUT", "/_mock/scenario", json={"name": "partial-batch"}))
    told = ended(door)
    assert (told["scene"]["held"], told["evidence"] is not None) == (False, True)


def test_flag_that_is_none_is_refused_and_drops_nothing(door: Door) -> None:
    post_run(door)
    assert door.request("DELETE", "/_mock/tenants/test?tell=maybe").status_code == 422
    ok(door.get("/_mock/tenants/test"))


def test_callback_secret_is_made_once_and_signs(door: Door) -> None:
    first, second = (ok(door.post("/_mock/callback-secret"))["secret"] for _ in range(2))
    callback_run(door)
    door.settle()
    assert isinstance(door.sender, RecordingSender)
    (sent,) = door.sender.sent
    headers = {name.lower(): value for name, value in sent.headers.items()}
    verify_timestamped(
        sent.body,
        signature=headers["runflow-signature"],
        timestamp=headers["runflow-timestamp"],
        secret=first,
        now=datetime.fromtimestamp(int(headers["runflow-timestamp"]), UTC),
    )
    assert first == second
    assert ok(door.get("/_mock/journal"))["total"] == 1


def test_clock_tells_how_many_requests_there_were_and_that_none_is_under_way(door: Door) -> None:
    post_run(door)
    clock = ok(door.get("/_mock/clock"))
    assert (clock["requests"], clock["is_moving"]) == ({"under_way": 0, "total": 1}, False)


def test_answer_at_a_path_that_a_rule_names_is_no_violation(door: Door) -> None:
    post_fault(door, {"path": "/v1/beta/**"}, {"kind": "answer", "status": 200, "body": {"new": True}})
    assert ok(door.get("/v1/beta/things/1")) == {"new": True}
    told = ok(door.get("/_mock/report"))
    assert (told["clean"], told["unmatched_requests"], told["violations"]) == (True, [], [])


def test_answer_to_whatever_comes_hides_no_wrong_path(door: Door) -> None:
    post_fault(door, {}, {"kind": "answer", "status": 503})
    assert door.get("/v1/runz").status_code == 503
    assert [request["path"] for request in ok(door.get("/_mock/report"))["unmatched_requests"]] == ["/v1/runz"]


def test_request_that_breaks_the_contract_is_told_also_where_a_rule_answers_at_its_path(door: Door) -> None:
    post_fault(door, {"path": RUNS}, {"kind": "answer", "status": 503})
    door.post(RUNS, {"client_ref": 7})
    assert ok(door.get("/_mock/report"))["violations"]


def test_fault_in_a_timeline_has_its_kind_and_label_also_when_it_is_gone(door: Door) -> None:
    rule = ok(door.post("/_mock/faults", {"what": {"kind": "fail"}, "label": "provider is down"}), 201)
    post_run(door)
    moved = ok(door.post("/_mock/clock/run-until-idle", {}))["timeline"]
    door.request("DELETE", f"/_mock/faults/{rule['id']}")
    for steps in (moved, ok(door.get("/_mock/timeline"))["items"]):
        assert [(step["what"], step["label"]) for step in steps if step["kind"] == "fault"] == [("fail", "provider is down")]

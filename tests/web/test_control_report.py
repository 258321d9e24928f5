"""The report on a client: everything that was found, and everything that was prepared for nothing."""

import pytest
from doors import MANUAL, Door
from msgspec.structs import replace
from steps import ABSENT, BATCHES, INPUT, RUNS, Body, callback_run, get_run, ok, post_fault, post_run
from worlds import CALLBACK_URL

from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.domain.hygiene import RULES
from runflow_mock.runtime.sender import OutgoingRequest, RecordingSender


class Refusing(RecordingSender):
    """A receiver that always says what it does not like."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self._said = said

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        """Answers 422."""
        return replace(await super().send(request), status_code=422, response_body=self._said, reason="http_error")


def report(door: Door) -> Body:
    return ok(door.get("/_mock/report"))


def verdict(door: Door, rule: str) -> Body:
    return next(found for found in report(door)["verdicts"] if found["rule"] == rule)


@pytest.mark.parametrize("sent", [b'{"input":{"image_url":"https://cdn.example.com/a.png"},"client_ref":%b}', b'{"input":%b}', b"%b"])
@pytest.mark.parametrize("depth", [256, 300, 900])
def test_body_that_is_nested_too_deeply_is_told_as_everything_else(door: Door, sent: bytes, depth: int) -> None:
    """A request that was refused with 400 made the report and the journal of its tenant a 500 for as long as they had it."""
    body = sent % (b"[" * depth + b"]" * depth)
    refused = door.request("POST", RUNS, content=body, headers={"Content-Type": "application/json"})
    assert (refused.status_code, report(door)["clean"]) == (400, False)
    for path in ("journal", "journal.har", "journal?violations=true", "tenants?limit=1"):
        ok(door.get(f"/_mock/{path}"))
    last = ok(door.request("DELETE", "/_mock/tenants/test?tell=true"))
    assert last["report"]["background_errors"] == []


def test_client_that_does_everything_well_is_clean(door: Door) -> None:
    run = post_run(door)
    door.settle()
    get_run(door, run)
    found = report(door)
    assert (found["clean"], found["tenant"], found["exchanges"]) == (True, "test", {"total": 2, "dropped": 0, "unjudged": 0, "waiting": 0})
    assert [found["operation"] for found in found["operations"]] == ["create_run", "get_run"]
    assert [found["rule"] for found in found["verdicts"]] == [rule.id for rule in RULES]


def test_violations_are_counted_by_operation_and_rule(door: Door) -> None:
    for _ in range(2):
        door.post(RUNS, {"input": INPUT, "metadata": 1, "bogus": 2})
    (operation,) = report(door)["operations"]
    assert (operation["operation"], operation["statuses"]) == ("create_run", {"422": 2})
    assert (operation["violations"], operation["notes"]) == ({"type": 2}, {"unknown-field": 2})
    assert {(found["exchange"] is not None, found["rule"]) for found in report(door)["violations"]} == {(True, "type")}
    assert not report(door)["clean"]


def test_broken_rule_shows_its_evidence_and_what_it_asks(door: Door) -> None:
    for _ in range(2):
        door.get(f"/v1/runs/{ABSENT}")
    found = verdict(door, "poll-absent")
    assert (found["verdict"], found["broken"], len(found["evidence"][0]["exchanges"])) == ("broken", 1, 2)
    assert (found["family"], found["weight"], found["source"]) == ("poll", "warning", "errors.absent-and-foreign")
    assert not report(door)["clean"]


def test_reliances_are_summed_up_and_nobodys_fault(door: Door) -> None:
    door.get("/v1/batches")
    door.post(RUNS, {"input": INPUT, "callback_url": CALLBACK_URL})
    found = report(door)
    assert (found["relies_on"], found["clean"]) == ({"callback-scheme": 1, "route": 1}, True)


def test_fault_that_never_fired_is_told_with_the_nearest_miss(door: Door) -> None:
    run = post_run(door, client_ref="sku-1")
    on_run = post_fault(door, {"client_ref": "sku-2"})
    on_request = post_fault(door, {"path": "/v1/runs/*/log"}, {"kind": "answer", "status": 500})
    door.get(f"/v1/runs/{run['id']}/logs")
    first, second = report(door)["unfired_faults"]
    assert (first["id"], first["kind"], first["matched"], first["nearest"]["id"]) == (on_run["id"], "fail", 0, run["id"])
    assert first["nearest"]["differences"] == [{"field": "client_ref", "expected": "sku-2", "seen": "sku-1"}]
    assert second["id"] == on_request["id"]
    assert second["nearest"]["differences"][0]["seen"] == f"/v1/runs/{run['id']}/logs"


def nearest_edges(door: Door) -> list[tuple[str, str] | None]:
    """The edges that were seen and wanted where a rule never fired."""
    misses = [rule["nearest"] for rule in report(door)["unfired_faults"]]
    return [None if miss is None else (miss["differences"][0]["seen"], miss["differences"][0]["expected"]) for miss in misses]


def test_reading_comes_nearest_to_another_reading(door: Door) -> None:
    first, second = post_run(door), post_run(door)
    post_fault(door, {"edge": "on_poll[7]"}, {"kind": "answer", "status": 500})
    post_fault(door, {"edge": "on_poll[2]", "run_id": second["id"]}, {"kind": "answer", "status": 500})
    assert nearest_edges(door) == [None, None]
    for run in (second, first, first):
        door.get(f"/v1/runs/{run['id'].upper()}")
    assert nearest_edges(door) == [("on_poll[2]", "on_poll[7]"), ("on_poll[1]", "on_poll[2]")]


def test_item_comes_nearest_to_another_item(door: Door) -> None:
    post_run(door)
    post_fault(door, {"edge": "batch.item[9]"})
    assert nearest_edges(door) == [None]
    door.post(BATCHES, {"input": [INPUT, INPUT]})
    assert nearest_edges(door) == [("batch.item[1]", "batch.item[9]")]


def test_fault_that_fired_is_not_told(door: Door) -> None:
    post_fault(door, {"client_ref": "sku-1"})
    post_run(door, client_ref="sku-1")
    door.settle()
    found = report(door)
    assert (found["unfired_faults"], found["clean"]) == ([], True)


def test_rule_that_was_met_and_held_back_has_no_miss(door: Door) -> None:
    post_fault(door, {"client_ref": "sku-1"}, when={"after": 5})
    post_run(door, client_ref="sku-1")
    door.settle()
    (unfired,) = report(door)["unfired_faults"]
    assert (unfired["matched"], unfired["nearest"]) == (1, None)


def test_callback_that_was_given_up_is_undelivered_and_one_on_its_way_is_pending() -> None:
    with Door(sender=RecordingSender(*[500] * 5)) as door:
        run = callback_run(door)
        door.post("/_mock/clock/next")
        door.post("/_mock/clock/next")
        door.post("/_mock/clock/next")
        found = report(door)
        assert (found["pending_callbacks"], found["undelivered_callbacks"], found["clean"]) == (1, [], True)
        door.settle()
        found = report(door)
    (undelivered,) = found["undelivered_callbacks"]
    assert (undelivered["about"], undelivered["url"], undelivered["attempts"]) == (run["id"], CALLBACK_URL, 5)
    assert (found["pending_callbacks"], found["clean"]) == (0, False)


def test_callback_that_was_given_up_is_told_with_what_the_receiver_said() -> None:
    said = '{"detail":[{"loc":["body","order"],"msg":"Field required"}]}'
    with Door(sender=Refusing(said)) as door:
        callback_run(door)
        door.settle()
        assert [told["reason"] for told in report(door)["undelivered_callbacks"]] == [f"the receiver answered 422: {said!r}"]


def test_request_that_led_nowhere_is_told_with_the_nearest_route(door: Door) -> None:
    door.get("/v1/run/7")
    door.post("/v1/models/a/b/run", {})
    found = [(each["method"], each["path"], each["nearest"]) for each in report(door)["unmatched_requests"]]
    assert found == [("GET", "/v1/run/7", "GET /v1/runs/{id}"), ("POST", "/v1/models/a/b/run", "POST /v1/models/{model_id}/runs")]
    assert report(door)["operations"][0]["operation"] == "no operation"


def test_errors_of_ours_are_the_tenants_own(door: Door) -> None:
    post_run(door)
    door.get("/v1/runs", key="rf_live_mock_test2")
    for name in ("test", "test2"):
        door.runtime.report(door.runtime.tenants.get(name), ValueError(f"about {name}"))
    found = report(door)
    door.runtime.background_errors.clear()
    assert [error.partition(" at ")[0] for error in found["background_errors"]] == ["tenant test: ValueError: about test"]
    assert not found["clean"]


def test_waiting_for_a_standing_clock_is_hinted_at(door: Door) -> None:
    run = post_run(door)
    for _ in range(20):
        get_run(door, run)
    (hint,) = report(door)["hints"]
    assert run["id"] in hint
    assert report(door)["clean"], "the client cannot know"


def test_tenants_are_reported_on_apart(door: Door) -> None:
    door.get("/v1/nothing")
    other = ok(door.get("/_mock/report", key="rf_live_mock_other"))
    assert (other["tenant"], other["clean"], other["exchanges"]["total"]) == ("other", True, 0)


def test_report_counts_what_has_left_the_journal() -> None:
    with Door(limits=replace(MANUAL.limits, journal_max=4)) as door:
        for _ in range(6):
            door.get("/v1/runs")
            report(door)
        found = report(door)
    assert found["operations"][0]["exchanges"] == 6
    assert found["exchanges"] == {"total": 6, "dropped": 2, "unjudged": 0, "waiting": 0}


def test_fault_rules_answer_is_no_violation(door: Door) -> None:
    post_fault(door, {"method": "POST"}, {"kind": "answer", "status": 422})
    door.post(RUNS, {"input": INPUT})
    (item,) = ok(door.get("/_mock/journal?faulted=true"))["items"]
    assert (item["violations"], item["ours"], item["fault"] is not None) == ([], [], True)
    assert report(door)["clean"]

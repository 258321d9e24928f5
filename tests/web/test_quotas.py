"""A quota per key and window, as clients meet it: 429 with the headers of each dialect, and windows that pass with both clocks."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from answers import Answers
from doors import MANUAL, Clocks, Door
from msgspec.structs import replace
from steps import INPUT, RUNS, Body, advance, finished_run, ok, post_fault, problem, refusal
from uploads import at

from runflow_mock.domain.quotas import NOMINAL_REQUESTS, Quota
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.wire.quotas import parse_quota

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp()
TWO: Body = {"requests": 2, "window": "1m"}
LIMITS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")


class RealTime:
    """Real time that passes when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def clocks(self) -> Clocks:
        return Clocks(monotonic=lambda: self.seconds, wall=lambda: NOON + self.seconds)


@pytest.fixture
def real() -> RealTime:
    return RealTime()


@pytest.fixture
def door(real: RealTime) -> Iterator[Door]:
    with limited(real) as opened:
        yield opened


def limited(real: RealTime, quota: Quota | None = None, **settings: object) -> Door:
    config = replace(MANUAL, quota=quota or parse_quota("2/1m"), **settings)
    return Door(config, clocks=real.clocks(), answers=Answers())


def forgive_dates(door: Door) -> None:
    """A date is HTTP, and more than the API promises: whoever sets a quota of that form wants to see what the client makes of it."""
    wrong = door.answers.take_wrong()
    assert wrong
    assert all("header Retry-After" in each for each in wrong)


def statuses(door: Door, count: int, **kwargs: str) -> list[int]:
    return [door.get("/v1/runs", **kwargs).status_code for _ in range(count)]


def refused_after_two(door: Door) -> httpx.Response:
    assert statuses(door, 2) == [200, 200]
    answer = door.get("/v1/runs")
    problem(answer, 429, "RATE_LIMITED")
    return answer


def shown(door: Door) -> Body:
    return ok(door.get("/_mock/quota"))


def test_request_beyond_the_quota_is_refused_and_does_nothing(door: Door) -> None:
    statuses(door, 2)
    problem(door.post(RUNS, {"input": INPUT}), 429, "RATE_LIMITED")
    door.delete("/_mock/quota")
    assert ok(door.get("/v1/runs"))["items"] == []


def test_message_says_how_much_is_allowed_and_when_it_goes_on(door: Door, real: RealTime) -> None:
    statuses(door, 1)
    real.seconds = 10.5
    statuses(door, 1)
    assert door.get("/v1/runs").json()["message"] == "Rate limit exceeded: 2 requests were sent already; the next window comes in 49.5 s."


def test_quota_counts_for_each_key(door: Door) -> None:
    refused_after_two(door)
    assert statuses(door, 3, key=door.admin_key) == [200, 200, 429]
    assert [(each["key"], each["used"], each["remaining"]) for each in shown(door)["keys"]] == [("default", 2, 0), ("admin", 2, 0)]


def test_quota_counts_for_each_tenant(door: Door) -> None:
    refused_after_two(door)
    assert door.get("/v1/runs", key="rf_live_mock_other").status_code == 200


def test_what_needs_no_key_and_the_control_api_are_not_counted(door: Door) -> None:
    for _ in range(3):
        assert door.get("/v1/health").status_code == door.get("/v1/readiness").status_code == door.get("/_mock/clock").status_code == 200
    assert shown(door)["keys"] == []
    refused_after_two(door)


@pytest.mark.slow(is_covering=True)
def test_files_are_not_counted(real: RealTime) -> None:
    with limited(real, parse_quota("3/1m")) as door:
        url = finished_run(door)["output"]["image_urls"][0]
        assert [at(door, url).status_code for _ in range(4)] == [200] * 4


def test_refusals_of_other_kinds_are_counted(door: Door) -> None:
    door.get("/v1/no/such/route")
    door.get("/v1/runs/nonsense")
    problem(door.get("/v1/runs"), 429, "RATE_LIMITED")


def test_request_that_a_rule_keeps_away_is_not_counted(door: Door) -> None:
    post_fault(door, {}, {"kind": "answer", "status": 503}, {"times": 1})
    assert statuses(door, 4) == [503, 200, 200, 429]


def test_rule_may_act_upon_the_refusal(door: Door) -> None:
    post_fault(door, {}, {"kind": "unknown_fields"})
    refused = [door.get("/v1/runs") for _ in range(3)][-1]
    assert (refused.status_code, "x_unknown" in refused.json()) == (429, True)


@pytest.mark.parametrize(("passed", "status"), [(59.99, 429), (60.0, 200)])
def test_window_passes_with_real_seconds_while_time_stands(door: Door, real: RealTime, passed: float, status: int) -> None:
    refused_after_two(door)
    real.seconds = passed
    assert door.get("/v1/runs").status_code == status


@pytest.mark.parametrize(("moved", "status"), [("59s", 429), ("60s", 200)])
def test_window_passes_with_what_the_clock_is_moved(door: Door, moved: str, status: int) -> None:
    refused_after_two(door)
    advance(door, moved)
    assert door.get("/v1/runs").status_code == status


def test_real_and_moved_time_add_up_where_time_stands(door: Door, real: RealTime) -> None:
    refused_after_two(door)
    real.seconds = 30
    advance(door, "29s")
    assert door.get("/v1/runs").status_code == 429
    advance(door, "1s")
    assert door.get("/v1/runs").status_code == 200


def test_running_clock_counts_real_seconds_once(real: RealTime) -> None:
    with limited(real, clock=ClockMode.REAL) as door:
        refused_after_two(door)
        real.seconds = 31
        assert door.get("/v1/runs").status_code == 429
        advance(door, "29s")
        assert door.get("/v1/runs").status_code == 200


def test_faster_clock_brings_the_next_window_sooner_and_says_so(real: RealTime) -> None:
    with limited(real, clock=ClockMode.SCALED, scale=10.0) as door:
        assert refused_after_two(door).headers["retry-after"] == "6"
        real.seconds = 6
        assert door.get("/v1/runs").status_code == 200


def test_clock_that_is_stopped_in_between_counts_no_second_twice(real: RealTime) -> None:
    with limited(real, clock=ClockMode.REAL) as door:
        refused_after_two(door)
        real.seconds = 40
        ok(door.post("/_mock/clock/freeze"))
        real.seconds = 59
        assert door.get("/v1/runs").status_code == 429
        real.seconds = 60
        assert door.get("/v1/runs").status_code == 200


def test_virtual_client_time_counts_nothing_but_the_clock(real: RealTime) -> None:
    with limited(real, client_time="virtual") as door:
        refused_after_two(door)
        real.seconds = 3_600
        assert door.get("/v1/runs").status_code == 429
        advance(door, "1m")
        assert door.get("/v1/runs").status_code == 200


@pytest.mark.parametrize(
    ("dialect", "form", "value"),
    [
        ("seed", None, "60"),
        ("docs", None, None),
        ("seed", "absent", None),
        ("docs", "seconds", "60"),
    ],
)
def test_retry_after_has_the_form_of_the_quota_or_of_the_dialect(real: RealTime, dialect: str, form: str | None, value: str | None) -> None:
    with limited(real, replace(parse_quota("2/1m"), retry_after=form), dialect=dialect) as door:
        answer = refused_after_two(door)
        assert answer.headers.get("retry-after") == value
        assert not any(name in answer.headers for name in LIMITS)


@pytest.mark.parametrize(("client_time", "date"), [("wall", "Mon, 01 Jun 2026 12:01:00 GMT"), ("virtual", "Thu, 01 Jan 2026 00:01:00 GMT")])
def test_date_lies_on_the_clock_of_the_client(real: RealTime, client_time: str, date: str) -> None:
    with limited(real, parse_quota("2/1m:date"), client_time=client_time) as door:
        assert refused_after_two(door).headers["retry-after"] == date
        forgive_dates(door)


def test_full_headers_are_on_every_answer(real: RealTime) -> None:
    with limited(real, switches={"rate_limit_headers": "full"}) as door:
        answers = [door.get("/v1/runs"), door.get("/v1/runs/nonsense"), door.get("/v1/runs")]
        reset = str(int(NOON) + 60)
        assert [tuple(answer.headers[name] for name in LIMITS) for answer in answers] == [("2", left, reset) for left in ("1", "0", "0")]
        assert [answer.headers.get("retry-after") for answer in answers] == [None, None, "60"]


def test_full_headers_without_a_quota_count_and_refuse_nothing(real: RealTime) -> None:
    with Door(clocks=real.clocks(), switches={"rate_limit_headers": "full"}) as door:
        left = [int(door.get("/v1/runs").headers["x-ratelimit-remaining"]) for _ in range(2)]
        assert left == [NOMINAL_REQUESTS - 1, NOMINAL_REQUESTS - 2]


def test_distorted_answer_has_each_header_once(real: RealTime) -> None:
    with limited(real, switches={"rate_limit_headers": "full"}) as door:
        post_fault(door, {}, {"kind": "answer", "status": 429}, {"times": 1})
        post_fault(door, {}, {"kind": "malformed"})
        for remaining in ("0", "1"):
            assert door.get("/v1/runs").headers.get_list("x-ratelimit-remaining") == [remaining]


def test_quota_is_off_by_default() -> None:
    with Door() as door:
        assert shown(door) == {"quota": None, "keys": []}
        answer = door.get("/v1/runs")
        assert not any(name in answer.headers for name in LIMITS)


def test_quota_is_set_shown_and_lifted_at_run_time() -> None:
    with Door() as door:
        door.get("/v1/runs")
        told = ok(door.request("PUT", "/_mock/quota", json={**TWO, "retry_after": "absent"}))
        assert told == {"quota": {"requests": 2, "window": 60.0, "retry_after": "absent"}, "keys": []}
        refused_after_two(door)
        assert door.delete("/_mock/quota").status_code == 204
        assert statuses(door, 3) == [200, 200, 200]
        assert shown(door)["quota"] is None


def test_new_quota_begins_anew_for_every_key(door: Door) -> None:
    refused_after_two(door)
    ok(door.request("PUT", "/_mock/quota", json={"requests": 1, "window": 60}))
    assert statuses(door, 2) == [200, 429]


def test_reset_brings_back_the_quota_that_the_tenant_was_made_with(door: Door) -> None:
    door.delete("/_mock/quota")
    ok(door.post("/_mock/reset"))
    assert shown(door)["quota"]["requests"] == 2


def test_tenant_is_made_with_a_quota_of_its_own_or_without_one(door: Door) -> None:
    own = ok(door.post("/_mock/tenants", {"name": "own", "quota": {**TWO, "requests": 1}}), 201)
    free = ok(door.post("/_mock/tenants", {"name": "free", "quota": None}), 201)
    usual = ok(door.post("/_mock/tenants", {"name": "usual"}), 201)
    assert own["quota"] == {"requests": 1, "window": 60.0, "retry_after": None}
    assert (free["quota"], usual["quota"]["requests"]) == (None, 2)
    assert [statuses(door, 3, key=made["key"]) for made in (own, free)] == [[200, 429, 429], [200, 200, 200]]


@pytest.mark.parametrize(
    ("quota", "says"), [({"requests": 0, "window": 1}, "quota.requests 0"), ({"requests": 1, "window": 0}, "quota.window 0"), (5, "quota")]
)
def test_tenant_with_a_bad_quota_is_refused_by_name(door: Door, quota: object, says: str) -> None:
    assert says in refusal(door.post("/_mock/tenants", {"quota": quota}), 422)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"{", b"\xff"])
def test_body_that_is_no_quota_is_refused(door: Door, body: bytes) -> None:
    refusal(door.request("PUT", "/_mock/quota", content=body), 422)
    assert shown(door)["quota"]["requests"] == 2


def test_retry_that_obeys_the_header_succeeds(door: Door, real: RealTime) -> None:
    real.seconds = 12.4
    refused = refused_after_two(door)
    real.seconds += int(refused.headers["retry-after"])
    assert door.get("/v1/runs").status_code == 200

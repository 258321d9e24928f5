"""How exactly an instant is told is a server's own, and may be another at each place; beyond that instants stand in their order."""

import json
from datetime import timedelta

import pytest

from runflow_mock.kit.suite.agreements import is_alike, records_agree
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.instants import GRAIN, SKEW, grain_between, is_before, latest
from runflow_mock.kit.suite.laws import LAWS
from runflow_mock.kit.suite.laws_of_callbacks import contradicts_itself
from runflow_mock.kit.suite.memories import Heard, Memory

# The first 48 bits are this instant.
RUN, MADE = "019b76da-a87b-7000-8abc-0123456789ab", "2026-01-01T00:00:00.123Z"
DAY = "2026-01-01T00:00:"
Told = dict[str, object]


def says(name: str, *told: tuple[str, object]) -> list[str]:
    """What a law says of answers to readings, of which the first ones are known by then."""
    memory, found = Memory(), list[str]()
    for number, (path, body) in enumerate(told):
        answer = Answer("GET", path, 200, {}, json.dumps(body).encode(), moment=number)
        memory.look_at(answer)
        assert list(records_agree(answer, memory)) == []
        found += LAWS[name](answer, memory)
    return found


@pytest.mark.parametrize(
    ("texts", "grain"),
    [
        ([f"{DAY}00.123Z", f"{DAY}00.123456789+00:00"], GRAIN),
        ([f"{DAY}00.12Z", f"{DAY}00.123Z"], timedelta(milliseconds=10)),
        ([f"{DAY}00.1Z", f"{DAY}00.12Z"], timedelta(milliseconds=100)),
        ([f"{DAY}00.123Z", f"{DAY}00Z"], timedelta(seconds=1)),
    ],
)
def test_instants_are_as_exact_as_the_least_exact_of_them(texts: list[str], grain: timedelta) -> None:
    assert grain_between(*texts) == grain


@pytest.mark.parametrize(
    ("one", "other", "is_so"),
    [
        (f"{DAY}00.123Z", f"{DAY}00.124Z", False),
        (f"{DAY}00.123Z", f"{DAY}00.125Z", True),
        (f"{DAY}00Z", f"{DAY}00.999Z", False),
        (f"{DAY}00.999Z", f"{DAY}01Z", False),
        (f"{DAY}00Z", f"{DAY}01.001Z", True),
        (f"{DAY}00.1Z", f"{DAY}00.199Z", False),
        (None, f"{DAY}01Z", False),
        (f"{DAY}01Z", "never", False),
    ],
)
def test_instant_lies_before_another_by_more_than_both_are_told(one: object, other: object, is_so: bool) -> None:
    assert is_before(one, other) is is_so
    assert not is_before(other, one)


@pytest.mark.parametrize(
    ("created", "started", "breaches"),
    [
        ("00.123457Z", "00.123456Z", 0),
        ("00.123000Z", "00.122001Z", 0),
        ("00.123457Z", "00.122457Z", 1),
        ("00.124Z", "00.123Z", 1),
        ("01Z", "00Z", 1),
        ("01Z", "00.999999Z", 0),
        ("00.124000Z", "00.123Z", 0),
    ],
)
def test_order_of_a_record_is_held_to_its_last_digit_and_never_beyond_the_millisecond(created: str, started: str, breaches: int) -> None:
    run = {"id": RUN, "created_at": DAY + created, "started_at": DAY + started}
    assert len(says("time_in_order", (f"/v1/runs/{RUN}", run))) == breaches


def test_two_clocks_are_no_order() -> None:
    assert [is_before(f"{DAY}00.000Z", f"{DAY}{end}Z", SKEW) for end in ("01.000", "01.002")] == [False, True]


def test_latest_of_some_instants_is_told_as_it_was_told() -> None:
    assert latest(f"{DAY}01Z", None, f"{DAY}00.999Z", "never") == f"{DAY}01Z"
    assert latest(None, 7) is None


@pytest.mark.parametrize(("one", "other", "is_so"), [("00Z", "00.999Z", True), ("00Z", "01Z", False), ("00.1Z", "00.2Z", False)])
@pytest.mark.parametrize("name", ["created_at", "timestamp"])
def test_instant_is_the_same_where_it_is_told_less_exactly(name: str, one: str, other: str, is_so: bool) -> None:
    assert is_alike(name, f"{DAY}{one}", f"{DAY}{other}") is is_so


@pytest.mark.parametrize(("ended", "lasted", "breaches"), [("02.22Z", 2228, 0), ("02.22Z", 2231, 1), ("02.2Z", 2211, 1)])
def test_duration_is_held_to_the_last_digit_of_its_instants(ended: str, lasted: int, breaches: int) -> None:
    run = {"id": RUN, "status_code": "succeeded", "created_at": f"{DAY}00.00Z", "completed_at": f"{DAY}{ended}", "duration_ms": lasted}
    assert len(says("durations", (f"/v1/runs/{RUN}", run))) == breaches


@pytest.mark.parametrize(
    ("logged", "breaches"), [("00Z", 0), ("00.12Z", 0), ("00.123999Z", 0), ("02.9Z", 0), ("03.1Z", 1), ("00.100Z", 1), ("00.01Z", 1)]
)
def test_log_is_written_in_the_life_of_its_run_as_exactly_as_it_is_told(logged: str, breaches: int) -> None:
    run = {"id": RUN, "created_at": MADE, "completed_at": f"{DAY}02.000Z"}
    log = {"id": RUN[:-1] + "c", "run_id": RUN, "timestamp": DAY + logged}
    assert len(says("in_its_time", (f"/v1/runs/{RUN}", run), (f"/v1/runs/{RUN}/logs", {"items": [log], "next": None}))) == breaches


@pytest.mark.parametrize(
    ("told", "breaches"),
    [
        ({"created_at": f"{DAY}00Z"}, 0),
        ({"created_at": f"{DAY}01Z"}, 0),
        ({"created_at": f"{DAY}02Z"}, 1),
        ({"created_at": f"{DAY}00.1Z"}, 0),
        ({"created_at": f"{DAY}00.126Z"}, 1),
        ({"created_at": f"{DAY}00.123900Z", "started_at": f"{DAY}00.123Z"}, 0),
        ({"created_at": f"{DAY}00.124Z", "started_at": f"{DAY}00.123Z"}, 1),
        ({"created_at": MADE, "started_at": f"{DAY}00Z", "completed_at": f"{DAY}00.123Z"}, 0),
        ({"created_at": MADE, "completed_at": "2025-12-31T23:59:59Z"}, 1),
        ({"created_at": MADE, "updated_at": f"{DAY}00Z"}, 0),
        ({"created_at": MADE, "updated_at": f"{DAY}00.100Z"}, 1),
    ],
)
def test_instants_of_a_record_stand_in_order_as_exactly_as_each_is_told(told: Told, breaches: int) -> None:
    assert len(says("time_in_order", (f"/v1/runs/{RUN}", {"id": RUN, "status_code": "running", "cost": None, **told}))) == breaches


@pytest.mark.parametrize(("later", "breaches"), [("05Z", 0), ("05.12Z", 0), ("05.100Z", 1), ("04Z", 1)])
def test_record_is_not_updated_earlier_than_it_was_told_as_exactly(later: str, breaches: int) -> None:
    told = [{"id": RUN, "updated_at": f"{DAY}{text}"} for text in ("05.123Z", later)]
    assert len(says("progress", *((f"/v1/webhooks/{RUN}", each) for each in told))) == breaches


@pytest.mark.parametrize(("ended", "lasted", "breaches"), [("11Z", 1900, 0), ("11Z", 2100, 1), ("11.000Z", 1900, 1)])
def test_message_lasts_as_exactly_as_its_instants_are_told(ended: str, lasted: int, breaches: int) -> None:
    told = {"event": "run.completed", "run_id": RUN, "status": "succeeded", "duration_ms": lasted}
    content = {**told, "created_at": f"{DAY}10Z", "completed_at": f"{DAY}{ended}"}
    heard = Heard(RUN, 1, "https://app.example/", {}, b"", content)
    assert len(list(contradicts_itself(heard, Memory()))) == breaches


@pytest.mark.parametrize(("ended", "lasted", "breaches"), [("36Z", 36_900, 0), ("36Z", 37_100, 1), ("36.000Z", 36_900, 1)])
def test_judging_lasts_as_exactly_as_its_instants_are_told(ended: str, lasted: int, breaches: int) -> None:
    told = {"submitted_at": f"{DAY}00Z", "completed_at": f"{DAY}{ended}", "eval_duration_ms": lasted}
    assert len(says("judged_at_the_end", (f"/v1/evaluations/{RUN}", {"id": RUN, "status_code": "completed", **told}))) == breaches


@pytest.mark.parametrize(("made", "ended", "breaches"), [("00Z", "02.5Z", 0), ("00.123Z", "02Z", 0), ("00.100Z", "01Z", 1)])
def test_item_lies_in_the_time_of_its_batch_as_exactly_as_that_is_told(made: str, ended: str, breaches: int) -> None:
    batch = {"id": RUN, "created_at": MADE, "completed_at": f"{DAY}{ended}"}
    item = {"id": RUN[:-1] + "c", "batch_id": RUN, "sequence_index": 0, "created_at": f"{DAY}{made}", "completed_at": f"{DAY}02.450Z"}
    told = (f"/v1/batches/{RUN}/items", {"items": [item], "next": None})
    assert len(says("items_of_batches", (f"/v1/batches/{RUN}", batch), told)) == breaches * 2


@pytest.mark.parametrize(("made", "breaches"), [("05Z", 0), ("05.12Z", 0), ("05.000Z", 1), ("04Z", 1)])
def test_what_is_made_later_may_say_so_less_exactly(made: str, breaches: int) -> None:
    memory, found = Memory(), list[str]()
    for method, path, status, text in (("GET", f"/v1/webhooks/{RUN}", 200, "05.123Z"), ("POST", "/v1/webhooks", 201, made)):
        body = json.dumps({"id": RUN, "created_at": f"{DAY}{text}"}).encode()
        answer = Answer(method, path, status, {}, body, moment=1)
        memory.look_at(answer)
        found += LAWS["happens_when_it_says"](answer, memory)
    assert len(found) == breaches

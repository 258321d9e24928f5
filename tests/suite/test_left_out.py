"""What is null may be left out, one thing may be written in several ways, and what lies between a server and the suite says nothing."""

import json

import pytest

from runflow_mock.kit.suite.agreements import is_alike, records_agree
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.laws import LAWS
from runflow_mock.kit.suite.laws_of_lists import has_cursors, has_the_fields, tells_what_ends
from runflow_mock.kit.suite.laws_of_messages import is_get_without_a_body, names_its_request
from runflow_mock.kit.suite.laws_of_refusals import leads_to_the_problem
from runflow_mock.kit.suite.memories import Law, Memory

RUN = "019b76da-a800-7000-8abc-0123456789ab"
RUNS, KEYED = "/v1/models/flux/schnell/runs", {"idempotency-key": "k"}
BEGAN = "2026-01-01T00:00:10.000Z"
Told = dict[str, object]


def says(law: Law, *answers: Answer) -> list[str]:
    memory, found = Memory(), list[str]()
    for answer in answers:
        memory.look_at(answer)
        found += law(answer, memory)
    return found


def read(path: str, body: object, moment: int | None = 1, status: int = 200) -> Answer:
    return Answer("GET", path, status, {}, json.dumps(body).encode(), moment=moment)


def page(**more: object) -> Told:
    return {"items": [{"id": RUN}], **more}


@pytest.mark.parametrize(
    ("first", "then", "later", "breaches"),
    [
        ({"started_at": None}, {}, 1, 0),
        ({}, {"started_at": None}, 1, 0),
        ({}, {"started_at": BEGAN}, 2, 0),
        ({"started_at": BEGAN}, {}, 1, 1),
        ({}, {"started_at": BEGAN}, 1, 1),
        ({"client_ref": "mine"}, {}, 2, 1),
        ({}, {"client_ref": "mine"}, 2, 1),
        ({"client_ref": None}, {}, 2, 0),
    ],
)
def test_what_is_null_may_be_left_out_and_nothing_else(first: Told, then: Told, later: int, breaches: int) -> None:
    alone, listed = read(f"/v1/runs/{RUN}", {"id": RUN, **first}), read("/v1/runs", {"items": [{"id": RUN, **then}]}, later)
    assert len(says(records_agree, alone, listed)) == breaches


@pytest.mark.parametrize("order", [1, -1])
def test_what_was_asked_for_may_be_left_out_where_nobody_asks(order: int) -> None:
    evaluation = {"id": RUN, "judges": [{"id": "j"}]}
    asked, plain = (read(f"/v1/evaluations/{RUN}{query}", told) for query, told in (("?embed=judges", evaluation), ("", {"id": RUN})))
    assert says(records_agree, *(asked, plain)[::order]) == []


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [(f"/v1/runs/{RUN}", "client_ref", "mine"), (f"/v1/assets/{RUN}", "name", "a"), (f"/v1/evaluations/{RUN}", "check_summary", {"a": 1})],
)
def test_name_that_nothing_related_has_is_not_left_out_for_being_asked_for(path: str, name: str, value: object) -> None:
    asked, plain = read(f"{path}?embed={name}", {"id": RUN, name: value}), read(path, {"id": RUN})
    assert len(says(records_agree, asked, plain)) == 1


@pytest.mark.parametrize(
    ("name", "one", "other", "is_so"),
    [
        ("created_at", "2026-01-01T00:00:00.123456Z", "2026-01-01T00:00:00.123Z", True),
        ("created_at", "2026-01-01T00:00:00.123Z", "2026-01-01T00:00:00.124Z", False),
        ("created_at", "2026-01-01T00:00:00.123Z", "yesterday", False),
        ("cost", "0.270000", "0.27", True),
        ("cost", "0.270000", "0.28", False),
        ("cost", "0.270000", None, False),
        ("balance_usd", "1.0", "1.00", True),
        ("cost_per_run", "1.0", "1", True),
        ("estimated_cost", "1.0", "1.1", False),
        ("duration_ms", 1200, 1201, False),
        ("output", {"url": "https://a.example/1?signature=a"}, {"url": "https://a.example/1?signature=b"}, True),
        ("output", {"url": "https://a.example/1?signature=a"}, {"url": "https://a.example/2?signature=a"}, False),
        ("output", "https://a.example/1?X-Amz-Date=1&X-Amz-Signature=a", "https://a.example/1?X-Amz-Date=2&X-Amz-Signature=b", True),
        ("output", "https://a.example/1?sv=1&se=2026&sig=a", "https://a.example/1?sv=1&se=2027&sig=b", True),
        (
            "output",
            "https://a.example/1?Expires=1&Signature=a&Key-Pair-Id=k#t",
            "https://a.example/1?Expires=2&Signature=b&Key-Pair-Id=k#t",
            True,
        ),
        ("output", "https://a.example/view?filename=a.png", "https://a.example/view?filename=b.png", False),
        ("output", "https://a.example/1?design=1&assign=a", "https://a.example/1?design=2&assign=b", False),
        ("output", "https://a.example/1?token=1#t=1", "https://a.example/1?token=2#t=2", False),
        ("output", {"text": "See https://a.example. Is it? Yes"}, {"text": "See https://a.example. Is it? No"}, False),
        ("output", {"text": "https://a.example/?signature=a is it"}, {"text": "https://a.example/?signature=b is it"}, False),
        ("run", {"cost": "1.0", "steps": [{"cost": "0.50"}]}, {"cost": "1", "steps": [{"cost": "0.5"}]}, True),
        ("run", {"cost": "1.0", "steps": [{"cost": "0.50"}]}, {"cost": "1", "steps": [{"cost": "0.6"}]}, False),
        ("run", {"cost": "1.0"}, {"cost": "1", "id": RUN}, False),
        ("runs", [{"cost": "1.0"}], [], False),
        ("metadata", {"cost": "1.0"}, {"cost": "1"}, False),
        ("callback_url", "https://a.example/1?a", "https://a.example/1?b", False),
        ("name", "0.270000", "0.27", False),
    ],
)
def test_one_thing_may_be_written_in_several_ways(name: str, one: object, other: object, is_so: bool) -> None:
    assert is_alike(name, one, other) is is_alike(name, other, one) is is_so


@pytest.mark.parametrize(
    ("body", "status", "breaches"),
    [
        ({"code": "NOT_FOUND", "message": "No."}, 404, 0),
        ({"code": "NOT_FOUND", "message": "No.", "errors": []}, 404, 1),
        ({"code": "NOT_FOUND"}, 404, 1),
        ({"code": "VALIDATION_ERROR", "message": "No."}, 422, 1),
    ],
)
def test_error_may_leave_out_problems_where_there_are_none(body: Told, status: int, breaches: int) -> None:
    assert len(says(LAWS["error_envelope"], read(f"/v1/runs/{RUN}", body, status=status))) == breaches


@pytest.mark.parametrize(
    ("told", "breaches"),
    [
        (page(), 0),
        (page(next="b"), 0),
        (page(next="b", next_pq="b"), 0),
        (page(first=None, next=None, previous=None), 0),
        (page(next=None, previous=None), 1),
        (page(next="b", next_pq="c"), 1),
    ],
)
def test_page_may_leave_out_cursors_that_are_null(told: Told, breaches: int) -> None:
    assert len(says(has_cursors, read("/v1/runs", told))) == breaches


@pytest.mark.parametrize(("told", "breaches"), [(page(), 0), (page(next="c", next_pq="c"), 0), (page(next="c"), 1), (page(next=None), 2)])
def test_cursor_that_is_told_is_told_under_both_names_once_a_server_has_both(told: Told, breaches: int) -> None:
    assert len(says(has_cursors, read("/v1/runs", page(next="b", next_pq="b")), read("/v1/runs", told))) == breaches


@pytest.mark.parametrize(
    ("told", "breaches"), [({"id": RUN, "cost": "1.0"}, 0), ({"id": RUN}, 1), ({"cost": "1.0"}, 1), ({"id": RUN, "cost": "1.0", "x": 1}, 1)]
)
def test_field_that_was_asked_for_is_left_out_only_where_it_is_null(told: Told, breaches: int) -> None:
    def law(answer: Answer, memory: Memory) -> list[str]:
        return [*records_agree(answer, memory), *has_the_fields(answer, memory)]

    known = read(f"/v1/runs/{RUN}", {"id": RUN, "cost": "1.0", "started_at": None})
    asked = read("/v1/runs?fields=id,cost,started_at", {"items": [told]})
    assert len(says(lambda answer, memory: iter(law(answer, memory)), known, asked)) == breaches


@pytest.mark.parametrize(
    ("begun", "ended", "breaches"),
    [("10Z", "11Z", 0), ("10.000Z", "11.000Z", 1), ("10Z", "11.000Z", 1), ("10Z", "12.100Z", 1), ("10Z", "13Z", 1)],
)
def test_duration_is_held_as_exactly_as_instants_are_told(begun: str, ended: str, breaches: int) -> None:
    told = {"created_at": f"2026-01-01T00:00:{begun}", "completed_at": f"2026-01-01T00:00:{ended}"}
    run = {"id": RUN, "status_code": "succeeded", "duration_ms": 1900, **told}
    assert len(says(LAWS["durations"], read(f"/v1/runs/{RUN}", run))) == breaches


@pytest.mark.parametrize(("ends", "breaches"), [(None, 0), (True, 0), (False, 1)])
def test_table_of_states_may_not_say_which_of_them_end(ends: bool | None, breaches: int) -> None:
    table = {"items": [{"code": "failed", "label": "Failed", "is_terminal": ends}]}
    assert len(says(tells_what_ends, read("/v1/runs/statuses", table))) == breaches


@pytest.mark.parametrize(
    ("headers", "breaches"),
    [
        ({"cf-ray": "2-FRA", "x-runtime": "0.2"}, 0),
        ({"etag": 'W/"a"'}, 0),
        ({"etag": '"b"'}, 1),
        ({"content-type": "text/plain"}, 1),
        ({"cache-control": "no-store"}, 1),
    ],
)
def test_headers_of_what_lies_between_may_be_others_in_each_answer(headers: dict[str, str], breaches: int) -> None:
    lasting = {"content-type": "application/json", "etag": '"a"'}
    got = Answer("GET", "/v1/runs", 200, {**lasting, "cf-ray": "1-FRA", "x-runtime": "0.1"}, b"{}", moment=1)
    head = Answer("HEAD", "/v1/runs", 200, {**lasting, **headers}, b"", moment=1)
    assert len(says(is_get_without_a_body, got, head)) == breaches


@pytest.mark.parametrize(("key", "breaches"), [({"idempotency-key": "k"}, 0), ({}, 1)])
def test_answer_that_is_repeated_may_name_the_first_request(key: dict[str, str], breaches: int) -> None:
    made = [Answer("POST", "/v1/webhooks", 201, {"x-request-id": "r"}, b"{}", sent_headers=key) for _ in range(2)]
    assert len(says(names_its_request, *made)) == breaches


@pytest.mark.parametrize(
    ("method", "path", "key", "breaches"),
    [
        ("POST", "/v1/webhooks", "k", 0),
        ("POST", "/v1/webhooks", "other", 1),
        ("POST", "/v1/assets", "k", 1),
        ("POST", "/v1/assets", "other", 1),
        ("PUT", "/v1/webhooks", "k", 1),
    ],
)
def test_answer_may_name_the_request_alone_that_it_repeats(method: str, path: str, key: str, breaches: int) -> None:
    made = Answer("POST", "/v1/webhooks", 201, {"x-request-id": "r"}, b"{}", sent_headers={"idempotency-key": "k"})
    again = Answer(method, path, 201, {"x-request-id": "r"}, b"{}", sent_headers={"idempotency-key": key})
    assert len(says(names_its_request, made, again)) == breaches


@pytest.mark.parametrize(("made", "breaches"), [("r", 0), ("s", 0), ("g", 1)])
def test_run_that_is_told_again_keeps_the_id_of_no_other_request(made: str, breaches: int) -> None:
    other = Answer("GET", "/v1/runs", 200, {"x-request-id": "g"}, b"{}")
    first, again = (
        Answer("POST", RUNS, 201, {"x-request-id": told}, json.dumps({"id": RUN, "request_id": kept}).encode(), sent_headers=KEYED)
        for told, kept in (("r", "r"), ("s", made))
    )
    assert len(says(names_its_request, other, first, again)) == breaches


@pytest.mark.parametrize(
    ("name", "breaches"), [("too-short", 0), ("StringTooShort", 0), ("https://errors.example/short", 0), ("It is too short", 1), ("", 1)]
)
def test_problem_is_called_by_one_word_of_any_form(name: str, breaches: int) -> None:
    problem = {"loc": ["query", "limit"], "msg": "No.", "type": name}
    assert len(says(leads_to_the_problem, read("/v1/runs?limit=0", {"errors": [problem]}, status=422))) == breaches

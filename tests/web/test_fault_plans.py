import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runflow_mock.domain.dialects import dialect_of
from runflow_mock.domain.documents import Document, Json, read_document, write_document
from runflow_mock.domain.fault_kinds import (
    ExchangeKind,
    Hang,
    Html,
    Malformed,
    ResetAfterHeaders,
    Respond,
    SlowBody,
    Truncate,
    UnknownEnum,
    UnknownFields,
    WrongLength,
)
from runflow_mock.web.faults.plans import RESET_BYTES_MAX, SLOW_PIECES, AnswerStyle, End, Plan, ResponseFault, make_plan
from runflow_mock.wire.error_forms import ErrorForm, Reply

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REAL = Reply(200, b'{"id":"x","status_code":"queued"}', ((b"content-type", b"application/json"),))


def _plan(what: ExchangeKind | None, reply: Reply = REAL, *, rate_limit_headers: str = "retry-after") -> Plan:
    style = AnswerStyle(dialect_of("seed", {"rate_limit_headers": rate_limit_headers}), NOW, ErrorForm.JSON)
    return make_plan(ResponseFault(name="rule", what=what), reply, style)


def _headers(plan: Plan) -> dict[str, str]:
    assert len(dict(plan.headers)) == len(plan.headers)
    return {name.decode(): value.decode() for name, value in plan.headers}


def _body(plan: Plan) -> bytes:
    assert _headers(plan)["content-length"] == str(sum(map(len, plan.pieces)))
    return b"".join(plan.pieces)


def test_answer_without_an_effect_leaves_as_it_is() -> None:
    assert (_body(_plan(None)), _plan(None).end) == (REAL.body, End.COMPLETE)


def test_waiting_of_two_rules_adds_up() -> None:
    style = AnswerStyle(dialect_of("seed", {}), NOW, ErrorForm.JSON)
    assert make_plan(ResponseFault(name="rule", what=Hang(60), wait=2), REAL, style).wait == 62


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "BAD_REQUEST"), (401, "UNAUTHORIZED"), (402, "INSUFFICIENT_CREDITS"), (403, "PERMISSION_DENIED"), (404, "NOT_FOUND"),
        (405, "METHOD_NOT_ALLOWED"), (409, "CONFLICT"), (413, "PAYLOAD_TOO_LARGE"), (418, "BAD_REQUEST"), (422, "VALIDATION_ERROR"),
        (429, "RATE_LIMITED"), (500, "INTERNAL_ERROR"), (502, "INTERNAL_ERROR"), (503, "SERVICE_UNAVAILABLE"), (504, "INTERNAL_ERROR"),
    ],
)  # fmt: skip
def test_status_has_its_usual_code(status: int, code: str) -> None:
    plan = _plan(Respond(status=status))
    body = json.loads(_body(plan))
    assert (plan.status, body["code"], list(body)) == (status, code, ["code", "message", "errors"])
    assert (body["errors"] is not None) == (status == 422)


def test_given_code_and_message_take_the_place_of_the_usual_ones() -> None:
    body = json.loads(_body(_plan(Respond(status=503, code="MODEL_UNAVAILABLE", message="come back"))))
    assert body == {"code": "MODEL_UNAVAILABLE", "message": "come back", "errors": None}


@pytest.mark.parametrize("value", [{"a": 1}, [1], "x", 5, None, False])
def test_given_body_is_any_json(value: Json) -> None:
    plan = _plan(Respond(status=200, body=write_document(value)))
    assert (json.loads(_body(plan)), _headers(plan)["content-type"]) == (value, "application/json")


def test_given_text_is_plain_unless_headers_say_otherwise() -> None:
    assert _headers(_plan(Respond(status=500, text="oops")))["content-type"] == "text/plain; charset=utf-8"
    own = _plan(Respond(status=500, text="<p>", headers={"Content-Type": "text/html"}))
    assert (_headers(own)["content-type"], _body(own)) == ("text/html", b"<p>")


@pytest.mark.parametrize(("status", "body"), [(200, b"{}"), (201, b"{}"), (204, b""), (302, b""), (304, b"")])
def test_success_and_redirect_without_a_body_have_the_least_that_is_possible(status: int, body: bytes) -> None:
    assert b"".join(_plan(Respond(status=status)).pieces) == body


@pytest.mark.parametrize("what", [Respond(status=204, text="x"), Respond(status=304, body=Document(b"{}")), Html(304)])
def test_status_that_allows_no_body_gets_none(what: ExchangeKind) -> None:
    assert b"".join(_plan(what).pieces) == b""


@pytest.mark.parametrize(
    ("what", "value"),
    [
        (Respond(status=429), "1"),
        (Respond(status=429, retry_after=2.2), "3"),
        (Respond(status=429, retry_after=0.0), "0"),
        (Respond(status=429, retry_after=90, retry_after_form="date"), "Thu, 01 Jan 2026 00:01:30 GMT"),
        (Respond(status=429, retry_after=False), None),
        (Respond(status=503), None),
        (Respond(status=503, retry_after=5), "5"),
        (Respond(status=429, retry_after=5, headers={"Retry-After": "soon"}), "soon"),
    ],
)
def test_retry_after_is_given_in_its_form_or_left_out(what: Respond, value: str | None) -> None:
    assert _headers(_plan(what)).get("retry-after") == value


@pytest.mark.parametrize(("dialect", "names"), [("none", 0), ("retry-after", 1), ("full", 4)])
def test_usual_429_has_the_headers_of_the_dialect(dialect: str, names: int) -> None:
    headers = _headers(_plan(Respond(status=429), rate_limit_headers=dialect))
    assert len(set(headers) & {"retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"}) == names


def test_page_names_a_status_that_it_does_not_know_an_error() -> None:
    assert b"<h1>599 Error</h1>" in _body(_plan(Html(599)))


@pytest.mark.parametrize(
    ("what", "body", "pieces", "end"),
    [
        (Truncate(), b"abcd", (b"ab",), End.CLOSED),
        (Truncate(), b"a", (b"",), End.CLOSED),
        (Truncate(), b"", (), End.CLOSED),
        (ResetAfterHeaders(), b"abcd", (b"ab",), End.RESET),
        (ResetAfterHeaders(), b"", (b"",), End.RESET),
        (ResetAfterHeaders(), b"x" * 200_000, (b"x" * RESET_BYTES_MAX,), End.RESET),
        (Malformed(), b"", (b"{",), End.COMPLETE),
        (Malformed(), b"[1]", (b"[1",), End.COMPLETE),
        (SlowBody(1.0), b"", (), End.COMPLETE),
        (SlowBody(1.0), b"abc", (b"a", b"b", b"c"), End.COMPLETE),
    ],
)
def test_short_bodies_are_cut_where_they_can_be(what: ExchangeKind, body: bytes, pieces: tuple[bytes, ...], end: End) -> None:
    plan = _plan(what, Reply(200, body))
    assert (plan.pieces, plan.end) == (pieces, end)


@pytest.mark.parametrize(("more", "declared", "beyond"), [(5, 9, b""), (-1, 3, b"d"), (-4, 0, b"abcd"), (-99, 0, b"abcd")])
def test_declared_length_is_off_by_so_many_bytes_and_never_negative(more: int, declared: int, beyond: bytes) -> None:
    plan = _plan(WrongLength(more), Reply(200, b"abcd"))
    assert (_headers(plan)["content-length"], plan.beyond) == (str(declared), beyond)
    assert b"".join((*plan.pieces, plan.beyond)) == b"abcd"


@given(st.binary(max_size=500), st.floats(0.1, 3600))
def test_slow_body_is_whole_and_takes_its_time(body: bytes, seconds: float) -> None:
    plan = _plan(SlowBody(seconds), Reply(200, body))
    assert b"".join(plan.pieces) == body
    assert len(plan.pieces) <= SLOW_PIECES
    assert not plan.pieces or plan.pause * len(plan.pieces) == pytest.approx(seconds)


@pytest.mark.parametrize("what", [UnknownEnum(), UnknownFields()])
@pytest.mark.parametrize("body", [b"", b"\x89PNG\r\n\xff", b"{", b"<html>"])
def test_what_is_no_json_has_no_fields_to_change(what: ExchangeKind, body: bytes) -> None:
    assert _plan(what, Reply(200, body)).pieces == (body,)


NAMES = st.sampled_from(["status_code", "input", "metadata", "a", "b"])
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(NAMES, part, max_size=4),
    max_leaves=12,
)


@given(documents)
def test_changed_answer_differs_in_nothing_but_what_the_kind_says(value: Json) -> None:
    def without(value: Json, name: str) -> Json:
        if isinstance(value, list):
            return [without(part, name) for part in value]
        return {key: without(part, name) for key, part in value.items() if key != name} if isinstance(value, dict) else value

    reply = Reply(200, write_document(value))
    fields = _plan(UnknownFields(Document(b'{"new":1}')), reply)
    assert without(read_document(_body(fields)), "new") == value
    enum = _plan(UnknownEnum(), reply)
    assert without(read_document(_body(enum)), "status_code") == without(value, "status_code")


def test_field_is_changed_wherever_it_stands_but_not_in_what_the_client_sent() -> None:
    value: Json = {"status_code": "queued", "input": {"status_code": "mine"}, "items": [{"status_code": None}, {"status_code": {"a": 1}}]}
    changed = read_document(_body(_plan(UnknownEnum(value="odd"), Reply(200, write_document(value)))))
    assert changed == {"status_code": "odd", "input": {"status_code": "mine"}, "items": [{"status_code": "odd"}, {"status_code": {"a": 1}}]}

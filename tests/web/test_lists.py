import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from doors import Door
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import Body, advance, finished_run, ok, places, post_fault, post_run

from runflow_mock.domain.money import parse_money

SECRETS = "/v1/callback-secrets"

FUZZ = settings(max_examples=60, derandomize=True, deadline=None)
ENVELOPE = {"items", "first", "next", "previous"}


def listed(door: Door, **parameters: Any) -> Body:
    return ok(door.get("/v1/runs", params=parameters))


def ids(page: Body) -> list[str]:
    return [item["id"] for item in page["items"]]


def refs(page: Body) -> list[str]:
    return [item["client_ref"] for item in page["items"]]


def token(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def bound_to(cursor: str) -> str:
    found: str = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[0]
    return found


@pytest.fixture
def runs(door: Door) -> list[Body]:
    """Five runs, oldest first, of which the last but one failed."""
    post_fault(door, {"client_ref": "d"})
    return [finished_run(door, client_ref=name) for name in "abcde"]


def test_empty_list_is_an_envelope(door: Door) -> None:
    assert listed(door) == {"items": [], "first": None, "next": None, "previous": None}


def test_newest_comes_first(door: Door, runs: list[Body]) -> None:
    page = listed(door)
    assert set(page) == ENVELOPE
    assert page["items"] == runs[::-1]


@pytest.mark.slow(is_covering=True)
def test_page_has_50_entries_unless_told_otherwise() -> None:
    with Door(balance=parse_money("100")) as door:
        for _ in range(51):
            post_run(door)
        assert len(listed(door)["items"]) == 50
        assert len(listed(door, limit=51)["items"]) == 51


@pytest.mark.parametrize("limit", ["1", "500"])
def test_limit_from_1_to_500_is_taken(door: Door, limit: str) -> None:
    assert listed(door, limit=limit)["items"] == []


@pytest.mark.parametrize(
    ("limit", "kind"),
    [
        ("0", "greater_than_equal"),
        ("501", "less_than_equal"),
        ("", "int_parsing"),
        ("-1", "int_parsing"),
        ("1.5", "int_parsing"),
        ("ten", "int_parsing"),
        ("²", "int_parsing"),
    ],
)
def test_other_limits_are_refused(door: Door, limit: str, kind: str) -> None:
    assert places(door.get("/v1/runs", params={"limit": limit})) == [(["query", "limit"], kind)]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("client_ref.EQ:'c'", "c"),
        ("client_ref.eq:'c'", "c"),
        ("client_ref:c", "c"),
        ("client_ref=c", "c"),
        ("client_ref:'C'", ""),
        ("status_code:failed", "d"),
        ("status_code:succeeded AND client_ref>b", "ec"),
        ("client_ref:a OR client_ref:e", "ea"),
        ("NOT status_code:succeeded", "d"),
        ("(client_ref:a OR client_ref:d) AND NOT status_code:failed", "a"),
        ("client_ref.ne:'a' AND client_ref.lte:'b'", "b"),
        ("cost>0 AND client_ref<c", "ba"),
        ("failure_code:UPSTREAM_FAILED", "d"),
        ("created_at>2026-04-01", ""),
        ("created_at<2026-04-01", "edcba"),
        ("source_code:api", "edcba"),
        ("  ", "edcba"),
    ],
)
def test_filter_chooses(door: Door, runs: list[Body], q: str, expected: str) -> None:
    assert "".join(refs(listed(door, q=q))) == expected


def test_quotes_in_a_value_are_doubled_or_escaped(door: Door) -> None:
    run = post_run(door, client_ref="it's (mine)")
    for value in ("'it''s (mine)'", r"'it\'s (mine)'"):
        assert ids(listed(door, q=f"client_ref.eq:{value}")) == [run["id"]]


@pytest.mark.parametrize(
    "q", ["client_ref", "client_ref:", "nothing:1", "client_ref.like:'a'", "(client_ref:a", "client_ref:a client_ref:b", "AND", "cost>much",
          "created_at>yesterday", "client_ref:'a", "NOT", "client_ref:a)", "(" * 40 + "cost>1" + ")" * 40, "x" * 4001, "cost>nan"]
)  # fmt: skip
def test_filter_that_cannot_be_read_is_422(door: Door, q: str) -> None:
    assert places(door.get("/v1/runs", params={"q": q})) == [(["query", "q"], "value_error")]


@pytest.mark.parametrize(
    ("sort_by", "expected"),
    [
        ("created_at:asc", "abcde"),
        ("created_at", "abcde"),
        ("created_at:DESC", "edcba"),
        ("client_ref:desc", "edcba"),
        ("status_code:asc,client_ref:desc", "decba"),
        ("status_code, client_ref:asc", "dabce"),
        ("id", "abcde"),
        ("cost:asc,id", "dabce"),
    ],
)
def test_order_is_as_asked(door: Door, runs: list[Body], sort_by: str, expected: str) -> None:
    assert "".join(refs(listed(door, sort_by=sort_by))) == expected


@pytest.mark.parametrize("sort_by", ["nothing", "created_at:down", ",", "output", "created_at:asc,"])
def test_order_that_does_not_exist_is_422(door: Door, sort_by: str) -> None:
    assert places(door.get("/v1/runs", params={"sort_by": sort_by})) == [(["query", "sort_by"], "value_error")]


def test_projection_gives_exactly_the_fields_asked_for(door: Door, runs: list[Body]) -> None:
    page = listed(door, fields="client_ref,output , status_code", limit=1)
    assert page["items"] == [{name: runs[-1][name] for name in ("client_ref", "output", "status_code")}]


def test_unknown_field_in_a_projection_is_422(door: Door, runs: list[Body]) -> None:
    assert places(door.get("/v1/runs?fields=id,nothing")) == [(["query", "fields"], "value_error")]


@pytest.mark.parametrize("path", ["/v1/runs", "/v1/batches", "/v1/callback-secrets", "/v1/webhooks", "/v1/assets"])
def test_unknown_field_is_422_where_nothing_is_listed(door: Door, path: str) -> None:
    assert places(door.get(f"{path}?fields=id,made_up")) == [(["query", "fields"], "value_error")]
    assert ok(door.get(f"{path}?fields=id,created_at"))["items"] == []


def test_refusal_of_an_unknown_field_names_the_same_ones_with_and_without_items(door: Door) -> None:
    empty = door.get("/v1/runs?fields=made_up").json()
    post_run(door)
    assert door.get("/v1/runs?fields=made_up").json() == empty


def test_unknown_field_of_a_page_that_a_filter_empties_is_422(door: Door) -> None:
    path = "/v1/models/google/nano-banana-pro/edit/examples?q=id.eq:'none'"
    assert ok(door.get(path))["items"] == []
    assert places(door.get(f"{path}&fields=made_up")) == [(["query", "fields"], "value_error")]


def test_query_of_a_production_client_works(door: Door, runs: list[Body]) -> None:
    page = listed(
        door,
        q="client_ref.EQ:'b'",
        fields="id,status_code,client_ref,output,input,cost,duration_ms,created_at",
        sort_by="created_at:asc",
        limit=100,
    )
    assert ids(page) == [runs[1]["id"]]


def walk(door: Door, **parameters: Any) -> list[str]:
    found, cursor = [], None
    while True:
        page = listed(door, **parameters, **({"pq": cursor} if cursor else {}))
        found += refs(page)
        cursor = page["next"]
        if cursor is None:
            return found


@pytest.mark.parametrize(
    "sort_by", ["created_at:desc", "created_at:asc", "client_ref:asc", "status_code:desc", "cost:asc,client_ref:desc", "id:desc"]
)
@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_joined_give_each_record_once_in_order(door: Door, runs: list[Body], sort_by: str, limit: int) -> None:
    assert walk(door, sort_by=sort_by, limit=limit) == refs(listed(door, sort_by=sort_by))


@pytest.mark.parametrize("sort_by", ["created_at:desc", "status_code:asc,client_ref:asc"])
def test_walking_back_gives_the_page_before(door: Door, runs: list[Body], sort_by: str) -> None:
    first = listed(door, limit=2, sort_by=sort_by)
    second = listed(door, limit=2, sort_by=sort_by, pq=first["next"])
    assert (first["previous"], first["first"]) == (None, None)
    back = listed(door, limit=2, sort_by=sort_by, pq=second["previous"], from_prev="true")
    assert back["items"] == first["items"]
    assert listed(door, limit=2, sort_by=sort_by, pq=second["first"]) == first


def test_new_records_do_not_shift_the_pages_of_a_walk(door: Door, runs: list[Body]) -> None:
    page = listed(door, limit=2)
    seen = refs(page)
    while page["next"]:
        post_run(door, client_ref="new")
        page = listed(door, limit=2, pq=page["next"])
        seen += refs(page)
    assert "".join(seen) == "edcba"


def test_order_of_equal_records_is_stable_while_new_ones_come(door: Door, runs: list[Body]) -> None:
    page = listed(door, limit=2, sort_by="target_type")
    post_run(door, client_ref="new")
    rest = listed(door, limit=9, sort_by="target_type", pq=page["next"])
    assert "".join(refs(page) + refs(rest)) == "abcdenew"


@pytest.mark.parametrize("other", [{"q": "client_ref>a"}, {"sort_by": "created_at:asc"}, {"sort_by": "client_ref"}])
def test_cursor_belongs_to_its_filter_and_order(door: Door, runs: list[Body], other: dict[str, str]) -> None:
    cursor = listed(door, limit=2)["next"]
    assert places(door.get("/v1/runs", params={"pq": cursor, **other})) == [(["query", "pq"], "value_error")]


def test_cursor_allows_another_limit_and_projection(door: Door, runs: list[Body]) -> None:
    cursor = listed(door, limit=2)["next"]
    assert listed(door, pq=cursor, limit=1, fields="client_ref")["items"] == [{"client_ref": "c"}]


@pytest.mark.slow(is_covering=True)
def test_crafted_cursor_is_422(door: Door, runs: list[Body]) -> None:
    right = bound_to(listed(door, limit=1)["next"])
    crafted = [
        *("x", "%", "é", "=" * 8, "A" * 5000),
        *(base64.urlsafe_b64encode(raw).decode() for raw in (b"\xff\xfe", b"[" * 3000)),
        *(token(), token(1), token({"a": 1}), token("other", "a", ["b"])),
        *(token(right, 7, []), token(right, ["a"], [None]), token(right, "a", "text")),
        *(token(right, "a", found) for found in ([7, 8], ["yesterday"], [{"x": 1}])),
    ]
    for pq in crafted:
        assert places(door.get("/v1/runs", params={"pq": pq})) == [(["query", "pq"], "value_error")], pq


@pytest.mark.parametrize("sort_by", ["created_at", "created_at:desc", "label", "label:desc"])
def test_page_that_was_emptied_by_deletions_leads_to_the_records_beside_it(door: Door, sort_by: str) -> None:
    secrets = {label: ok(door.post(SECRETS, {"label": label}), 201)["id"] for label in "abcdef"}
    labels = sorted(secrets, reverse=sort_by.endswith("desc"))

    def page(**parameters: str) -> tuple[list[str], Body]:
        found = ok(door.get(SECRETS, params={"limit": 2, "sort_by": sort_by, **parameters}))
        return [entry["label"] for entry in found["items"]], found

    def delete(gone: list[str]) -> None:
        assert {door.delete(f"{SECRETS}/{secrets[label]}").status_code for label in gone} == {204}

    middle = page(pq=page()[1]["next"])[1]
    delete(labels[4:])
    seen, last = page(pq=middle["next"])
    assert (seen, last["previous"] is None, last["next"]) == ([], False, None)
    seen, back = page(pq=last["previous"], from_prev="true")
    assert (seen, back["items"]) == (labels[2:4], middle["items"])
    delete(labels[:2])
    seen, first = page(pq=back["previous"], from_prev="true")
    assert (seen, first["previous"], first["next"] is None) == ([], None, False)
    assert page(pq=first["next"])[0] == labels[2:4]


@pytest.mark.parametrize("flag", ["true", "TRUE", "1", "false", "0"])
def test_flag_is_read_in_its_usual_forms(door: Door, flag: str) -> None:
    assert listed(door, from_prev=flag)["items"] == []


def test_flag_of_another_form_is_422(door: Door) -> None:
    for text in ("maybe", ""):
        assert places(door.get(f"/v1/runs?from_prev={text}")) == [(["query", "from_prev"], "bool_parsing")]


def test_list_shows_the_state_of_this_moment(door: Door) -> None:
    post_run(door)
    assert [item["status_code"] for item in listed(door)["items"]] == ["queued"]
    advance(door, "1h")
    assert [item["status_code"] for item in listed(door)["items"]] == ["succeeded"]


words = st.sampled_from(
    [
        "id",
        "cost",
        "created_at",
        "status_code",
        "client_ref",
        ":",
        "=",
        ">",
        ".eq:",
        "'",
        "(",
        ")",
        "AND",
        "OR",
        "NOT",
        " ",
        ",",
        "asc",
        "desc",
        "7",
    ]
)
texts = st.lists(words | st.text(max_size=3), max_size=8).map("".join)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("path", ["/v1/runs", "/v1/batches", "/v1/runs/any/logs", "/v1/callback-secrets"])
@pytest.mark.parametrize("name", ["q", "sort_by", "fields", "limit", "pq", "from_prev"])
def test_any_text_in_a_parameter_is_answered_200_or_422(door: Door, path: str, name: str) -> None:
    finished_run(door)

    @settings(FUZZ, max_examples=25)
    @given(text=texts)
    def is_answered(text: str) -> None:
        assert door.get(f"{path}?{name}={quote(text, errors='replace')}").status_code in {200, 422}

    is_answered()


@pytest.mark.slow(is_covering=True)
def test_any_crafted_cursor_is_answered_200_or_422(door: Door) -> None:
    finished_run(door)
    finished_run(door)
    queries = {
        sort_by: bound_to(listed(door, sort_by=sort_by, limit=1)["next"]) for sort_by in ("created_at:asc", "cost", "feedback_is_positive")
    }

    @FUZZ
    @given(sort_by=st.sampled_from(list(queries)), record_id=st.text(max_size=3) | values, found=st.lists(values, max_size=2) | values)
    def is_answered(sort_by: str, record_id: Any, found: Any) -> None:
        pq = token(queries[sort_by], record_id, found)
        assert door.get("/v1/runs", params={"pq": pq, "sort_by": sort_by}).status_code in {200, 422}

    is_answered()

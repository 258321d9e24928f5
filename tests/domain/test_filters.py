from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rows import FIELDS, MIDNIGHT, VALUES, Row, rows_of

from runflow_mock.domain.filters import DEPTH_MAX, EXPRESSION_CHARACTERS_MAX, QueryError, parse_filter

ROWS = (
    Row(id="1", status="queued", ref="a", cost=0.5, flag=True),
    Row(id="2", status="running", ref="it's", cost=2.0, flag=False, created_at=MIDNIGHT.replace(hour=12)),
    Row(id="3", status="queued", ref=None, cost=None, flag=None, created_at=MIDNIGHT.replace(day=2)),
    Row(id="4", status="AND", ref="", cost=-1.0, flag=True, created_at=MIDNIGHT.replace(day=3)),
)
WORDS = [
    "(",
    ")",
    "AND",
    "OR",
    "NOT",
    " ",
    "'",
    "\\",
    "status",
    "cost",
    "flag",
    ".eq:",
    ":",
    ">=",
    "<",
    "'x'",
    "queued",
    "0.5",
    "nope",
    "é",
]
NOISE = st.lists(st.sampled_from(WORDS), max_size=25).map("".join) | st.text(max_size=30)
Claim = tuple[str, Callable[[Row], bool]]
LEAVES: tuple[Claim, ...] = (
    ("status:queued", lambda row: row.status == "queued"),
    ("ref.eq:'a'", lambda row: row.ref == "a"),
    ("ref.ne:'a'", lambda row: row.ref != "a"),
    ("cost>=0.14", lambda row: row.cost is not None and row.cost >= 0.14),
    ("cost<2", lambda row: row.cost is not None and row.cost < 2),
    ("flag=true", lambda row: row.flag is True),
)


def _found(expression: str) -> str:
    """The ids of the rows that fit."""
    predicate = parse_filter(expression, FIELDS)
    return "".join(row.id for row in ROWS if predicate(row))


def _tests(inner: st.SearchStrategy[Claim]) -> st.SearchStrategy[Claim]:
    """Tests made of tests, written with parentheses around every part."""

    def both(pair: tuple[Claim, Claim]) -> Claim:
        (one, first), (other, second) = pair
        return f"({one}) AND ({other})", lambda row: first(row) and second(row)

    def either(pair: tuple[Claim, Claim]) -> Claim:
        (one, first), (other, second) = pair
        return f"({one}) OR ({other})", lambda row: first(row) or second(row)

    negated: st.SearchStrategy[Claim] = inner.map(lambda test: (f"NOT ({test[0]})", lambda row: not test[1](row)))
    pairs = st.tuples(inner, inner)
    return pairs.map(both) | pairs.map(either) | negated


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("status.eq:'queued'", "13"),
        ("status.EQ:'queued'", "13"),
        ("status.Eq: 'queued'", "13"),
        ("status.ne:'queued'", "24"),
        ("status.neq:queued", "24"),
        ("status:queued", "13"),
        ("status=queued", "13"),
        ("  status:queued  ", "13"),
        ("cost>0.5", "2"),
        ("cost>=0.5", "12"),
        ("cost<0.5", "4"),
        ("cost<=0.5", "14"),
        ("cost.gt:0.5", "2"),
        ("cost.ge:0.5", "12"),
        ("cost.gte:'0.5'", "12"),
        ("cost.lt:0.5", "4"),
        ("cost.le:0.5", "14"),
        ("cost.lte:0.5", "14"),
        ("cost:2.000000", "2"),
        ("flag:true", "14"),
        ("created_at>2026-04-01", "234"),
        ("created_at<2026-04-01T13:00:00+01:00", "1"),
        ("created_at<=2026-04-01T12:00:00Z", "12"),
    ],
)
def test_comparison_in_every_form(expression: str, found: str) -> None:
    assert _found(expression) == found


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("status:queued AND flag:true", "1"),
        ("status:queued OR flag:true", "134"),
        ("NOT status:queued", "24"),
        ("NOT status:queued AND flag:true", "4"),
        ("NOT (status:queued AND flag:true)", "234"),
        ("NOT NOT status:queued", "13"),
        ("NOT(status:queued)", "24"),
        ("ref:a OR status:queued AND cost>1", "1"),
        ("(ref:a OR status:queued) AND cost<1", "1"),
        ("flag:false OR status:queued AND flag:true", "12"),
        ("(flag:false OR status:queued) AND flag:true", "1"),
        ("status:queued AND flag:true OR flag:false", "12"),
        ("((status:queued))", "13"),
        ("status:AND", "4"),
        ("status:AND AND flag:true", "4"),
        ("status.eq:'AND' OR ref:a", "14"),
    ],
)
def test_not_binds_tighter_than_and_which_binds_tighter_than_or(expression: str, found: str) -> None:
    assert _found(expression) == found


@pytest.mark.parametrize(
    ("expression", "found"), [("ref:'it''s'", "2"), (r"ref:'it\'s'", "2"), ("ref:''", "4"), ("ref:'A'", ""), ("ref:' a'", "")]
)
def test_quoted_text_is_taken_literally(expression: str, found: str) -> None:
    assert _found(expression) == found


@pytest.mark.parametrize(
    ("expression", "found"), [("cost>-100", "124"), ("cost<100", "124"), ("NOT cost<100", "3"), ("cost.ne:2", "134"), ("ref:None", "")]
)
def test_nothing_is_neither_more_nor_less_nor_equal(expression: str, found: str) -> None:
    assert _found(expression) == found


@pytest.mark.parametrize(
    ("expression", "evidence"),
    [
        ("", "the expression ends where a comparison"),
        ("status:queued AND", "the expression ends where a comparison"),
        ("nope:1", "unknown field 'nope'; known are cost, created_at, flag, id, ref, status"),
        ("ORDER:1", "unknown field 'ORDER'"),
        ("status.like:'q%'", "unknown operator 'like'; known are eq, ne, gt, gte, lt, lte"),
        ("cost>cheap", "cost cannot be compared with 'cheap'"),
        ("flag:maybe", "flag cannot be compared with 'maybe': not true or false"),
        ("created_at>yesterday", "created_at cannot be compared with 'yesterday'"),
        ("status", "cannot read 'status'"),
        ("status:", "cannot read 'status:'"),
        ("status:'queued", "cannot read"),
        ("status:queued and flag:true", "cannot read 'and flag:true'"),
        ("status:queued flag:true", "unexpected 'flag:true' after the expression"),
        ("(status:queued", "a parenthesis is not closed"),
        ("status:queued)", r"unexpected '\)' after the expression"),
        ("()", r"unexpected '\)' where a comparison"),
        ("AND status:queued", "unexpected 'AND' where a comparison"),
        ("status:queued OR OR flag:true", "unexpected 'OR' where a comparison"),
    ],
)
def test_error_names_what_cannot_be_understood(expression: str, evidence: str) -> None:
    with pytest.raises(QueryError, match=evidence) as caught:
        parse_filter(expression, FIELDS)
    assert caught.value.parameter == "q"


@pytest.mark.parametrize("nest", [lambda depth: "NOT " * depth + "flag:true", lambda depth: "(" * depth + "flag:true" + ")" * depth])
def test_nesting_is_limited(nest: Callable[[int], str]) -> None:
    assert _found(nest(DEPTH_MAX)) == "14"
    with pytest.raises(QueryError, match=f"more than {DEPTH_MAX} deep"):
        parse_filter(nest(DEPTH_MAX + 1), FIELDS)


def test_length_is_limited() -> None:
    assert _found("status:queued" + " " * (EXPRESSION_CHARACTERS_MAX - 13)) == "13"
    with pytest.raises(QueryError, match="4001 characters, at most 4000"):
        parse_filter("status:queued" + " " * (EXPRESSION_CHARACTERS_MAX - 12), FIELDS)


def test_long_chain_needs_no_nesting() -> None:
    assert _found(" OR ".join(["ref:a"] * 400)) == "1"


@pytest.mark.slow(is_covering=True)
@given(NOISE)
@example("'" * EXPRESSION_CHARACTERS_MAX)
@example("status:'" + "''" * 1_990)
@example("cost:1e999")
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_text_is_a_filter_or_a_query_error(text: str) -> None:
    try:
        predicate = parse_filter(text, FIELDS)
    except QueryError:
        return
    assert all(isinstance(predicate(row), bool) for row in ROWS)


@pytest.mark.slow(is_covering=True)
@given(st.recursive(st.sampled_from(LEAVES), _tests, max_leaves=5), VALUES)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_filter_says_what_the_expression_means(test: Claim, values: tuple[str, str | None, float | None, bool | None, int]) -> None:
    expression, meaning = test
    (row,) = rows_of([values])
    assert parse_filter(expression, FIELDS)(row) is meaning(row)

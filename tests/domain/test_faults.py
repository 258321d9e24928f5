from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace
from records import SEED, a_run
from worlds import START

from runflow_mock.domain.documents import Json, write_document
from runflow_mock.domain.fault_kinds import Fail, Succeed
from runflow_mock.domain.faults import AT_ATTEMPTS, AT_EDGES, NO_DECISION, Decision, FaultRule, RuleMet, When, choose, evolve
from runflow_mock.domain.identity import BatchId, RuleId
from runflow_mock.domain.places import DISPATCH_EDGE, FINISH_EDGES, START_EDGE, Where
from runflow_mock.domain.runs import Run
from runflow_mock.domain.subjects import run_subject

FAIL = Fail()
ANYWHERE = Where()
ALWAYS = When()
ITEM = a_run(batch_id=BatchId("batch"), sequence_index=3, client_ref="sku-3", metadata=write_document({"team": "a", "n": [1]}))


def _rule(number: int = 1, *, where: Where = ANYWHERE, what: Fail | Succeed = FAIL, when: When = ALWAYS) -> FaultRule:
    return FaultRule(id=RuleId(f"rule {number}"), where=where, what=what, when=when)


def _choose(rules: Sequence[FaultRule], run: Run, edges: tuple[str, ...], now: datetime = START) -> Decision:
    return choose(rules, AT_EDGES, run_subject(run, edges), now, SEED)


def _fires(when: When, matches: int = 8, now: datetime = START) -> list[bool]:
    """Meets a rule a number of times and tells when it fired."""
    rule, fired = _rule(when=when), []
    for _ in range(matches):
        (met,) = _choose([rule], ITEM, FINISH_EDGES, now).met
        assert isinstance(met, RuleMet)
        fired.append(met.fired)
        rule = evolve(rule, met)
    assert (rule.matched, rule.fired) == (matches, sum(fired))
    return fired


def test_without_rules_nothing_happens() -> None:
    assert _choose([], ITEM, FINISH_EDGES) is NO_DECISION


def test_rule_without_a_place_stands_at_the_end_of_a_run() -> None:
    assert _choose([_rule()], ITEM, FINISH_EDGES) == Decision((RuleMet(RuleId("rule 1"), START, fired=True),), FAIL)
    assert _choose([_rule()], ITEM, (DISPATCH_EDGE,)) is NO_DECISION


@pytest.mark.parametrize("edges", [(DISPATCH_EDGE,), (START_EDGE,), (*FINISH_EDGES, "batch.item[3]")])
@pytest.mark.parametrize("edge", [DISPATCH_EDGE, START_EDGE, *FINISH_EDGES, "batch.item[3]", "batch.item[1]"])
def test_rule_is_met_at_its_own_edge_only(edge: str, edges: tuple[str, ...]) -> None:
    decision = _choose([_rule(where=Where(edge=edge))], ITEM, edges)
    assert (decision.what is FAIL) is (edge in edges)


@pytest.mark.parametrize(
    "where",
    [
        Where(model=ITEM.model),
        Where(client_ref="sku-3"),
        Where(run_id=ITEM.id),
        Where(batch_id="batch"),
        Where(input=write_document({})),
        Where(input=write_document({"image_url": "https://cdn.example.com/shirt.jpg"})),
        Where(metadata=write_document({"n": [1]})),
        Where(model=ITEM.model, client_ref="sku-3", metadata=write_document({"team": "a"})),
    ],
)
def test_rule_fits_when_every_field_that_is_set_does(where: Where) -> None:
    assert _choose([_rule(where=where)], ITEM, FINISH_EDGES).what is FAIL


@pytest.mark.parametrize(
    "where",
    [
        Where(model="another/model"),
        Where(client_ref="sku-4"),
        Where(run_id="another"),
        Where(batch_id="another"),
        Where(input=write_document({"image_url": "https://cdn.example.com/shoe.jpg"})),
        Where(metadata=write_document({"team": "b"})),
        Where(model=ITEM.model, client_ref="sku-4"),
    ],
)
def test_rule_that_does_not_fit_is_not_even_met(where: Where) -> None:
    assert _choose([_rule(where=where)], ITEM, FINISH_EDGES) is NO_DECISION


def test_run_without_metadata_fits_no_metadata() -> None:
    rule = _rule(where=Where(metadata=write_document({})))
    assert _choose([rule], replace(ITEM, metadata=None), FINISH_EDGES) is NO_DECISION


@pytest.mark.parametrize(
    ("when", "pattern"),
    [
        (When(), "xxxxxxxx"),
        (When(times=2), "xx......"),
        (When(after=3), "...xxxxx"),
        (When(every=3), "..x..x.."),
        (When(after=1, every=2, times=2), "..x.x..."),
        (When(times=0), "........"),
        (When(probability=0.0), "........"),
    ],
)
def test_frequency_decides_which_matches_fire(when: When, pattern: str) -> None:
    assert _fires(when) == [mark == "x" for mark in pattern]


@pytest.mark.parametrize(("offset", "fired"), [(-1, False), (0, True), (9, True), (10, False)])
def test_window_includes_its_beginning_and_not_its_end(offset: int, fired: bool) -> None:
    when = When(since=START, until=START + timedelta(seconds=10))
    assert _fires(when, 1, START + timedelta(seconds=offset)) == [fired]


def test_probability_is_drawn_from_the_seed_and_repeats() -> None:
    drawn = _fires(When(probability=0.3), 400)
    assert drawn == _fires(When(probability=0.3), 400)
    assert 80 < sum(drawn) < 160


def test_first_rule_that_fires_wins_and_later_ones_are_not_met() -> None:
    better = Succeed(output=write_document({"mine": 1}))
    rules = [_rule(1, when=When(after=1)), _rule(2, what=better), _rule(3)]
    decision = _choose(rules, ITEM, FINISH_EDGES)
    met = (RuleMet(RuleId("rule 1"), START, fired=False), RuleMet(RuleId("rule 2"), START, fired=True))
    assert decision == Decision(met, better)


def test_rules_that_are_met_without_firing_have_no_effect() -> None:
    decision = _choose([_rule(when=When(after=1))], ITEM, FINISH_EDGES)
    assert decision == Decision((RuleMet(RuleId("rule 1"), START, fired=False),))


def test_rule_of_a_kind_that_is_not_possible_now_is_not_even_met() -> None:
    assert choose([_rule()], AT_ATTEMPTS, run_subject(ITEM, FINISH_EDGES), START, SEED) is NO_DECISION


def test_input_matches_by_subset_and_not_by_text() -> None:
    inputs: Json = {"prompt": "a mug", "config": {"elements": ["tag_removal"], "aspect_ratio": "1:1"}}
    run = a_run(input=write_document(inputs))
    rule = _rule(where=Where(input=write_document({"config": {"elements": ["tag_removal"]}})))
    assert _choose([rule], run, FINISH_EDGES).what is FAIL

"""Every rule of hygiene on examples: sequences in which it is held, broken, and not exercised."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from exchanges import RUN, create, exchange, read, sequence
from hypothesis import given
from hypothesis import strategies as st

from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.hygiene import RULES, judge_sequence
from runflow_mock.domain.verdicts import NEVER_MET, NOT_PACED, Judgement, Verdict, merge

PROVENANCE = Path(__file__).parents[2] / "contracts" / "provenance.json"
LIMITED = {"retry-after": "2"}
MEDIA = "/media/test/run/result_00001_.png?expires=1767225610&signature=0"
Sequences = Sequence[Sequence[Exchange]]

# By rule: sequences in which it is held, and sequences in which it is broken.
EXAMPLES: dict[str, tuple[Sequences, Sequences]] = {
    "retry-after": (
        [
            sequence((0, create(429, told=LIMITED)), (2, create())),
            sequence((0, create(429, told=LIMITED)), (1.95, create())),
            sequence((0, create(429, told={"retry-after": "Thu, 01 Jan 2026 00:00:05 GMT"})), (4.5, create())),
        ],
        [
            sequence((0, create(429, told=LIMITED)), (1.5, create())),
            sequence((0, create(503, told=LIMITED)), (0.1, create())),
            sequence((0, create(429, told={"retry-after": "Thu, 01 Jan 2026 00:00:05 GMT"})), (2, create())),
        ],
    ),
    "retry-backoff": (
        [sequence((0, create(503)), (1, create(503)), (3, create()))],
        [
            sequence((0, create(503)), (1, create(503)), (2, create())),
            sequence((0, create(500)), (0.2, create(500)), (0.3, create(500)), (0.4, create())),
        ],
    ),
    "retry-refused": (
        [
            sequence((0, create(422))),
            sequence((0, exchange("GET", "/v1/billing/balance", 403)), (1, create()), (2, exchange("GET", "/v1/billing/balance"))),
        ],
        [
            sequence((0, create(422)), (1, create(422))),
            sequence((0, create(402)), (1, create())),
            sequence((0, create(422, key="k")), (1, read()), (2, create(422, key="k"))),
        ],
    ),
    "retry-idempotency-key": (
        [sequence((0, create(500, key="k")), (1, create(key="k"))), sequence((0, create(0, key="k")), (1, create(key="k")))],
        [
            sequence((0, create(500)), (1, create())),
            sequence((0, create(504, key="k")), (1, create(key="other"))),
            sequence((0, create(500, key="k")), (1, create())),
        ],
    ),
    "retry-stops-on-402": (
        [
            sequence((0, create(402))),
            sequence((0, create(402)), (1, exchange("GET", "/v1/billing/balance")), (2, create(402, key="new"))),
        ],
        [sequence((0, create(402)), (1, create(402, key="new")))],
    ),
    "retry-gives-up": (
        [sequence(*((wall, create(503)) for wall in range(8)))],
        [sequence(*((wall, create(503)) for wall in range(9)))],
    ),
    "poll-interval": (
        [sequence((0, read()), (2, read("succeeded")))],
        [sequence((0, read()), (0.1, read()), (0.2, read()))],
    ),
    "poll-stops": (
        [
            sequence((0, read()), (1, read("succeeded")), (2, read("succeeded"))),
            sequence(
                (0, read("failed")),
                (1, exchange("PATCH", f"{RUN}/feedback", body={"is_positive": True})),
                *((wall, read("failed")) for wall in range(2, 6)),
            ),
        ],
        [sequence((0, read("canceled")), (1, read("canceled")), (2, read("canceled")))],
    ),
    "poll-absent": (
        [sequence((0, read(status=404))), sequence((0, read(status=404)), (1, read()))],
        [sequence((0, read(status=404)), (1, read(status=404)))],
    ),
    "key-not-to-files": (
        [sequence((0, exchange("GET", MEDIA)))],
        [
            sequence((0, exchange("GET", MEDIA, headers={"authorization": "[redacted]"}))),
            sequence((0, exchange("PUT", "/_upload/test/x", headers={"Authorization": "[redacted]"}))),
        ],
    ),
    "key-not-in-address": (
        [sequence((0, read()))],
        [sequence((0, exchange("GET", f"{RUN}?api_key=rf_live_mock_test")))],
    ),
    "address-in-time": (
        [sequence((9, exchange("GET", MEDIA)))],
        [sequence((10, exchange("GET", MEDIA, 403)))],
    ),
}


def verdict_of(rule: str, exchanges: Sequence[Exchange], *, is_paced: bool = True) -> Verdict:
    return next(verdict for verdict in judge_sequence(exchanges, is_paced=is_paced) if verdict.rule == rule)


def test_every_rule_has_examples_and_a_source() -> None:
    known = {entry["id"] for entry in json.loads(PROVENANCE.read_text())}
    assert set(EXAMPLES) == {rule.id for rule in RULES}
    assert {rule.source for rule in RULES} <= known
    assert all(rule.asks.endswith(".") for rule in RULES)


@pytest.mark.parametrize("rule", EXAMPLES)
def test_rule_is_held_in_its_good_examples(rule: str) -> None:
    for exchanges in EXAMPLES[rule][0]:
        verdict = verdict_of(rule, exchanges)
        assert (verdict.judgement, verdict.reason) == (Judgement.HELD, None), verdict


@pytest.mark.parametrize("rule", EXAMPLES)
def test_rule_is_broken_in_its_bad_examples_with_evidence(rule: str) -> None:
    for exchanges in EXAMPLES[rule][1]:
        verdict = verdict_of(rule, exchanges)
        assert verdict.judgement is Judgement.BROKEN, verdict
        assert {found for observation in verdict.evidence for found in observation.exchanges} <= {found.id for found in exchanges}
        assert all(observation.is_obeyed is False and observation.message for observation in verdict.evidence)


@pytest.mark.parametrize("rule", EXAMPLES)
def test_rule_whose_situation_never_came_up_is_not_exercised(rule: str) -> None:
    verdict = verdict_of(rule, [])
    assert (verdict.judgement, verdict.evidence, verdict.reason) == (Judgement.NOT_EXERCISED, (), NEVER_MET)


@pytest.mark.parametrize("rule", [rule.id for rule in RULES if rule.is_about_pace])
def test_pace_says_nothing_where_the_clock_is_virtual(rule: str) -> None:
    for exchanges in EXAMPLES[rule][1]:
        verdict = verdict_of(rule, exchanges, is_paced=False)
        assert (verdict.judgement, verdict.reason) == (Judgement.NOT_EXERCISED, NOT_PACED)


@pytest.mark.parametrize("rule", [rule.id for rule in RULES if not rule.is_about_pace])
def test_other_rules_need_no_clock(rule: str) -> None:
    for exchanges in EXAMPLES[rule][1]:
        assert verdict_of(rule, exchanges, is_paced=False).judgement is Judgement.BROKEN


@pytest.mark.parametrize(
    ("rule", "exchanges"),
    [
        ("retry-after", sequence((0, create(429, told=LIMITED)), (0.049, create()))),
        ("retry-backoff", sequence((0, create(503)), (0.01, create(503)), (0.02, create()))),
        ("poll-interval", sequence((0, read()), (0.049, read()))),
    ],
)
def test_interval_under_50_ms_says_nothing(rule: str, exchanges: Sequence[Exchange]) -> None:
    verdict = verdict_of(rule, exchanges)
    assert verdict.judgement is Judgement.NOT_EXERCISED
    assert verdict.reason is not None
    assert "under 50 ms" in verdict.reason


def test_time_that_an_answer_took_is_not_waiting() -> None:
    slow = sequence((0, create(429, told=LIMITED)), (2.5, create(elapsed_ms=2_000.0)))
    assert verdict_of("retry-after", slow).judgement is Judgement.BROKEN


def test_retry_that_waits_longer_than_asked_is_fine_and_says_how_long() -> None:
    (observation,) = verdict_of("retry-after", sequence((0, create(429, told=LIMITED)), (60, create()))).evidence
    assert (observation.exchanges, observation.seconds) == (("x1", "x2"), 60.0)


@pytest.mark.parametrize("text", ["soon", "", "-1", "Thu, 99 Foo 2026"])
def test_retry_after_that_nobody_can_read_asks_for_nothing(text: str) -> None:
    exchanges = sequence((0, create(429, told={"retry-after": text})), (0.1, create()))
    assert verdict_of("retry-after", exchanges).judgement is Judgement.NOT_EXERCISED


def test_equal_creations_that_succeed_are_no_retries() -> None:
    verdicts = judge_sequence(sequence((0, create()), (1, create()), (2, create())), is_paced=True)
    assert {verdict.rule for verdict in verdicts if verdict.judgement is not Judgement.NOT_EXERCISED} == {"key-not-in-address"}


def test_what_was_broken_before_stays_broken_and_counts_once() -> None:
    first = verdict_of("poll-absent", EXAMPLES["poll-absent"][1][0])
    second = verdict_of("poll-absent", [])
    assert merge(first, second) == first == merge(first, first)
    assert merge(second, first) == first


STEPS = [create(), create(429), create(500, key="k"), create(402), read(), read("failed"), read(status=404)]


@given(st.lists(st.sampled_from(STEPS), max_size=12))
def test_verdict_never_claims_more_than_was_seen(steps: list[Exchange]) -> None:
    exchanges = sequence(*((float(wall), step) for wall, step in enumerate(steps)))
    for verdict in judge_sequence(exchanges, is_paced=True):
        expected = Judgement.BROKEN if verdict.broken else Judgement.HELD if verdict.held else Judgement.NOT_EXERCISED
        assert verdict.judgement is expected
        assert bool(verdict.evidence) is (expected is not Judgement.NOT_EXERCISED)
        assert (verdict.reason is not None) is (expected is Judgement.NOT_EXERCISED)

"""Probes for receivers: the good handler keeps every rule, and each bad one breaks exactly its own."""

from contextlib import closing
from typing import Any

import pytest
from flaws import FLAWS, WAYS
from handlers import PREVIOUS_SECRET, RETIRED_SECRET, SECRET, SLOW_SECONDS, handler

from runflow_mock.domain.verdicts import Judgement
from runflow_mock.kit.probes.carriers import Carrier
from runflow_mock.kit.probes.catalogue import ASKS, IN_TIME, PROBES
from runflow_mock.kit.probes.effect_steps import NONE_TAKEN, acts_once, acts_once_at_once
from runflow_mock.kit.probes.effects import Effects
from runflow_mock.kit.probes.probe_steps import ProbeKit
from runflow_mock.kit.probes.sample_callbacks import Sender
from runflow_mock.kit.probes.verdicts import NO_CONTROL, NO_TIME, verify_receiver
from runflow_mock.kit.sheets.records import Row, Sheet
from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.messages import Messages

# What a receiver's own document may say: of every event, and of answers that it is 200 or 202.
MESSAGES = Messages(
    Contract(
        {
            "webhooks": {
                "done": {
                    "post": {
                        "requestBody": {"content": {"application/json": {"schema": {"type": "object", "required": ["event"]}}}},
                        "responses": {"200": {"description": "Well."}, "202": {"description": "Later."}},
                    }
                }
            }
        },
        source="own.json",
    )
)


def _verify(flaw: str | None = None, *, dialect: str = "seed", secret: str = SECRET, seconds_max: float = 60.0, **more: Any) -> Sheet:
    """Probes a handler with every option given.

    A body in two halves pauses for a moment only, but for whom it matters: a busy machine may read both of them at once.
    """
    told: list[Row] = []
    events, messages = more.pop("events", ()), more.pop("messages", MESSAGES)
    sender = Sender(secret, dialect, event=events[0] if events else "run.completed", known=more.pop("known_records", None))
    with handler(flaw, **more) as running, sender:
        limit = SLOW_SECONDS * 0.9 if flaw == "slow" else 5.0
        effects = Effects(running.effects_url, quiet_seconds=0.02, appear_seconds_max=0.4)
        pause = 1.0 if flaw in ("reads what is there at once", "decodes each part") else 0.01
        with closing(Carrier(running.url, seconds_max=5.0, pause_seconds=pause)) as carrier, closing(effects):
            kit = ProbeKit(sender, carrier, effects, PREVIOUS_SECRET, RETIRED_SECRET, events, messages)
            sheet = verify_receiver(kit, running.url, told.append, answer_seconds_max=limit, seconds_max=seconds_max)
    assert tuple(told) == sheet.rows
    return sheet


@pytest.mark.slow
def test_good_handler_keeps_every_rule() -> None:
    sheet = _verify()
    assert {row.rule for row in sheet.of(Judgement.HELD)} == set(ASKS)
    assert (sheet.of(Judgement.BROKEN), sheet.of(Judgement.NOT_EXERCISED), sheet.exit_code, sheet.grade) == ((), (), 0, "A")


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_right_handler_is_not_accused_however_it_is_built(way: str) -> None:
    sheet = _verify(way)
    assert ({row.rule: row.evidence for row in sheet.of(Judgement.BROKEN)}, sheet.errors, sheet.exit_code) == ({}, (), 0)
    assert {row.rule for row in sheet.of(Judgement.HELD)} == set(ASKS)


@pytest.mark.slow
@pytest.mark.parametrize(("flaw", "rule"), FLAWS.items(), ids=list(FLAWS))
def test_bad_handler_breaks_exactly_its_rule(flaw: str, rule: str) -> None:
    sheet = _verify(flaw)
    assert {row.rule: row.evidence for row in sheet.of(Judgement.BROKEN)}.keys() == {rule}
    assert (sheet.errors, sheet.exit_code) == ((), 1)


def test_bench_has_thirty_wrong_handlers_and_tries_every_rule_but_the_control() -> None:
    assert set(FLAWS.values()) == set(ASKS) - {"takes-genuine"}
    assert len(FLAWS) >= 30


def test_copies_of_which_none_is_taken_say_nothing_about_effects() -> None:
    """Whoever reads half of a body refuses what it has not read, and that is told by the rule about slow bodies."""
    refused = handler(known=("nobody",), unknown=409)
    with (
        refused as running,
        Sender(SECRET, "seed") as sender,
        closing(Effects(running.effects_url, quiet_seconds=0.01, appear_seconds_max=0.02)) as effects,
    ):
        effects.has_acted = True
        with closing(Carrier(running.url, seconds_max=5.0)) as carrier:
            seen = [*acts_once(ProbeKit(sender, carrier, effects)), *acts_once_at_once(ProbeKit(sender, carrier, effects))]
    assert [(each.is_held, NONE_TAKEN in each.told) for each in seen] == [(None, True)] * 4


def test_refusal_says_nothing_where_the_genuine_callback_is_refused_too() -> None:
    sheet = _verify(secret="rf_whsec_of_somebody_else")
    assert [(row.subject, row.judgement) for row in sheet.rows[:1]] == [("genuine", Judgement.BROKEN)]
    assert {row.reason for row in sheet.rows[1:-1]} == {NO_CONTROL}


def test_probes_that_would_come_too_late_are_not_made() -> None:
    sheet = _verify(seconds_max=0.0)
    assert {row.reason for row in sheet.rows[1:-1]} == {NO_TIME}


def test_every_rule_has_a_probe_and_the_other_way_round() -> None:
    assert {probe.rule for probe in PROBES} | {IN_TIME} == set(ASKS)
    assert len({probe.name for probe in PROBES}) == len(PROBES)

"""Probes for receivers that are right but for one shortcut: each is caught by the probe for its kind, and nobody else is."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from handlers import handler
from record_checkers import fill
from slips import MEMORIES, SECRET, SECRETS

from runflow_mock.kit.probes.carriers import Carrier
from runflow_mock.kit.probes.content_steps import takes_unusual_bytes, takes_unusual_spaces
from runflow_mock.kit.probes.effects import Effects
from runflow_mock.kit.probes.event_steps import survives_all
from runflow_mock.kit.probes.forgeries import ODD_FORMS, ODD_TIMESTAMPS, SAME_TO_READERS
from runflow_mock.kit.probes.known_records import KnownRecords, NoRecord
from runflow_mock.kit.probes.known_steps import TAKES_EFFECT, refuses_all_but_known, refuses_odd
from runflow_mock.kit.probes.probe_steps import ProbeKit, ProbeStep, refuses, takes_genuine
from runflow_mock.kit.probes.sample_callbacks import Sender
from runflow_mock.kit.probes.signer_steps import DERIVED, SELF_MADE, refuses_derived_secrets, refuses_self_made
from runflow_mock.runtime.config import Config
from runflow_mock.testing.control import Control
from runflow_mock.testing.in_process import BASE_URL, InProcess

DECODED = refuses(SAME_TO_READERS["byte that is no text in a letter's place"])
STEPS: tuple[ProbeStep, ...] = (
    *(refuses_all_but_known, refuses_derived_secrets, refuses_self_made),
    *(takes_unusual_spaces, takes_unusual_bytes, DECODED),
)
SPACES = (
    "breaks lines in one way",
    "keeps one space of several",
    "passes over white space in front",
    "has no tabs",
    "drops control characters",
)
CAUGHT: tuple[tuple[str, ProbeStep], ...] = (
    *((flaw, refuses_all_but_known) for flaw in MEMORIES),
    *((flaw, refuses_derived_secrets) for flaw in SECRETS if flaw.startswith("reads ")),
    *(
        (flaw, refuses_self_made)
        for flaw in ("takes a delivery for a signature", "takes the digest of a delivery", "signs with the delivery too")
    ),
    *((flaw, takes_unusual_spaces) for flaw in SPACES),
    *((flaw, takes_unusual_bytes) for flaw in ("drops what has no width", "straightens quotes", "doubles apostrophes")),
    ("decodes what is no text", DECODED),
)


@contextmanager
def _probing(flaw: str | None, secret: str = SECRET, dialect: str = "seed") -> Iterator[ProbeKit]:
    with (
        handler(flaw) as running,
        Sender(secret, dialect) as sender,
        closing(Carrier(running.url, seconds_max=5.0)) as carrier,
    ):
        yield ProbeKit(sender, carrier)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(("flaw", "step"), CAUGHT, ids=[flaw for flaw, _ in CAUGHT])
def test_receiver_with_one_shortcut_is_caught_by_the_probe_for_its_kind(flaw: str, step: ProbeStep) -> None:
    with _probing(flaw) as kit:
        assert False in [seen.is_held for seen in step(kit)]


@pytest.mark.slow(is_covering=True)
def test_receiver_that_is_right_is_accused_by_no_probe_for_shortcuts() -> None:
    with _probing(None) as kit:
        assert [[seen.is_held for seen in step(kit)] for step in STEPS] == [
            [True] * count for count in (3, len(DERIVED), len(SELF_MADE), 1, 1, 1)
        ]


@pytest.mark.slow(is_covering=True)
def test_what_carries_no_timestamp_differs_in_no_timestamp() -> None:
    with _probing("takes both forms", dialect="docs") as kit:
        assert [seen.told.partition(":")[0] for seen in refuses_all_but_known(kit)] == [
            "known but for its signature",
            "known but for its body",
        ]


@pytest.mark.slow(is_covering=True)
def test_secret_that_is_the_same_when_it_is_written_otherwise_accuses_nobody() -> None:
    """In capitals, turned round and without a prefix this one is itself."""
    with _probing("trusts everybody", secret="ABCDDCBA") as kit:
        told = [seen.told for seen in refuses_derived_secrets(kit)]
    assert len(told) == len(DERIVED) - 3


@pytest.mark.slow(is_covering=True)
def test_receiver_that_takes_nothing_has_taken_nothing_before() -> None:
    with _probing(None, secret="rf_whsec_of_somebody_else") as kit:
        assert [seen.is_held for seen in refuses_all_but_known(kit)] == [None]


@pytest.mark.slow(is_covering=True)
def test_odd_forgery_is_refused_as_well_as_survived() -> None:
    uncounted = {name for name in ODD_TIMESTAMPS if not name.strip("'").isdigit()}
    for flaw, is_taken in (("takes what it cannot count for fresh and signed", True), (None, False)):
        with _probing(flaw) as kit:
            assert {seen.is_held for forged in (ODD_TIMESTAMPS, ODD_FORMS) for seen in survives_all(forged)(kit)} == {True}
            refused = {seen.told.partition(":")[0]: seen.is_held for seen in refuses_odd(kit)}
        assert {name for name, is_held in refused.items() if not is_held} == (uncounted if is_taken else set())
        assert refused.keys() == {*ODD_TIMESTAMPS, *ODD_FORMS}


@pytest.mark.slow(is_covering=True)
def test_receiver_that_remembers_before_it_verifies_is_told_of_under_one_rule() -> None:
    with (
        handler("remembers, then verifies") as running,
        Sender(SECRET, "seed") as sender,
        # By a clock that stands only the pauses count, so that no load makes an effect late.
        closing(Effects(running.effects_url, quiet_seconds=0.02, appear_seconds_max=0.4, now=lambda: 0.0)) as effects,
        closing(Carrier(running.url, seconds_max=5.0)) as carrier,
    ):
        kit = ProbeKit(sender, carrier, effects)
        assert [seen.is_held for step in (takes_genuine, survives_all(ODD_FORMS)) for seen in step(kit)] == [True] * (1 + len(ODD_FORMS))
        odd = [seen.is_held for seen in refuses_odd(kit)]
        assert ({*odd}, TAKES_EFFECT in [seen.told for seen in refuses_all_but_known(kit)]) == ({True, None}, True)


@pytest.mark.slow(is_covering=True)
def test_what_an_application_has_created_cannot_be_forged_in_a_letter_that_it_has_not() -> None:
    app = InProcess(Config(speed=1.0))
    try:
        control = Control(BASE_URL, Control(BASE_URL, None, app).create_tenant(clock="manual").key, app)
        fill(control, runs=1)
        with Sender(SECRET, "seed", known=KnownRecords(control)) as sender, pytest.raises(NoRecord, match="says what would be changed"):
            SAME_TO_READERS["byte that is no text in a letter's place"](sender)
    finally:
        app.stop()

"""Probes for receivers: the good handler keeps every rule, and each bad one breaks exactly its own."""

import re
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import chain, count, repeat
from typing import Any

import pytest
from drips import answering
from flaws import FLAWS, WAYS
from handlers import SLOW_SECONDS, handler
from slips import PREVIOUS_SECRET, RETIRED_SECRET, SECRET

from runflow_mock.domain.verdicts import Judgement
from runflow_mock.kit.probes.carriers import Carrier, OutOfWhole
from runflow_mock.kit.probes.catalogue import ASKS, IN_TIME, KEEPS_SECRETS, PROBES
from runflow_mock.kit.probes.effect_steps import (
    NO_EFFECT,
    NONE_TAKEN,
    acts_after_verifying,
    acts_on_each,
    acts_on_each_at_once,
    acts_once,
    acts_once_at_once,
    acts_once_for_each_event,
    acts_once_later,
    where_told,
)
from runflow_mock.kit.probes.effects import LATE, Effects, NoCount
from runflow_mock.kit.probes.event_steps import KNOWN_TO_ALL, refuses_as_get, refuses_secret
from runflow_mock.kit.probes.file_steps import ELSEWHERE, NOT_FETCHED, fetches_after_verifying
from runflow_mock.kit.probes.forgeries import FORGERIES
from runflow_mock.kit.probes.probe_steps import ProbeKit, ProbeStep, Seen, refuses, takes_genuine
from runflow_mock.kit.probes.sample_callbacks import Sender
from runflow_mock.kit.probes.verdicts import LIMITED, NO_CONTROL, NO_TIME, SECONDS_MAX, places_of, verify_receiver
from runflow_mock.kit.sheets.records import Row, Sheet
from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.messages import Messages

# A whole run takes 20 s on a quiet machine, and more than a minute on a busy one.
pytestmark = pytest.mark.timeout(300)

# So slowly may a receiver answer that is still sent everything.
UNHURRIED_SECONDS = 0.2
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
OF_OTHER_EVENTS = re.compile("batch|evaluation|failure|cancellation|runs|event|items|nouns|state|kilobytes")


def _verify(flaw: str | None = None, *, dialect: str = "seed", secret: str = SECRET, seconds_max: float = 240.0, **more: Any) -> Sheet:
    """Probes a handler with every option given, and with time for all of it on a busy machine too.

    A body in two halves pauses for a moment only, but for whom it matters: a busy machine may read both of them at once.
    """
    told: list[Row] = []
    events, messages, appear_seconds_max = more.pop("events", ()), more.pop("messages", MESSAGES), more.pop("appear_seconds_max", 0.4)
    sender = Sender(secret, dialect, event=events[0] if events else "run.completed", previous_secret=PREVIOUS_SECRET)
    with handler(flaw, **more) as running, sender:
        limit = SLOW_SECONDS * 0.9 if flaw == "slow" else 5.0
        effects = Effects(running.effects_url, quiet_seconds=0.02, appear_seconds_max=appear_seconds_max)
        pause = 1.0 if flaw in ("reads what is there at once", "decodes each part") else 0.01
        with closing(Carrier(running.url, seconds_max=5.0, pause_seconds=pause, betrays=sender.betrayed)) as carrier, closing(effects):
            kit = ProbeKit(sender, carrier, effects, RETIRED_SECRET, events, messages)
            sheet = verify_receiver(kit, running.url, told.append, answer_seconds_max=limit, seconds_max=seconds_max)
    assert tuple(told) == sheet.rows
    assert tuple((row.subject, row.rule) for row in sheet.rows) == places_of(kit)
    return sheet


@pytest.mark.slow
def test_good_handler_keeps_every_rule() -> None:
    sheet = _verify()
    assert {row.rule for row in sheet.of(Judgement.HELD)} == set(ASKS)
    assert (sheet.of(Judgement.BROKEN), sheet.of(Judgement.NOT_EXERCISED), sheet.exit_code, sheet.grade) == ((), (), 0, "A")
    answers = int(sheet.rows[-2].evidence[0].split()[0])
    assert answers * UNHURRIED_SECONDS < SECONDS_MAX


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_right_handler_is_not_accused_however_it_is_built(way: str) -> None:
    sheet = _verify(way)
    assert ({row.rule: row.evidence for row in sheet.of(Judgement.BROKEN)}, sheet.errors, sheet.exit_code) == ({}, (), 0)
    assert {row.rule for row in sheet.of(Judgement.HELD)} == set(ASKS)


@pytest.mark.slow
@pytest.mark.parametrize(("flaw", "rule"), FLAWS.items(), ids=list(FLAWS))
def test_bad_handler_breaks_exactly_its_rule(flaw: str, rule: str) -> None:
    # Many requests tell of other events: they are sent where the name says that another event shows the flaw.
    sheet = _verify(flaw, events=() if OF_OTHER_EVENTS.search(flaw) else ("run.completed",))
    assert {row.rule: row.evidence for row in sheet.of(Judgement.BROKEN)}.keys() == {rule}
    assert (sheet.errors, sheet.exit_code) == ((), 1)


@pytest.mark.slow
def test_handler_that_limits_how_often_it_is_called_is_not_accused_of_it() -> None:
    sheet = _verify("limits how often it is called")
    assert ({row.rule: row.evidence for row in sheet.of(Judgement.BROKEN)}, sheet.errors, sheet.exit_code) == ({}, (), 0)
    assert LIMITED in {row.reason for row in sheet.of(Judgement.NOT_EXERCISED)}


@pytest.mark.slow
@pytest.mark.parametrize(
    # The first effect is waited for four times as long: each of these acts more than a second from the edges of that.
    ("way", "appear_seconds_max", "reason"),
    [("acts two seconds later", 0.8, LATE), ("acts three seconds later", 0.4, NO_EFFECT)],
)
def test_handler_that_acts_so_late_that_nobody_waits_is_not_accused_of_it(way: str, appear_seconds_max: float, reason: str) -> None:
    """What comes of one callback would be taken for the effect of the next, which may be a forgery."""
    sheet = _verify(way, events=("run.completed",), appear_seconds_max=appear_seconds_max)
    assert ({row.rule: row.evidence for row in sheet.of(Judgement.BROKEN)}, sheet.errors, sheet.exit_code) == ({}, (), 0)
    reasons = {row.reason for row in sheet.of(Judgement.NOT_EXERCISED) if row.rule == "acts-once"}
    assert any(reason in (told or "") for told in reasons)


class Overrun(BaseHTTPRequestHandler):
    """Takes whatever it is sent until it is told the first delivery again, and is then called too often."""

    def do_POST(self) -> None:
        heard: list[bytes] = self.server.heard  # type: ignore[attr-defined]
        heard.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(429 if heard[0] in heard[1:-1] else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        """Answers what people may look at."""
        self.send_response(405)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Says nothing."""


@pytest.mark.slow
def test_forgery_that_was_taken_is_told_of_whatever_a_limit_says_afterwards() -> None:
    with HTTPServer(("127.0.0.1", 0), Overrun) as server, Sender(SECRET, "seed") as sender:
        server.heard = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        with closing(Carrier(url, seconds_max=5.0, pause_seconds=0.01)) as carrier:
            sheet = verify_receiver(ProbeKit(sender, carrier), url, lambda row: None, answer_seconds_max=5.0)
        server.shutdown()
    rows = {row.subject: row for row in sheet.rows}
    assert rows["known delivery, wrong secret"].judgement is Judgement.BROKEN
    assert (rows["copy"].judgement, rows["copy"].reason) == (Judgement.NOT_EXERCISED, LIMITED)


PROVEN: tuple[tuple[str, ProbeStep], ...] = (
    ("takes all batches for one", where_told(acts_on_each("batch.succeeded"))),
    ("takes all evaluations for one", where_told(acts_on_each("evaluation.completed"))),
    ("drops what comes while it is at work", where_told(acts_on_each_at_once)),
    ("forgets", where_told(acts_once)),
    ("forgets", where_told(acts_once_later)),
    ("has a memory for each worker", where_told(acts_once)),
    ("has a memory for each worker", where_told(acts_once_for_each_event)),
    ("acts on whatever is put", where_told(acts_after_verifying)),
    ("acts, then verifies", where_told(acts_after_verifying)),
    ("acts on batches alone, then verifies", where_told(acts_after_verifying)),
    ("acts on batches alone, on every attempt", where_told(acts_once)),
    ("acts on batches alone, on every attempt", where_told(acts_once_for_each_event)),
    ("trusts everybody", refuses(FORGERIES["wrong secret"])),
)


def _proofs(flaw: str | None, step: ProbeStep) -> list[Seen]:
    """What a step sees of a handler that proves a fault, after the control and one genuine callback more."""
    with (
        handler(flaw) as running,
        Sender(SECRET, "seed") as sender,
        # By a clock that stands only the pauses count, so that no load makes an effect late.
        closing(Effects(running.effects_url, quiet_seconds=0.02, appear_seconds_max=0.4, now=lambda: 0.0)) as effects,
        closing(Carrier(running.url, seconds_max=5.0, pause_seconds=0.01)) as carrier,
    ):
        kit = ProbeKit(sender, carrier, effects)
        assert all(seen.is_held for seen in takes_genuine(kit))
        return [seen for seen in step(kit) if seen.is_proof]


@pytest.mark.slow
@pytest.mark.parametrize(("flaw", "step"), PROVEN, ids=[flaw for flaw, _ in PROVEN])
def test_what_a_receiver_has_done_is_proof_of_its_fault_and_of_none_where_it_is_right(flaw: str, step: ProbeStep) -> None:
    assert [seen.is_held for seen in _proofs(flaw, step)][:1] == [False]
    assert _proofs(None, step) == []


def _files_seen(flaw: str | None = None, **more: Any) -> list[Seen]:
    with handler(flaw, **more) as running, Sender(SECRET, "seed") as sender, closing(Carrier(running.url, seconds_max=5.0)) as carrier:
        return list(fetches_after_verifying(ProbeKit(sender, carrier)))


@pytest.mark.slow(is_covering=True)
def test_receiver_that_looks_at_the_files_it_fetches_is_shown_pictures() -> None:
    assert [seen.is_held for seen in _files_seen()] == [True, True]


@pytest.mark.slow(is_covering=True)
def test_receiver_that_refuses_what_leads_to_other_files_is_not_said_to_fetch_nothing() -> None:
    (refused,), (passed_over,) = _files_seen("fetches no files", known=("nobody",)), _files_seen("fetches no files")
    assert (refused.is_held, refused.told.startswith(f"{ELSEWHERE}, a genuine callback was answered 409")) == (None, True)
    assert (passed_over.is_held, passed_over.told) == (None, NOT_FETCHED)


class Page(BaseHTTPRequestHandler):
    """Answers whatever names GET as its method like a GET, with the number of effects; all but that is refused."""

    def do_GET(self) -> None:
        """Shows a page, or none."""
        body = str(self.server.effects).encode()  # type: ignore[attr-defined]
        self.send_response(self.server.shown if self.path == "/" else 200)  # type: ignore[attr-defined]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.effects += self.server.acts  # type: ignore[attr-defined]
        self.send_response(200 if "X-HTTP-Method-Override" in self.headers else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Says nothing."""


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    ("shown", "acts", "has_acted", "is_held"),
    [(200, 0, False, None), (405, 0, False, False), (200, 0, True, True), (200, 1, True, False)],
    ids=["shows a page", "has no page", "shows a page and does nothing", "acts"],
)
def test_forgery_that_names_a_get_is_judged_by_its_effects_where_there_is_a_page(
    shown: int, acts: int, has_acted: bool, is_held: bool | None
) -> None:
    with HTTPServer(("127.0.0.1", 0), Page) as server, Sender(SECRET, "seed") as sender:
        server.shown, server.acts, server.effects = shown, acts, 0  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        with closing(Carrier(url, seconds_max=5.0)) as carrier, closing(Effects(f"{url}effects", quiet_seconds=0.02)) as effects:
            effects.has_acted = has_acted
            (seen,) = refuses_as_get(ProbeKit(sender, carrier, effects))
        server.shutdown()
    assert seen.is_held is is_held


@pytest.mark.slow(is_covering=True)
def test_receiver_whose_own_secret_everybody_knows_is_told_so_and_not_accused() -> None:
    with (
        handler(None) as running,
        Sender(SECRET, "seed", previous_secret="changeme") as sender,
        closing(Carrier(running.url, seconds_max=5.0)) as carrier,
    ):
        kit = ProbeKit(sender, carrier)
        seen = [each for secret in (SECRET, "changeme", "your-secret") for each in refuses_secret(secret)(kit)]
    assert [(each.is_held, each.told) for each in seen[:2]] == [(None, KNOWN_TO_ALL)] * 2
    assert seen[2].is_held


# How each takes a signature that begins with 0, with 1 as what stands before it does, and with f.
BEGINNINGS: dict[str | None, tuple[bool, bool, bool]] = {
    "writes its signature without zeros in front": (False, True, True),
    "strips each letter of v1= from the digits": (True, False, True),
    "writes its signature with a sign": (True, True, False),
    None: (True, True, True),
}


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(("flaw", "taken"), BEGINNINGS.items(), ids=[flaw or "right" for flaw in BEGINNINGS])
def test_receiver_that_minds_with_what_a_signature_begins_is_caught_each_time(flaw: str | None, taken: tuple[bool, bool, bool]) -> None:
    """Of such a receiver other rows fail as well, by chance; this one says why."""
    with (
        handler(flaw) as running,
        Sender(SECRET, "seed") as sender,
        closing(Carrier(running.url, seconds_max=5.0)) as carrier,
    ):
        kit = ProbeKit(sender, carrier)
        probes = [probe for probe in PROBES if probe.name.startswith("signature that begins with")]
        seen = [[seen.is_held for _ in range(5) for seen in probe.step(kit)] for probe in probes]
    assert seen == [[is_taken] * 5 for is_taken in taken]


def test_bench_has_thirty_wrong_handlers_and_tries_every_rule_but_the_control() -> None:
    assert set(FLAWS.values()) == set(ASKS) - {"takes-genuine"}
    assert len(FLAWS) >= 30


@pytest.mark.slow(is_covering=True)
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
            kit = ProbeKit(sender, carrier, effects)
            seen = [*acts_once(kit, effects), *acts_once_at_once(kit, effects)]
    assert [(each.is_held, NONE_TAKEN in each.told) for each in seen] == [(None, True)] * 4


@pytest.mark.slow(is_covering=True)
def test_refusal_says_nothing_where_the_genuine_callback_is_refused_too() -> None:
    sheet = _verify(secret="rf_whsec_of_somebody_else")
    assert [(row.subject, row.judgement) for row in sheet.rows[:1]] == [("genuine", Judgement.BROKEN)]
    assert {row.reason for row in sheet.rows[1:-2]} == {NO_CONTROL}


@pytest.mark.slow(is_covering=True)
def test_probes_that_would_come_too_late_are_not_made() -> None:
    sheet = _verify(seconds_max=0.0)
    assert {row.reason for row in sheet.rows[1:-2]} == {NO_TIME}


def test_receiver_that_drips_takes_no_longer_than_the_whole_may_take() -> None:
    with (
        answering(b"HTTP/1.1 200 OK\r\n\r\n", b"x") as url,
        Sender(SECRET, "seed") as sender,
        closing(Carrier(url, seconds_max=60.0)) as carrier,
    ):
        sheet = verify_receiver(ProbeKit(sender, carrier), url, lambda row: None, answer_seconds_max=5.0, seconds_max=0.0, last_seconds=0.2)
        with pytest.raises(OutOfWhole):
            carrier.carry(sender.write())
    assert (sheet.rows[0].reason, carrier.answers) == (NO_TIME, [])
    assert {row.judgement for row in sheet.rows} == {Judgement.NOT_EXERCISED}


class Counter:
    """An address for effects that says one number after the other, and then nothing any more."""

    def __init__(self, numbers: Iterator[int]) -> None:
        self._numbers = numbers

    def __enter__(self) -> str:
        numbers = self._numbers

        class Handler(BaseHTTPRequestHandler):
            """Answers with the next number."""

            def do_GET(self) -> None:
                number = next(numbers, None)
                told = b"" if number is None else str(number).encode()
                self.send_response(500 if number is None else 200)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
                """Says nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_number_of_effects_that_never_rests_is_told() -> None:
    with (
        Counter(count()) as url,
        closing(Effects(url, quiet_seconds=0.05, rest_seconds_max=0.2)) as effects,
        pytest.raises(NoCount, match=r"counts on and on.*nobody but this command"),
    ):
        effects.at_rest()


class Jumping:
    """A clock by which the machine stands still for three seconds at one reading, and otherwise passes by a millisecond."""

    def __init__(self, at: int) -> None:
        self._left, self._seconds = at, 0.0

    def __call__(self) -> float:
        self._left -= 1
        self._seconds += 0.001 if self._left else 3.0
        return self._seconds


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("at", range(3, 13))
def test_effect_is_not_missed_because_the_machine_stood_still_while_it_was_waited_for(at: int) -> None:
    """Whoever wakes too late to see an effect has not waited for it: whoever was to act has stood still as well."""
    with (
        Counter(chain([0] * 12, repeat(1))) as url,
        closing(Effects(url, quiet_seconds=0.01, appear_seconds_max=0.3, now=Jumping(at))) as effects,
    ):
        assert effects.since(effects.count()) == 1


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("at", range(3, 8))
def test_count_has_not_come_to_rest_while_the_machine_stood_still(at: int) -> None:
    with Counter(chain([0] * 4, repeat(1))) as url, closing(Effects(url, quiet_seconds=0.02, now=Jumping(at))) as effects:
        assert (effects.count(), effects.at_rest()) == (0, 1)


class Slowing:
    """A clock by which two counts take a millisecond each, and all that come later five seconds."""

    def __init__(self) -> None:
        self._left, self.seconds = 6, 0.0

    def __call__(self) -> float:
        self._left -= 1
        self.seconds += 0.001 if self._left > 0 else 2.5
        return self.seconds


@pytest.mark.slow(is_covering=True)
def test_nobody_waits_for_minutes_because_each_count_takes_seconds() -> None:
    clock, others = Slowing(), Slowing()
    with Counter(repeat(0)) as url, closing(Effects(url, quiet_seconds=0.01, appear_seconds_max=1.0, now=clock)) as effects:
        effects.first(effects.count(), 3)
    with Counter(count()) as url, closing(Effects(url, quiet_seconds=0.01, rest_seconds_max=3.0, now=others)) as effects:
        effects.count()
        with pytest.raises(NoCount, match="counts on and on"):
            effects.at_rest()
    # Three times as long as was meant, the one count that took longest, the one in which that is reached, and a look at the clock.
    assert (effects.has_acted, max(clock.seconds, others.seconds) <= 3 * 3.0 + 3 * 5.1) == (False, True)


@pytest.mark.slow
def test_receiver_that_tells_its_effects_no_more_is_judged_by_its_answers() -> None:
    with (
        Counter(iter([0] * 12 + [1] * 40)) as url,
        handler("strict fields") as running,
        Sender(SECRET, "seed") as sender,
        closing(Effects(url, quiet_seconds=0.02, appear_seconds_max=1.0)) as effects,
        closing(Carrier(running.url, seconds_max=5.0, pause_seconds=0.01)) as carrier,
    ):
        sheet = verify_receiver(ProbeKit(sender, carrier, effects), running.url, lambda row: None, answer_seconds_max=5.0)
    assert ({row.rule for row in sheet.of(Judgement.BROKEN)}, sheet.errors) == ({"tolerates-news"}, ())
    assert any("must answer with a number" in (row.reason or "") for row in sheet.of(Judgement.NOT_EXERCISED))


def test_every_rule_has_a_probe_and_the_other_way_round() -> None:
    assert {probe.rule for probe in PROBES} | {IN_TIME, KEEPS_SECRETS} == set(ASKS)
    assert len({probe.name for probe in PROBES}) == len(PROBES)

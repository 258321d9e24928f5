"""Every rule of hygiene on examples: sequences in which it is held, broken, and not exercised."""

import json
from base64 import b32encode, b64encode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from costs import lines_run
from exchanges import CREATE, RUN, RUN_ID, SHIRT, create, exchange, read, sequence
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from runflow_mock.domain.exchanges import HOLDS_BEARER, HOLDS_KEY, SENT_TWICE, Exchange, digest_of_key
from runflow_mock.domain.hygiene import RULES, judge_sequence
from runflow_mock.domain.retry_hygiene import series_of
from runflow_mock.domain.verdicts import (
    INTERVAL_SECONDS_MIN,
    NEVER_MET,
    NOT_PACED,
    UNCLEAR_PAUSES,
    WITHOUT_PAUSE,
    Judgement,
    Verdict,
    merge,
)

PROVENANCE = Path(__file__).parents[2] / "contracts" / "provenance.json"
LIMITED = {"retry-after": "2"}
MEDIA = "/media/test/run/result_00001_.png?expires=1767225610&signature=0"
Sequences = Sequence[Sequence[Exchange]]
WORKFLOW = "/v1/comfyui-workflows/a/b"
NOBODY = "00000000-0000-7000-8000-000000000000"
BATCH_ID = "019b76da-a800-7000-8000-00000000000b"
ENDED_BATCH = {"id": BATCH_ID, "status_code": "succeeded"}
BATCHES, ITEM = "/v1/batches", f"/v1/batches/{BATCH_ID}/items/run-1"
SUCCEEDED_RUNS = "/v1/runs?q=status_code.EQ%3A%27succeeded%27"
SUCCEEDED_ITEMS = f"/v1/batches/{BATCH_ID}/items?q=status_code.EQ%3A%27succeeded%27"
_REORDERED = {"client_ref": "sku-1", **SHIRT}


def shelf(*states: str, target: str = "/v1/runs?limit=50", operation: str = "list_runs", **more: Any) -> Exchange:
    """The reading of a list of runs in these states."""
    items = [{"id": RUN_ID, "status_code": state, "client_ref": "sku-1"} for state in states]
    return exchange("GET", target, answer={"items": items}, operation=operation, **more)


def order(status: int = 201, *, key: str | None = None, note: str | None = None, callback_url: str | None = None, **more: Any) -> Exchange:
    """The creation of a run that can be looked for by its client_ref."""
    given = {"metadata": {"note": note} if note else None, "callback_url": callback_url}
    body = {**SHIRT, "client_ref": "sku-1", **{name: value for name, value in given.items() if value}}
    return exchange("POST", CREATE, status, body=body, headers={} if key is None else {"idempotency-key": key}, **more)


def look(*states: str, query: str = "q=client_ref.EQ%3A%27sku-1%27", **more: Any) -> Exchange:
    """The look for a run by its client_ref."""
    return shelf(*states, target=f"/v1/runs?{query}", **more)


def past_a_cache(salt: int, **more: Any) -> Exchange:
    """The reading of a run with a parameter that nobody knows."""
    return exchange("GET", f"{RUN}?_={salt}", operation="get_run", **more)


def since(moment: str) -> Exchange:
    """The reading of what has changed since a moment."""
    return shelf("running", target=f"/v1/runs?q=created_at.GT%3A%27{moment}%27")


def items(*states: str) -> Exchange:
    """The reading of the items of a batch in these states."""
    return shelf(*states, target=f"/v1/batches/{BATCH_ID}/items", operation="list_batch_items")


def batch(total: object) -> Exchange:
    """The creation of a batch that says how many items it has."""
    return exchange("POST", "/v1/models/a/b/batches", 201, answer={"id": BATCH_ID, "status_code": "queued", "items_total": total})


def members(count: int, target: str = SUCCEEDED_RUNS, operation: str = "list_runs") -> Exchange:
    """The reading of the items of a batch that have succeeded, as many as there are so far."""
    shown = [{"id": f"run-{number}", "batch_id": BATCH_ID, "status_code": "succeeded"} for number in range(count)]
    return exchange("GET", target, answer={"items": shown, "next": None}, operation=operation)


def evaluation(number: int) -> Exchange:
    """The creation of an evaluation."""
    return exchange("POST", "/v1/evaluations", 201, answer={"id": f"evaluation-{number}", "status_code": "pending"})


def evaluations(*numbers: int) -> Exchange:
    """The reading of those evaluations of a run that are there and have ended."""
    shown = [{"id": f"evaluation-{number}", "run_id": RUN_ID, "status_code": "completed"} for number in numbers]
    return exchange("GET", f"{RUN}/evaluations", answer={"items": shown, "next": None}, operation="list_run_evaluations")


def paced(seconds: float, *reads: Exchange) -> Sequence[Exchange]:
    return sequence(*((seconds * number, found) for number, found in enumerate(reads)))


def failing(*pauses: float, status: int = 503, told: dict[str, str] | None = None) -> Sequence[Exchange]:
    """A creation that is tried again after each of these pauses."""
    walls = [0.0, *accumulate(pauses)]
    return sequence(*((wall, create(status, told=told)) for wall in walls[:-1]), (walls[-1], create()))


def _in_numbers(secret: bytes) -> Iterator[str]:
    """Yields the numbers of the bytes of a secret as programs write them down."""
    for written in (
        "{:d} , ",
        "{:d} ",
        "{:d};",
        "0x{:x},",
        "0x{:X}, ",
        "{:02x}:",
        "{:02X} ",
        "\\x{:02x}",
        "%{:02X}",
        "\\u{:04x}",
        "0o{:o}, ",
    ):
        yield "".join(map(written.format, secret))
    yield json.dumps([*secret], indent=1)
    # As JavaScript writes an array of bytes.
    yield json.dumps({str(place): byte for place, byte in enumerate(secret)})


# By rule: sequences in which it is held, and sequences in which it is broken.
EXAMPLES: dict[str, tuple[Sequences, Sequences]] = {
    "retry-after": (
        [
            sequence((0, create(429, told=LIMITED)), (2, create())),
            sequence((0, create(429, told=LIMITED)), (1.95, create())),
            sequence((0, create(429, told={"retry-after": "Thu, 01 Jan 2026 00:00:05 GMT"})), (4.5, create())),
            # Another page is another call: it may be another worker's.
            sequence(
                (0, shelf(status=429, told=LIMITED, target="/v1/runs?pq=a")),
                (0.1, shelf(target="/v1/runs?pq=b")),
                (2, shelf(target="/v1/runs?pq=a")),
            ),
        ],
        [
            sequence((0, create(429, told=LIMITED)), (1.5, create())),
            sequence((0, create(503, told=LIMITED)), (0.1, create())),
            sequence((0, create(429, told={"retry-after": "Thu, 01 Jan 2026 00:00:05 GMT"})), (2, create())),
            sequence((0, order(429, told=LIMITED, note="first")), (0.1, order(note="second"))),
            # A parameter that nobody knows gets past a cache, and so does a page of another length.
            sequence((0, past_a_cache(1, status=429, told=LIMITED)), (0.1, past_a_cache(2))),
            sequence((0, shelf(status=429, told=LIMITED)), (0.1, shelf(target="/v1/runs?limit=51&salt=2"))),
        ],
    ),
    "retry-backoff": (
        [
            sequence((0, create(503)), (1, create(503)), (3, create())),
            failing(0.5, 1, 2, 2, 2),
            failing(1, 2, 3, 4),
            failing(1, 1.1, 1.21),
            failing(0.3, 0.25, 0.9, 2.1),
        ],
        [
            sequence((0, create(503)), (1, create(503)), (2, create())),
            sequence((0, create(500)), (0.2, create(500)), (0.3, create(500)), (0.4, create())),
            failing(0.3, 0.33, 0.31),
            # No pauses, of a client that needs a tenth of a second for a request.
            failing(0.12, 0.10, 0.13, 0.08),
            failing(4, 2, 1),
        ],
    ),
    "retry-refused": (
        [
            sequence((0, create(422))),
            sequence((0, exchange("GET", "/v1/billing/balance", 403)), (1, create()), (2, exchange("GET", "/v1/billing/balance"))),
            # The record was read for a fresh address, which is the same where the clock stands.
            sequence((0, exchange("GET", MEDIA, 403)), (1, read("succeeded")), (2, exchange("GET", MEDIA))),
        ],
        [
            sequence((0, exchange("GET", MEDIA, 403)), (1, exchange("GET", MEDIA))),
            sequence((0, exchange("GET", MEDIA, 403)), (1, read(status=503)), (2, exchange("GET", MEDIA))),
            sequence((0, create(422)), (1, create(422))),
            sequence((0, create(402)), (1, create())),
            sequence((0, create(422, key="k")), (1, read()), (2, create(422, key="k"))),
        ],
    ),
    "retry-idempotency-key": (
        [
            sequence((0, create(500, key="k")), (1, create(key="k"))),
            sequence((0, create(0, key="k")), (1, create(key="k"))),
            sequence((0, order(0)), (1, look()), (2, order())),
            sequence((0, order(500)), (1, shelf()), (2, order())),
            sequence((0, order(0)), (1, look("running"))),
            sequence((0, order(0, key="k")), (1, exchange("POST", CREATE, body=_REORDERED, headers={"idempotency-key": "k"}))),
            # Sent again although it was answered, and a key that is busy, and one that was refused and mended.
            sequence((0, order(500, key="k")), (1, order(key="k")), (2, order(key="k"))),
            sequence((0, create(500, key="k")), (1, create(409, key="k")), (2, create(key="k"))),
            sequence((0, order(422, key="k", note="first")), (1, order(500, key="k")), (2, order(key="k"))),
            # What a limit, or a key that is busy, says between leaves it as unknown as before.
            sequence((0, order(0, key="k")), (1, order(429, key="k")), (2, order(409, key="k")), (3, order(key="k"))),
            sequence((0, order(0, key="k")), (1, order(409, key="k")), (2, look()), (3, order(key="other"))),
        ],
        [
            sequence((0, order(0, key="k")), (1, order(409, key="k")), (2, order(key="other"))),
            sequence((0, order(500, key="k")), (1, order(429, key="k")), (2, order(429, key="k")), (3, order(key="other"))),
            sequence((0, order(0, key="k")), (1, order(409, key="k")), (2, order())),
            sequence((0, order(0, note="first")), (1, order(note="second"))),
            sequence((0, order(503, key="k", note="first")), (1, order(key="k", note="second"))),
            sequence((0, order(500)), (1, order())),
            sequence((0, order(0)), (1, look(status=503)), (2, order())),
            sequence((0, order(0)), (1, look(query="q=client_ref.EQ%3A%27sku-2%27")), (2, order())),
            sequence((0, order(0)), (1, look("running")), (2, order())),
            sequence((0, look()), (1, order(0)), (2, order())),
            sequence((0, create(0)), (1, shelf()), (2, create())),
            sequence((0, create(500)), (1, create())),
            sequence((0, create(504, key="k")), (1, create(key="other"))),
            sequence((0, create(500, key="k")), (1, create())),
            # Two orders with one key, of which the second is refused, or has an answer that says otherwise.
            sequence((0, order(key="k", note="first")), (1, order(409, key="k", note="second"))),
            *(sequence((0, create(key=digest_of_key(text)))) for text in ("undefined", "None", "null", "[object Object]", "$(uuidgen)")),
            sequence((0, create(key=digest_of_key("00000000-0000-0000-0000-000000000000")))),
        ],
    ),
    "retry-stops-on-402": (
        [
            sequence((0, create(402))),
            sequence((0, create(402)), (1, exchange("GET", "/v1/billing/balance")), (2, create(402, key="new"))),
            # Two workers, of which none knew of the other's refusal.
            sequence((1, create(402, elapsed_ms=500.0)), (1.1, order(402, elapsed_ms=500.0))),
        ],
        [
            sequence((0, create(402)), (1, create(402, key="new"))),
            sequence((1, create(402, elapsed_ms=500.0)), (1.1, order(402, elapsed_ms=500.0)), (1.7, order(402, elapsed_ms=500.0))),
        ],
    ),
    "retry-gives-up": (
        [sequence(*((wall, create(503)) for wall in range(8)))],
        [sequence(*((wall, create(503)) for wall in range(9)))],
    ),
    "poll-interval": (
        [
            sequence((0, read()), (2, read("succeeded"))),
            paced(2, *[shelf("running")] * 5),
        ],
        [
            sequence((0, read()), (0.1, read()), (0.2, read())),
            paced(0.1, *[shelf("running", "succeeded")] * 5),
            paced(0.1, *[shelf()] * 5),
            paced(0.1, *(shelf("running", target=f"/v1/runs?limit={limit}") for limit in range(10, 15))),
            paced(0.1, *(since(f"2026-01-01T00:00:0{second}Z") for second in range(5))),
            paced(0.1, *(shelf("running", target=f"/v1/runs?limit=50&_={salt}") for salt in range(5))),
            paced(0.1, *(exchange("GET", f"{RUN}?t={salt}", answer={"status_code": "running"}) for salt in range(3))),
            paced(0.1, *[exchange("GET", f"{RUN}/logs", answer={"items": [{"id": "1"}]}, operation="list_run_logs")] * 5),
        ],
    ),
    "poll-stops": (
        [
            sequence((0, read()), (1, read("succeeded")), (2, read("succeeded"))),
            # A page that shows the record is opened now and then, twice in a row at times.
            sequence(*((wall, read("succeeded")) for wall in (0, 1, 61.1, 62, 300, 301))),
            sequence(
                (0, read("failed")),
                (1, exchange("PATCH", f"{RUN}/feedback", body={"is_positive": True})),
                *((wall, read("failed")) for wall in range(2, 6)),
            ),
        ],
        [
            sequence((0, read("canceled")), (1, read("canceled")), (2, read("canceled"))),
            paced(59, read("failed"), read("failed"), read("failed")),
        ],
    ),
    "poll-absent": (
        [
            sequence((0, read(status=404))),
            sequence((0, read(status=404)), (1, read())),
            sequence(
                (0, exchange("GET", WORKFLOW, 404)),
                (1, create()),
                (2, exchange("GET", WORKFLOW, 404)),
            ),
        ],
        [
            sequence((0, read(status=404)), (1, read(status=404))),
            sequence((0, read(status=404)), (1, create()), (2, read(status=404))),
            sequence((0, exchange("GET", "/v1/assets/a", 404)), (1, exchange("GET", "/v1/assets/a", 404))),
        ],
    ),
    "key-not-to-files": (
        [sequence((0, exchange("GET", MEDIA)))],
        [
            sequence((0, exchange("GET", MEDIA, headers={"authorization": "[redacted]"}))),
            sequence((0, exchange("PUT", "/_upload/test/x", headers={"Authorization": "[redacted]"}))),
            sequence((0, exchange("GET", MEDIA, headers={"cookie": HOLDS_KEY.decode()}))),
            sequence((0, exchange("GET", MEDIA, headers={"cookie": f"a=[redacted]; session={HOLDS_KEY.decode()}; b=[redacted]"}))),
            sequence((0, exchange("GET", MEDIA, headers={"x-token": "rf_live_mock_test"}))),
        ],
    ),
    "key-not-in-address": (
        [
            sequence((0, read()), (1, order(note="keys begin with rf_live_"))),
            # It goes to files, which the other rule is about.
            sequence((0, exchange("GET", MEDIA, headers={"cookie": HOLDS_KEY.decode()}))),
            sequence((0, exchange(headers={"x-api-key": "[redacted]"}))),
            # What is a key only where one place is read on into the next is none.
            sequence((0, exchange(headers={"x-first": "rf_live", "x-second": "_9f8e7d6c5b4a"}))),
            sequence((0, exchange(headers={"x-first": "114, 102, 95, 108", "x-second": "105, 118, 101, 95"}))),
            # Whoever makes a webhook says with which secret it is signed.
            sequence((0, exchange("POST", "/v1/webhooks", body=b'{"secret":"rf_whsec_redacted"}'))),
            sequence((0, exchange("POST", "/v1/webhooks", body=b'{"secret":"%b"}' % b64encode(b"whsec_redacted")))),
            # Names that end as keys begin, and numbers that are no bytes of one.
            *(
                sequence((0, order(note=note)))
                for note in (
                    "https://cdn.example/movies/resident_evil_fr.mp4",
                    "https://cdn.example/documents/candidates_cvs_fr.pdf",
                    "my_list_of_evil_fr-ench",
                    "all_candidates_of_2026_cvs_fr",
                    "Internationalization_cvs_fr",
                    "01234567890123456789_cvs_fr",
                    "114, 102, 95, 108, 105",
                    "0x72, 0x66, 0x5f, 0x73",
                )
            ),
        ],
        [
            sequence((0, exchange("GET", f"{RUN}?api_key=rf_live_mock_test"))),
            sequence((0, order(callback_url="https://shop.example/hooks?key=rf_svc_mock_test"))),
            sequence((0, order(note="as rf_live_mock_test"))),
            sequence((0, order(note=b64encode(b"me:rf_live_mock_test").decode()))),
            sequence((0, order(note=b32encode(b"me:rf_live_mock_test").decode()))),
            sequence((0, order(note=b32encode(b"rf_whsec_redacted").decode().lower()))),
            sequence((0, order(callback_url=f"https://shop.example/hooks/{b'rf_svc_mock_test'.hex()}"))),
            sequence((0, order(callback_url=f"https://shop.example/hooks/{urlsafe_b64encode(b'rf_whsec_redacted').decode()}"))),
            sequence((0, exchange(headers={"x-token": "rfk_redacted"}))),
            sequence((0, order(callback_url="https://shop.example/hooks?secret=rf_whsec_redacted"))),
            sequence((0, exchange("POST", "/v1/webhooks?secret=whsec_redacted"))),
            sequence((0, exchange(headers={"x-api-key": SENT_TWICE.decode()}))),
            sequence((0, create(key="sha256:0a" + HOLDS_BEARER.decode()))),
            sequence((0, exchange(headers={"cookie": HOLDS_KEY.decode()}))),
            sequence((0, order(callback_url=f"https://shop.example/hooks?token={'rf_whsec_redacted'[::-1]}"))),
            sequence((0, order(note="rf_live_mock_test"[::-1]))),
            sequence((0, order(note=str([*b"rf_svc_mock_test"])))),
            sequence((0, order(note=",".join(map(str, b"rf_whsec_redacted"))))),
            sequence((0, order(note="1z8yb6xw5vu4ts3rq2po_evil_fr"))),
            *(sequence((0, order(note=note))) for note in _in_numbers(b"rf_live_mock_test")),
            *(sequence((0, order(note=note))) for note in _in_numbers(b"rf_whsec_redacted")),
        ],
    ),
    "address-in-time": (
        [sequence((9, exchange("GET", MEDIA)))],
        [sequence((10, exchange("GET", MEDIA, 403)))],
    ),
}


def verdict_of(rule: str, exchanges: Sequence[Exchange], *, is_paced: bool = True, real_waits: bool = False) -> Verdict:
    verdicts = judge_sequence(exchanges, is_paced=is_paced, real_waits=real_waits)
    return next(verdict for verdict in verdicts if verdict.rule == rule)


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


@pytest.mark.parametrize(
    ("rule", "exchanges"),
    [
        ("retry-after", sequence(*((wall / 1000, create(429, told={"retry-after": "1"})) for wall in range(20)), (0.021, create()))),
        ("retry-after", sequence((0, create(503, told=LIMITED)), (0.001, create()))),
        ("retry-backoff", failing(0.001, 0.002)),
        ("retry-backoff", failing(0.002, 0.0, 0.09, 0.001)),
        ("poll-interval", sequence((0, read()), (0.001, read()))),
    ],
)
def test_interval_of_no_length_is_the_clients_own_where_it_real_waits(rule: str, exchanges: Sequence[Exchange]) -> None:
    assert verdict_of(rule, exchanges).judgement is Judgement.NOT_EXERCISED
    assert verdict_of(rule, exchanges, real_waits=True).judgement is Judgement.BROKEN


@pytest.mark.parametrize(
    "pauses", [(0.0, 0.2, 0.4), (0.001, 1.0), (0.06, 0.084, 0.118, 0.165), (0.02, 0.9, 2.0), (0.06, 0.072, 0.086, 0.104)], ids=str
)
def test_first_try_at_once_is_a_backoff_where_the_pauses_grow_then(pauses: tuple[float, ...]) -> None:
    assert verdict_of("retry-backoff", failing(*pauses), real_waits=True).judgement is Judgement.HELD


@pytest.mark.parametrize(
    "pauses", [(0.9, 0.3, 3.1), (0.64, 0.45, 0.44), (0.1, 0.14), (0.8, 0.5), (2.0, 0.4, 1.1), (0.5, 1.9, 0.55)], ids=str
)
def test_pauses_that_are_drawn_at_random_are_no_verdict(pauses: tuple[float, ...]) -> None:
    verdict = verdict_of("retry-backoff", failing(*pauses), real_waits=True)
    assert (verdict.judgement, verdict.reason is not None) == (Judgement.NOT_EXERCISED, True)


@pytest.mark.parametrize("pauses", [(1.0, 0.15, 1.01, 0.16), (0.19, 1.1, 0.16, 1.01), (2.0, 0.5, 2.1, 0.52, 2.02)], ids=str)
def test_pauses_that_go_up_and_down_to_the_same_again_do_not_grow(pauses: tuple[float, ...]) -> None:
    assert verdict_of("retry-backoff", failing(*pauses), real_waits=True).judgement is Judgement.BROKEN


def rereading(pause: float) -> Sequence[Exchange]:
    """A record that is read again after each 503."""
    return paced(pause, *[read(status=503)] * 4, read())


@pytest.mark.parametrize(
    ("pause", "judgement"), [(2.0, Judgement.NOT_EXERCISED), (0.3, Judgement.BROKEN), (0.0, Judgement.BROKEN)], ids=str
)
def test_readings_that_fail_go_on_at_the_pace_of_polling_or_at_pauses_that_grow(pause: float, judgement: Judgement) -> None:
    assert verdict_of("retry-backoff", rereading(pause), real_waits=True).judgement is judgement


def turns(*rounds: float, of: Exchange) -> Sequence[Exchange]:
    """A record and something else, each read once a round: the record first, and the other so many seconds later."""
    return sequence(*(pair for number, later in enumerate(rounds) for pair in ((0.8 * number, read()), (0.8 * number + later, of))))


LOG = exchange("GET", f"{RUN}/logs", answer={"items": [{"id": "1"}]}, operation="list_run_logs")


@pytest.mark.parametrize("other", [shelf("running"), LOG], ids=["list", "log"])
def test_record_and_what_shows_it_in_turns_leave_no_more_time_than_one_of_them(other: Exchange) -> None:
    verdict = verdict_of("poll-interval", turns(0.4, 0.4, 0.4, of=other), real_waits=True)
    assert (verdict.judgement, verdict.broken) == (Judgement.BROKEN, 1)
    assert verdict_of("poll-interval", turns(0.4, 0.4, 0.4, of=other)).judgement is Judgement.HELD


@pytest.mark.parametrize(
    "exchanges",
    [
        # Both are read at once, and then there is a pause.
        turns(0.1, 0.1, 0.1, 0.1, of=shelf("running")),
        turns(0.4, 0.4, of=shelf("running")),
        turns(0.4, 0.4, 0.4, of=shelf("succeeded")),
        # It shows something else.
        turns(
            0.4,
            0.4,
            0.4,
            of=exchange("GET", "/v1/runs", answer={"items": [{"id": NOBODY, "status_code": "queued"}]}, operation="list_runs"),
        ),
        turns(0.4, 0.4, 0.4, of=replace(shelf("running"), elapsed_ms=900.0)),
    ],
    ids=["together", "twice", "ended", "of others", "overlapping"],
)
def test_reading_in_turns_is_held_where_there_is_time_between(exchanges: Sequence[Exchange]) -> None:
    assert verdict_of("poll-interval", exchanges, real_waits=True).judgement is Judgement.HELD


def told_of(*, others: str = "succeeded", count: int = 4, called: bool = True) -> Sequence[Exchange]:
    """A record that is polled, and a list that is read as well whenever another of the client's own orders has ended."""
    ids = [f"019b76da-a800-7000-8000-0000000000{number:02}" for number in range(10, 10 + count)]
    url = "https://app.example/hooks" if called else None
    made = [order(callback_url=url, answer={"id": record_id}) for record_id in (RUN_ID, *ids)]
    steps: list[tuple[float, Exchange]] = [(0.01 * number, creation) for number, creation in enumerate(made)]
    for turn in range(count):
        ended = [{"id": record_id, "status_code": others if number <= turn else "running"} for number, record_id in enumerate(ids)]
        answer = {"items": [{"id": RUN_ID, "status_code": "running"}, *ended]}
        steps.append((2 + 0.4 * turn, exchange("GET", "/v1/runs?limit=50", answer=answer, operation="list_runs")))
    steps.extend((2.2 + 0.6 * turn, read()) for turn in range(3))
    return sequence(*sorted(steps, key=lambda step: step[0]))


@pytest.mark.parametrize(
    ("exchanges", "judgement"),
    [
        (told_of(), Judgement.HELD),
        (told_of(called=False), Judgement.BROKEN),
        (told_of(others="running"), Judgement.BROKEN),
    ],
    ids=["told by callbacks", "told by nobody", "told by nobody yet"],
)
def test_list_that_is_read_because_something_has_ended_is_read_in_no_turns(exchanges: Sequence[Exchange], judgement: Judgement) -> None:
    assert verdict_of("poll-interval", exchanges, real_waits=True).judgement is judgement


def apart(*pollers: tuple[float, float]) -> Sequence[Exchange]:
    """Pollers that know nothing of each other, the first of a record and the others of what shows it: when each begins, and its pause."""
    shown = (
        read(),
        shelf("running"),
        LOG,
        exchange("GET", f"{RUN}/deliveries", answer={"items": [{"id": "1"}]}, operation="list_run_deliveries"),
    )
    pairs = [(begin + turn * pause, shown[number]) for number, (begin, pause) in enumerate(pollers) for turn in range(8)]
    return sequence(*sorted(pairs, key=lambda pair: pair[0]))


@given(st.lists(st.tuples(st.floats(0.0, 2.0), st.floats(1.0, 1.5)), min_size=2, max_size=4))
def test_pollers_of_a_second_each_that_know_nothing_of_each_other_are_never_accused(pollers: list[tuple[float, float]]) -> None:
    assert verdict_of("poll-interval", apart(*pollers), real_waits=True).judgement is Judgement.HELD


@pytest.mark.parametrize(
    ("pollers", "judgement"),
    [
        (((0.0, 0.6), (0.3, 0.6)), Judgement.BROKEN),
        (((0.0, 0.7), (0.35, 0.7)), Judgement.BROKEN),
        (((0.0, 0.95), (0.475, 0.95)), Judgement.HELD),
        (((0.0, 1.2), (0.4, 1.2), (0.8, 1.2)), Judgement.HELD),
    ],
    ids=["0.6 s", "as the bench's wrong client", "0.95 s", "three"],
)
def test_two_pollers_count_as_one_that_reads_in_turns(pollers: tuple[tuple[float, float], ...], judgement: Judgement) -> None:
    """Nobody can tell two from one by time alone: what both show is read again within so short a time, by whomever."""
    assert verdict_of("poll-interval", apart(*pollers), real_waits=True).judgement is judgement


@given(st.lists(st.floats(0.0, 1.0), min_size=3, max_size=5), st.floats(0.2, 2.0))
def test_equal_jitter_is_never_accused(draws: list[float], base: float) -> None:
    pauses = [base * 2**number * (0.5 + draw / 2) for number, draw in enumerate(draws)]
    assert verdict_of("retry-backoff", failing(*pauses), real_waits=True).judgement is not Judgement.BROKEN


@given(
    st.lists(st.floats(INTERVAL_SECONDS_MIN + 0.001, 8.0), min_size=2, max_size=6),
    st.lists(st.floats(0.0, 8.0), min_size=6, max_size=6),
)
def test_whoever_pauses_is_never_told_that_there_were_none_however_late_a_machine_wakes(pauses: list[float], late: list[float]) -> None:
    measured = [round(pause + more, 6) for pause, more in zip(pauses, late, strict=False)]
    verdict = verdict_of("retry-backoff", failing(*measured), real_waits=True)
    assert not any(seen.message.startswith(WITHOUT_PAUSE) for seen in verdict.evidence)


@pytest.mark.parametrize("pauses", [(0.001, 0.049), (0.04, 0.0, 0.03), (0.01, 0.3, 0.01, 0.0)], ids=str)
def test_no_pauses_are_told_in_words_of_their_own(pauses: tuple[float, ...]) -> None:
    verdict = verdict_of("retry-backoff", failing(*pauses), real_waits=True)
    assert (verdict.judgement, verdict.evidence[0].message.startswith(WITHOUT_PAUSE)) == (Judgement.BROKEN, True)


@pytest.mark.parametrize("pauses", [(0.3, 0.34), (0.3, 0.31, 0.36), (0.5, 0.3, 0.4)], ids=str)
def test_pauses_of_which_nothing_can_be_said_are_told_in_words_of_their_own(pauses: tuple[float, ...]) -> None:
    verdict = verdict_of("retry-backoff", failing(*pauses), real_waits=True)
    assert (verdict.judgement, (verdict.reason or "").startswith(UNCLEAR_PAUSES)) == (Judgement.NOT_EXERCISED, True)


@pytest.mark.parametrize("rule", ["retry-after", "retry-backoff", "poll-interval"])
def test_clock_that_is_not_the_clients_matters_no_more_where_it_real_waits(rule: str) -> None:
    for exchanges in EXAMPLES[rule][1]:
        assert verdict_of(rule, exchanges, is_paced=False, real_waits=True).judgement is Judgement.BROKEN


def test_requests_that_overlap_say_nothing_about_pace() -> None:
    late: dict[str, Any] = {"elapsed_ms": 500.0}
    assert verdict_of("poll-interval", sequence((0, read()), (0.1, read()), (0.2, read())), real_waits=True).broken == 2
    both = sequence((0, read()), (0.4, exchange(answer={"status_code": "running"}, **late)))
    assert verdict_of("poll-interval", both, real_waits=True).judgement is Judgement.NOT_EXERCISED
    impatient = sequence((1, create(429, told=LIMITED)), (1.2, create(**late)))
    assert verdict_of("retry-after", impatient, real_waits=True).judgement is Judgement.NOT_EXERCISED


@pytest.mark.parametrize(
    "reads",
    [
        [shelf("running")] * 4,
        [shelf("succeeded", "failed")] * 9,
        [shelf("running", target=f"/v1/runs?pq={page}") for page in range(9)],
        [since(f"2025-06-0{day}T00:00:00Z") for day in range(1, 10)],
        [shelf("running", target=f"/v1/runs?q=client_ref.EQ:'sku-{number}'") for number in range(9)],
        [step for _ in range(9) for step in (shelf("running"), create())],
        [exchange("GET", "/v1/models", answer={"items": [{"id": "m"}]}, operation="list_models")] * 9,
        [exchange("GET", "/v1/health", answer={"status": "starting"}, operation="get_health")] * 9,
    ],
    ids=["few", "all have ended", "pages", "of days in the past", "of different orders", "with changes between", "catalog", "health"],
)
def test_reading_that_is_no_polling_has_no_pace(reads: list[Exchange]) -> None:
    assert verdict_of("poll-interval", paced(0.1, *reads), real_waits=True).judgement is Judgement.NOT_EXERCISED


BATCH = exchange(
    "POST", f"{CREATE[:-4]}batches", 201, body={"input": [SHIRT["input"]]}, answer={"id": BATCH_ID}, operation="create_model_batch"
)
HOOK = exchange("POST", "/v1/webhooks", 201, body={"url": "https://app.example/hooks"}, answer={"id": BATCH_ID}, operation="create_webhook")
SILENT, CALLED = (order(callback_url=url, answer={"id": RUN_ID}) for url in (None, "https://app.example/hooks"))
CANCELLED = exchange("POST", f"/v1/admin/runs/{RUN_ID}/cancellation", 200)
LISTED = [shelf("running")] * 4
# What a client did at its pace, what it did at once after that, and whether it had a reason to.
READ_SOON: dict[str, tuple[Sequence[Exchange], Sequence[Exchange], bool]] = {
    "told by a callback": ([CALLED, read()], [read("succeeded")], True),
    "told by a webhook": ([HOOK, SILENT, read()], [read("failed")], True),
    "told by a callback, and refused at first": ([CALLED, read()], [read(status=503), read("succeeded")], True),
    "told of what somebody else has created": ([read()], [read("succeeded")], True),
    "told by a callback, reads the list": ([CALLED, *LISTED], [shelf("succeeded")], True),
    "has cancelled it": ([SILENT, read()], [CANCELLED, read()], True),
    "told by nobody": ([SILENT, read()], [read("succeeded")], False),
    "told by nobody yet": ([CALLED, read()], [read()], False),
    "told by nobody, and refused": ([CALLED, read()], [read(status=503)], False),
    "told by nobody, reads the list": ([SILENT, *LISTED], [shelf("succeeded")], False),
    "told by nobody, reads the items": ([BATCH, *[items("succeeded", "running")] * 4], [items("succeeded", "succeeded")], False),
    "was refused to cancel it": ([SILENT, read()], [replace(CANCELLED, status=409), read("succeeded")], True),
    "may not cancel it": ([SILENT, read()], [replace(CANCELLED, status=403), read()], True),
    "has cancelled something else": ([SILENT, read()], [replace(CANCELLED, target="/v1/admin/runs/x/cancellation"), read()], False),
}


@pytest.mark.parametrize("name", READ_SOON)
def test_whoever_has_a_reason_to_look_looks_at_once(name: str) -> None:
    paced_steps, hasty_steps, has_reason = READ_SOON[name]
    walls = accumulate([*[2.0] * len(paced_steps), *[0.05] * len(hasty_steps)])
    seen = sequence(*zip(walls, (*paced_steps, *hasty_steps), strict=True))
    assert (verdict_of("poll-interval", seen, real_waits=True).broken == 0) is has_reason


@pytest.mark.parametrize(
    ("status", "looks", "is_excused"),
    [(503, 3, True), (503, 4, False), (429, 3, False), (422, 3, False)],
    ids=["each once", "one of them twice", "of what has to wait", "of what was refused"],
)
def test_each_worker_may_look_at_once_for_what_it_may_have_created(status: int, looks: int, is_excused: bool) -> None:
    """Workers that fail together look together, whoever else of them has just looked."""
    rounds = [[create(status)] * 3 + [shelf()] * looks for _ in range(3)]
    walls = accumulate(0.01 if step.method == "GET" and number > 3 else 1.0 for each in rounds for number, step in enumerate(each))
    seen = sequence(*zip(walls, (step for each in rounds for step in each), strict=True))
    assert (verdict_of("poll-interval", seen, real_waits=True).broken == 0) is is_excused


@pytest.mark.parametrize(
    "before",
    [
        [each for number in range(12) for each in (create(503, key=f"k{number}"), create(key=f"k{number}"))],
        [create(), *[exchange("POST", f"{RUN}/cancel", 503, operation="cancel_run")] * 12],
        [create(503, key="k")] * 12,
    ],
    ids=["known by now", "no creations", "one creation"],
)
def test_nobody_looks_for_what_is_known_by_now_or_was_no_creation(before: list[Exchange]) -> None:
    steps = [*before, *[shelf("running")] * 12]
    walls = accumulate(0.06 if step.method == "GET" else 1.0 for step in steps)
    seen = sequence(*zip(walls, steps, strict=True))
    assert verdict_of("poll-interval", seen, real_waits=True).judgement is Judgement.BROKEN


def test_answer_that_was_cut_off_is_read_again_at_once() -> None:
    whole = read()
    cut = exchange(answer=whole.response_body[:9], told={"content-length": str(len(whole.response_body))}, fault="truncate")
    assert verdict_of("poll-interval", sequence((0, cut), (0.01, read())), real_waits=True).judgement is Judgement.NOT_EXERCISED


# What a reading may be answered with and is no word on how things stand, beside what is one.
DELIVERIES = f"{RUN}/callback"
SHOWN: dict[str, tuple[Exchange, Judgement]] = {
    "a list in a record's place": (exchange(answer=[]), Judgement.NOT_EXERCISED),
    "a list of records in a record's place": (exchange(answer=[{"id": RUN_ID, "status_code": "running"}]), Judgement.NOT_EXERCISED),
    "a state of null": (exchange(answer={"id": RUN_ID, "status_code": None}), Judgement.NOT_EXERCISED),
    "a state of 5": (exchange(answer={"id": RUN_ID, "status_code": 5}), Judgement.NOT_EXERCISED),
    "a state that nobody documented": (exchange(answer={"id": RUN_ID, "status_code": "hibernating"}), Judgement.BROKEN),
    "no state, for none was asked": (exchange(answer={"output": None}), Judgement.BROKEN),
    "a list in a page's place": (exchange("GET", "/v1/runs", answer=[], operation="list_runs"), Judgement.NOT_EXERCISED),
    "a page of states of null": (
        exchange("GET", "/v1/runs", answer={"items": [{"status_code": None}]}, operation="list_runs"),
        Judgement.NOT_EXERCISED,
    ),
    "an empty page": (exchange("GET", "/v1/runs", answer={"items": []}, operation="list_runs"), Judgement.BROKEN),
    "no deliveries yet": (exchange("GET", DELIVERIES, answer=[], operation="list_run_deliveries"), Judgement.BROKEN),
}


@pytest.mark.parametrize("name", SHOWN)
def test_answer_that_says_nothing_of_how_things_stand_is_read_again_at_once(name: str) -> None:
    shown, judgement = SHOWN[name]
    assert verdict_of("poll-interval", paced(0.4, *[shown] * 6), real_waits=True).judgement is judgement


def test_finished_record_may_be_read_once_by_each_query() -> None:
    queries = ("", "?add_signature=true", "?fields=output")
    reads = [exchange("GET", RUN + query, answer={"status_code": "failed"}) for query in queries]
    assert verdict_of("poll-stops", paced(1, *reads)).judgement is Judgement.HELD
    salted = [exchange("GET", f"{RUN}?nocache={salt}", answer={"status_code": "failed"}) for salt in range(4)]
    assert verdict_of("poll-stops", paced(1, *salted)).judgement is Judgement.BROKEN


def log(query: str = "", **more: Any) -> Exchange:
    return exchange("GET", f"{RUN}/logs{query}", answer={"items": [{"message": "saved"}]}, operation="list_run_logs", **more)


def test_log_is_read_page_by_page_and_as_long_as_its_run_lives() -> None:
    pages = [log(f"?limit=1&cursor={number}") for number in range(6)]
    seen = paced(1, create(answer={"id": RUN_ID}), *[log()] * 9, read("succeeded"), *[log()] * 2, *pages)
    assert verdict_of("poll-stops", seen, real_waits=True).judgement is Judgement.HELD


def test_log_is_read_on_after_the_end_of_its_run_by_applications_that_show_it_but_not_by_who_waits() -> None:
    seen = paced(1, create(answer={"id": RUN_ID}), read("succeeded"), *[log()] * 3)
    assert verdict_of("poll-stops", seen).judgement is Judgement.HELD
    assert verdict_of("poll-stops", seen, real_waits=True).judgement is Judgement.BROKEN


CREATED, ENDED = create(answer={"id": RUN_ID}), read("succeeded")
CUT: dict[str, Any] = {"told": {"content-length": "9999"}, "fault": "truncate"}
LISTED = [shelf("running")] * 4
READ_ON_RIGHTLY = {
    "a log that was refused": paced(1, CREATED, ENDED, *[log(status=503)] * 3, log()),
    "a log that was limited": paced(1, CREATED, ENDED, *[log(status=429)] * 3, log()),
    "a log that came in part": paced(1, CREATED, ENDED, *[log(**CUT)] * 3, log()),
    "a log of a run that was changed": paced(
        1, CREATED, ENDED, *[log()] * 2, exchange("PATCH", f"{RUN}/feedback", body={"is_positive": True}), *[log()] * 2
    ),
    "a log at which somebody looks": paced(61, CREATED, ENDED, *[log()] * 4),
    "a record that was refused": paced(1, CREATED, ENDED, *[read(status=503)] * 3, ENDED),
    "a record that came in part": paced(
        1, CREATED, ENDED, *[exchange(answer={"id": RUN_ID, "status_code": "succeeded"}, **CUT)] * 3, ENDED
    ),
    "a list that was refused": paced(1, CREATED, *LISTED, shelf("succeeded"), *[shelf(status=503)] * 3, shelf("succeeded")),
    "a list that came in part": paced(1, CREATED, *LISTED, shelf("succeeded"), *[shelf("succeeded", **CUT)] * 3, shelf("succeeded")),
}


@pytest.mark.parametrize("exchanges", READ_ON_RIGHTLY.values(), ids=READ_ON_RIGHTLY)
def test_readings_after_the_end_are_those_that_came_whole_and_had_no_reason(exchanges: Sequence[Exchange]) -> None:
    assert verdict_of("poll-stops", exchanges, real_waits=True).judgement is not Judgement.BROKEN


@pytest.mark.parametrize("failed", [log(status=503), log(**CUT)], ids=["refused", "in part"])
def test_tries_that_failed_excuse_no_readings_after_the_end(failed: Exchange) -> None:
    seen = paced(1, CREATED, ENDED, log(), failed, log(), failed, log())
    assert verdict_of("poll-stops", seen, real_waits=True).judgement is Judgement.BROKEN


WATCHED = {
    "list": paced(1, create(answer={"id": RUN_ID}), shelf("running"), shelf("running"), *[shelf("succeeded")] * 4),
    "items": paced(1, batch(2), *[items("failed", "succeeded")] * 5),
    "item": paced(1, batch(2), *[exchange("GET", ITEM, answer={"status_code": "failed"}, operation="get_batch_item")] * 5),
    "runs of a batch": paced(1, batch(2), *[members(2)] * 5),
    "batches": paced(1, batch(3), *[exchange("GET", BATCHES, answer={"items": [ENDED_BATCH]}, operation="list_batches")] * 5),
    "evaluations": paced(1, create(answer={"id": RUN_ID}), evaluation(1), evaluation(2), *[evaluations(1, 2)] * 5),
}


@pytest.mark.parametrize("exchanges", WATCHED.values(), ids=WATCHED)
def test_lists_are_read_on_after_the_end_by_applications_that_show_them_but_not_by_who_waits(exchanges: Sequence[Exchange]) -> None:
    assert verdict_of("poll-stops", exchanges).judgement is Judgement.NOT_EXERCISED
    assert verdict_of("poll-stops", exchanges, real_waits=True).judgement is Judgement.BROKEN


def test_list_of_what_has_ended_is_read_until_it_shows_all_that_was_created() -> None:
    of_two = paced(1, create(answer={"id": RUN_ID}), create(answer={"id": BATCH_ID}), *[shelf("succeeded")] * 5)
    assert verdict_of("poll-stops", of_two, real_waits=True).judgement is Judgement.NOT_EXERCISED
    folder = exchange("POST", "/v1/asset-folders", 201, answer={"id": BATCH_ID})
    of_one = paced(1, create(answer={"id": RUN_ID}), folder, *[shelf("succeeded")] * 5)
    assert verdict_of("poll-stops", of_one, real_waits=True).judgement is Judgement.BROKEN


STILL_WAITED_FOR = {
    "runs of a batch": paced(1, batch(3), *[members(1)] * 4, *[members(2)] * 5, members(3)),
    "items of a batch": paced(1, batch(3), *[members(number // 4, SUCCEEDED_ITEMS, "list_batch_items") for number in range(4, 13)]),
    "items of a batch that does not say how many it has": paced(1, batch(None), *[items("succeeded")] * 5),
    "evaluations of a run": paced(1, create(answer={"id": RUN_ID}), evaluation(1), evaluation(2), *[evaluations(1)] * 5, evaluations(1, 2)),
    "evaluations that somebody else creates": paced(1, create(answer={"id": RUN_ID}), *[evaluations(1)] * 5, evaluations(1, 2)),
}


@pytest.mark.parametrize("exchanges", STILL_WAITED_FOR.values(), ids=STILL_WAITED_FOR)
def test_list_of_what_has_ended_is_read_until_it_shows_as_many_as_were_created(exchanges: Sequence[Exchange]) -> None:
    assert verdict_of("poll-stops", exchanges, real_waits=True).judgement is not Judgement.BROKEN


@pytest.mark.parametrize(("real_waits", "judgement"), [(False, Judgement.HELD), (True, Judgement.BROKEN)], ids=["workers", "one process"])
def test_creation_that_left_a_moment_after_a_402_may_be_of_another_worker(real_waits: bool, judgement: Judgement) -> None:
    """Of an application nobody knows whether several are at work; where a process does one piece of work the answer takes its time."""
    moments_apart = sequence((0, create(402)), (0.01, order(402)))
    assert verdict_of("retry-stops-on-402", moments_apart, real_waits=real_waits).judgement is judgement
    on_its_way = sequence((1, create(402, elapsed_ms=500.0)), (1.1, order(402, elapsed_ms=500.0)))
    assert verdict_of("retry-stops-on-402", on_its_way, real_waits=real_waits).judgement is Judgement.HELD


def test_creation_that_runs_into_the_same_402_again_breaks_the_rule_about_credit_alone() -> None:
    again = sequence((0, create(402, key="k")), (1, create(402, key="k")), (2, create(402, key="k")))
    assert verdict_of("retry-refused", again).judgement is not Judgement.BROKEN
    assert verdict_of("retry-stops-on-402", again).judgement is Judgement.BROKEN


def test_creation_is_sent_again_after_a_402_once_the_balance_was_looked_at() -> None:
    balance = exchange("GET", "/v1/billing/balance")
    patient = sequence((0, create(402)), (1, balance), (2, create()))
    assert [verdict_of(rule, patient).judgement for rule in ("retry-refused", "retry-stops-on-402")] == [
        Judgement.NOT_EXERCISED,
        Judgement.HELD,
    ]
    assert verdict_of("retry-refused", sequence((0, balance), (1, create(402)), (2, create()))).judgement is Judgement.BROKEN


def test_lists_may_go_on_being_read_where_nothing_that_the_client_created_has_ended_there() -> None:
    created, ended = create(answer={"id": RUN_ID}), shelf("succeeded")
    cut = replace(ended, response_body=b'{"items":[{"id":"' + RUN_ID.encode() + b'","status_code":"failed"}],"next":"more"}')
    for reads in (
        [ended] * 9,
        [create(answer={"id": BATCH_ID}), *[ended] * 9],
        [created, *[cut] * 9],
        [created, *[ended] * 3, created, *[ended] * 2],
    ):
        assert verdict_of("poll-stops", paced(1, *reads), real_waits=True).judgement is not Judgement.BROKEN


def test_what_was_refused_and_then_changed_is_no_repeat_although_it_is_labelled_the_same() -> None:
    again = sequence((0, order(422, note="too long")), (1, order(note="short")))
    assert verdict_of("retry-refused", again).judgement is Judgement.HELD


def test_repeated_404_of_a_reading_is_told_by_its_own_rule_alone() -> None:
    for target in (RUN, "/v1/assets/a"):
        twice = sequence((0, exchange("GET", target, 404)), (1, exchange("GET", target, 404)))
        assert verdict_of("retry-refused", twice).judgement is Judgement.NOT_EXERCISED
        assert verdict_of("poll-absent", twice).judgement is Judgement.BROKEN


def test_whoever_reads_a_file_by_parts_may_come_to_its_end_twice() -> None:
    beyond = exchange("GET", MEDIA, 416)
    assert verdict_of("retry-refused", sequence((0, beyond), (1, beyond))).judgement is Judgement.NOT_EXERCISED
    assert verdict_of("retry-refused", sequence((0, beyond), (1, beyond), (2, beyond))).judgement is Judgement.BROKEN


def test_other_refusals_of_a_reading_and_404s_of_other_methods_are_not_exempt() -> None:
    for method, status in (("GET", 403), ("DELETE", 404), ("POST", 404)):
        twice = sequence((0, exchange(method, "/v1/webhooks/a", status)), (1, exchange(method, "/v1/webhooks/a", status)))
        assert verdict_of("retry-refused", twice).judgement is Judgement.BROKEN


def test_look_for_what_was_created_is_shown_as_evidence() -> None:
    (held,) = verdict_of("retry-idempotency-key", sequence((0, order(0)), (1, look()), (2, order()))).evidence
    assert (held.exchanges, "after a look for it" in held.message) == (("x1", "x2", "x3"), True)
    (broken,) = verdict_of("retry-idempotency-key", sequence((0, order(0)), (1, look("running")), (2, order()))).evidence
    assert "although a look for it had found it" in broken.message


def test_batch_is_looked_for_by_what_its_items_and_metadata_say() -> None:
    body = {"input": [{"image_url": "https://x.example/a.png", "client_ref": "sku-1"}], "metadata": {"order": "order-17"}}
    made = exchange("POST", "/v1/models/runflow/background-removal/batches", 0, body=body, operation="create_model_batch")
    for query in ("q=client_ref.EQ:'sku-1'", "q=metadata.order.EQ:'order-17'", "limit=10"):
        looked = shelf(target=f"/v1/batches?{query}", operation="list_batches")
        assert verdict_of("retry-idempotency-key", sequence((0, made), (1, looked), (2, made))).judgement is Judgement.HELD


@pytest.mark.parametrize(
    ("query", "judgement"),
    [
        ("q=created_at%3E'2025-12-31T23:59:00Z'", Judgement.HELD),
        ("q=created_at.GE:'2026-01-01'&limit=100", Judgement.HELD),
        ("q=created_at%3E'2026-01-01T00:05:00Z'", Judgement.BROKEN),
        ("q=created_at%3Eyesterday", Judgement.BROKEN),
        ("q=status_code:failed", Judgement.BROKEN),
        ("pq=the-second-page", Judgement.BROKEN),
    ],
)
def test_creation_is_looked_for_by_when_it_was_made(query: str, judgement: Judgement) -> None:
    assert verdict_of("retry-idempotency-key", sequence((0, order(0)), (1, look(query=query)), (2, order()))).judgement is judgement


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


def test_superscript_digit_is_no_retry_after() -> None:
    """`str.isdigit` takes it, and no number can be read from it: the verdicts of a whole tenant were an error of ours."""
    refused = replace(create(429), response_headers=((b"retry-after", "²".encode("latin-1")),))
    assert verdict_of("retry-after", sequence((0, refused), (0.1, create()))).judgement is Judgement.NOT_EXERCISED


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


@pytest.mark.parametrize(
    "body", [b"no JSON", b"\xff", b"[" * 100_000, b"[" * 900 + b"]" * 900], ids=["no JSON", "no UTF-8", "cut off", "beyond any stack"]
)
def test_creation_whose_body_cannot_be_read_can_be_looked_for_by_nothing(body: bytes) -> None:
    made = replace(order(0), request_body=body)
    assert verdict_of("retry-idempotency-key", sequence((0, made), (1, look("running")), (2, made))).judgement is Judgement.BROKEN


@pytest.mark.parametrize(
    "moment",
    [
        "2026-02-31T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-01-01T25:00:00Z",
        "2026-01-01T00:00:60Z",
        "0001-01-01T00:00:00%2B23:59",
        "9999-12-31T23:59:59-23:59",
        "2026-01-01T00:00:00%2B99:99",
        "%D9%A2026-01-01T00:00:00Z",
    ],
)
def test_what_only_looks_like_a_moment_is_judged_as_it_stands(moment: str) -> None:
    reads = paced(3.0, *(since(moment) for _ in range(4)))
    assert len(judge_sequence(reads, is_paced=True)) == len(RULES)


def test_bodies_of_creations_are_read_only_where_something_has_failed() -> None:
    plain, labelled = (sequence(*enumerate([each] * 20)) for each in (create(), order()))
    assert lines_run(lambda: series_of(labelled)) == lines_run(lambda: series_of(plain))
    failed = sequence((0, order(500)), (1, order(note="again")))
    assert [len(series) for series in series_of(failed)] == [2]


@pytest.mark.parametrize(
    ("refused", "right"),
    [("limit=100000", "limit=100"), ("limit=501", "limit=500"), ("_=1", "limit=50"), ("limit=0&_=1", "limit=50&_=2")],
    ids=["far too long a page", "too long a page", "unknown parameter", "past a cache"],
)
def test_reading_in_other_words_after_a_final_refusal_is_another_call(refused: str, right: str) -> None:
    """Whoever corrected the length of a page was told to have sent the same again; a cache has nothing to do with a final refusal."""
    corrected = sequence((0, shelf(status=422, target=f"/v1/runs?{refused}")), (1, shelf(target=f"/v1/runs?{right}")))
    assert verdict_of("retry-refused", corrected).judgement is Judgement.HELD
    late = sequence(
        (0, shelf(status=429, told=LIMITED)),
        (2, shelf(status=422, target=f"/v1/runs?{refused}")),
        (3, shelf(target=f"/v1/runs?{right}")),
    )
    assert verdict_of("retry-refused", late).judgement is Judgement.HELD
    same = sequence(*((second, shelf(status=422, target=f"/v1/runs?{refused}")) for second in range(2)))
    assert verdict_of("retry-refused", same).judgement is Judgement.BROKEN


def test_series_that_was_closed_past_a_cache_is_closed_for_its_first_words() -> None:
    first, salted = shelf(status=429, told=LIMITED), shelf(target="/v1/runs?limit=50&_=2")
    seen = sequence((0, first), (2, salted), (60, shelf(status=429, told=LIMITED)), (62, shelf()))
    assert [[each.number for each in series] for series in series_of(seen)] == [[1, 2], [3, 4]]


@pytest.mark.parametrize("text", ["rf_live_", "rf_svc_", "whsec_"])
def test_key_in_digits_of_any_case_is_seen(text: str) -> None:
    """Digits in small and in great letters were searched for one after the other, and mixed ones not at all."""
    hidden = f"{text}{'a1' * 8}".encode()
    for digits in (b32encode(hidden).decode(), hidden.hex()):
        mixed = "".join(digit.upper() if place % 2 else digit.lower() for place, digit in enumerate(digits))
        for shown in (digits.lower(), digits.upper(), mixed):
            assert verdict_of("key-not-in-address", sequence((0, order(note=shown)))).judgement is Judgement.BROKEN

"""Cells of the matrix: one situation each, in one literal table.

Theory. The first cell is the control: nothing happens in it. Every other one differs from it in what its name says, or in two such things
where they interact. A cell whose faults were not met by the client says nothing. The client is a process with a real clock, so that its
pauses count in every cell, whatever clock the work follows: where that one stands it is moved on while the client waits, so that nobody
waits for long. Whoever polls lists instead of records meets the same at the list.
"""

from typing import Any

from runflow_mock.domain.places import START_EDGE
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.kit.matrix.cell_faults import (
    FAIL,
    LATE_WORK,
    NEW_FIELDS,
    NEWS,
    NO_RECORDS,
    PARTLY,
    UNHEARD_OF,
    Fault,
    callback,
    creation,
    every_poll,
    nulls,
    poll,
)
from runflow_mock.kit.matrix.situations import Cell, Ending


def _refusal(status: int) -> Cell:
    # So slowly that creations of several workers are on their way at the same time, however late a busy machine starts the last of them.
    faults = (creation("latency", None, seconds=2.0 if status == NO_CREDIT else 0.3), creation("answer", None, status=status))
    return Cell(name=f"{status} at creation", rule="reports-failure", ending=Ending.BADLY, faults=faults)


def _passing(name: str, *faults: Fault, **more: Any) -> Cell:
    return Cell(name=name, rule="recovers", faults=faults, **more)


def _at_poll(name: str, rule: str, kind: str, *, clock: ClockMode = ClockMode.AUTO, **more: Any) -> Cell:
    return Cell(name=name, rule=rule, faults=poll(kind, **more), clock=clock, also=("creates-once",))


def _late(name: str, seconds: float, *faults: Fault) -> Cell:
    """An answer that takes so long."""
    return Cell(name=name, rule="recovers", clock=ClockMode.REAL, faults=faults, also=("creates-once",), seconds=seconds)


def _told(name: str, rule: str, *faults: Fault, is_full: bool = False, **more: Any) -> Cell:
    return Cell(name=name, rule=rule, faults=faults, needs_callback=True, is_full=is_full, **more)


def _at_file(name: str, kind: str, method: str = "GET", path: str = "/media/**", **more: Any) -> Cell:
    # Once: whoever tries again has its file then, and whoever ends badly has said that it has not.
    fault = {"where": {"method": method, "path": path}, "what": {"kind": kind, **more}, "when": {"times": 1}}
    return Cell(name=name, rule="checks-files", ending=Ending.SOMEHOW, faults=(fault,))


def _beside_others(name: str, count: int) -> Cell:
    """So few others that they fit into any page of a list with the client's own."""
    others_fail = {"where": {"client_ref": SOMEBODY}, "what": {"kind": "fail"}}
    return Cell(name=name, rule="finds-its-own", clock=ClockMode.MANUAL, faults=(others_fail,), others=count)


def _endless(name: str, *faults: Fault, seconds: float, needs_callback: bool = False, also: tuple[str, ...] = ()) -> Cell:
    """What never comes, for a client with a time of its own after which it no longer waits: so long it may be."""
    return Cell(
        name=name,
        rule="bounds-waiting",
        ending=Ending.SOMEHOW,
        clock=ClockMode.REAL,
        faults=faults,
        seconds=seconds,
        needs_callback=needs_callback,
        also=also,
        is_full=True,
    )


# Just beyond the five minutes that are documented.
_TOO_FAR = "5m10s"
# Longer than most clients wait for an answer; to one that waits longer the answer is lost then.
LATE_SECONDS = 12.0
# Shorter than what the most impatient of the usual libraries wait, which is five.
SLOW_ANSWER_SECONDS = 3.0
# So long that others are at work by the time the answer is lost.
LOST_SECONDS = 2.0
# Longer than the half of a minute that clients make up most often for how long work takes; a right one waits for minutes.
SLOW_SECONDS = 33.0
# As long a wait as clients should ever make by the documents (32 seconds), nearly.
LONG_WAIT_SECONDS = 31
# Ahead of UTC, and not by whole hours: whoever takes an instant for one of its own clock has it hours ago.
ZONE = "Asia/Kathmandu"
# So long everything takes in the control: a client that polls every two seconds polls more than once.
_SLOWLY: Fault = {"where": {"edge": "run.dispatching->running"}, "what": {"kind": "delay", "by": 3}}
# Who creates something beside the client, so many records (fewer or more than a page of ten), and when all of them have ended.
SOMEBODY, OTHERS, MANY_OTHERS, OTHERS_SETTLE, OWN_WAITS = "somebody-else", 5, 15, "30m", "1h"
# The usual libraries give up an answer after five minutes at the latest, and clients of this API their work after fifteen.
ANSWER_SECONDS_MAX, WORK_SECONDS_MAX = 310.0, 900.0
NO_CREDIT = 402
# As where a key, or its right to read, is withdrawn while work is under way, or its record is gone: no reading helps any more.
STATUSES_AT_POLL = (401, 403, 404)
REFUSED_AT_POLL = frozenset(("503 for ever at poll", *(f"{status} at poll" for status in STATUSES_AT_POLL)))
# What stands in the secret's place where nobody has set one, in one language or another, and what every secret begins with.
GUESSED = tuple(callback("wrong_secret", guess=guess) for guess in ("", "None", "undefined", "rf_whsec_"))
OTHER_LENGTHS = tuple(callback("near_signature", half=half) for half in ("longer", "shorter"))
# What a rule makes of a callback, and it stays genuine.
GENUINE = frozenset(("callback.duplicate", "callback.line_break", "callback.fields"))
CONTROL = Cell(name="plain", rule="completes", clock=ClockMode.REAL, faults=(_SLOWLY,))
CALLBACK_CONTROL = _told("callback", "takes-callbacks")

CELLS: tuple[Cell, ...] = (
    CONTROL,
    Cell(name="failed", rule="reports-failure", ending=Ending.BADLY, faults=(FAIL,)),
    Cell(name="cancelled", rule="reports-failure", ending=Ending.BADLY, clock=ClockMode.MANUAL, cancels=True),
    Cell(
        name="partly succeeded",
        rule="handles-partial",
        ending=Ending.SOMEHOW,
        faults=PARTLY,
        is_any_fault=True,
        also=("keeps-successes",),
    ),
    # For whoever orders one by one; of a batch, the second item.
    Cell(
        name="one of several failed",
        rule="keeps-successes",
        ending=Ending.SOMEHOW,
        faults=({**FAIL, "when": {"after": 1, "times": 1}},),
        unless="partly succeeded",
    ),
    Cell(name="another time zone", rule="any-zone", clock=ClockMode.REAL, faults=(_SLOWLY,), zone=ZONE),
    Cell(name="untrusted certificate", rule="checks-certificates", ending=Ending.SOMEHOW, distrusts=True),
    *(_refusal(status) for status in (402, 422, 400, 401, 403, 404, 409)),
    # Longer than a pause that a client may have of its own, and all of them different: none is obeyed by chance.
    # Twice: whoever obeys the first time alone has not obeyed.
    _passing("429 at creation", creation("answer", 2, status=429, retry_after=2), clock=ClockMode.REAL),
    # The service tells seconds; a gateway between may tell a date.
    *(
        _passing(
            name, creation("answer", status=429, retry_after=4, retry_after_form="date"), clock=ClockMode.REAL, is_full=True, zone=zone
        )
        for name, zone in (("429 with a date", None), ("429 with a date in another time zone", ZONE))
    ),
    # As where clocks differ: whoever subtracts the one from the other must not wait for less than nothing.
    _passing(
        "429 with a date that has passed",
        creation("answer", status=429, retry_after=False, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
        clock=ClockMode.REAL,
        is_full=True,
    ),
    # Whoever does not wait for so long may give up, and must not come earlier.
    Cell(
        name="429 with a long wait",
        rule="creates-once",
        ending=Ending.SOMEHOW,
        clock=ClockMode.REAL,
        faults=(creation("answer", status=429, retry_after=LONG_WAIT_SECONDS),),
        seconds=LONG_WAIT_SECONDS,
    ),
    _passing("503 with Retry-After at creation", creation("answer", status=503, retry_after=3), clock=ClockMode.REAL),
    # The newest public documents have it so of 429 too: nothing says how long to wait.
    *(
        Cell(
            name=name,
            rule="recovers",
            clock=ClockMode.REAL,
            faults=(creation("answer", 2, status=status, retry_after=False),),
            needs_quiet=True,
        )
        for name, status in (("503 twice at creation", 503), ("429 twice without Retry-After at creation", 429))
    ),
    *(_passing(f"{status} at creation", creation("answer", status=status)) for status in (500, 504)),
    Cell(
        name="429 for ever",
        rule="reports-failure",
        ending=Ending.BADLY,
        clock=ClockMode.REAL,
        faults=(creation("answer", None, status=429, retry_after=5),),
        # Five tries.
        seconds=20,
        is_full=True,
    ),
    Cell(
        name="503 for ever",
        rule="reports-failure",
        ending=Ending.BADLY,
        clock=ClockMode.REAL,
        faults=(creation("answer", None, status=503),),
        needs_quiet=True,
    ),
    _passing("gateway page at creation", creation("html", status=502)),
    _passing("reset at creation", creation("reset")),
    _passing("no answer at creation", creation("empty")),
    Cell(
        name="answer lost after creation",
        rule="creates-once",
        ending=Ending.SOMEHOW,
        faults=(creation("reset", edge="after_create_before_response"),),
    ),
    # As where the first try is still under way: whoever takes another key then pays twice.
    Cell(
        name="answer lost, then 409 at creation",
        rule="creates-once",
        ending=Ending.SOMEHOW,
        faults=(creation("reset", edge="after_create_before_response"), creation("answer", status=409, after=1)),
    ),
    # Longer than an answer takes, and not as long as the usual libraries wait for one.
    _late("slow answer at creation", SLOW_ANSWER_SECONDS, creation("latency", seconds=SLOW_ANSWER_SECONDS)),
    Cell(
        name="answer too late after creation",
        rule="creates-once",
        ending=Ending.SOMEHOW,
        clock=ClockMode.REAL,
        faults=(creation("hang", edge="after_create_before_response", seconds=LATE_SECONDS),),
        seconds=LATE_SECONDS,
    ),
    *(
        Cell(name=name, rule="creates-once", ending=Ending.SOMEHOW, faults=(creation(kind, edge="after_create_before_response"),))
        for name, kind in (("cut answer after creation", "truncate"), ("broken JSON after creation", "malformed"))
    ),
    # Longer than the few seconds after which a client reads again anyway.
    _at_poll("429 at poll", "recovers", "answer", status=429, retry_after=6, clock=ClockMode.REAL),
    _at_poll("503 at poll", "recovers", "answer", status=503),
    _at_poll("500 at poll", "recovers", "answer", status=500),
    _at_poll("503 with Retry-After at poll", "recovers", "answer", status=503, retry_after=5, clock=ClockMode.REAL),
    Cell(name="503 twice at poll", rule="recovers", faults=every_poll(2, status=503, retry_after=False), needs_quiet=True),
    _at_poll("reset at poll", "recovers", "reset"),
    _at_poll("reset within an answer at poll", "recovers", "reset_after_headers"),
    _at_poll("gateway page at poll", "recovers", "html", status=502),
    _at_poll("cut answer at poll", "recovers", "truncate"),
    _late("answer too late at poll", LATE_SECONDS, *poll("hang", seconds=LATE_SECONDS)),
    # Whoever tries a reading again without end waits for what nobody will tell.
    Cell(
        name="503 for ever at poll",
        rule="reports-failure",
        ending=Ending.BADLY,
        clock=ClockMode.REAL,
        faults=every_poll(status=503),
        needs_quiet=True,
        also=("creates-once",),
    ),
    *(
        Cell(
            name=f"{status} at poll", rule="reports-failure", ending=Ending.BADLY, faults=every_poll(status=status), also=("creates-once",)
        )
        for status in STATUSES_AT_POLL
    ),
    Cell(name="unknown fields", rule="tolerates-unknown-fields", faults=({"where": {}, "what": NEWS},)),
    Cell(name="nulls", rule="tolerates-nulls", faults=(nulls("duration_ms", "started_at"),)),
    Cell(name="cost of null", rule="tolerates-nulls", faults=(nulls("cost", "cost_breakdown"),)),
    _at_poll("unknown state", "tolerates-unknown-states", "unknown_enum", value=UNHEARD_OF),
    # Whoever dies of it has said so; whoever says of every failure that all is well is told of that where work fails.
    Cell(
        name="page of 200 at creation",
        rule="takes-no-page",
        ending=Ending.SOMEHOW,
        faults=(creation("html", status=200),),
        unless="failed",
    ),
    # Nor has anything failed for which the same would have to be ordered again.
    *(
        Cell(name=name, rule="takes-no-page", ending=Ending.SOMEHOW, faults=faults, also=("creates-once",), unless="failed")
        for name, faults in NO_RECORDS.items()
    ),
    _beside_others("others at work", OTHERS),
    _beside_others("many others at work", MANY_OTHERS),
    # Whoever takes the newest for what it has lost takes that of somebody else, which succeeds where its own does not.
    Cell(
        name="answer lost beside others at work",
        rule="finds-its-own",
        ending=Ending.BADLY,
        clock=ClockMode.MANUAL,
        faults=(
            creation("hang", edge="after_create_before_response", seconds=LOST_SECONDS),
            {"where": {"client_ref": SOMEBODY}, "what": {"kind": "succeed"}},
            FAIL,
        ),
        others=MANY_OTHERS,
        also=("creates-once",),
        seconds=LOST_SECONDS,
        unless="failed",
    ),
    Cell(
        name="one of several late",
        rule="waits-for-ends",
        ending=Ending.SOMEHOW,
        clock=ClockMode.MANUAL,
        faults=({"where": {"edge": START_EDGE}, "what": {"kind": "delay", "by": OWN_WAITS}, "when": {"after": 1}},),
        # Whoever waits for the first alone would be right where the draw lets that one begin last.
        one_at_a_time=True,
    ),
    Cell(
        name="slow work",
        rule="waits-for-ends",
        ending=Ending.SOMEHOW,
        clock=ClockMode.REAL,
        # The first alone: whoever makes several orders, one after the other, would wait for that long for each.
        faults=({"where": {"edge": START_EDGE}, "what": {"kind": "delay", "by": SLOW_SECONDS}, "when": {"times": 1}},),
        # Whoever has no patience orders the same again, and pays twice.
        also=("creates-once",),
        seconds=SLOW_SECONDS,
    ),
    _at_file("503 at download", "answer", status=503),
    _at_file("cut answer at download", "truncate"),
    # As an address that has expired: to try it again helps nobody, to read the record again does.
    _at_file("403 at download", "answer", status=403),
    _at_file("503 at upload", "answer", "PUT", "/_upload/**", status=503),
    _endless("no answer at poll", *poll("hang", seconds=3600), seconds=ANSWER_SECONDS_MAX),
    _endless("work without end", LATE_WORK, seconds=WORK_SECONDS_MAX, also=("waits-for-ends", "creates-once")),
    CALLBACK_CONTROL,
    _told("callback in another time zone", "takes-callbacks", zone=ZONE),
    _endless(
        "lost callback", callback("drop", None), seconds=WORK_SECONDS_MAX, needs_callback=True, also=("waits-for-ends", "creates-once")
    ),
    # Whoever fails at them gives no answer, and can be ended by anybody.
    _told("wrong secret", "refuses-forged", callback("wrong_secret"), also=("survives-callbacks", "creates-once")),
    _told("unsigned", "refuses-forged", callback("unsigned"), also=("survives-callbacks", "creates-once")),
    # Whoever verifies the first attempt alone takes this one.
    _told("wrong secret at the second attempt", "refuses-forged", callback("fail", status=503), callback("wrong_secret")),
    # It tells of another end than the genuine one.
    _told("changed body", "refuses-forged", callback("tamper"), also=("acts-after-verifying",)),
    # Whoever parses the body and writes it again, and whoever compares the first digits, takes these for genuine.
    _told("other spaces", "refuses-forged", callback("respace")),
    _told("signature half right", "refuses-forged", callback("near_signature")),
    _told("signature right at its end", "refuses-forged", callback("near_signature", half="last")),
    _told("signature right at both ends", "refuses-forged", callback("near_signature", half="outer")),
    _told("signature right between its ends", "refuses-forged", callback("near_signature", half="inner")),
    # The same digits, in another order: whoever sorts them, adds them up or folds them sees no difference.
    _told("signature with its halves swapped", "refuses-forged", callback("near_signature", half="swapped")),
    # Whoever looks whether the one begins with the other, or compares no further than the shorter one goes, takes one of these.
    _told("signature of another length", "refuses-forged", *OTHER_LENGTHS, is_any_fault=True),
    # One attempt after the other, until one is taken.
    _told("signed with what anybody guesses", "refuses-forged", *GUESSED, is_any_fault=True),
    # As JSON may end: whoever trims the body before it verifies refuses this one, and so does whoever writes it anew.
    _told("line break at the end", "takes-callbacks", callback("line_break"), unless="other spaces"),
    # Whoever gives no answer to it, or fails later, has not ignored what it does not know.
    _told("callback with unknown fields", "takes-callbacks", callback("fields", fields=NEW_FIELDS), also=("tolerates-unknown-fields",)),
    _told("callback with nulls", "tolerates-nulls", callback("fields", fields={"duration_ms": None, "completed_at": None})),
    _told("stale", "refuses-stale", callback("stale", by=_TOO_FAR), also=("survives-callbacks", "creates-once")),
    # Whoever looks at the time of the first attempt alone takes this one.
    _told("stale at the second attempt", "refuses-stale", callback("fail", status=503), callback("stale", by=_TOO_FAR)),
    _told("ahead", "refuses-stale", callback("future", by=_TOO_FAR), also=("survives-callbacks",)),
    _told("twice", "takes-repeats", callback("duplicate"), also=("survives-callbacks", "creates-once")),
    _told("reordered", "survives-callbacks", callback("reorder")),
    _told("early", "survives-callbacks", {"where": {}, "what": {"kind": "callback.before_response"}, "when": {"times": 1}}),
    _told("first attempt fails", "survives-callbacks", callback("fail", status=503), is_full=True),
    # Pairs that interact.
    Cell(
        name="429, then failed", rule="reports-failure", ending=Ending.BADLY, faults=(creation("answer", status=429, retry_after=1), FAIL)
    ),
    Cell(
        name="unknown fields and 503 at poll",
        rule="recovers",
        faults=({"where": {}, "what": NEWS, "when": {"times": 1}}, *poll("answer", status=503)),
    ),
    _told("failed, told twice", "takes-repeats", FAIL, callback("duplicate"), ending=Ending.SOMEHOW),
)


def select(*, is_full: bool, only: tuple[str, ...]) -> tuple[Cell, ...]:
    """Returns the cells that are asked for, the control always among them.

    Raises:
        ValueError: there is no cell of a name.
    """
    names = [cell.name for cell in CELLS]
    unknown = [name for name in only if name not in names]
    if unknown:
        raise ValueError(f"there is no cell {unknown[0]!r}; choose from {', '.join(names)}")
    needs_told = any(cell.needs_callback for cell in CELLS if cell.name in only)
    wanted = {*only, CONTROL.name, *((CALLBACK_CONTROL.name,) if needs_told else ())}
    return tuple(cell for cell in CELLS if (cell.name in wanted if only else is_full or not cell.is_full))

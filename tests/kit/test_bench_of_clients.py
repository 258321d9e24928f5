"""The bench for clients: whoever does one thing wrong is caught under exactly the rules for it, and whoever is right is not accused."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from bench import BUILDS_FILE, OPEN, SECRET, Time, VirtualRunner, builds, fake, verify_build
from flaws import FLAWS, WAYS

from runflow_mock.domain.hygiene import RULES
from runflow_mock.domain.verdicts import UNCLEAR_PAUSES, Judgement
from runflow_mock.kit.matrix.asks import ASKS
from runflow_mock.kit.matrix.cells import select
from runflow_mock.kit.matrix.clients import CommandRunner, Ended
from runflow_mock.kit.matrix.judging import judge_trials
from runflow_mock.kit.matrix.running import run_matrix
from runflow_mock.kit.matrix.trials import MatrixJob
from runflow_mock.kit.matrix.votes import LATE, TOO_LONG, VARIES
from runflow_mock.kit.sheets.records import Row, Sheet
from runflow_mock.runtime.config import Config
from runflow_mock.testing.in_process import BASE_URL, InProcess
from runflow_mock.testing.server import RunningServer, serve

DOCS = Path(__file__).parents[2] / "docs"
# What no client of the bench can break: an address lives for a day, nobody of the bench is waited for so long, and none of them speaks TLS.
UNTRIED = {"address-in-time", "bounds-waiting", "checks-certificates"}
# Where pauses, retries and callbacks are judged: what only a busy machine could confuse.
TIMED = (
    "429 at creation",
    "503 with Retry-After at creation",
    "503 twice at creation",
    "503 for ever",
    "answer lost after creation",
    "429 at poll",
    "stale",
    "twice",
)
FAILING = ("503 twice at creation", "503 for ever")
# The service never sends a date in Retry-After, so that only the full matrix asks for it.
IN_FULL_ONLY = {"cannot read dates", "reads dates in its own time", "waits for less than nothing"}
LOADED = ("tries a 429 again at once", "pauses: none", "polls too often, the list", "no key")


def _broken(sheet: Sheet) -> dict[str, tuple[str, ...]]:
    return {row.rule: row.evidence for row in sheet.of(Judgement.BROKEN)}


@pytest.mark.slow
@pytest.mark.parametrize("name", builds.RIGHT)
def test_right_client_is_not_accused(name: str) -> None:
    sheet = verify_build(builds.RIGHT[name])
    assert (_broken(sheet), sheet.errors, sheet.exit_code, sheet.grade) == ({}, (), 0, "A")


@pytest.mark.slow
@pytest.mark.parametrize("name", builds.WRONG)
def test_wrong_client_is_caught_under_exactly_its_rules(name: str) -> None:
    sheet = verify_build(builds.build_of(name), is_full=name in IN_FULL_ONLY)
    assert (set(_broken(sheet)), sheet.errors, sheet.exit_code) == (set(builds.WRONG[name][1]), (), 1)
    assert all(_broken(sheet).values())


@pytest.mark.slow
def test_client_that_is_wrong_in_one_dialect_is_right_in_the_other() -> None:
    assert _broken(verify_build(builds.build_of("knows canceled alone"), dialect="docs")) == {}


@pytest.mark.slow
@pytest.mark.parametrize("others", [(), ("failed",)], ids=["alone", "after another cell"])
def test_client_that_waits_for_the_first_alone_is_caught_whatever_is_drawn(others: tuple[str, ...]) -> None:
    sheet = verify_build(builds.build_of("waits for the first of several"), only=("one of several late", *others))
    assert set(_broken(sheet)) == {"waits-for-ends"}


def _backoff(build: Any, *only: str, late_seconds: float = 0.0) -> tuple[Judgement, str]:
    row = next(row for row in verify_build(build, only=only, late_seconds=late_seconds).rows if row.rule == "retry-backoff")
    return row.judgement, row.reason or ""


@pytest.mark.slow(is_covering=True)
def test_pauses_are_compared_only_where_the_machine_is_quiet() -> None:
    constant = builds.build_of("pauses: constant")
    assert _backoff(constant, *FAILING) == (Judgement.BROKEN, "")
    judgement, reason = _backoff(constant, *FAILING, late_seconds=0.06)
    assert (judgement, reason) == (Judgement.NOT_EXERCISED, f"{LATE}: somebody who slept meanwhile was woken 0.06 s late")
    assert _backoff(builds.Build(), *FAILING, late_seconds=0.06)[0] is Judgement.NOT_EXERCISED


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(("late_seconds", "why"), [(0.06, LATE), (0.0, UNCLEAR_PAUSES)])
def test_pauses_of_which_no_trial_can_say_anything_are_left_open_and_it_is_said_why(late_seconds: float, why: str) -> None:
    judgement, reason = _backoff(builds.Build(pauses="unsteady"), *FAILING, late_seconds=late_seconds)
    assert (judgement, reason[: len(why)]) == (Judgement.NOT_EXERCISED, why)


class Stumbler:
    """A client that is out of step so many times where it has to try again, as on a machine that is busy with other cells."""

    def __init__(self, app: InProcess, time: Time, stumbles: int, usual: Any = None) -> None:
        self.left = stumbles
        stumbling = builds.build_of("pauses: constant")
        self.stumbling, self.usual = (VirtualRunner(app, time, build) for build in (stumbling, usual or builds.Build()))

    def run(self, env: Mapping[str, str], move: Callable[[], None], may_go_on: Callable[[], bool]) -> Ended:
        """Runs one of the two."""
        stumbles = self.left > 0 and env["RUNFLOW_MOCK_CELL"] in FAILING
        self.left -= stumbles
        return (self.stumbling if stumbles else self.usual).run(env, move, may_go_on)

    def stop(self) -> None:
        """Does nothing: both end with this thread."""


def _pace_of_stumbler(stumbles: int, usual: Any = None) -> tuple[Row, list[str]]:
    """The row about pauses of one that stumbles where it is refused for ever, and the cells that were tried."""
    told = list[str]()
    cells = select(is_full=True, only=("plain", "503 for ever"))
    with fake("seed") as (app, time):
        job = MatrixJob(client=Stumbler(app, time, stumbles, usual), url=BASE_URL, env={}, callback_secret=SECRET, exchanger=app)
        trials = run_matrix(cells, job, {}, lambda trial: told.append(trial.cell.name), jobs=1)
    return next(row for row in judge_trials(cells, trials, {}).rows if row.rule == "retry-backoff"), told


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(("stumbles", "judgement"), [(0, Judgement.HELD), (1, Judgement.HELD), (2, Judgement.BROKEN)])
def test_pace_is_broken_only_where_it_is_broken_alone_too(stumbles: int, judgement: Judgement) -> None:
    row, told = _pace_of_stumbler(stumbles)
    assert row.judgement is judgement
    assert told == ["plain", "503 for ever", *(["503 for ever"] if stumbles else [])]


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(("again_seconds_max", "tries", "reason"), [(120.0, 2, None), (0.0, 1, TOO_LONG)])
def test_what_is_tried_again_is_said_and_takes_so_long_at_most(again_seconds_max: float, tries: int, reason: str | None) -> None:
    ended, said = list[str](), list[str]()
    cells = select(is_full=True, only=("plain", "503 for ever"))
    with fake("seed") as (app, time):
        job = MatrixJob(
            client=Stumbler(app, time, 1),
            url=BASE_URL,
            env={},
            callback_secret=SECRET,
            exchanger=app,
            again_seconds_max=again_seconds_max,
            say=said.append,
        )
        trials = run_matrix(cells, job, {}, lambda trial: ended.append(trial.cell.name), jobs=1)
    row = next(row for row in judge_trials(cells, trials, {}).rows if row.rule == "retry-backoff")
    assert (ended.count("503 for ever"), row.reason) == (tries, reason)
    assert [told.partition(",")[0] for told in said] == ["503 for ever: tried again"] * (tries - 1)


@pytest.mark.slow(is_covering=True)
def test_trial_that_says_nothing_when_it_is_made_again_does_not_speak_for_its_cell() -> None:
    row, _ = _pace_of_stumbler(1, builds.Build(tries=1))
    assert (row.judgement, row.reason) == (Judgement.NOT_EXERCISED, VARIES)


@pytest.mark.slow(is_covering=True)
def test_no_pauses_are_broken_however_busy_the_machine_is() -> None:
    assert _backoff(builds.build_of("pauses: none"), *FAILING, late_seconds=9.0)[0] is Judgement.BROKEN


@pytest.mark.slow(is_covering=True)
def test_two_pauses_that_are_alike_by_chance_are_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal jitter draws 0.493 and 0.506 s first there, every time; a client whose pauses are constant is alike in another cell too."""
    jitter, constant = builds.RIGHT["looks before it creates at all, equal jitter"], builds.build_of("pauses: constant")
    monkeypatch.setenv("RUNFLOW_MOCK_CELL", FAILING[0])
    assert _backoff(jitter, FAILING[0]) == (Judgement.NOT_EXERCISED, VARIES)
    assert _backoff(jitter, *FAILING)[0] is not Judgement.BROKEN
    assert _backoff(constant, FAILING[1])[0] is Judgement.BROKEN


def test_bench_has_thirty_wrong_clients_and_ten_right_ones_and_tries_every_rule() -> None:
    tried = {rule for _, rules in builds.WRONG.values() for rule in rules}
    assert tried == {*ASKS, *(rule.id for rule in RULES)} - UNTRIED
    assert (len(builds.WRONG) >= 30, len(builds.RIGHT) >= 10) == (True, True)


@pytest.mark.parametrize("name", [*builds.RIGHT, *builds.WRONG, *FLAWS, *WAYS])
def test_bench_is_documented(name: str) -> None:
    page = (DOCS / "verdicts.md").read_text(encoding="utf-8").partition("## The bench")[2]
    assert name in page


@pytest.fixture
def busy_machine() -> Iterator[None]:
    """Two processes that never rest, as long as the test lasts."""
    burners = [subprocess.Popen((sys.executable, "-c", "while True: pass")) for _ in range(2)]
    yield
    for burner in burners:
        burner.kill()
        burner.wait()


def _verify_process(server: RunningServer, name: str, jobs: int = 3) -> Sheet:
    cells = select(is_full=False, only=TIMED)
    runner = CommandRunner((sys.executable, str(BUILDS_FILE), name), seconds_max=60.0)
    job = MatrixJob(client=runner, url=server.url, env={}, callback_secret=SECRET)
    return judge_trials(cells, run_matrix(cells, job, {}, lambda trial: None, jobs=jobs), {})


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("busy_machine")
def test_verdicts_on_processes_are_the_same_while_the_machine_is_busy() -> None:
    # Whoever backs off for minutes would make the test as long.
    expected = {name: set[str]() for name, build in builds.RIGHT.items() if build.tries == builds.TRIES} | {
        name: set(builds.WRONG[name][1]) for name in LOADED
    }
    with serve(Config(port=0, speed=1.0)) as server, ThreadPoolExecutor(4) as pool:
        sheets = dict(zip(expected, pool.map(lambda name: _verify_process(server, name), expected), strict=True))
    # Whoever is right is accused of nothing, however busy the machine; of pauses it may be said that they could not be compared.
    unclear = {
        name: {row.rule for row in sheet.of(Judgement.NOT_EXERCISED) if (row.reason or "").startswith(OPEN)}
        for name, sheet in sheets.items()
    }
    broken = {name: set(_broken(sheet)) for name, sheet in sheets.items()}
    assert [name for name, sheet in sheets.items() if sheet.errors] == []
    assert {name: rules for name, rules in broken.items() if not rules <= expected[name] <= rules | unclear[name]} == {}

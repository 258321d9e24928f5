"""Votes of several trials on pauses: constant ones are not held because a machine was busy, and whoever backs off late is not accused."""

from collections.abc import Sequence
from itertools import accumulate

import pytest
from exchanges import create, sequence
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from runflow_mock.domain.hygiene import judge_sequence
from runflow_mock.domain.pauses import do_grow
from runflow_mock.domain.verdicts import Judgement
from runflow_mock.kit.matrix.cells import CONTROL, select
from runflow_mock.kit.matrix.situations import Cell
from runflow_mock.kit.matrix.trials import Trial
from runflow_mock.kit.matrix.votes import LATE, VARIES, judgement_of_all, to_be_tried_again, told_together
from runflow_mock.wire.journal import represent_verdict

RULE = "retry-backoff"
Calls = Sequence[Sequence[float]]
# What a client that pauses for 0.3 s each time was seen to do on a busy machine.
LENGTHENED: Calls = ((0.30, 0.42), (0.31, 0.30), (0.30, 0.32, 0.30), (0.33, 0.30, 0.31), (0.30, 0.30))


def trial(number: int, pauses: Sequence[float], late_seconds: float = 0.0, cell: Cell = CONTROL) -> Trial:
    """What is seen of a creation that fails so often, in a cell of its own."""
    walls = [0.0, *accumulate(pauses)]
    exchanges = sequence(*((wall, create(503)) for wall in walls[:-1]), (walls[-1], create()))
    verdicts = [represent_verdict(verdict) for verdict in judge_sequence(exchanges, is_paced=True, real_waits=True)]
    return Trial(
        cell=replace(cell, name=f"cell {number}"),
        tenant="t",
        exit_code=0,
        seconds=1.0,
        output="",
        exchanges=len(exchanges),
        report={"verdicts": verdicts},
        is_met=True,
        runs=1,
        late_seconds=late_seconds,
    )


def together(calls: Calls) -> Judgement:
    return judgement_of_all(RULE, [trial(number, pauses) for number, pauses in enumerate(calls)])


def first(pauses: Sequence[float], *tries: int) -> Calls:
    """A call for each number of pauses that it came to."""
    return [pauses[:count] for count in tries]


def test_pauses_that_are_all_the_same_are_broken_though_a_machine_made_one_call_grow() -> None:
    assert do_grow(LENGTHENED[0])
    assert together(LENGTHENED) is Judgement.BROKEN


@given(st.floats(0.3, 3.0), st.lists(st.floats(0.0, 0.029), min_size=12, max_size=12), st.floats(0.0, 0.12))
def test_pauses_that_are_all_the_same_are_never_held_where_most_were_hardly_lengthened(
    base: float, noise: list[float], late: float
) -> None:
    pauses = [base + more for more in noise]
    calls = [[pauses[0], pauses[1] + late], pauses[2:4], pauses[4:7], pauses[7:10], pauses[10:]]
    assert together(calls) is not Judgement.HELD


@pytest.mark.parametrize(
    "pauses",
    [(0.2, 0.2, 0.4), (1.0, 1.0, 2.0, 3.0), (0.5, 0.5, 0.5, 1.0), (0.3, 0.36, 0.43), (0.3, 0.45, 0.68), (1.0, 1.2, 1.4)],
    ids=["as Fibonacci", "as Fibonacci, long", "a late step", "a fifth more each", "half as much more each", "by a step"],
)
def test_whoever_backs_off_slowly_or_late_is_held(pauses: Sequence[float]) -> None:
    assert together(first(pauses, 2, 2, len(pauses), len(pauses), 2)) is Judgement.HELD


@given(st.lists(st.floats(0.1, 2.0), min_size=2, max_size=5), st.lists(st.integers(2, 6), max_size=4), st.floats(1.3, 4.0))
def test_whoever_pauses_longer_in_the_end_in_two_calls_is_held(pauses: list[float], others: list[int], growth: float) -> None:
    rising = sorted(pauses)
    rising.append(max(rising[-1], rising[0] * growth + 0.1))
    assert together([rising, *first(rising, *others), rising]) is Judgement.HELD


def test_late_growth_that_one_call_alone_shows_is_tried_again_before_anybody_is_accused() -> None:
    seen = [trial(number, pauses) for number, pauses in enumerate(first((0.2, 0.2, 0.4), 2, 2, 3))]
    assert to_be_tried_again(RULE, seen, 60.0) is seen[2]
    confirmed = [*seen, trial(2, (0.21, 0.2, 0.41))]
    assert (judgement_of_all(RULE, confirmed), to_be_tried_again(RULE, confirmed, 60.0)) == (Judgement.HELD, None)
    refuted = [*seen, trial(2, (0.2, 0.2, 0.2))]
    assert (judgement_of_all(RULE, refuted), to_be_tried_again(RULE, refuted, 60.0)) == (Judgement.BROKEN, None)


def test_two_pauses_that_are_the_same_are_no_verdict_where_the_machine_let_nobody_see_the_rest() -> None:
    seen = [trial(0, (0.4, 0.4)), trial(1, (0.4, 0.4)), trial(2, (0.4, 0.4, 0.8), late_seconds=0.06)]
    assert (judgement_of_all(RULE, seen), to_be_tried_again(RULE, seen, 60.0)) == (Judgement.NOT_EXERCISED, seen[2])
    assert {_of(voice)[0] for voice in told_together(RULE, seen, 60.0)} == {"not exercised"}
    for _ in range(2):
        assert to_be_tried_again(RULE, seen, 60.0) is not None
        seen.append(trial(2, (0.4, 0.4, 0.8)))
    assert (judgement_of_all(RULE, seen), to_be_tried_again(RULE, seen, 60.0)) == (Judgement.HELD, None)
    constant = [trial(0, (0.4, 0.4)), trial(1, (0.4, 0.4)), trial(2, (0.4, 0.4, 0.4), late_seconds=0.06), trial(2, (0.4, 0.4, 0.4))]
    assert judgement_of_all(RULE, constant) is Judgement.BROKEN


@pytest.mark.parametrize(("creations", "readings"), [(2, 1), (1, 2)], ids=["between readings", "between creations"])
def test_pauses_that_are_the_same_between_one_kind_of_calls_alone_are_broken(creations: int, readings: int) -> None:
    (at_poll,) = (cell for cell in select(is_full=False, only=("503 for ever at poll",)) if cell is not CONTROL)
    pauses = {growth: [0.4 * growth**place for place in range(3)] for growth in (1, 2)}
    seen = [trial(number, pauses[creations]) for number in (0, 1)]
    seen += [trial(number, pauses[readings], cell=at_poll) for number in (2, 3)]
    told = [_of(voice)[0] for voice in told_together(RULE, seen, 60.0)]
    assert ("broken" in told[:2], "broken" in told[2:]) == (creations == 1, readings == 1)


def test_pauses_drawn_from_nought_on_are_not_the_same_for_being_short() -> None:
    """Of many draws the shortest at each place are next to nothing."""
    assert together([(0.01, 0.3), (0.3, 0.02), (0.2, 0.21), (0.31, 0.3)]) is not Judgement.BROKEN


def test_each_cell_says_what_the_shortest_pauses_of_all_show() -> None:
    seen = [trial(number, pauses) for number, pauses in enumerate(first((0.2, 0.2, 0.4), 2, 3, 3))]
    told = {voice.cell.name: _of(voice) for voice in told_together(RULE, [*seen, trial(3, (0.2, 0.2), late_seconds=0.3)], 60.0)}
    shown = ("held", "the shortest pauses of all that was tried grow: 0.20, 0.20, 0.40 s")
    assert {name: found for name, found in told.items() if name != "cell 3"} == dict.fromkeys(("cell 0", "cell 1", "cell 2"), shown)
    assert (told["cell 3"][0], told["cell 3"][1].startswith(LATE)) == ("not exercised", True)


def test_one_call_that_grows_by_little_is_tried_again_and_left_open_alone() -> None:
    seen = [trial(0, (0.3, 0.42))]
    assert to_be_tried_again(RULE, seen, 60.0) is seen[0]
    assert [_of(voice) for voice in told_together(RULE, seen, 60.0)] == [("not exercised", VARIES)]
    assert together([(0.3, 0.45), (0.31, 0.45)]) is Judgement.HELD
    assert together([(0.3, 0.6)]) is Judgement.HELD


def _of(voice: Trial) -> tuple[str, str]:
    found = next(found for found in voice.report["verdicts"] if found["rule"] == RULE)
    return found["verdict"], found["evidence"][0]["message"] if found["evidence"] else found["reason"]

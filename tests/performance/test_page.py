"""The page on performance: it is what its data say, it hides nothing, and its picture can be drawn."""

from collections.abc import Mapping
from xml.etree import ElementTree

import msgspec
import pytest
from benchmarks.page import write_page
from benchmarks.plot import draw, scale
from benchmarks.report import PAGE, PICTURE
from benchmarks.results import BARE, Cell, Column, Results, read
from benchmarks.rows import KINDS, Row
from hypothesis import given
from hypothesis import strategies as st

NONE = Cell(note="it has none")
FASTER = "## Where we are not ahead\n\n"


def column(name: str, cells: Mapping[Row, Cell]) -> Column:
    return Column(name=name, version="1.0", doing="a | b", configuration="none", cells={row: cells.get(row, NONE) for row in Row})


def results(ours: Mapping[Row, Cell], theirs: Mapping[Row, Cell]) -> Results:
    """Small results of two contenders."""
    return Results(
        date="2026-01-01",
        machine={"machine": "a small one"},
        is_quick=False,
        took_seconds=60,
        rounds=3,
        round_seconds=0.5,
        connections=16,
        starts=3,
        tests=10,
        stored_runs=100_000,
        day_batches=1_000,
        batch_items=100,
        load_limit=50_000,
        busy=1.0,
        columns=(column("ours", ours), column(BARE, theirs)),
        fixtures={"no fixture": 0.123},
    )


def behind(page: str) -> list[str]:
    """The lines that say where we are not ahead."""
    return page.partition(FASTER)[2].partition("\n## ")[0].strip().splitlines()


def test_page_is_what_the_data_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == write_page(read()), "run python -m benchmarks.report --render"


def test_picture_is_what_the_data_say() -> None:
    assert PICTURE.read_text(encoding="utf-8") == draw(read()), "run python -m benchmarks.report --render"


def test_kept_results_are_no_quick_try_and_give_a_figure_or_a_reason_everywhere() -> None:
    kept = read()
    assert not kept.is_quick
    assert [column.name for column in kept.columns if set(column.cells) != set(Row)] == []
    assert all(cell.value is not None or cell.note for column in kept.columns for cell in column.cells.values())


def test_row_in_which_another_one_is_better_is_told() -> None:
    found = results({Row.POLLS: Cell(1_000), Row.START: Cell(100)}, {Row.POLLS: Cell(2_000), Row.START: Cell(200)})
    assert behind(write_page(found)) == ["- polls: ours 1,000 /s; better: bare Starlette (2,000)."]


def test_less_is_better_where_it_is_time_or_memory() -> None:
    found = results({Row.START: Cell(100), Row.IDLE: Cell(50)}, {Row.START: Cell(99), Row.IDLE: Cell(51)})
    assert behind(write_page(found)) == ["- start to first answer: ours 100 ms; better: bare Starlette (99)."]


def test_being_ahead_everywhere_is_said_as_well() -> None:
    assert behind(write_page(results({Row.POLLS: Cell(2)}, {Row.POLLS: Cell(1)}))) == ["In no row that was measured is another one better."]


def targets(page: str) -> dict[str, tuple[str, str]]:
    """What came of each target, by its name, and what was tried for it."""
    told = page.partition("## What was wanted")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in told.splitlines() if line.startswith("| ")][2:]
    return {row[0]: (row[2].rstrip(" |"), row[3].strip(" |") if len(row) > 3 else "") for row in rows}


POLLS, STANDING, DAY = "polls, of bare Starlette's", "creates, time standing, of bare Starlette's", "simulated day"
MANY = "create, 99th percentile, 1,000,000 runs stored, time standing"


@pytest.mark.parametrize(
    ("name", "ours", "theirs", "came"),
    [
        (POLLS, {Row.POLLS: Cell(99)}, {Row.POLLS: Cell(100)}, "0.99: missed"),
        (POLLS, {Row.POLLS: Cell(100)}, {Row.POLLS: Cell(100)}, "1.00: met"),
        (POLLS, {Row.POLLS: Cell(100)}, {}, "\N{EN DASH}"),
        (DAY, {Row.DAY: Cell(3.0)}, {}, "3.0 s: met"),
        (DAY, {Row.DAY: Cell(3.1)}, {}, "3.1 s: missed"),
        (STANDING, {Row.CREATES: Cell(500, "1,600 with `--clock manual`, as others")}, {Row.CREATES: Cell(2_000)}, "0.80: met"),
        (STANDING, {Row.CREATES: Cell(500)}, {Row.CREATES: Cell(2_000)}, "\N{EN DASH}"),
        ("memory for each run, 100,000 stored", {Row.FULL: Cell(300), Row.IDLE: Cell(40)}, {}, "2,600 bytes: missed"),
    ],
)
def test_target_is_told_with_what_came_of_it(name: str, ours: Mapping[Row, Cell], theirs: Mapping[Row, Cell], came: str) -> None:
    assert targets(write_page(results(ours, theirs)))[name][0] == came


def test_ratio_is_taken_of_bare_starlette_wherever_its_column_stands() -> None:
    found = results({Row.POLLS: Cell(90)}, {Row.POLLS: Cell(100)})
    ours, bare = found.columns
    other = column("another", {Row.POLLS: Cell(50)})
    assert targets(write_page(msgspec.structs.replace(found, columns=(ours, other, bare))))[POLLS][0] == "0.90: missed"
    assert targets(write_page(msgspec.structs.replace(found, columns=(ours, other))))[POLLS][0] == "\N{EN DASH}"


def test_creates_beside_very_many_runs_are_a_target_and_say_what_was_tried_where_they_were_not_measured() -> None:
    found = results({}, {})
    assert targets(write_page(msgspec.structs.replace(found, many_p99=3.9)))[MANY] == ("3.9 ms: met", "")
    fewer = MANY.replace("1,000,000", "20,000")
    assert targets(write_page(msgspec.structs.replace(found, many_runs=20_000, many_p99=3.9)))[fewer] == ("3.9 ms: met", "")
    came, said = targets(write_page(found))[MANY]
    assert came == "\N{EN DASH}"
    assert said.startswith("Not measured in this run. As above: ")


def test_target_that_is_missed_says_what_was_tried() -> None:
    told = targets(write_page(read()))
    assert [name for name, (came, tried) in told.items() if came.endswith("missed") and not tried] == []
    assert any(came.endswith("missed") for came, _ in told.values())


def test_every_reason_is_a_footnote_once() -> None:
    page = write_page(results({Row.POLLS: Cell(1_234.5, "a remark")}, {}))
    assert "| polls (/s) | 1,234<sup>2</sup> |" in page or "| polls (/s) | 1,235<sup>2</sup> |" in page
    assert page.count("It has none.\n") == 1
    assert "2. A remark.\n" in page


def test_load_that_may_have_held_down_a_server_is_told() -> None:
    page = write_page(results({Row.POLLS: Cell(45_000)}, {}))
    assert "whose figure the load may have held down" in " ".join(page.split())


def test_other_work_of_the_machine_is_told() -> None:
    quiet = results({}, {})
    busy = msgspec.structs.replace(quiet, busy=9.0)
    assert "other work" not in write_page(quiet)
    assert "other work meanwhile (load average 9.0)" in write_page(busy)


def test_quick_try_is_called_one() -> None:
    found = results({}, {})
    assert "quick try" not in write_page(found)
    assert "quick try" in write_page(msgspec.structs.replace(found, is_quick=True))


def test_cell_cannot_break_the_table() -> None:
    assert "| bare Starlette | 1.0 | a &#124; b | none |" in write_page(results({}, {}))


def test_picture_has_a_bar_for_every_figure_and_says_where_there_is_none() -> None:
    picture = ElementTree.fromstring(draw(results({Row.POLLS: Cell(10), Row.IDLE: Cell(5)}, {Row.POLLS: Cell(100)})))
    plotted = sum(kind.is_plotted for kind in KINDS.values())
    bars = [each for each in picture.iter() if each.tag.endswith("rect")]
    assert len(bars) == 3
    assert [each.text for each in picture.iter()].count("no figure") == plotted * 2 - 3
    assert all(float(each.attrib["width"]) > 0 for each in bars)


@pytest.mark.parametrize(("values", "powers"), [([], (0, 1)), ([5.0], (0, 1)), ([10.0, 100.0], (0, 3)), ([0.5, 20.0], (-1, 2))])
def test_scale_reaches_from_below_the_least_to_above_the_most(values: list[float], powers: tuple[int, int]) -> None:
    assert scale(values) == powers


@given(st.lists(st.floats(0.001, 1e9), min_size=1, max_size=8))
def test_scale_holds_every_value(values: list[float]) -> None:
    low, high = scale(values)
    assert all(10.0**low < value <= 10.0**high * (1 + 1e-9) for value in values)


def test_results_survive_their_file() -> None:
    found = results({Row.POLLS: Cell(1.5, "x")}, {})
    assert msgspec.json.decode(msgspec.json.encode(found), type=Results) == found

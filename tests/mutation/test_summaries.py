"""A summary counts each mutant where it belongs, and only all of them are a hundred percent."""

from pathlib import Path

from mutation.mutants import Kind, Mutant
from mutation.places import Place, Subject
from mutation.summaries import FILE, Row, Summary, cells_of, rate, read_summaries, rows_of, table, write_summary
from mutation.survivors import Accepted
from mutation.trials import Trial


def other(name: str) -> Mutant:
    return Mutant(Kind.OTHER, Place(Subject("get_run", 200), (name,)))


def test_each_mutant_counts_once_and_again_where_it_denies_a_fact() -> None:
    trials = (
        Trial(other("killed"), 1, "echo"),
        Trial(other("killed_fact"), 1, "echo"),
        Trial(other("left"), 1),
        Trial(other("left_fact"), 1),
        Trial(other("free"), 1),
        Trial(other("idle"), 0),
        Trial(other("skipped"), 0, is_skipped=True),
    )
    rows = rows_of(trials, {Kind.OTHER: 9}, [Accepted("free text", ways=("free",))], lambda mutant: "fact" if "fact" in str(mutant) else "")
    assert rows == (Row("other value", 9, 6, 5, 2, 1, 2, 2, 1, 1, 1),)
    assert cells_of(rows[0]) == ("other value", "9", "6", "1", "5", "2", "40.0 %", "1", "2", "2", "1", "50.0 %", "1")
    assert len({len(line) for line in table(rows)}) == 1


def test_only_all_are_a_hundred_percent() -> None:
    assert (rate(9_999, 10_000), rate(5, 5), rate(0, 0)) == ("99.9 %", "100.0 %", "-")


def test_summary_takes_the_place_of_the_one_of_its_dialect(tmp_path: Path) -> None:
    old, new, other = (
        Summary(dialect, "abc", "2026-01-01", (Row("absent", *(number,) * 9),))
        for dialect, number in (("seed", 1), ("seed", 2), ("docs", 3))
    )
    for summary in (old, other, new):
        write_summary(summary, tmp_path / "kills.json")
    assert read_summaries(tmp_path / "kills.json") == (new, other)
    assert new.total.killed == 2


def test_no_mutant_on_a_fact_is_left_in_the_kill_table() -> None:
    assert {summary.dialect for summary in read_summaries(FILE)} == {"seed", "docs"}
    assert [summary.total.facts_left for summary in read_summaries(FILE)] == [0, 0]

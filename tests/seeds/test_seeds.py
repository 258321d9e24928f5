"""Every fact of the founding pages, each a test of its own, and the table that a reader can hold beside the pages."""

from pathlib import Path

import batch_guide
import pytest
import runs_page
import skill_page
import skill_text
from doors import Door
from facts import PAGES, Fact, table

import reference

FACTS: tuple[Fact, ...] = (*skill_page.FACTS, *skill_text.FACTS, *reference.FACTS, *runs_page.FACTS, *batch_guide.FACTS)
TESTED = [fact for fact in FACTS if fact.check is not None]
# What the newest pages say otherwise: spelling, codes, signatures, times, and the output of a failure.
SPOKEN_OTHERWISE = {
    "002-03",
    "002-08",
    "002-13",
    "002-15",
    "002-21",
    "002-22",
    "002-27",
    "002-28",
    "002-32",
    "002-34",
    "003-07",
    "003-09",
    "004-08",
}
TABLE = Path(__file__).parent / "TABLE.md"


@pytest.mark.parametrize("fact", TESTED, ids=lambda fact: fact.id)
def test_fact_is_true_here(fact: Fact, door: Door) -> None:
    assert fact.check is not None
    fact.check(door)


@pytest.mark.parametrize("fact", [fact for fact in TESTED if fact.id not in SPOKEN_OTHERWISE], ids=lambda fact: fact.id)
def test_fact_about_which_the_sources_agree_is_true_in_the_other_dialect(fact: Fact) -> None:
    assert fact.check is not None
    with Door(dialect="docs") as other:
        fact.check(other)


@pytest.mark.slow(is_covering=True)
def test_fact_about_which_the_sources_disagree_is_not_true_in_the_other_dialect() -> None:
    for fact in (fact for fact in TESTED if fact.id in SPOKEN_OTHERWISE):
        assert fact.check is not None
        with Door(dialect="docs") as other, pytest.raises((AssertionError, KeyError)):
            fact.check(other)


def test_ids_are_pages_with_numbers_without_a_gap() -> None:
    for page in PAGES:
        own = [fact.id for fact in FACTS if fact.id.startswith(page)]
        assert own == [f"{page}-{number:02d}" for number in range(1, len(own) + 1)]


def test_fact_is_shown_or_says_why_not() -> None:
    assert [fact.id for fact in FACTS if (fact.check is None) is not bool(fact.why_not)] == []


def test_count_in_the_explanation_is_that_of_the_facts() -> None:
    text = " ".join((Path(__file__).parents[2] / "docs" / "explanation" / "fidelity.md").read_text(encoding="utf-8").split())
    assert f"{len(TESTED)} of {len(FACTS)} facts" in text


def test_table_beside_the_pages_is_what_the_facts_say() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(FACTS), "write it anew: python tests/seeds/write.py"

"""What a fact is: one statement of a founding page in our own words, and the check that shows it to be true here, or why it cannot be.

A page is known by its number, 000 to 004; a fact by page and place on it, so that a reader can hold the table beside the page.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from doors import Door

PAGES = {
    "000": "page that presents the skill",
    "001": "the skill itself",
    "002": "integration reference of dyver-removal",
    "003": "documentation page about runs",
    "004": "documentation guide about batches",
}


class Fact(NamedTuple):
    """One statement: its id, in what words we say it, and how it is shown; without a check, why it cannot be."""

    id: str
    says: str
    check: Callable[[Door], None] | None = None
    why_not: str = ""


def table(facts: Iterable[Fact]) -> str:
    """The facts as Markdown, page by page."""
    kept = tuple(facts)
    lines = [
        "# The founding pages, fact by fact",
        "",
        "Each row is one statement of a page in our own words; `python -m pytest tests/seeds` shows those that are marked *tested*.",
        f"{sum(fact.check is not None for fact in kept)} of {len(kept)} are tested; of the others the table says why they cannot be.",
    ]
    for page, name in PAGES.items():
        lines += ["", f"## {page}: {name}", "", "| fact | what it says | here |", "|---|---|---|"]
        own = (fact for fact in kept if fact.id.startswith(page))
        lines += [f"| {fact.id} | {fact.says} | {'tested' if fact.check else fact.why_not} |" for fact in own]
    return "\n".join(lines) + "\n"

"""Tells what came of copies of a SKILL.md, line by line."""

from collections.abc import Iterator, Sequence

from runflow_mock.kit.pins.files import Pinned
from runflow_mock.kit.sheets.summaries import Line
from runflow_mock.kit.skills.claims import Judged, Standing
from runflow_mock.kit.skills.comparing import Comparison, count_claims

SENTENCE_MAX = 160


def tell_comparison(each: Comparison, pinned: Pinned) -> Iterator[Line]:
    """Yields what came of one copy: its bytes, what is contradicted in it, and how many claims there are."""
    yield Line(f"{each.place}: {each.says}")
    if not each.is_match:
        pin = pinned.pin
        yield Line(f"  here:   {each.digest}, {each.bytes} bytes")
        yield Line(f"  pinned: {pin.digest}, {pin.bytes} bytes, {pin.source}, {pin.date.isoformat()}, in {pinned.place}")
    for claim in each.contradicted:
        yield from tell_judged(claim)
    if each.judged:
        yield Line(f"  {count_claims(each.judged)}")


def tell_judged(each: Judged) -> Iterator[Line]:
    """Yields a claim with its line, what came of it and why; of one that is contradicted the sentence too."""
    claim = each.claim
    yield Line(f"  line {claim.line}: {each.standing}: {claim.says} ({each.reason})")
    if each.standing is Standing.CONTRADICTED:
        yield Line(f"      {claim.sentence[:SENTENCE_MAX]}")


def tell_claims(place: str, judged: Sequence[Judged]) -> Iterator[Line]:
    """Yields every claim of a text in its order, and how many there are."""
    yield Line(place)
    for each in judged:
        yield from tell_judged(each)
    yield Line(f"  {count_claims(judged)}")

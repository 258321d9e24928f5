"""Tells what came of copies of a SKILL.md in lines of text."""

from collections.abc import Iterator, Sequence

from runflow_mock.domain.printing import on_one_line
from runflow_mock.kit.pins.digests import Pin
from runflow_mock.kit.pins.files import Pinned
from runflow_mock.kit.skills.claims import Judged, Standing
from runflow_mock.kit.skills.comparing import Comparison, count_claims

SENTENCE_MAX = 160


def tell_comparison(each: Comparison, pinned: Pinned) -> Iterator[str]:
    """Yields what came of one copy: its bytes, what is contradicted in it, and how many claims there are."""
    yield f"{each.place}: {each.says}"
    if not each.is_match:
        yield f"  here:   {each.digest}, {each.bytes} bytes"
        yield f"  pinned: {tell_pin(pinned)}"
    for claim in each.contradicted:
        yield from (f"  {line}" for line in tell_judged(claim))
    if each.judged:
        yield f"  {count_claims(each.judged)}"


def tell_pin(pinned: Pinned) -> str:
    """Returns a pin and where it stands in one line."""
    pin: Pin = pinned.pin
    return f"{pin.digest}, {pin.bytes} bytes, {pin.source}, {pin.date.isoformat()}, in {pinned.place}"


def tell_judged(each: Judged) -> Iterator[str]:
    """Yields a claim with its line, what came of it and why; of one that is contradicted the sentence too."""
    claim = each.claim
    yield on_one_line(f"line {claim.line}: {each.standing}: {claim.says} ({each.reason})")
    if each.standing is Standing.CONTRADICTED:
        yield f"    {on_one_line(claim.sentence[:SENTENCE_MAX])}"


def tell_claims(place: str, judged: Sequence[Judged], counts: str) -> Iterator[str]:
    """Yields every claim of a text in its order, and how many there are."""
    yield place
    for each in judged:
        yield from (f"  {line}" for line in tell_judged(each))
    yield f"  {counts}"

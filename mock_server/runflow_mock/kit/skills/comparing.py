"""Compares copies of a SKILL.md with their pin: byte for byte first, then claim by claim, so that a mismatch says what it means."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from runflow_mock.kit.pins.digests import difference_of, digest_of
from runflow_mock.kit.pins.files import Pinned, packaged_lock, pin_of
from runflow_mock.kit.skills.claims import Judged, Standing
from runflow_mock.kit.skills.copies import SkillCopy
from runflow_mock.kit.skills.judging import check_skill, contradictions
from runflow_mock.openapi.contracts import Contract
from runflow_mock.wire.skills import SIGNATURE

PIN_NAME = "skill"
SANDBOX_SKILL = "fixtures/skill/SKILL.md"
RENEW = "runflow-mock skill install --sandbox renews it"
PIN_ANEW = "look at what changed, then pin it on purpose: runflow-mock skill pin"


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one copy: whether its bytes are the pinned ones, what it is, and what of it is contradicted."""

    place: str
    bytes: int
    digest: str
    is_match: bool
    says: str
    is_sandbox: bool = False
    difference: str | None = None
    judged: tuple[Judged, ...] = ()

    @property
    def contradicted(self) -> tuple[Judged, ...]:
        """The claims that are contradicted."""
        return contradictions(self.judged)


def count_claims(judged: Sequence[Judged]) -> str:
    """Returns how many claims there are, and what came of them, in words."""
    counted = ", ".join(f"{sum(each.standing is standing for each in judged)} {standing}" for standing in Standing)
    return f"{len(judged)} claims: {counted}"


def pin_for(source: str | None, here: Path) -> Pinned:
    """Returns the pin that a source is compared with: that of the project in which a path lies, else of the one around `here`."""
    start = here if source is None or not Path(source).exists() else Path(source)
    found = pin_of(PIN_NAME, start if start.is_dir() else start.parent)
    assert found is not None, "the packaged lock pins the skill"
    return found


def compare(copy: SkillCopy, pinned: Pinned, contract: Contract | None = None) -> Comparison:
    """Returns what came of one copy."""
    found = Comparison(place=copy.place, bytes=len(copy.body), digest=digest_of(copy.body), is_match=True, says="")
    if copy.listed_digest is not None and copy.listed_digest != found.digest:
        return msgspec.structs.replace(found, is_match=False, says=f"not what its index says, {copy.listed_digest}")
    if not copy.is_comparable:
        return msgspec.structs.replace(found, says="as its index says; no pin is about it")
    judged = check_skill(copy.body.decode(errors="replace"), contract)
    return msgspec.structs.replace(found, judged=judged, **_compared(copy.body, found.digest, pinned))


def exit_code(comparisons: Sequence[Comparison]) -> int:
    """0 every copy has the pinned bytes, 1 one has not, 3 there was none to compare."""
    if not comparisons:
        return 3
    return 0 if all(each.is_match for each in comparisons) else 1


def represent_comparison(each: Comparison) -> dict[str, Any]:
    """Returns a comparison as JSON."""
    return {
        "place": each.place,
        "bytes": each.bytes,
        "digest": each.digest,
        "matches": each.is_match,
        "sandbox": each.is_sandbox,
        "difference": each.difference,
        "says": each.says,
        "claims": {standing.value: sum(claim.standing is standing for claim in each.judged) for standing in Standing},
        "contradictions": [represent_judged(claim) for claim in each.contradicted],
    }


def represent_judged(each: Judged) -> dict[str, Any]:
    """Returns a claim and what came of it as JSON."""
    claim = each.claim
    return {
        "line": claim.line,
        "kind": type(claim.says).__name__.lower(),
        "claim": str(claim.says),
        "sentence": claim.sentence,
        "standing": each.standing.value,
        "reason": each.reason,
    }


def _compared(body: bytes, digest: str, pinned: Pinned) -> dict[str, Any]:
    """Returns what the bytes of a copy are, held against the pin and against our own text."""
    pin = pinned.pin
    own = next(artefact.digest for artefact in packaged_lock().artefacts if artefact.path == SANDBOX_SKILL)
    if digest == pin.digest:
        return {"says": f"equal to the pin of {pin.date.isoformat()} ({pin.source})", "is_sandbox": digest == own}
    if digest == own:
        told = "runflow-mock's own sandbox skill, unchanged; not the one that Runflow publishes"
        # Our own text is pinned by our lock; who pins another one in a lock of their own wants that.
        return {"says": told, "is_sandbox": True, "is_match": pinned.file is None}
    if (own_difference := difference_of(body, own)) is not None:
        told = f"runflow-mock's own sandbox skill, equal but for {own_difference}"
        return {"says": told, "is_sandbox": True, "is_match": False, "difference": own_difference}
    if SIGNATURE in body:
        return {"says": f"another version of runflow-mock's own sandbox skill; {RENEW}", "is_sandbox": True, "is_match": False}
    difference = difference_of(body, pin.digest)
    told = f"not the pinned bytes; {PIN_ANEW}" if difference is None else f"equal but for {difference}"
    return {"says": told, "is_match": False, "difference": difference}

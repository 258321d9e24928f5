"""Checks what a SKILL.md says: each claim is held against an OpenAPI document, and the fake is asked about it."""

from collections.abc import Sequence

from msgspec.structs import replace

from runflow_mock.kit.skills.checking import hold
from runflow_mock.kit.skills.claims import Judged, Standing, settle
from runflow_mock.kit.skills.denials import is_denied
from runflow_mock.kit.skills.reading import read_claims
from runflow_mock.kit.skills.reference import Reference
from runflow_mock.openapi.contracts import Contract, packaged_contract


def check_skill(text: str, contract: Contract | None = None) -> tuple[Judged, ...]:
    """Returns every claim of a text with what came of it; the document is the packaged one, or yours."""
    claims = read_claims(text)
    reference = Reference(contract or packaged_contract())
    if not claims:
        return ()
    # The fake is only loaded for a text that says something.
    from runflow_mock.kit.skills.sandbox import Sandbox

    with Sandbox() as sandbox:
        opinions = ((claim, (hold(claim.says, reference), sandbox.ask(claim.says))) for claim in claims)
        judged = [settle(claim, (opinion for opinion in given if opinion is not None)) for claim, given in opinions]
    return tuple(_unless_denied(each) for each in judged)


def _unless_denied(judged: Judged) -> Judged:
    """Returns what came of a claim; that there is no endpoint which a sentence says is not there contradicts nobody."""
    if judged.standing is not Standing.CONTRADICTED or not is_denied(judged.claim):
        return judged
    return replace(judged, standing=Standing.UNKNOWN, reason="the sentence says that it is not there")


def contradictions(judged: Sequence[Judged]) -> tuple[Judged, ...]:
    """Returns the claims that are contradicted."""
    return tuple(each for each in judged if each.standing is Standing.CONTRADICTED)

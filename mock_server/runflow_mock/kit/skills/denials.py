"""Denials: sentences that say of an endpoint that it is not there, or no longer. Whoever says so does not claim that it is."""

import re

from runflow_mock.kit.skills.claims import Claim, Endpoint

_BEFORE = re.compile(
    r"(?:\b(?:there (?:is|are) no|instead of|rather than|no longer|never|not|formerly|was|were|renamed from)\s+(?:an? |any |the )?|~~)"
    r"[`'\"(*]*$",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"[`'\")*]*(?:~~|\s+no longer\b|\s+(?:is|are|was|were|has been|have been|does not|do not|doesn't|don't)\s+"
    r"(?:gone|not there|removed|renamed|replaced|retired|exist)\b)",
    re.IGNORECASE,
)
_NEAR = 40


def is_denied(claim: Claim) -> bool:
    """Tells whether the sentence of a claim says directly before or behind an endpoint that there is none."""
    says = claim.says
    at = claim.sentence.find(says.path) if isinstance(says, Endpoint) else -1
    if at < 0 or not isinstance(says, Endpoint):
        return False
    before, behind = claim.sentence[max(0, at - _NEAR) : at], claim.sentence[at + len(says.path) :][:_NEAR]
    word = f"{says.method} " if says.method else ""
    return bool(_BEFORE.search(before.removesuffix(word)) or _BEHIND.match(behind))

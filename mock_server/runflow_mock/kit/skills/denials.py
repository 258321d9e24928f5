"""Denials: sentences that say of an endpoint that it is not there, or no longer. Whoever says so does not claim that it is."""

import re

from runflow_mock.kit.skills.claims import Claim, Endpoint

# That it is called in another way, at another time or by somebody else says nothing of whether it is there.
_BEFORE = re.compile(
    r"(?:(?:\b(?:there (?:is|are) no|instead of|rather than|no longer|formerly|renamed from)|,\s+not)\s+(?:an? |any |the )?|~~)"
    r"[`'\"(*]*$",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"[`'\")*]*(?:~~|\s+(?:(?:is|are|was|were|has been|have been|does not|do not|doesn't|don't|no longer)\s+)+"
    r"(?:gone|there|not there|removed|renamed|replaced|retired|exists?)(?:\s+any ?more|\s+in v?\d[\d.-]*)?"
    # Where that is all that is said of it, or all but what has taken its place.
    r"(?:\s*[.,;:)]|\s*\Z|\s+(?:to|by|with)\s+[`'\"*]*(?:[A-Z]+\s+)?/))",
    re.IGNORECASE,
)
_NEAR = 40


def is_denied(claim: Claim) -> bool:
    """Tells whether the sentence of a claim says directly before or behind an endpoint that there is none."""
    says = claim.says
    if not isinstance(says, Endpoint):
        return False
    # Not within a longer path; and of a path with several methods each is told by its own.
    found = [(each.start(), each.end()) for each in re.finditer(rf"{re.escape(says.path)}(?![\w/{{}}-])", claim.sentence)]
    word = f"{says.method} " if says.method else ""
    own = [(start - len(word), end) for start, end in found if claim.sentence[:start].endswith(word)]
    around = [(claim.sentence[max(0, start - _NEAR) : start], claim.sentence[end : end + _NEAR]) for start, end in own or found]
    return bool(around) and all(_BEFORE.search(before) or _BEHIND.match(behind) for before, behind in around)

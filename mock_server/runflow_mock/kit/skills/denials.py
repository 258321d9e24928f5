"""Denials: sentences that say of an endpoint that it is not there, or no longer. Whoever says so does not claim that it is."""

import re

from runflow_mock.kit.skills.claims import Claim, Endpoint

_GONE = (
    r"(?:gone|removed|renamed|replaced|retired|dropped|discontinued|deleted|withdrawn|decommissioned|sunset(?:ted)?"
    r"|(?:shut|taken) down|(?:switched|turned|shut) off)"
)
_NAMES = r"(?:an? |any |the |our |its |their |old |former )*"
# When, and where from: whatever else is said makes another thing of it, such as `removed from the quota`.
_SEASON = r"(?:year|quarter|month|week|spring|summer|autumn|fall|winter)"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DATE = (
    rf"(?:(?:early|late|mid)[ -])?(?:the\s+)?(?:\d{{1,2}}(?:st|nd|rd|th)?\s+)?{_MONTH}(?:\s+\d{{1,2}})?(?:,?\s+\d{{4}})?"
    rf"|(?:{_SEASON}\s+(?:of\s+)?)?\d{{4}}(?:-\d\d){{0,2}}|(?:the\s+)?(?:API\s+)?(?:v|version\s+|release\s+)?\d[\d.]*"
    rf"|(?:last|this)\s+{_SEASON}|(?:the\s+)?(?:(?:last|latest|current|new|next|{_SEASON})\s+)?(?:release|version|{_SEASON})|then"
)
_WHEN = (
    rf"(?:last|this|earlier this)\s+(?:{_SEASON}|{_MONTH}|release)|(?:in|on|since|as of|with|by|after|before|from)\s+(?:{_DATE})"
    rf"|(?:an?|one|two|three|some|several|many|a few|\d+)\s+(?:{_SEASON}|day|time|while|release|version)s?\s+ago"
    r"|(?:a\s+)?long(?:\s+time)?\s+ago"
    r"|recently|already|entirely|completely|altogether|for good|permanently|meanwhile|now|today|yesterday|finally|any ?more|any longer|once"
)
_WHERE = r"(?:from|in|of)\s+(?:the|this|our)\s+(?:public\s+|REST\s+|HTTP\s+|Runflow\s+)*(?:API|service)"
# That it is called in another way, at another time or by somebody else says nothing of whether it is there.
_BEFORE = re.compile(
    r"(?:(?:\b(?:there (?:is|are) no(?: such (?:thing|path|endpoint|call) as)?|there (?:used to be|was once|never was|was never)"
    r"|instead of|rather than|no longer|formerly|renamed from"
    rf"|(?:we|they|Runflow) (?:have |has )?(?:since )?{_GONE})|,\s+not)\s+{_NAMES}|~~)[`'\"(*]*$",
    re.IGNORECASE,
)
_SAID = (
    # What is said of it in a sentence, after a comma, or in brackets, a cell or behind a dash.
    rf"(?:(?:,?\s+(?:which|that))?\s+|\s*[:;,\u2013\u2014-]\s+(?:it|this)\s+)(?:"
    rf"(?:(?:is|are|was|were|has|have|had|been|got|will be|(?:{_WHEN}))\s+)+{_GONE}|(?:was|were)\s+(?:once\s+)?there"
    r"|(?:(?:does|do|did) not|(?:does|do|did)n't|never|no longer|ceased to|used to|has never|have never)\s+(?:exist(?:s|ed)?|be there)"
    r"|(?:is|are|was|were)(?:n't|\s+not|\s+never|\s+no longer)\s+(?:there|available|supported|offered|an? (?:real )?(?:path|endpoint)"
    rf"|(?:a )?part(?=\s+{_WHERE})))"
    rf"|(?:\s*\(|\s*[|:]\s*|\s+[\u2013\u2014-]+\s+){_GONE}"
)
_BEHIND = re.compile(
    rf"[`'\")*]*(?:~~|(?:{_SAID})"
    # Where that is all that is said of it, or all but when, from where, and what has taken its place.
    rf"(?:\s+(?:{_WHEN}|{_WHERE}))*(?:\s*[.,;:)!|\u2013\u2014]|\s*\Z|\s+(?:to|by|with|in favou?r of)\s+[`'\"*]*(?:[A-Z]+\s+)?/))",
    re.IGNORECASE,
)
# What a call does is said in the same words: alone behind it they say nothing of whether it is there.
_DONE = {"DELETE": r"(?:deleted|removed)", "PUT": "replaced"}
_ALONE = {
    method: re.compile(rf"[`'\")*]*(?:\s*\(|\s*[|:]\s*|\s+[\u2013\u2014-]+\s+){done}(?:\s*[.,;:)!|]|\s*\Z)", re.IGNORECASE)
    for method, done in _DONE.items()
}
_NEAR = 120


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
    alone = _ALONE.get(says.method or "")
    return bool(around) and all(
        _BEFORE.search(before) or (_BEHIND.match(behind) and not (alone and alone.match(behind))) for before, behind in around
    )

"""Denials: sentences that say of an endpoint that it is not there, or no longer. Whoever says so does not claim that it is.

What stands directly before an endpoint, or directly behind it, denies it. Of several that are listed all are denied by what stands before
the first or behind the last. Some words deny alone, such as `there is no`; others only where nothing more is said: `do not call` it *twice*
is said of what is there.
"""

import re

from runflow_mock.kit.skills.claims import Claim, Endpoint, Example


def _any(*forms: str) -> str:
    return f"(?:{'|'.join(forms)})"


_NOT = r"(?:n['\u2019]t|\s+not)"
_IS = "(?:is|are|was|were)"
_API = r"(?:the|this|our)\s+(?:public\s+|REST\s+|HTTP\s+|Runflow\s+)*(?:API|service)"
_NOUN = r"(?:endpoint|path|call|route|operation|method|URL)s?"
_NAMES = rf"(?:(?:an?|any|the|our|its|their|old|former|such|called|named|like|as|{_NOUN})\s+)*"
# Marks of Markdown, links included.
_OPENING, _CLOSING = r"[`'\"(*_\[]*", r"(?:[`'\")*_]|\](?:\([^()\s]*\))?)*"
_ANOTHER = r"[`'\"*]*(?:[A-Z]+\s+)?/"
_GONE = _any(
    r"gone|removed|renamed|replaced|retired|dropped|discontinued|deleted|withdrawn|decommissioned|sunset(?:ted)?|merged|superseded",
    r"(?:shut|taken) down|(?:switched|turned|shut) off",
)
# When, and where from: whatever else is said makes another thing of it, such as `removed from the quota`.
_SEASON = r"(?:year|quarter|month|week|spring|summer|autumn|fall|winter)"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DATE = _any(
    rf"(?:(?:early|late|mid)[ -])?(?:the\s+)?(?:\d{{1,2}}(?:st|nd|rd|th)?\s+)?{_MONTH}(?:\s+\d{{1,2}})?(?:,?\s+\d{{4}})?",
    rf"(?:{_SEASON}\s+(?:of\s+)?)?\d{{4}}(?:-\d\d){{0,2}}|(?:the\s+)?(?:API\s+)?(?:v|version\s+|release\s+)?\d[\d.]*",
    rf"(?:last|this)\s+{_SEASON}|(?:the\s+)?(?:(?:last|latest|current|new|next|{_SEASON})\s+)?(?:release|version|{_SEASON})|then",
)
_WHEN = _any(
    rf"(?:last|this|earlier this)\s+(?:{_SEASON}|{_MONTH}|release)|(?:in|on|since|as of|with|by|after|before|from)\s+{_DATE}",
    rf"(?:an?|one|two|three|some|several|many|a few|\d+)\s+(?:{_SEASON}|day|time|while|release|version)s?\s+ago",
    r"(?:a\s+)?long(?:\s+time)?\s+ago",
    r"recently|already|entirely|completely|altogether|for good|permanently|meanwhile|now|today|yesterday|finally|any ?more|any longer|once",
    "here|yet|either|at all",
)
_WHERE = rf"(?:from|in|of|to|by)\s+{_API}"

# Whose endpoints are compared with these.
_OTHERS = _any(
    r"OpenAI|Replicate|fal(?:\.ai)?|Stability(?:\s+AI)?|Midjourney|Hugging\s*Face|Anthropic|Runway|Together(?:\s+AI)?|Google|Azure|AWS",
    r"(?:an)?other\s+(?:APIs?|services?)",
)
# That it is called in another way, at another time or by somebody else says nothing of whether it is there.
_BEFORE = re.compile(
    _any(
        _any(
            rf"\bthere(?:\s+is|\s+are|['\u2019]s)\s+no|\bthere\s+(?:is|are){_NOT}",
            r"\bthere\s+(?:used to be|was once|never was|was never)",
            r"\b(?:instead of|rather than|in place of|no longer|formerly|previously|replaces|replaced)",
            r"\b(?:renamed|migrate|moved?|switch) from",
            rf"\b(?:we|they|Runflow)\s+(?:have\s+|has\s+)?(?:since\s+)?{_GONE}|[,(\u2013\u2014]\s*not|\((?:was|once)",
        )
        + rf"\s+{_NAMES}",
        rf"\b{_OTHERS}(?:['\u2019]s|\s+\(|:|,?\s+(?:it|this|that)\s+(?:is|was)|,?\s+you\s+(?:call|send|use)|\s+(?:has|calls))\s*{_NAMES}",
        "~~",
    )
    + f"{_OPENING}$",
    re.IGNORECASE,
)
_USE = r"(?:use|call|send|try|guess|request|invent|look for)"
_USING = r"(?:using|calling|sending|trying|guessing|requesting|inventing)"
_HAS = r"(?:has|have|had|offers?|provides?|exposes?|supports?)"
# What is said at the head of a list of those that follow.
_LACKING = rf"{_GONE}(?:\s+(?:{_WHEN}|{_WHERE}))*|(?:not|no longer)\s+(?:available|supported|offered|there|part\s+{_WHERE})"
_THESE = r"\b(?:these|those|following|endpoints|paths|calls)\b[^.;:]*\s"
_THESE_LACK = rf"{_THESE}(?:do{_NOT}\s+exist|no longer exist|(?:are|were|been)\s+(?:{_LACKING}))"
_WRONG = "wrong|incorrect|bad|not"
_BEFORE_ALONE = re.compile(
    _any(
        _any(
            rf"\b{_HAS}\s+(?:no|neither)|\bnever had|\b(?:does|do|did){_NOT}\s+(?:have|offer|provide|expose|support|serve|know)",
            r"\b(?:older|earlier|previous|former|first|beta)\s+(?:versions?|releases?|drafts?|APIs?)\s+(?:had|used)",
            rf"(?:\b(?:do{_NOT}|never|cannot|can['\u2019]t|must{_NOT}|should{_NOT})|possible\s+to)(?:\s+{_USE})?",
            rf"\b(?:avoid|instead of|rather than|mistakes?:)(?:\s+{_USING})?|\b(?:nothing|nobody|no API)\s+(?:\w+\s+)?at",
            rf"\bthere\s+{_IS}\s+neither|\bthere\s+(?:was|were|had been)|\b(?:and not|neither)|(?:^|[:.;(|*-]\s*)no",
        )
        + rf"\s+{_NAMES}",
        rf"(?:\u274c|\u2717|\u2718|\U0001f6ab|(?:^|[*|.;-]\s*)(?:{_WRONG}|{_LACKING}):|{_THESE_LACK}:)\s*",
    )
    + f"{_OPENING}$",
    re.IGNORECASE,
)
_ALONE = re.compile(
    rf"{_CLOSING}(?:\s+{_NOUN})?(?:\s+(?:{_WHEN}|{_WHERE}))*"
    + _any(
        r"\s*[.,;:!(|\u2013\u2014]|\s*\Z|\s+(?:but|so|because|as|since)\s",
        r"\s+(?:exists?|(?:is|are)\s+(?:there|available|supported|offered))\b",
    ),
    re.IGNORECASE,
)
_ABSENT = _any(
    rf"(?:(?:{_IS}|has|have|had|been|got|will be|since|deprecated and|{_WHEN})\s+)+{_GONE}|leads nowhere",
    r"(?:was|were)\s+(?:once\s+)?there",
    rf"(?:(?:does|do|did){_NOT}|never|no longer|ceased to|used to|has never|have never)\s+(?:exist(?:s|ed)?|be there)",
    rf"(?:has|have){_NOT}\s+existed|(?:will|would|always)\s+(?:return|answer)s?\s+404|(?:answers|returns|is)\s+405",
    rf"{_IS}\s+(?:made up|invented|wrong|an?\s+(?:common\s+)?(?:mistake|guess|invention))",
    rf"{_IS}(?:{_NOT}|\s+never|\s+no longer)\s+"
    + _any(
        "there|available|supported|offered|allowed|possible|valid|real|a thing",
        rf"an?\s+(?:real\s+|valid\s+|Runflow\s+)*{_NOUN}",
        rf"(?:(?:a\s+)?part|known)(?=\s+{_WHERE})",
    ),
    rf"{_IS}\s+unknown(?=\s+{_WHERE})",
)
_REFUSED = r"(?:\s+(?:answers|returns|gives|is)\s+(?:an?\s+)?404)?"
_SAID = _any(
    # What is said of it in a sentence, after a comma, or in brackets, a cell or behind a dash.
    rf"(?:(?:,?\s+(?:which|that))?\s+|{_REFUSED}(?:\s*[:;,.\u2013\u2014-]|,?\s+(?:because|as|since))\s+(?:it|this|that|they)\s+){_ABSENT}",
    rf"(?:\s*\(|\s*[|:]\s*|\s+[\u2013\u2014-]+\s+)(?:{_GONE}|{_ABSENT})",
    rf"{_REFUSED}(?:\s*[:;,.|(]|\s+[\u2013\u2014-]+|,?\s+(?:because|as|since))\s*(?:there\s+{_IS}\s+)?no\s+such\s+{_NOUN}(?:\s+exists?)?",
)
_BEHIND = re.compile(
    rf"{_CLOSING}(?:~~|\s+(?:is now|became|has become|(?:has |was )?moved to)\s+{_ANOTHER}|(?:{_SAID})"
    # Where that is all that is said of it, or all but when, from where, and what has taken its place.
    rf"(?:\s+(?:{_WHEN}|{_WHERE}|and never (?:did|was|will)))*"
    rf"(?:\s*[.,;:(!)|\u2013\u2014]|\s*\Z|\s+(?:to|by|with|into|in favou?r of)\s+{_ANOTHER}))",
    re.IGNORECASE,
)
_CHANGED = re.compile(rf"\b(?:replace|change|rename|migrate)\s+{_NAMES}{_OPENING}$", re.IGNORECASE)
_INTO = re.compile(rf"{_CLOSING}\s+(?:with|by|to|into)\s+{_ANOTHER}", re.IGNORECASE)
_OF_SEVERAL = re.compile(
    rf"{_CLOSING},?\s+(?:which\s+)?(?:(?:are|were|have|do)(?:n['\u2019]t)?|no longer exist|never existed)\b", re.IGNORECASE
)
# What a call does is said in the same words: alone behind it they say nothing of whether it is there.
_DONE = {"DELETE": r"(?:deleted|removed)", "PUT": "replaced"}
_DOES = {
    method: re.compile(rf"{_CLOSING}(?:\s*\(|\s*[|:]\s*|\s+[\u2013\u2014-]+\s+){done}(?:\s*[.,;:)!|]|\s*\Z)", re.IGNORECASE)
    for method, done in _DONE.items()
}
# Endpoints that are listed, or their methods alone.
_OTHER = r"[`'\"*]*(?:[A-Z]{3,6}\s+)?(?:https?://[^\s/]+)?/[^\s`'\",;]*[`'\"*]*|[`'\"*]+[A-Z]{3,6}[`'\"*]+"
_JOINED = rf"\s*(?:,\s*(?:or|and|nor)?|/|\bor\b|\band\b|\bnor\b)\s*{_NAMES}"
# What was read in one way is not tried in another, which would take for ever.
_LISTED_BEFORE = re.compile(rf"(?>(?:(?>{_OTHER})(?>{_JOINED}))+){_OPENING}$")
_LISTED_BEHIND = re.compile(rf"{_CLOSING}(?>(?:(?>{_JOINED})(?>{_OTHER}))+)")
# What introduces a list, a block of code or a column in which nothing is claimed to be there.
_HEAD = re.compile(
    r"(?:^|[.;!?|]\s+)\W*"
    + _any(
        rf"(?:[^.;!?]*\s)?(?:do(?:es)?{_NOT}|no longer|never)\s+exist(?:s|ed)?|{_LACKING}|[^.;!?]*{_THESE_LACK}",
        rf"{_WRONG}|old|previous(?:ly)?|do{_NOT}",
        rf"(?:[^.;!?]*\s)?(?:{_HAS}\s+no(?:ne of)?|there\s+{_IS}\s+no)(?:\s+(?:such|these|of these|the following|{_NOUN}))*",
        rf"(?:please\s+)?(?:do{_NOT}|never|avoid)(?:\s+(?:{_USE}|{_USING}|any|of|these|those|this|the following|body|bodies|{_NOUN}))+",
        r"(?:common\s+)?mistakes",
    )
    + r"\W*$",
    re.IGNORECASE,
)
_OF_BODY = re.compile(r"(?:\b(?:as|with|like|an?|the|this|body|payload|JSON)\s+)*[`(*]*$", re.IGNORECASE)
_PLACEHOLDERS = (r"\{{{}\}}", "<{}>", ":{}", r"\$\{{?{}\}}?")
_FIRST = re.compile(rf"\W*(?:\d+[.)]\s+)?(?:curl\s[^/]*)?(?:https?://[\w.:-]+)?{_OPENING}$")
_NEAR = 120


def is_denied(claim: Claim) -> bool:
    """Tells whether a text says directly before or behind an endpoint that there is none, or above it; or that a body is not to be sent."""
    says = claim.says
    is_under_denial = bool(claim.under) and _HEAD.search(_spaced(claim.under)) is not None
    if not isinstance(says, Endpoint):
        return is_under_denial or (isinstance(says, Example) and _is_body_denied(says.body.decode(), claim.sentence))
    sentence = _spaced(claim.sentence)
    # Not within a longer path; and of a path with several methods each is told by its own.
    found = [(each.start(), each.end()) for each in _written(says.path).finditer(sentence)]
    word = f"{says.method} " if says.method else ""
    own = [(start - len(word), end) for start, end in found if sentence[:start].endswith(word)]
    around = [(sentence[max(0, start - _NEAR) : start], sentence[end : end + _NEAR]) for start, end in own or found]
    return bool(around) and all(
        (is_under_denial and _FIRST.match(before)) or _is_denied_by(before, behind, says.method or "") for before, behind in around
    )


def _written(path: str) -> re.Pattern[str]:
    """Returns what finds a path in a text, whatever host is before it and query behind it, and however its placeholders are written."""
    parts = re.split(r"\{([\w-]+)\}", path)
    forms = (
        re.escape(part) if index % 2 == 0 else _any(*(form.format(part) for form in _PLACEHOLDERS)) for index, part in enumerate(parts)
    )
    return re.compile(rf"(?:https?://[^\s/`]+|\$\{{?\w+\}}?|\{{\{{\w+\}}\}})?{''.join(forms)}(?![\w/{{}}-])(?:\?[^\s`'\"<>)]*)?")


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _is_body_denied(body: str, sentence: str) -> bool:
    ahead, found, _ = _spaced(sentence).partition(_spaced(body))
    ahead = _OF_BODY.sub("", ahead[-_NEAR:])
    return bool(found) and (_BEFORE.search(ahead) or _BEFORE_ALONE.search(ahead)) is not None


def _is_denied_by(before: str, behind: str, method: str) -> bool:
    """Tells whether what stands before or behind an endpoint says that there is none, or behind the last of those listed with it."""
    does = _DOES.get(method)
    if _CHANGED.search(before) and _INTO.match(behind):
        return True
    if _BEFORE.search(before) or (_BEHIND.match(behind) and not (does and does.match(behind))):
        return True
    first, last = _LISTED_BEFORE.search(before), _LISTED_BEHIND.match(behind)
    ahead, after = before[: first.start()] if first else before, behind[last.end() :] if last else behind
    if _ALONE.match(after) and (_BEFORE_ALONE.search(ahead) or (first and _BEFORE.search(ahead))):
        return True
    return bool(first or last) and _OF_SEVERAL.match(after) is not None and _BEHIND.match(after) is not None

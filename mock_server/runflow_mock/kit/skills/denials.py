"""Denials: sentences that say of an endpoint that it is not there, or no longer. Whoever says so does not claim that it is.

What stands directly before an endpoint, or directly behind it, denies it. Of several that are listed all are denied by what stands before
the first or behind the last. Some words deny alone, such as `there is no`; others only where nothing more is said, or that it is not there:
`do not call` it *twice*, or *because it is slow*, is said of what is there. What is so *if* or *when* something is denies nothing.
"""

import re

from runflow_mock.kit.skills.blocks import CELL_END
from runflow_mock.kit.skills.claims import Claim, Endpoint, Example, Header, Keys


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
_ANOTHER_OR_HOST = r"[`'\"*]*(?:[A-Z]+\s+)?(?:https?:/)?/"
_GONE = _any(
    r"gone|removed|renamed|replaced|retired|dropped|discontinued|deleted|withdrawn|decommissioned|sunset(?:ted)?|merged|folded|superseded",
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
_UNREAL, _MADE_UP = r"(?:imaginary|fictional|fictitious|hallucinated|non-?existent)", r"(?:imagined|made[ -]up|invented)"
_IMAGINED = _any(_UNREAL, _MADE_UP)
_AGENTS = r"(?:agents?|models?|tools?|assistants?|LLMs?)\s+(?:(?:often|sometimes|commonly|may|might|tend to|like to)\s+)?"
# What makes another thing of what is said: it is so at times, or for some.
_TIMES = r"(?:if|when(?:ever)?|where|unless|until|while|before|after|during|once|as long as|without|with|for|in case|at least)"
_IN_CASE = r"\b(?:if|when(?:ever)?|where|unless|until|while|once|in case)\b"
_CONDITION = re.compile(_IN_CASE, re.IGNORECASE)
# That it is called in another way, at another time or by somebody else says nothing of whether it is there.
_BEFORE = re.compile(
    _any(
        _any(
            rf"\bthere(?:\s+is|\s+are|['\u2019]s)\s+no|\bthere\s+(?:is|are){_NOT}",
            r"\bthere\s+(?:used to be|was once|never was|was never)",
            r"\b(?:instead of|rather than|in place of|no longer|formerly|previously|replaces|replaced)",
            r"\b(?:renamed|migrate|moved?|switch) from",
            rf"\b(?:we|they|Runflow)\s+(?:have\s+|has\s+)?(?:since\s+)?{_GONE}|\((?:was|once)",
            rf"\b{_UNREAL}\s+{_NOUN}(?=\s+(?:like|such)\b)",
        )
        + rf"\s+{_NAMES}",
        rf"\b(?:unlike|as opposed to|in contrast to|other than)\s+{_OTHERS}(?:['\u2019]s|\s+\()\s*{_NAMES}",
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
_THESE_LACK = _any(
    rf"{_THESE}(?:do{_NOT}\s+exist|no longer exist|(?:are|were|been)\s+(?:{_LACKING}|{_UNREAL}))",
    rf"\b(?:these|those|the following)(?:\s+{_NOUN})?\s+are\s+{_MADE_UP}",
)
_WRONG = "wrong|incorrect|bad|not|unsupported"
_START = r"(?:^|[.:;(|*\u2013\u2014-]\s*)"
_BEFORE_ALONE = re.compile(
    _any(
        _any(
            rf"\b{_HAS}\s+(?:no|neither)|\bnever had|\b(?:does|do|did){_NOT}\s+(?:have|offer|provide|expose|support|serve|know)",
            r"\b(?:older|earlier|previous|former|first|beta)\s+(?:versions?|releases?|drafts?|APIs?)\s+(?:had|used)",
            rf"(?:\b(?:do{_NOT}|never)|\b(?:cannot|can['\u2019]t|must{_NOT}|should{_NOT})(?=\s+{_USE}\b)|possible\s+to)(?:\s+{_USE})?",
            rf"{_START}(?:(?:you|we|one)\s+)?(?:cannot|can['\u2019]t|must{_NOT}|should{_NOT})|[,(\u2013\u2014]\s*not",
            # What another service has is theirs where nothing is said of it here.
            rf"{_START}(?:(?:on|in|at|with)\s+{_OTHERS},?\s+(?:(?:it|this|that)\s+(?:is|was)|you\s+(?:call|send|use))|{_OTHERS}\s+has)",
            rf"{_START}(?:(?:please|always|you should|you must)\s+)?(?<!\w-)avoid(?:\s+{_USING})?",
            rf"\b(?:{_API}|Runflow)\s+lacks|^\W*you\s+(?:won['\u2019]t|will not)\s+find",
            rf"{_START}(?:(?:the|AI|some|many|most|other)\s+){{0,3}}{_AGENTS}hallucinates?|{_START}(?:do{_NOT}|never)\s+hallucinate",
            rf"\b(?:{_UNREAL}|(?:an?|the)\s+{_MADE_UP})",
            rf"\b(?:instead of|rather than|mistakes?:)(?:\s+{_USING})?|\b(?:nothing|nobody|no API)\s+(?:\w+\s+)?at",
            rf"\bthere\s+{_IS}\s+neither|\bthere\s+(?:was|were|had been)|\b(?:and not|neither)|(?:^|[:.;(|*-]\s*)no",
        )
        + rf"\s+{_NAMES}",
        rf"(?:\u274c|\u2717|\u2718|\U0001f6ab|(?:^|[*|.;-]\s*)(?:{_WRONG}|{_LACKING}|{_IMAGINED}|myth):|{_THESE_LACK}:"
        rf"|\b(?:do{_NOT}|never)\s+{_USE}\s+(?:them|these|those):)\s*",
    )
    + f"{_OPENING}$",
    re.IGNORECASE,
)
_ABSENT = _any(
    rf"(?:(?:{_IS}|has|have|had|been|got|will be|since|deprecated and|{_WHEN})\s+)+{_GONE}|leads nowhere",
    r"(?:was|were)\s+(?:once\s+)?there",
    rf"(?:(?:does|do|did){_NOT}|never|no longer|ceased to|used to|has never|have never)\s+(?:exist(?:s|ed)?|be there)",
    rf"(?:has|have){_NOT}\s+existed|{_IS}\s+(?:{_IMAGINED}|an?\s+(?:common\s+)?(?:guess|invention|hallucination|myth))",
    rf"{_IS}(?:{_NOT}|\s+never|\s+no longer)\s+"
    + _any("there|real|a thing", rf"an?\s+(?:real\s+|valid\s+|Runflow\s+)*{_NOUN}", rf"(?:(?:a\s+)?part|known)(?=\s+{_WHERE})"),
    rf"{_IS}\s+unknown(?=\s+{_WHERE})",
)
# This is said of what is there, too, where what follows tells why or when it is refused.
_UNUSABLE = _any(
    rf"(?:will|would|always)\s+(?:return|answer)s?\s+404|(?:answers|returns|is)\s+405|{_IS}\s+(?:wrong|an?\s+(?:common\s+)?mistake)",
    rf"{_IS}(?:{_NOT}|\s+never|\s+no longer)\s+(?:available|supported|offered|allowed|possible|valid)",
)
# What may follow a denial: that there is none, whose it is, or what is called in its place.
_REASON = r"(?:because|as|since)?\s*" + _any(
    rf"(?:(?:it|this|that|they)\s+)?{_ABSENT}|{_GONE}\b|(?:there\s+{_IS}\s+)?no\s+such\s+{_NOUN}",
    rf"(?:it|this|that)\s+is\s+{_OTHERS}|(?:instead\s+|please\s+)?(?:use|call|send|try|it is)\s+{_NAMES}{_ANOTHER}|here\b",
)
_DASH = r"\s+[\u2013\u2014-]+\s+"
_ENDED = r"(?:\s*[.;!)|]|\s*\Z)"
_ENDED_OR_WHY = rf"(?:{_ENDED}|(?:\s*[,:(]\s*|{_DASH}|\s+(?=because|as|since)){_REASON})"
_ALONE = re.compile(
    rf"{_CLOSING}(?:\s+{_NOUN})?(?:\s+(?:{_WHEN}|{_WHERE}))*"
    + _any(_ENDED_OR_WHY, r"\s+(?:exists?|(?:is|are)\s+(?:there|available|supported|offered))\b(?!\s+(?:only|just|" + _TIMES + "))"),
    re.IGNORECASE,
)
# That somebody has none leaves none, whatever comes of it.
_LACKED = re.compile(rf"\b(?:{_HAS}\s+(?:no|neither)|never had|(?:does|do|did){_NOT}\s+{_HAS})\s+{_NAMES}{_OPENING}$", re.IGNORECASE)
_SO = re.compile(rf"{_CLOSING}(?:\s+{_NOUN})?,\s+(?:so|but|and|only)\s(?!{_TIMES}\b)", re.IGNORECASE)
_REFUSED = r"(?:\s+(?:answers|returns|gives|is)\s+(?:an?\s+)?404)?"
_SAID = rf"(?:(?:,?\s+(?:which|that))?\s+|{_REFUSED}(?:\s*[:;,.\u2013\u2014-]|,?\s+(?:because|as|since))\s+(?:it|this|that|they)\s+)"
# In brackets, a cell, behind a dash, or in a comment.
_COMMENT = r"\s+(?:#|//)\s*(?:404\b[\s,:;.\u2013\u2014-]*)?"
_ASIDE = rf"(?:\s*\(|\s*[|:]\s*|{_DASH}|{_COMMENT})"
_NOT_THERE = r"(?:not|no longer)\s+(?:available|supported|offered|there)"
_NO_SUCH = (
    rf"{_REFUSED}(?:\s*[:;,.|(]|\s+[\u2013\u2014-]+|,?\s+(?:because|as|since)|{_COMMENT})\s*"
    rf"(?:there\s+{_IS}\s+)?no\s+such\s+{_NOUN}(?:\s+exists?)?"
)
_ADDED = rf"(?:\s+(?:{_WHEN}|{_WHERE}|and never (?:did|was|will)))*"
_BECAME = rf"\s+(?:to|by|with|into|in favou?r of)\s+{_ANOTHER}"
_BEHIND = re.compile(
    rf"{_CLOSING}"
    + _any(
        rf"~~|\s+(?:is now|became|has become|(?:has |was )?moved to)\s+{_ANOTHER}",
        # Where that is all that is said of it, or all but when, from where, and what has taken its place.
        rf"(?:{_SAID}{_ABSENT}|{_ASIDE}(?:{_GONE}|{_ABSENT})|{_NO_SUCH}){_ADDED}"
        rf"(?:{_ENDED}|\s*(?:[,(\u2013\u2014]|:(?!\s*{_ANOTHER_OR_HOST}))(?!\s*{_TIMES}\b)|{_BECAME})",
        # In a cell this may be said of something else.
        rf"(?:\s*\({_NOT_THERE}\){_ENDED_OR_WHY}|{_DASH}{_NOT_THERE}\s*(?:[.!]|\Z))",
        rf"(?:{_SAID}|{_ASIDE}){_UNUSABLE}{_ADDED}(?:{_ENDED_OR_WHY}|{_BECAME})",
    ),
    re.IGNORECASE,
)
_CHANGED = re.compile(rf"\b(?:replace|change|rename|migrate)\s+{_NAMES}{_OPENING}$", re.IGNORECASE)
_INTO = re.compile(rf"{_CLOSING}\s+(?:with|by|to|into)\s+{_ANOTHER}", re.IGNORECASE)
# Not whether something else has it, such as a plan.
_ASKED = re.compile(
    rf"^\W*(?:Q(?:uestion)?\W{{1,4}})?(?:{_IS}\s+there|does\s+(?:{_API}|Runflow)\s+(?:have|offer|provide|support|expose))"
    rf"\s+{_NAMES}{_OPENING}$",
    re.IGNORECASE,
)
_ANSWERED = re.compile(rf"{_CLOSING}(?:\s+{_NOUN})?\?\W*(?:A(?:nswer)?\W+)?No\b[*_]*{_ENDED_OR_WHY}")
_THEIRS = re.compile(rf"\b{_OTHERS}['\u2019]s\s+{_NAMES}{_OPENING}$", re.IGNORECASE)
_HERE = re.compile(rf"{_CLOSING}\s+(?:is|was|becomes|corresponds to)\s+{_ANOTHER}", re.IGNORECASE)
_OF_SEVERAL = re.compile(
    rf"{_CLOSING},?\s+(?:which\s+)?(?:(?:are|were|have|do)(?:n['\u2019]t)?|no longer exist|never existed)\b", re.IGNORECASE
)
# What a call does is said in the same words: alone behind it they say nothing of whether it is there.
_DONE = {"DELETE": r"(?:deleted|removed)", "PUT": "replaced"}
_DOES = {
    method: re.compile(rf"{_CLOSING}(?:\s*\(|\s*[|:]\s*|\s+[\u2013\u2014-]+\s+|\s+(?:#|//)\s*){done}(?:\s*[.,;:)!|]|\s*\Z)", re.IGNORECASE)
    for method, done in _DONE.items()
}
# Endpoints that are listed, or their methods alone.
_OTHER = r"[`'\"*]*(?:[A-Z]{3,6}\s+)?(?:https?://[^\s/]+)?/[^\s`'\",;]*[`'\"*]*|[`'\"*]+[A-Z]{3,6}[`'\"*]+"
_JOINED = rf"\s*(?:,\s*(?:or|and|nor)?|/|\bor\b|\band\b|\bnor\b)\s*{_NAMES}"
# What was read in one way is not tried in another, which would take for ever.
_LISTED_BEFORE = re.compile(rf"(?>(?:(?>{_OTHER})(?>{_JOINED}))+){_OPENING}$")
_LISTED_BEHIND = re.compile(rf"{_CLOSING}(?>(?:(?>{_JOINED})(?>{_OTHER}))+)")
# What introduces a list, a block of code or a column in which nothing is claimed to be there.
_HEAD_START = rf"(?:^|[.;!?|]\s+)(?![^.;!?]*{_IN_CASE})\W*"
_OF_THEM = rf"(?:such|these|those|this|following|of these|the following|{_NOUN})"
_ABSENT_HEAD = re.compile(
    _HEAD_START
    + _any(
        rf"(?:[^.;!?]*\s)?{_OF_THEM}\s+(?:(?:that|which)\s+)?(?:do(?:es)?{_NOT}|no longer|never)\s+exist(?:s|ed)?",
        rf"{_LACKING}|[^.;!?]*{_THESE_LACK}",
        rf"(?:[^.;!?]*\s)?{_NOUN}\s+(?:(?:that|which)\s+)?(?:(?:AI|some|many|most)\s+)?{_AGENTS}(?:hallucinate|make up|invent|imagine)",
        rf"{_IMAGINED}(?:\s+{_NOUN})?",
        rf"(?:[^.;!?]*\s)?(?:(?:API|service|Runflow|it|we|they)\s+{_HAS}\s+no(?:ne of)?|there\s+{_IS}\s+no)(?:\s+{_OF_THEM})*",
    )
    + r"\W*$",
    re.IGNORECASE,
)
# Under these stands also what is there, and how it is not to be called.
_WRONG_HEAD = re.compile(
    _HEAD_START
    + _any(
        rf"{_WRONG}|instead of|old|previous(?:ly)?|do{_NOT}|(?:common\s+)?mistakes",
        rf"(?:please\s+)?(?:do{_NOT}|never|avoid)(?:\s+(?:{_USE}|{_USING}|any|of|these|those|this|the following|body|bodies|{_NOUN}))+",
    )
    + r"\W*$",
    re.IGNORECASE,
)
# A cell behind the head of its column.
_ANSWERED_NO = re.compile(
    r"\W*(?:exists?|supported|available|real|valid)[?\s*]*:[\s*_]*(?:no|false|[\u274c\u2717\u2718\U0001f6ab])\W*$", re.IGNORECASE
)
_NO_MORE = re.compile(rf"{_CLOSING}(?:{_ENDED_OR_WHY}|\s+(?:--?\w|\\|#|HTTP/))", re.IGNORECASE)
_OF_BODY = re.compile(r"(?:\b(?:as|with|like|an?|the|this|body|payload|JSON)\s+)*[`(*]*$", re.IGNORECASE)
_PLACEHOLDERS = (r"\{{{}\}}", "<{}>", ":{}", r"\$\{{?{}\}}?")
_FIRST = re.compile(rf"\W*(?:\d+[.)]\s+)?(?:curl\s[^/]*)?(?:https?://[\w.:-]+)?{_OPENING}$")
_NEAR = 120


def is_denied(claim: Claim) -> bool:
    """Tells whether a text says directly before or behind an endpoint that there is none, or above it; or that a body is not to be sent."""
    says = claim.says
    heads = [_spaced(head) for head in claim.under.split("\n\n")]
    is_absent = any(_ABSENT_HEAD.search(head) for head in heads)
    is_wrong = any(_WRONG_HEAD.search(head) or _ANSWERED_NO.match(head) for head in heads)
    if not isinstance(says, Endpoint):
        if is_absent or (is_wrong and isinstance(says, Example | Header | Keys)):
            return True
        return isinstance(says, Example) and _is_body_denied(says.body.decode(), claim.sentence)
    sentence = _spaced(claim.sentence)
    # Not within a longer path; and of a path with several methods each is told by its own.
    found = [(each.start(), each.end()) for each in _written(says.path).finditer(sentence)]
    word = f"{says.method} " if says.method else ""
    own = [(start - len(word), end) for start, end in found if sentence[:start].endswith(word)]
    around = [(sentence[max(0, start - _NEAR) : start], sentence[end : end + _NEAR]) for start, end in own or found]
    return bool(around) and all(
        (_FIRST.match(CELL_END.split(before)[-1]) and (is_absent or (is_wrong and _NO_MORE.match(behind))))
        or _is_denied_by(before, behind, says.method or "")
        for before, behind in around
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
    if (_CHANGED.search(before) and _INTO.match(behind)) or (_THEIRS.search(before) and _HERE.match(behind)):
        return True
    if _ASKED.search(before) and _ANSWERED.match(behind):
        return True
    if _BEFORE.search(before) or (_BEHIND.match(behind) and not (does and does.match(behind))):
        return True
    first, last = _LISTED_BEFORE.search(before), _LISTED_BEHIND.match(behind)
    ahead, after = before[: first.start()] if first else before, behind[last.end() :] if last else behind
    is_lacked = _LACKED.search(ahead) is not None
    if _ALONE.match(after) and (
        (_BEFORE_ALONE.search(ahead) and (is_lacked or not _CONDITION.search(ahead))) or (first and _BEFORE.search(ahead))
    ):
        return True
    if is_lacked and _SO.match(after):
        return True
    return bool(first or last) and _OF_SEVERAL.match(after) is not None and _BEHIND.match(after) is not None

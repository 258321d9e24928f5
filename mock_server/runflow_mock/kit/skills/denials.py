"""Denials: words near an endpoint by which a sentence may say that it is not there. What exactly it says is prose, and left to its readers.

So a word of denial shortly before an endpoint, or one of absence behind it, leaves *unknown* what would be a contradiction, also where it
is about something else, as in *no need to call*. A list, code or a column is excused by a head that says it of all that is under it: a
command under *No key is needed* is held to what it says.
"""

import re

from runflow_mock.kit.skills.blocks import CELL_END
from runflow_mock.kit.skills.claims import Claim, Endpoint, Example, Status

_NOT = r"(?:\bnot|\bnever|\bno longer|\bused to|\bcannot|\bneither|\bnor|n['\u2019]t)"
_GONE = (
    "(?:gone|removed|renamed|replaced|retired|dropped|discontinued|deleted|withdrawn|decommissioned|sunset(?:ted)?|merged|folded|superseded"
    "|(?:shut|taken) down|(?:switched|turned|shut) off)"
)
_MADE_UP = r"(?:imaginary|imagined|fictional|fictitious|hallucinat\w+|non-?existent|made[ -]up|invent(?:ed|ion)?)"
_CALL = "(?:thing|endpoint|path|call|route|operation|method)s?"
_THERE = rf"(?:there|exist(?:s|ed)?|available|supported|offered|allowed|possible|valid|real|part|an?\s+(?:\w+\s+)?{_CALL})"
_ABSENT = (
    rf"(?:\b{_GONE}|{_NOT}(?:\s+be)?\s+{_THERE}|\bno\s+such|\bnowhere|\b{_MADE_UP}"
    r"|\b(?:is|are)\s+(?:unknown|wrong|an?\s+(?:common\s+)?(?:mistake|guess|myth)))\b"
)
_LACKING = re.compile(_ABSENT, re.IGNORECASE)
# Whose endpoints are compared with these.
_OTHERS = (
    r"(?:OpenAI|Replicate|fal(?:\.ai)?|Stability|Midjourney|Hugging\s*Face|Anthropic|Runway|Together|Google|Azure|AWS"
    r"|(?:an)?other\s+(?:API|service)s?)"
)
_NO = r"(?:no|false|[\u274c\u2717\u2718\U0001f6ab])"
_OPENING = r"[\s`'\"(*_\[]*(?:https?://[\w.:-]+)?$"
# With few words between it and the endpoint, and no comma, or before a colon.
_BEFORE = re.compile(
    rf"(?:(?:{_NOT}|\b(?:no|nothing|avoid|lacks?|instead of|rather than|in place of|unlike|wrong|mistakes?|myth|unsupported"
    r"|formerly|previously|replace[sd]?|change|(?:migrate|moved?|switch) from|there (?:was|were)|(?<=\()was"
    rf"|(?:older|earlier|previous|former) \w+|hallucinate|{_GONE}|{_MADE_UP}|{_OTHERS}))\b(?:\W{{1,2}}(?:\w+[\s-]){{0,4}}|\W{{0,4}})"
    rf"|(?:{_ABSENT}[^.]{{0,40}}|{_NOT}\s+\w+\s+them):|~~|[\u274c\u2717\u2718\U0001f6ab])" + _OPENING,
    re.IGNORECASE,
)
_BEHIND = re.compile(
    rf"{_ABSENT}|~~|, not\b|\b(?:is|answers|returns?)\s+40[45]\b|\b(?:is now|became|become|moved to)\s+\W*(?:[A-Z]+\s+)?/"
    r"|\?\W*(?:A\w*\W+)?No\b",
    re.IGNORECASE,
)
# Said of what is there: when, how or for whom it is not to be called.
_AT_TIMES = re.compile(
    r"[^.]{0,60}\b(?:if|when|unless|until|before|without|twice|(?:too|so) often|by the|in (?:loops?|a loop|bulk)|to guests|a second)\b",
    re.IGNORECASE,
)
# What a call does is said in the same words: alone behind it they say nothing of whether it is there.
_DONE = re.compile(r"\A\W{1,6}(?:deleted|removed|replaced)\s*(?:[.,;:)!|]|$)", re.IGNORECASE)
# Endpoints that are listed before one share what is said before the first.
_LISTED = re.compile(
    r"(?:[`'\"*]*(?:[A-Z]{3,6}\s+)?(?:https?:/)?/[^\s`,]*[`'\"*]*|`[A-Z]{3,6}`)(?:\s*,\s*(?:or|and|nor)?|\s+(?:or|and|nor))\s+(?:an?\s+)?"
    r"(?=[`'\"*]*(?:[A-Z]|https?:|/))"
)
_HEAD = re.compile(
    r"(?:^|[.;!?|]\s+)(?![^.;!?|]*\b(?:if|when(?:ever)?|where|unless|until|while|once|in case|before)\b)\W*(?:"
    rf"(?:[^.;!?|]*\s)?(?:these|those|following|such|{_CALL})(?:\s+(?:that|which|are|were|have|been|do|does|agents|models|often))*\s*{_ABSENT}"
    rf"|{_ABSENT}|wrong|incorrect|bad|unsupported|instead of|old|previous(?:ly)?|don['\u2019]t|avoid|(?:common\s+)?mistakes"
    rf"|[^.;!?|]*\bno(?:ne of)?\s+(?:such|these|those)(?:\s+{_CALL})?"
    rf"|(?:[^.;!?|]*\s)?(?:{_NOT}|avoid)\s+(?:call|use|send|try)(?:ing)?\s+(?:these|those|this|the following|them)"
    rf"(?:\s+(?:body|bodies|{_CALL}))?"
    rf"|(?:exists?|supported|available|real|valid)[?\s*]*:[\s*_]*{_NO})\W*$",
    re.IGNORECASE,
)
_NOT_THIS_BODY = re.compile(rf"(?:{_NOT}|\binstead of|\brather than)(?:\s+\w+){{0,3}}\W*$", re.IGNORECASE)
# A long line with many claims would cost its square.
_NEAR = 120


def is_denied(claim: Claim) -> bool:
    """Tells whether words near an endpoint, or above it, may say that there is none; or before a body, that it is not to be sent."""
    says = claim.says
    heads = [head for head in (" ".join(head.split()) for head in claim.under.split("\n\n")) if _HEAD.search(head)]
    # Among mistakes stand statuses that there are.
    if heads and (not isinstance(says, Status) or _LACKING.search(" ".join(heads))):
        return True
    if isinstance(says, Example):
        ahead, found, _ = claim.sentence.partition(" ".join(says.body.decode().split()))
        return bool(found) and _NOT_THIS_BODY.search(ahead[-_NEAR:]) is not None
    if not isinstance(says, Endpoint):
        return False
    sentence = " ".join(claim.sentence.split())
    # However its placeholders are written; and of a path with several methods each is told by its own.
    path = says.path if says.path in sentence else says.path.partition("{")[0]
    method = f"{says.method} " if f"{says.method} {path}" in sentence else ""
    ends = rf"{re.escape(method + path)}(?:(?<=/)|(?![\w/{{-]))"
    places = [(found.start(), found.end()) for found in re.finditer(ends, sentence)]
    is_write = says.method in ("DELETE", "PUT")
    around = [(sentence[max(0, start - _NEAR) : start], sentence[end : end + _NEAR]) for start, end in places]
    return bool(around) and all(_is_denied_by(before, _DONE.sub("", behind, 1) if is_write else behind) for before, behind in around)


def _is_denied_by(before: str, behind: str) -> bool:
    """Tells whether what stands before an endpoint, in the same cell, or behind it may deny it."""
    ahead = _LISTED.sub("", f"{CELL_END.split(before)[-1]}/")[:-1]
    return _AT_TIMES.match(behind) is None and (_BEFORE.search(ahead) or _BEHIND.search(behind)) is not None

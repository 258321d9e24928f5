# ruff: noqa: RUF001 - these letters are meant
"""Foreign denials: what says of an endpoint in other languages than English that it is not there, or that another one is to be called.

Each language has what stands directly before an endpoint, and what stands directly behind it or behind the last of those listed with it.
Only what can mean nothing else is known: whoever says that a call has no limit, or must not be forgotten, claims that it is there.
"""

import re
from collections.abc import Mapping

_NOUN = (
    r"(?:(?:\w+\s+)?(?:(?:API-|REST-)?endpoints?|endpunkte?n?|pfade?|routen?|routes?|chemins?|rutas?|rotas?|caminhos?|percors[io]|paden?"
    r"|m[ée]todos?|méthodes?|metod[io]|eindpunten?|эндпоинт\w*|маршрут\w*|метод\w*)\s+)?"
)
_OPENING, _CLOSING = r"[`'\"(*_\[「«]*\s?", r"[`'\")*_\]」»]*"
_ANOTHER = r"[`'\"*]*(?:[A-Z]{3,6}\s+)?/[^\s`'\",;]*[`'\"*]*"
_JOINED = r"\s*(?:,|/|und|oder|noch|et|ou|ni|y|o|e|né|en|of|i|и|или|と|和|、|및)\s*"
_LISTED = rf"(?:{_JOINED}{_ANOTHER}){{0,8}}{_CLOSING}"

_AHEAD: Mapping[str, str] = {
    "de": rf"(?:es\s+gibt|gibt\s+es|hat|haben|bietet|kennt)\s+(?:hier\s+|auch\s+)?kein(?:e[nrsm]?)?\s+{_NOUN}"
    r"|(?:an)?statt\s+|anstelle\s+von\s+"
    r"|(?:verwenden?|benutzen?|nutzen?|rufen?|senden?)\s+(?:Sie\s+)?(?:bitte\s+)?(?:niemals|nie|nicht|kein(?:e[nrsm]?)?)\s+"
    r"|weder\s+(?:[^.;!?]*\snoch\s+)?",
    "fr": rf"n['’]y\s+a\s+(?:pas|plus|aucun)\s+(?:d['’]\s*|de\s+)?{_NOUN}|au\s+lieu\s+de\s+|plutôt\s+que\s+"
    rf"|(?:n['’](?:existe|offre|a)|ne\s+(?:propose|fournit|possède))\s+(?:pas|plus|aucun)\s+(?:d['’]\s*|de\s+)?{_NOUN}"
    r"|n['’](?:utilisez?|appelez?|appelle)\s+(?:pas|plus|jamais)\s+",
    "es": rf"no\s+(?:existe|hay|tiene|ofrece)\s+{_NOUN}|(?:no|nunca)\s+(?:uses?|llames?|utilices?)\s+|en\s+(?:lugar|vez)\s+de\s+",
    "pt": rf"não\s+(?:existe|há|tem|oferece)\s+{_NOUN}|(?:não|nunca)\s+(?:use|chame|utilize)\s+|(?:em\s+vez|ao\s+invés)\s+de\s+",
    "it": rf"non\s+(?:esiste|c['’]è|ha|offre)\s+{_NOUN}|non\s+(?:us|chiam|utilizz)a(?:re|te)?\s+(?:mai\s+)?|invece\s+di\s+",
    "nl": rf"(?:er\s+is|bestaat|heeft)\s+geen\s+{_NOUN}|gebruik\s+(?:nooit|geen|niet)\s+|in\s+plaats\s+van\s+",
    "ru": rf"(?:нет|не\s+существует)\s+{_NOUN}|не\s+(?:используй|вызывай)(?:те)?\s+|вместо\s+",
}
_NOT_YET = r"(?:hier\s+|auch\s+|leider\s+|mehr\s+|gar\s+|so\s+)?"
_AFTER: Mapping[str, str] = {
    "de": rf"\s+(?:existier\w+|gibt\s+es)\s+{_NOT_YET}nicht(?:\s+mehr)?(?:\s+und\b|\s*(?:[^\w\s]|\Z))"
    r"|\s+(?:ist|sind|wurden?)\s+(?:nicht\s+(?:mehr\s+)?(?:verfügbar|vorhanden)"
    r"|(?:\d{4}\s+|inzwischen\s+|leider\s+)?(?:entfernt|abgeschaltet|eingestellt|ersetzt|umbenannt|erfunden))",
    "fr": r"\s+(?:n['’]existe(?:nt)?\s+(?:pas|plus)|n['’]est\s+(?:pas|plus)\s+disponible)"
    r"|\s+(?:a|ont)\s+été\s+(?:supprim|retir|remplac|renomm)é",
    "es": r"\s+(?:ya\s+)?no\s+(?:existen?(?!\s+(?:solo|sólo|solamente))|está\s+disponible)"
    r"|\s+(?:fue|ha\s+sido)\s+(?:elimin|retir|reemplaz|renombr)ad[oa]",
    "pt": r"\s+(?:já\s+)?não\s+(?:existem?|está\s+disponível)|\s+foi\s+(?:removid|substituíd|renomead)[oa]",
    "it": r"\s+non\s+(?:esist(?:e|ono)|è\s+(?:più\s+)?disponibile)|\s+è\s+stat[oa]\s+(?:rimoss|sostituit|rinominat)[oa]",
    "nl": r"\s+best(?:aat|aan|ond)\s+(?:hier\s+)?niet\b|\s+is\s+(?:verwijderd|vervangen|hernoemd|niet\s+beschikbaar)",
    "ru": r"\s+(?:больше\s+)?не\s+существу(?:ет|ют)|\s+(?:был[аои]?\s+)?удал[её]н",
    "pl": r"\s+(?:już\s+)?nie\s+istniej[eą]|\s+zosta\w+\s+usunięt",
    "ja": r"\s?(?:という\w{0,8})?[はがも]?(?:もう)?(?:存在し(?:ません|ない)|ありません|廃止され|削除され)"
    r"|\s?[はを]使(?:わ|用し)ないで|\s?(?:ではなく|の(?:代|か)わりに)",
    "zh": r"\s?(?:这个|该)?(?:接口|端点|路径)?(?:已经|已|并|根本)?(?:不存在|被?(?:移除|删除|废弃|下线))",
    "ko": r"\s?(?:[은는이가도]|라는\s?\w{1,6}[은는])?\s?(?:더\s?이상\s?)?(?:존재하지\s?않|없습니다|삭제되었|제거되었)|\s?대신",
}
# Written without spaces between words.
_UNSPACED = r"(?:不存在|[没沒]有|[请請切]勿(?:使用|调用|調用)|不要(?:使用|调用|調用)|而不是)(?:名为|叫做|任何)?(?:接口|端点|路径)?"
_BEFORE = re.compile(rf"(?:\b(?:{'|'.join(_AHEAD.values())})|{_UNSPACED}\s?){_OPENING}$", re.IGNORECASE)
_BEHIND = re.compile(rf"{_CLOSING}{_LISTED}(?:{'|'.join(_AFTER.values())})", re.IGNORECASE)

ABSENT_HEAD = re.compile(
    r"^(?!.*\b(?:wenn|falls|sofern|s['’]ils?|si|se|als|если)\b).*"
    r"(?:existieren\s+nicht|gibt\s+es\s+nicht|n['’]existent\s+(?:pas|plus)|no\s+existen|não\s+existem|non\s+esistono|bestaan\s+niet"
    r"|не\s+существуют|存在し(?:ません|ない)|不存在|존재하지\s?않\w*)\W*$",
    re.IGNORECASE,
)
"""What introduces endpoints that are not there."""
WRONG_HEAD = re.compile(
    r"^\W*(?:falsch|nicht\s+(?:so|verwenden|nutzen)|faux|incorrecte?s?|à\s+éviter|mal|incorrect[oa]s?|incorret[oa]s?|errad[oa]s?|sbagliat[oi]"
    r"|errat[oi]|fout|niet\s+gebruiken|неправильно|не\s+используйте|間違い|誤り|错误(?:示例)?|잘못(?:된\s?예)?)\W*$",
    re.IGNORECASE,
)
"""What introduces endpoints that are not there, or how some are not to be called."""


def is_denied_abroad(before: str, behind: str) -> bool:
    """Tells whether what stands before or behind an endpoint denies it in a language that is not English."""
    return (_BEFORE.search(before) or _BEHIND.match(behind)) is not None

"""Named secrets: values whose names say that they are secrets, and the passwords in addresses.

They are found whether the rest of a document can be read or not: in JSON that is cut, in forms, in XML, in the lines of YAML,
TOML, INI and `.env` files, in headers and programs that stand in a text. A name is known by its last words, as in `dbPassword`; only around
such names is looked for values, by what stands before the name and behind it. What shows where a secret comes from (`$API_KEY`,
`os.environ[...]`) is none; neither is `max_tokens` one, nor whatever counts.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from runflow_mock.domain.repetitions import repeated

HINTS = (b"secret", b"key", b"token", b"pass", b"pwd", b"credential", b"cookie", b"authori", b"bearer ")
"""What must be there for any of them."""

# Which keys and tokens are secret: there are keys of pianos, and models count tokens.
_KEYS = (
    "secret", "private", "api", "admin", "access", "account", "auth", "signing", "encryption", "master", "service", "subscription", "app",
)  # fmt: skip
_TOKENS = (
    "admin", "access", "refresh", "auth", "api", "bearer", "bot", "session", "security", "secret", "id", "csrf", "xsrf", "jwt", "oauth",
    "service", "webhook", "signing", "private", "user", "client", "device", "app",
)  # fmt: skip
# What may still follow, as in `password2`: nothing of it makes another thing of a secret.
_MORE = r"(?:[_-]?(?:\d{1,2}|again|confirm(?:ation)?|value|pem|b(?:ase)?64|prod(?:uction)?|dev|test|staging|live|old|new|current|next))?"
_NAMES = (
    rf"(?:(?:secret|password|credential)s?|passwd|pwd|passphrase|passcode|authorization"
    rf"|(?:{'|'.join(_KEYS)})[_.-]?keys?|(?:{'|'.join(_TOKENS)})[_.-]?tokens?){_MORE}"
).encode()
NAME_MAX = 100
"""How long a name may be."""
BEFORE_MAX = 100
"""How far back one must look from a name to know how it is meant."""
# Variables of ours are left out: `env` is there to print them.
_OWN = b"RUNFLOW_"
# What it opens are certificates that everybody may have, and Java wants to be told it.
_OF_CERTIFICATES = b"truststorepassword"
# What `fetch` is told of its cookies is a setting, and no credential.
_MODES = frozenset((b"include", b"omit", b"same-origin"))
_FLAGS = re.IGNORECASE | re.DOTALL
_USER = rb"://[^\s/?#@:\"'<>\\]*+:([^\s/?#@\"'<>\\]++)@"
_WORD = re.compile(rb"[A-Za-z0-9_.-]++")
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
_HINT = re.compile(b"|".join(hint for hint in HINTS if b" " not in hint))
# Of which kind a name is.
_KINDS = {
    # `token` ends what is no secret, too, so that it is one only if it is the whole name.
    "secret": rb"token|.*?(?:%b)" % _NAMES,
    "authorization": rb"(?:proxy-)?authorization",
    "header": rb"(?:x-)?(?:api-key|(?:auth|api|access)-token)",
    "option": rb"--(?:[a-z0-9-]*?-)?(?:token|%b)" % _NAMES,
    "cookie": rb"(?:set-)?cookie",
    "cookies": rb"cookies",
}
_LONG_NAME = rb"[a-z0-9_.-]{0,40}?(?:%b)" % _NAMES
# What shows values that stand before their names, or need none, and what they are.
_MARKED = {
    b"@": _USER,
    b"bearer ": rb"\bbearer +(?=[a-z._~+/=-]*+[0-9])([a-z0-9._~+/=-]{16,}+)",
    b'"value"': (rb"\"value\"\s*+:\s*+\"((?:[^\"\\]|\\.)*+)\"\s*+,[^{}\[\]]{0,300}?\"(?:name|key|header)\"\s*+:\s*+\"%b\"" % _LONG_NAME),
    b"value=": rb"\bvalue=[\"']([^\"'<>]++)[\"'][^<>]{0,300}?\b(?:name|key|id)=[\"']%b[\"']" % _LONG_NAME,
}
_TOKEN = rb"(\"(?:[^\"\\]|\\.)*+(?:\"|\Z)|'(?:[^'\\]|\\.)*+(?:'|\Z))(\s*+:)?|\{(?=\s*+((?-i:\"id\"))\s*+:)|[\[\]{}]"
# What tells where a secret comes from, or of what kind it is, and what is none.
_NO_VALUE = (
    rb"\$\{?\w*\}?|%\w+%|%\(\w+\)s|\{.*|<.*|\*+|\.\.\.|(?:os|process|env|config|settings|self|system|secrets|getenv)\b.*"
    rb"|(?:null|none|nil|true|false|undefined|~|required|optional|string|str|number|integer|int|boolean|bool|object|array|any|unknown"
    rb"|invalid|missing|expired|include|omit|same-origin)[,;)]?"
)


class Value(NamedTuple):
    """Where a value stands; no mask of letters may replace a number."""

    begin: int
    end: int
    is_number: bool = False


class _Form(NamedTuple):
    """One way to write a name with its value: what stands before the name, and what behind it, with the value as the last group.

    `is_loose` says that programs and people write in this way too, of what is no secret. What holds several values has no group.
    """

    kind: str
    before: bytes
    behind: bytes
    is_loose: bool


def has_password(data: bytes) -> bool:
    """Tells whether there is an address with a password in some bytes."""
    return b"@" in data and _compiled(_USER).search(data) is not None


def named_values(data: bytes) -> Iterator[Value]:
    """Yields where the values stand that have a secret's name, and the passwords in addresses; they may overlap."""
    lowered = data.lower()
    for mark, pattern in _MARKED.items():
        if mark in lowered:
            yield from (Value(*found.span(1)) for found in _compiled(pattern).finditer(data))
    covered = listed = 0
    for word in hinting_words(data):
        forms = _forms_for(word[0])
        # What stands within a value goes with it.
        if not forms or word.start() < covered:
            continue
        before = data[max(0, word.start() - BEFORE_MAX) : word.start()]
        for form in forms:
            found = _compiled(form.behind).match(data, word.end()) if _compiled(form.before).search(before) is not None else None
            if found is None:
                continue
            if found.lastindex is None:
                # One within another is looked through already.
                if found.end() >= listed:
                    values, listed = _in_list(data, found.end())
                    yield from values
                continue
            begin, end = found.span(found.lastindex)
            covered = max(covered, end)
            is_mode = data[begin:end] in _MODES and word[0].lower().endswith(b"credentials")
            if not (is_mode or (form.is_loose and _compiled(_NO_VALUE).fullmatch(data, begin, end))):
                yield Value(begin, end, form.kind == "number")


def hinting_words(data: bytes) -> Iterator[re.Match[bytes]]:
    """Yields the words that may name a secret; to look at all the others, one by one, would be most of the work."""
    end = 0
    for hint in _HINT.finditer(data.lower()):
        if hint.start() < end:
            continue
        # A name that is longer is none, so that it may be cut.
        before = data[max(end, hint.start() - NAME_MAX) : hint.start()]
        word = _WORD.match(data, hint.start() - len(before) + len(before.rstrip(_LETTERS)))
        assert word is not None, "a hint is made of letters"
        end = word.end()
        if len(word[0]) <= NAME_MAX:
            yield word


def _in_list(data: bytes, begin: int) -> tuple[list[Value], int]:
    """Returns where texts stand in a list or an object, and where that ends; what a field in it is called is no value."""
    values, depth, record_depth = list[Value](), 0, 0
    end = begin
    for found in _compiled(_TOKEN).finditer(data, begin):
        end = found.end()
        if found[1] is None:
            opens = found[0] in (b"[", b"{")
            depth += 1 if opens else -1
            if depth <= 0:
                break
            # A record has an id, and names for what of it is secret.
            if found[3] is not None and not record_depth:
                record_depth = depth
            elif depth < record_depth:
                record_depth = 0
        elif found[2] is None and not record_depth:
            is_closed = len(found[1]) > 1 and found[1].endswith(found[1][:1])
            values.append(Value(found.start(1) + 1, found.end(1) - is_closed))
    return values, end


@lru_cache(maxsize=2_048)
def _forms_for(name: bytes) -> tuple[_Form, ...]:
    """Returns the ways in which a name may have a value that is secret: none for nearly all names."""
    lowered = name.lower()
    if name.startswith(_OWN) or lowered.endswith(_OF_CERTIFICATES) or not any(hint in lowered for hint in HINTS):
        return ()
    kinds = {kind for kind, names in _KINDS.items() if _compiled(names).fullmatch(name) is not None}
    # What counts is called `tokens`, or `token`: only of other names a number is a secret.
    if "secret" in kinds and lowered != b"token" and not lowered.endswith(b"s"):
        kinds.add("number")
    return tuple(form for form in _forms() if form.kind in kinds)


@cache
def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    # Each when it is first needed: all of them together would be a fifteenth of a server's start, which tells its keys.
    return re.compile(pattern, _FLAGS)


@cache
def _forms() -> tuple[_Form, ...]:
    return tuple(_Form(kind, rb"(?:%b)\Z" % before, behind, is_loose) for kind, before, behind, is_loose in _rows())


def _rows() -> Iterator[tuple[str, bytes, bytes, bool]]:
    """Yields for each form the kind of its names, what stands before and behind them, and whether it is loose."""
    anything = rb""
    # A form may have lists (`secret[]`) and groups (`auth[password]`).
    brackets = rb"(?:\[[a-z0-9_.-]{0,40}\]){0,4}"
    for quote in (b'"', b"'"):
        text, is_ = rb"%b((?:[^%b\\]|\\.)*+)" % (quote, quote), rb"%b\s*+(?::|=>)\s*+" % quote
        yield "secret", quote, is_ + text, False
        yield "cookie", quote, is_ + rb"%b([^%b\\=]*+=(?:[^%b\\]|\\.)*+)" % (quote, quote, quote), False
        # A record has an id, and names for what of it is secret.
        yield "secret", quote, is_ + rb"(?=\[|\{(?!\s*+\"id\"\s*+:))", False
        yield "cookies", quote, is_ + rb"(?=\{)", False
        yield "number", quote, is_ + rb"([0-9]{4,40}+)(?=[\s,}\]]|\Z)", False
        # Headers as lists of two, fields with a name and a value.
        yield (
            "authorization",
            quote,
            quote + rb"\s*+,\s*+%b((?:bearer|basic|token|apikey|digest)[ ](?:[^%b\\]|\\.)*+)" % (quote, quote),
            False,
        )
        # Arguments of a program: as a list, and in a line, where a word of a sentence may follow as well.
        yield "option", quote, rb"%b\s*+,\s*+%b((?:[^%b\\]|\\.)*+)" % (quote, quote, quote), True
        yield "option", rb"(?:\A|[\s\"'=])", rb"[ \t]++%b((?:[^%b\\]|\\.)*+)" % (quote, quote), True
        # What else might begin here ends the text that the name itself stands in.
        yield "secret", rb"(?:\A|[^\"'])", rb"\s*+(?::|=>?|:=)\s*+%b(?![\s,}\]:])((?:[^%b\\]|\\.)*+)" % (quote, quote), True
    value = rb"\"\s*+,[^{}\[\]]{0,300}?\"value\"\s*+:\s*+\"((?:[^\"\\]|\\.)*+)"
    yield "secret", rb"\"(?:name|key|header)\"\s*+:\s*+\"", value, False
    parameter = rb"\]?%b=(%b)" % (brackets, repeated(rb"[^&;\s\"'<>\\]++|\\(?![\\\"'/bfnrtu])", 1))
    yield "secret", rb"(?:\A|[?&;])(?:[a-z0-9_.-]{1,40}\[)?", parameter, False
    yield "secret", anything, parameter, True
    part = rb"%b\"?(?=[;\r\n])[^\r\n]{0,500}+\r?\n(?>(?:[^\r\n]{1,500}+\r?\n){0,6})\r?\n(.+?)(?=\r?\n--|\Z)" % brackets
    yield "secret", rb"\bname=\"?", part, False
    # Lines of YAML, TOML, INI and of the variables of a shell.
    line = rb"(?:\A|[\r\n])[ \t>-]{0,80}(?:export[ \t]++|set[ \t]++)?"
    word = rb"([^\s\"'\[\]{}<>(),;|&*!#][^\s\"'<>{}]*+)[ \t]*+(?:#[^\r\n]*+)?(?=[\r\n]|\Z)"
    yield "secret", line, rb"(?::[ \t]++|[ \t]*+=[ \t]*+)" + word, True
    lines = rb"\S[^\r\n]*+" + repeated(rb"\r?\n[ \t]+\S[^\r\n]*+")
    yield "secret", line, rb":[ \t]*+[|>][0-9+-]{0,2}[ \t]*+\r?\n[ \t]+(%b)" % lines, False
    yield "secret", rb"[{,]\s*+", rb":\s++([^\s\"',{}\[\]<>()|&*!#]++)(?=\s*+[,}])", True
    yield "authorization", anything, rb"[ \t]*+:[ \t]*+(?:bearer|basic|token|apikey|digest)[ \t]++([^\s\"'\\<>]++)", True
    yield "option", rb"(?:\A|\s)", rb"[ \t]++(?=[^\s\"'\\<>]{0,200}?[0-9])([^\s\"'\\<>-][^\s\"'\\<>]*+)", True
    yield "header", anything, rb"[ \t]*+:[ \t]*+([^\s\"'\\<>]{8,}+)", True
    yield "cookie", anything, rb"[ \t]*+:[ \t]*+([^\s\"'=;\\]++=[^\"'\r\n\\]++)", False
    yield "secret", rb"<(?:[a-z0-9_.-]{1,40}:)?", rb"(?:\s[^<>]{0,200})?>(?:\s*+<!\[CDATA\[([^\]]++)|([^<>]++)<)", False
    yield "secret", rb"<key>\s*", rb"\s*+</key>\s*+<string>([^<>]++)<", False
    yield "secret", rb"\b(?:name|key|id)=[\"']", rb"[\"'][^<>]{0,300}?(?:\bvalue=[\"']([^\"'<>]++)|>([^<>]++)<)", False

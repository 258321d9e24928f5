"""Named secrets: the values of fields, parts and parameters whose names say that they are secrets, and the passwords in addresses.

They are found whether the rest of a document can be read or not: in JSON that is cut, in forms, in attributes and elements of XML.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import NamedTuple

NAMES = (
    "secret", "plain_secret", "callback_secret", "webhook_secret", "client_secret", "signing_secret", "secret_key", "private_key",
    "password", "passwd", "passphrase", "authorization",
)  # fmt: skip
"""Names of fields and parameters whose values are secrets, in any case, with `_`, `-` or nothing between their words."""
KEY_NAMES = ("api_key", "admin_key", "x_api_key", "admin_token", "access_token", "refresh_token", "auth_token")
HINTS = (b"secret", b"key", b"token", b"pass", b"authori")
"""What must be there for any of them."""

_NAME = "|".join(name.replace("_", "[_-]?") for name in (*NAMES, *KEY_NAMES)).encode()
# Names may have more before them, as `dbPassword` has; names in capitals are variables, which `env` is there to print.
_LONG_NAME = rb"(?-i:[a-z0-9_.-]{0,40}?)(?:%b)" % _NAME
_FLAGS = re.IGNORECASE | re.DOTALL
_USER = re.compile(rb"://[^\s/?#@:\"'<>\\]*+:([^\s/?#@\"'<>\\]++)@")


def has_password(data: bytes) -> bool:
    """Tells whether there is an address with a password in some bytes."""
    return b"@" in data and _USER.search(data) is not None


def named_values(data: bytes) -> Iterator[tuple[int, int]]:
    """Returns where the values stand that have a secret's name, and the passwords in addresses."""
    known = _naming_patterns()
    # Without an equals sign there is no parameter: to find that out by the names takes a hundred times as long.
    has_equals = b"=" in data
    patterns = (*known.fields, known.pair, _USER, *((known.parameter, known.attribute) if has_equals else ()))
    if b"</" in data:
        patterns = (*patterns, known.element)
    if has_equals and b"name=" in data.lower():
        patterns = (*patterns, known.part)
    for found in chain.from_iterable(pattern.finditer(data) for pattern in patterns):
        yield found.span(found.lastindex or 1)
    yield from _in_lists(data, known)


def named_numbers(data: bytes) -> Iterator[tuple[int, int]]:
    """Returns where the numbers stand that have a secret's name: no mask of letters may replace them."""
    return (found.span(1) for found in _naming_patterns().number.finditer(data))


def _in_lists(data: bytes, known: "_Naming") -> Iterator[tuple[int, int]]:
    """Returns where texts stand in the lists and objects that have a secret's name; what a field there is called is no value."""
    end = 0
    for named in known.holder.finditer(data):
        # One within another is looked through already.
        if named.end() < end:
            continue
        depth = 0
        for token in known.token.finditer(data, named.end()):
            end = token.end()
            if token[1] is None:
                depth += 1 if token[0] in (b"[", b"{") else -1
                if depth <= 0:
                    break
            elif token[2] is None:
                is_closed = len(token[1]) > 1 and token[1].endswith(token[1][:1])
                yield token.start(1) + 1, token.end(1) - is_closed


class _Naming(NamedTuple):
    """What finds values by their names: fields of JSON, of pairs, of what holds several, and of forms and XML."""

    fields: tuple[re.Pattern[bytes], ...]
    number: re.Pattern[bytes]
    holder: re.Pattern[bytes]
    token: re.Pattern[bytes]
    pair: re.Pattern[bytes]
    parameter: re.Pattern[bytes]
    attribute: re.Pattern[bytes]
    element: re.Pattern[bytes]
    part: re.Pattern[bytes]


@cache
def _naming_patterns() -> _Naming:
    # Compiled when the first bytes look suspicious: at the start they would take a fortieth of it, and most servers never meet any.
    field = rb"%(q)b(?:token|%(name)b)%(q)b\s*+:\s*+%(q)b((?:[^%(q)b\\]|\\.)*+)"
    named = rb"[\"'](?:%b)[\"']\s*+:\s*+" % _LONG_NAME
    # A form may have lists (`secret[]`) and groups (`auth[password]`).
    brackets = rb"(?:\[[a-z0-9_.-]{0,40}\]){0,4}"
    part = rb"\bname=\"?(?:token|%b)%b\"?(?=[;\r\n])[^\r\n]{0,500}+\r?\n(?:[^\r\n]{1,500}+\r?\n){0,6}+\r?\n(.+?)(?=\r?\n--|\Z)"
    return _Naming(
        fields=tuple(re.compile(field % {b"q": quote, b"name": _LONG_NAME}, _FLAGS) for quote in (b'"', b"'")),
        number=re.compile(named + rb"([0-9]{4,40}+)(?=[\s,}\]]|\Z)", _FLAGS),
        # A record has an id, and names for what of it is secret.
        holder=re.compile(named + rb"(?=\[|\{(?!\s*+\"id\"\s*+:))", _FLAGS),
        token=re.compile(rb"(\"(?:[^\"\\]|\\.)*+(?:\"|\Z)|'(?:[^'\\]|\\.)*+(?:'|\Z))(\s*+:)?|[\[\]{}]", re.DOTALL),
        pair=re.compile(rb"\"(?:name|key)\"\s*+:\s*+\"%b\"\s*+,\s*+\"value\"\s*+:\s*+\"((?:[^\"\\]|\\.)*+)" % _LONG_NAME, _FLAGS),
        parameter=re.compile(rb"(?:^|[?&;\s])(?:[a-z0-9_.-]{1,40}\[)?(?:token|%b)\]?%b=([^&;\s\"'<>]++)" % (_NAME, brackets), _FLAGS),
        attribute=re.compile(rb"(?:^|[\s<])(?:%b)[ \t]*+=[ \t]*+(?:\"([^\"<>]++)\"|'([^'<>]++)')" % _LONG_NAME, _FLAGS),
        element=re.compile(rb"<(?:[a-z0-9_.-]{1,40}:)?(?:%b)(?:\s[^<>]{0,200})?>([^<>]++)<" % _LONG_NAME, _FLAGS),
        part=re.compile(part % (_LONG_NAME, brackets), _FLAGS),
    )

"""Sent values: where in a request the text of a parameter stands, and how each style puts a list or an object into it.

Source: OpenAPI, "Style Values" and "Style Examples"; where its versions disagree (a label of a list), and where encoded and plain
separators cannot be told apart in practice, both readings are tried.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import unquote, unquote_plus

import msgspec

from runflow_mock.domain.exchanges import REDACTED, Exchange
from runflow_mock.openapi.addresses import Addressed
from runflow_mock.openapi.parameters import Parameter, Style, Wanted
from runflow_mock.openapi.values import Node

_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_BRACKETED = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")

# In these styles the fields of an object that explodes stand under their own names.
_NAMED_FIELDS = (Style.FORM, Style.COOKIE)

Pairs = tuple[tuple[str, str], ...]
"""Names, decoded, and values as they were sent."""
Decode = Callable[[str], str]
Nodes = list[Node]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The places of a request in which parameters are."""

    path: Mapping[str, str]
    query: Pairs
    headers: Mapping[str, str]
    cookies: Pairs


def read_sent(addressed: Addressed, exchange: Exchange) -> Sent:
    """Returns where the values of parameters are in a request."""
    headers: dict[str, str] = {}
    cookies: list[tuple[str, str]] = []
    for raw_name, raw in exchange.request_headers:
        name, value = raw_name.decode("latin-1").lower(), raw.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
        if name == "cookie":
            cookies.extend(_cookies(value))
    return Sent(path=addressed.raw, query=split_pairs(exchange.query), headers=headers, cookies=tuple(cookies))


def split_pairs(text: str) -> Pairs:
    """Returns the pairs of a query or a form; values stay encoded, so that separators in them can be told apart."""
    parts = (part.partition("=") for part in text.split("&") if part)
    return tuple((unquote_plus(name), value) for name, _, value in parts)


def _cookies(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(";"):
        name, equals, value = part.strip().partition("=")
        if equals:
            yield name, value
        elif name == REDACTED:
            yield REDACTED, ""


def nodes_of(parameter: Parameter, wanted: Wanted, sent: Sent, others: frozenset[str]) -> Nodes | None:
    """Returns the forms in which a parameter may have been sent, or nothing where it was not; no forms where its style was not kept.

    `others` are the names of the other parameters in the query, which no object takes for its fields.
    """
    return _AT[parameter.place](parameter, wanted, sent, others)


def claimed_by(parameter: Parameter, wanted: Wanted, names: Sequence[str], others: frozenset[str]) -> frozenset[str]:
    """Returns which names in a query belong to a parameter."""
    if parameter.place not in ("query", "cookie"):
        return frozenset()
    if parameter.style is Style.DEEP:
        return frozenset(name for name in names if _is_deep_in(parameter, name, others))
    if wanted.is_object and parameter.explodes and parameter.style in _NAMED_FIELDS:
        return frozenset(name for name in names if name not in others and (name in wanted.names or wanted.is_open)) | {parameter.name}
    return frozenset((parameter.name,))


def _without_brackets(parameter: Parameter) -> str:
    """Returns the name of a parameter that names its own brackets, as generators write a list: `ids[]`."""
    return parameter.name.removesuffix("[]")


def _is_deep_in(parameter: Parameter, name: str, others: frozenset[str]) -> bool:
    """Tells whether a name in a query leads into a parameter of the style `deepObject`.

    Of `ids` and `ids[]`, where a document has both, `ids[]` takes what has nothing in its brackets, and `ids` the rest.
    """
    own_name = _without_brackets(parameter)
    listed = f"{own_name}[]"
    if name.partition("[")[0] != own_name:
        return False
    if parameter.name == own_name:
        return listed not in others or not name.startswith(listed)
    return name.startswith(listed if own_name in others else f"{own_name}[")


def _in_query(parameter: Parameter, wanted: Wanted, sent: Sent, others: frozenset[str]) -> Nodes | None:
    if parameter.style is Style.DEEP:
        own_name = _without_brackets(parameter)
        nested = nested_fields((known, unquote_plus(value)) for known, value in sent.query if _is_deep_in(parameter, known, others))
        if own_name not in nested:
            return None
        # Without brackets it is not the style, unless the schema has a value that is no object.
        return [nested[own_name]] if isinstance(nested[own_name], dict) or wanted.is_scalar or wanted.is_list else []
    own = [value for name, value in sent.query if name == parameter.name]
    exploded = _exploded_object(parameter, wanted, sent.query, others)
    if exploded is not None and not own:
        return [exploded]
    return _form(parameter, wanted, own, unquote_plus) if own else None


def _exploded_object(parameter: Parameter, wanted: Wanted, pairs: Pairs, others: frozenset[str]) -> Node | None:
    if not (wanted.is_object and parameter.explodes and parameter.style in _NAMED_FIELDS):
        return None
    names = claimed_by(parameter, wanted, [name for name, _ in pairs], others)
    fields = gathered((name, unquote_plus(value)) for name, value in pairs if name in names)
    return fields or None


def _form(parameter: Parameter, wanted: Wanted, own: list[str], decode: Decode) -> Nodes:
    """Returns the readings of one name's values under the styles that separate in one value, or explode."""
    found: Nodes = []
    if parameter.style is Style.CONTENT:
        return [decode(own[-1])]
    if parameter.explodes and wanted.is_list:
        # A list without items is written as a name alone.
        found += [[], [""]] if own == [""] else [[decode(value) for value in own]]
    elif not parameter.explodes and (wanted.is_list or wanted.is_object):
        for parts in _separated(own[-1], _SEPARATORS[parameter.style], decode):
            found += [list[Node](parts)] if wanted.is_list else []
            found += _alternating(parts) if wanted.is_object else []
    if wanted.is_scalar:
        found.append(decode(own[-1]))
    # A name that comes twice although it does not explode is the style not kept, unless the last one alone is a scalar.
    return found if len(own) == 1 or parameter.explodes or wanted.is_scalar else []


_SEPARATORS: Mapping[Style, tuple[str, ...]] = {
    Style.FORM: (",",),
    Style.COOKIE: (",",),
    Style.SPACES: ("%20", "+", " "),
    Style.PIPES: ("|", "%7C", "%7c"),
}


def _separated(value: str, separators: Sequence[str], decode: Decode) -> Iterator[list[str]]:
    """Yields the parts of a value: separated as it was sent, and as it is once it is decoded."""
    if not value:
        yield []
        return
    plain = re.split("|".join(map(re.escape, separators)), value)
    yield [decode(part) for part in plain]
    decoded = decode(value).split(decode(separators[0]))
    if decoded != plain:
        yield decoded


def _alternating(parts: list[str]) -> Nodes:
    """Returns the object that stands as name, value, name, value; none where a value is missing."""
    if len(parts) % 2:
        return []
    return [dict(zip(parts[::2], parts[1::2], strict=True))]


def _paired(parts: Sequence[str], decode: Decode) -> Nodes:
    """Returns the object that stands as name=value, name=value."""
    pairs = [part.partition("=") for part in parts]
    return [{decode(name): decode(value) for name, _, value in pairs}] if all(equals for _, equals, _ in pairs) else []


def gathered(pairs: Iterator[tuple[str, str]]) -> dict[str, Node]:
    """Returns fields by name; one that comes several times is a list."""
    found: dict[str, Node] = {}
    for name, value in pairs:
        _add(found, name, value)
    return found


def nested_fields(pairs: Iterator[tuple[str, str]]) -> dict[str, Node]:
    """Returns fields by name, where brackets lead into objects: `a[b][c]=1`."""
    found: dict[str, Node] = {}
    for name, value in pairs:
        match = _BRACKETED.fullmatch(name)
        words = [name] if match is None else [match[1], *_BRACKETS.findall(match[2])]
        here = found
        for word in words[:-1]:
            inner = here.get(word)
            if not isinstance(inner, dict):
                inner = here[word] = {}
            here = inner
        _add(here, words[-1], value)
    return found


def _add(fields: dict[str, Node], name: str, value: str) -> None:
    """Adds a value to a field: one that comes several times is a list, which grows in place."""
    known = fields.get(name)
    if isinstance(known, list):
        known.append(value)
    else:
        fields[name] = value if known is None else [known, value]


def _in_path(parameter: Parameter, wanted: Wanted, sent: Sent, others: frozenset[str]) -> Nodes | None:
    raw = sent.path.get(parameter.name)
    return None if raw is None else _PATH_STYLES[parameter.style](parameter, wanted, raw)


def _content(parameter: Parameter, wanted: Wanted, raw: str) -> Nodes:
    return [unquote(raw)]


def _simple(parameter: Parameter, wanted: Wanted, raw: str, decode: Decode = unquote) -> Nodes:
    found: Nodes = []
    for parts in _separated(raw, (",",), decode) if wanted.is_list or wanted.is_object else ():
        found += [list[Node](parts)] if wanted.is_list else []
        if wanted.is_object:
            found += _paired(raw.split(","), decode) if parameter.explodes else _alternating(parts)
    return [*found, decode(raw)] if wanted.is_scalar else found


def _label(parameter: Parameter, wanted: Wanted, raw: str) -> Nodes:
    if not raw.startswith("."):
        return []
    raw = raw[1:]
    found: Nodes = []
    # RFC 6570 separates by commas what does not explode; OpenAPI 3.0 and 3.1.0 show dots.
    for separator in (".",) if parameter.explodes else (",", "."):
        parts = [unquote(part) for part in raw.split(separator)] if raw else []
        found += [list[Node](parts)] if wanted.is_list else []
        if wanted.is_object:
            found += _paired(raw.split(separator), unquote) if parameter.explodes else _alternating(parts)
    return [*found, unquote(raw)] if wanted.is_scalar else found


def _matrix(parameter: Parameter, wanted: Wanted, raw: str) -> Nodes:
    if not raw.startswith(";"):
        return []
    pairs = [part.partition("=") for part in raw[1:].split(";")]
    found: Nodes = []
    own = [value for name, _, value in pairs if unquote(name) == parameter.name]
    if wanted.is_object and parameter.explodes:
        return _paired(raw[1:].split(";"), unquote)
    if len(own) != len(pairs):
        return []
    if wanted.is_list and parameter.explodes:
        found.append([unquote(value) for value in own])
    elif wanted.is_list:
        found += [list[Node](parts) for parts in _separated(own[-1], (",",), unquote)]
    if wanted.is_object:
        found += [node for parts in _separated(own[-1], (",",), unquote) for node in _alternating(parts)]
    return [*found, unquote(own[-1])] if wanted.is_scalar and len(own) == 1 else found


_PATH_STYLES: Mapping[Style, Callable[[Parameter, Wanted, str], Nodes]] = {
    Style.SIMPLE: _simple,
    Style.LABEL: _label,
    Style.MATRIX: _matrix,
    Style.CONTENT: _content,
}


def _in_header(parameter: Parameter, wanted: Wanted, sent: Sent, others: frozenset[str]) -> Nodes | None:
    text = sent.headers.get(parameter.name.lower())
    if text is None:
        return None
    if parameter.style is Style.CONTENT or not (wanted.is_list or wanted.is_object):
        return [text]
    return _simple(parameter, wanted, ",".join(part.strip() for part in text.split(",")), str)


def _in_cookie(parameter: Parameter, wanted: Wanted, sent: Sent, others: frozenset[str]) -> Nodes | None:
    own = [part for name, value in sent.cookies if name == parameter.name for part in _also(parameter, value)]
    exploded = _exploded_object(parameter, wanted, sent.cookies, others)
    if exploded is not None and not own:
        return [exploded]
    decode = str if parameter.style is Style.COOKIE else unquote
    return _form(parameter, wanted, own, decode) if own else None


def _also(parameter: Parameter, value: str) -> list[str]:
    """Returns the values of a cookie that explodes as the form does: `a=1&a=2`."""
    value, prefix = value.strip('"'), f"{parameter.name}="
    first, *more = value.split("&")
    return [first, *(part.removeprefix(prefix) for part in more)] if all(part.startswith(prefix) for part in more) else [value]


_AT: Mapping[str, Callable[[Parameter, Wanted, Sent, frozenset[str]], Nodes | None]] = {
    "path": _in_path,
    "query": _in_query,
    "header": _in_header,
    "cookie": _in_cookie,
}

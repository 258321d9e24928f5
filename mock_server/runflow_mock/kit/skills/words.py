"""Words in prose that say something of the API: statuses, fields with types and limits, values, names of headers and schemas."""

import re
from collections.abc import Iterator

from runflow_mock.kit.skills.blocks import Block, Kind
from runflow_mock.kit.skills.claims import Endpoint, Header, Limit, Member, SchemaName, Statement, Status, Value, Word

Found = tuple[int, Statement]
"""A statement, and where in the text of its block it begins."""

_CODE = r"[1-5](?:\d\d|xx|XX)"
_MARK = r"[`*_]{0,3}"
_LISTED = rf"{_MARK}{_CODE}{_MARK}(?:(?:\s*[,/]\s*|\s+(?:and|or)\s+){_MARK}{_CODE}{_MARK}){{0,20}}"
_STATUS_OF_ITEM = re.compile(rf"\s*[-*+]\s+(?P<codes>{_LISTED})(?:\s+[\w ]{{1,40}})?\s*(?:[:–—-]|→|\()")  # noqa: RUF001 - dashes that people write
_STATUS_OF_ROW = re.compile(rf"\s*\|\s*(?P<codes>{_LISTED})(?:\s[^|]*)?\|")
_SURELY = r"(?:\bHTTP(?:/\d(?:\.\d)?)?|\bstatus(?: code)?)\s+"
_LIKELY = (
    r"(?:\b(?:answer|response)s? (?:is|of)|\b(?:answer|respond|reply|replie|fail|refuse)s? with|\banswers?|\breturns?|→|->)\s+(?:an? )?"
)
# After what may be a number of something else a status is followed by a stop or by one of these.
_FOLLOWS = r"(?=\s*(?:[.,;:)|→—–-]|$)|\s+(?:with|when|if|and|or|for|on|as|at|because|once|while|until|here|there|[A-Z]\w+)\b)"  # noqa: RUF001
_STATUS_IN_PROSE = re.compile(
    rf"{_SURELY}(?:an? )?(?P<sure>{_LISTED})(?!\w|%|\.\d)|{_LIKELY}(?P<likely>{_LISTED})(?!\w|%|\.\d){_FOLLOWS}"
    rf"|`(?P<quoted>{_CODE})`|(?<![\w.])(?P<klass>[1-5](?:xx|XX))\b"
)
_ABOUT_STATUSES = re.compile(r"\b(?:status|error|response|code|http)", re.IGNORECASE)
# What is registered with IANA; other numbers are statuses only where the text is about nothing else.
_REFUSALS = frozenset(map(str, (*range(400, 419), *range(421, 427), 428, 429, 431, 451, *range(500, 509), 510, 511)))
_ONE_CODE = re.compile(_CODE)
_CUSTOMER = re.compile(
    r"\b(?:callback|webhook|receiver|handler|deliver\w*|message|your (?:own )?(?:server|endpoint|service))", re.IGNORECASE
)

_NAME = r"`(?P<name>[A-Za-z_][\w.]*)`"
_PARENTHESES = r"\((?P<says>[^()]*)\)"
_MEMBER = re.compile(rf"\s*[-*+]\s+{_MARK}{_NAME}{_MARK}\s*{_PARENTHESES}")
_MEMBER_IN_PROSE = re.compile(rf"{_NAME}\s*{_PARENTHESES}")
_AND = r"(?:\s*,\s*(?:(?:and|or)\s+)?|\s+(?:and|or)\s+)"
_NAMED = r"`\w+`(?:\s*\([^()]*\))?"
_GROUP = re.compile(rf"(?P<names>{_NAMED}(?:{_AND}{_NAMED}){{0,20}})\s+(?:is|are)\s+(?P<need>required|optional|mandatory)")
_TYPES = {
    "object": "object", "string": "string", "text": "string", "integer": "integer", "int": "integer", "number": "number", "float": "number",
    "boolean": "boolean", "bool": "boolean", "array": "array", "list": "array",
}  # fmt: skip
_NEEDS = {"required": True, "mandatory": True, "optional": False}

_LIMIT = re.compile(
    r"(?:≤|<=|\bup to|\bat most|\bno more than|\bmaximum(?: of)?|\bmax\.?)\s*(?P<most>\d[\d,_]*)(?:\s*(?P<unit>[A-Za-z]+))?", re.IGNORECASE
)
_UNITS = {
    "char": "characters", "chars": "characters", "character": "characters", "characters": "characters", "item": "items", "items": "items",
    "entries": "items", "byte": "bytes", "bytes": "bytes",
}  # fmt: skip
_ANY_NAME = re.compile(r"`(\w+)`")

_VALUE = r"`[a-z]\w*`"
_VALUES = re.compile(
    rf"`(?P<field>[a-z]\w*)`\s+(?:is|becomes|equals|reads|=|==)\s+(?:(?:one|either) of\s+|either\s+)?"
    rf"(?P<values>{_VALUE}(?:{_AND}{_VALUE}){{0,20}})"
)
_HEADER = re.compile(r"`([A-Z][a-z]*(?:-[A-Z][A-Za-z]*)+)(?:: [^`]*)?`")
_SCHEMA = re.compile(
    r"(?P<before>\b(?:body|schema|object|type)\s*[:(]?\s*)?`(?P<name>(?:[A-Z][a-z0-9]+){2,})`(?P<after>\s+(?:schema|object|body))?",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?:[A-Z][a-z0-9]+){2,}")
_WORD = re.compile(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)`")


def find_statuses(block: Block, endpoint_of: dict[int, Endpoint], about: str) -> Iterator[Found]:
    """Yields the statuses in a block.

    Args:
        block: the part of the text.
        endpoint_of: operations by their place in it; a status belongs to the one that its sentence names before it.
        about: what stands above: where that is about statuses, every number at the head of an item or row is one.
    """
    heads = {Kind.ITEM: _STATUS_OF_ITEM, Kind.ROW: _STATUS_OF_ROW}
    head = heads[block.kind].match(block.text) if block.kind in heads else None
    if head is not None:
        for code in _ONE_CODE.finditer(head["codes"]):
            if _ABOUT_STATUSES.search(about) or _is_refusal(code[0]):
                yield head.start("codes") + code.start(), Status(code=code[0].lower())
    begin = head.end("codes") if head is not None else 0
    for match in _STATUS_IN_PROSE.finditer(block.text, begin):
        name = next(name for name in ("sure", "likely", "quoted", "klass") if match[name])
        endpoint = _endpoint_before(block, match.start(), endpoint_of)
        is_of_api = endpoint is not None or not _CUSTOMER.search(block.text, *block.bounds_at(match.start()))
        for code in _ONE_CODE.finditer(match[name]):
            if name != "quoted" or _is_refusal(code[0]):
                yield match.start(name) + code.start(), Status(code=code[0].lower(), endpoint=endpoint, is_of_api=is_of_api)


def find_members(block: Block, endpoint: Endpoint | None, schema: str | None) -> Iterator[Found]:
    """Yields the fields in a block, as items of a list or in a sentence that says which are required."""
    item = _MEMBER.match(block.text)
    if item is not None:
        types, need = _types(item["says"]), _need(item["says"])
        if types or need is not None:
            yield item.start("name"), Member(name=item["name"], types=types, is_required=need, schema=schema, endpoint=endpoint)
        return
    for group in _GROUP.finditer(block.text):
        types_of = {match["name"]: _types(match["says"]) for match in _MEMBER_IN_PROSE.finditer(group["names"])}
        for name in _ANY_NAME.finditer(group["names"]):
            says = Member(
                name=name[1], types=types_of.get(name[1], ()), is_required=_NEEDS[group["need"]], schema=schema, endpoint=endpoint
            )
            yield group.start("names") + name.start(1), says


def find_limits(block: Block, endpoint: Endpoint | None, schema: str | None) -> Iterator[Found]:
    """Yields the limits in a block, each of the field that is named last before it in its sentence."""
    for match in _LIMIT.finditer(block.text):
        start, _ = block.bounds_at(match.start())
        names = list(_ANY_NAME.finditer(block.text, start, match.start()))
        unit = (match["unit"] or "").lower()
        says = Limit(
            field=names[-1][1] if names else "",
            most=int(re.sub(r"[,_]", "", match["most"])),
            unit=_UNITS.get(unit, unit),
            schema=schema,
            endpoint=endpoint,
        )
        yield match.start(), says


def find_names(block: Block, endpoint_of: dict[int, Endpoint]) -> Iterator[Found]:
    """Yields names in backticks: values of fields, headers, schemas, and other words that could be the API's."""
    taken: set[int] = set()
    for match in _VALUES.finditer(block.text):
        taken.add(match.start("field"))
        endpoint = _endpoint_before(block, match.start(), endpoint_of)
        for value in _ANY_NAME.finditer(match["values"]):
            place = match.start("values") + value.start(1)
            taken.add(place)
            yield place, Value(field=match["field"], value=value[1], endpoint=endpoint)
    for match in _HEADER.finditer(block.text):
        yield match.start(1), Header(name=match[1])
    for match in _SCHEMA.finditer(block.text):
        if _CAMEL.fullmatch(match["name"]):
            yield match.start("name"), SchemaName(name=match["name"], is_named_so=bool(match["before"] or match["after"]))
    for match in _WORD.finditer(block.text):
        if match.start(1) not in taken:
            yield match.start(1), Word(name=match[1])


def schema_named_in(block: Block) -> str | None:
    """Returns the schema that a block names as that of what follows, such as a body."""
    named = (
        match["name"] for match in _SCHEMA.finditer(block.text) if (match["before"] or match["after"]) and _CAMEL.fullmatch(match["name"])
    )
    return next(named, None)


def _is_refusal(code: str) -> bool:
    return code in _REFUSALS or code[1:].lower() == "xx"


def _endpoint_before(block: Block, place: int, endpoint_of: dict[int, Endpoint]) -> Endpoint | None:
    """Returns the one operation that a sentence names before a place; of several it is not certain which is meant."""
    start, _ = block.bounds_at(place)
    before = [endpoint for at, endpoint in endpoint_of.items() if start <= at < place and endpoint.method is not None]
    return before[0] if len(before) == 1 else None


def _types(says: str) -> tuple[str, ...]:
    words = re.findall(r"[a-z]+", says.lower())
    return tuple(dict.fromkeys(_TYPES[word] for word in words if word in _TYPES))


def _need(says: str) -> bool | None:
    words = re.findall(r"[a-z]+", says.lower())
    return next((_NEEDS[word] for word in words if word in _NEEDS), None)

"""Document drifts: in what two OpenAPI documents differ, operation by operation, from a client's point of view.

Operations are the same by method and shape of the path; names of operations and of parameters in paths are nobody's business.

The comparison is our own: the differs that are kept up are programs in Go or JavaScript, none of which knows that `{owner}/{slug}` is one
path of a model, or looks at callbacks as what a client receives. A test holds the grades beside those of another differ.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from urllib.parse import urlsplit

import msgspec

from runflow_mock.domain.documents import object_of
from runflow_mock.domain.ports import PORT_OF_SCHEME
from runflow_mock.kit.drift.access_drifts import access_drifts
from runflow_mock.kit.drift.drifts import AS_RECEIVED, RECEIVED, Drift, Found, Side, grade_of
from runflow_mock.kit.drift.encoding_drifts import emptiness_drifts, encoding_drifts, has_encodings, style_drifts
from runflow_mock.kit.drift.schema_drifts import SchemaComparison
from runflow_mock.openapi.answers import way_to_answer
from runflow_mock.openapi.contracts import ANY_CONTENT, Contract, Declared, Object
from runflow_mock.openapi.directions import Direction
from runflow_mock.openapi.media_types import chosen, read_media_type
from runflow_mock.openapi.parameters import Parameter, read_parameter
from runflow_mock.openapi.pointers import Pointer
from runflow_mock.openapi.servers import origins_of
from runflow_mock.openapi.shapes import paired, plain_parameters, shape_of

Sided = tuple[Side, Found]


class DocumentComparison:
    """Compares two documents, the pinned one and the newer."""

    def __init__(self, old: Contract, new: Contract) -> None:
        self.old = old
        self.new = new
        # Where no field may go one way alone, what was compared for one direction is known for all.
        written = [msgspec.json.encode(contract.document) for contract in (old, new)]
        marked = [direction for direction in Direction if any(f'"{direction.value}":true'.encode() in document for document in written)]
        self._schemas: dict[tuple[Direction | None, bool], SchemaComparison] = {}
        for has_bytes in (False, True):
            plain = SchemaComparison(old, new, has_bytes=has_bytes)
            for direction in (None, *Direction):
                own = SchemaComparison(old, new, direction, has_bytes=has_bytes) if direction in marked else plain
                self._schemas[direction, has_bytes] = own

    def drifts(self) -> Iterator[Drift]:
        """Yields every difference."""
        yield from self._of_servers()
        old, new = paired(self.old, self.new)
        # Of what could not be read on one side nobody knows whether it moved; the problems of the document tell it.
        lost, lost_before = _unread(self.new), _unread(self.old)
        for key, declared in old.items():
            if key in new and declared.is_read and new[key].is_read:
                for side, found in self._of_operation(declared, new[key]):
                    yield self._drift(key, declared, side, found)
            elif key not in new and key.partition(" ")[2] not in lost:
                yield self._removed(key, declared)
        for key, declared in new.items():
            if key not in old and key.partition(" ")[2] not in lost_before:
                yield self._drift(key, declared, Side.OPERATION, Found("operation-added", (), "it is new"))
        for name, found in self._of_webhooks():
            yield drift_of(f"webhook {name}", name, Side.CALLBACK, found)

    def _of_servers(self) -> Iterator[Drift]:
        # Ours names itself first, and a document with an address without a host means the one from which it came.
        if self.old.source is None or self.new.source is None:
            return
        was, now = origins_of(self.old.document), origins_of(self.new.document)
        if "/" in (was[0], now[0]):
            return
        left = {*map(_spelled, now)}
        gone = [origin for origin in was if origin != "/" and _spelled(origin) not in left]
        # The host from which a document came may be any of them.
        if gone and "/" not in now:
            says = f"{gone[0]} before, {now[0]} now"
        elif _spelled(was[0]) != _spelled(now[0]):
            says = f"{was[0]} first before, {now[0]} now"
        else:
            return
        yield drift_of("the document", "servers", Side.OPERATION, Found("server-changed", ("servers",), says))

    def _removed(self, key: str, declared: Declared) -> Drift:
        is_guess = declared.evidence != "documented"
        is_path_left = any(shape_of(self.new, path) == key.partition(" ")[2] for path in self.new.paths)
        says = f"its path does not take {declared.method}" if is_path_left else "its path is gone"
        if is_guess:
            says = f"{says}; our document has it only {declared.evidence}, so that it may never have been there"
        return self._drift(key, declared, Side.OPERATION, Found("guess-removed" if is_guess else "operation-removed", (), says))

    def _drift(self, key: str, declared: Declared, side: Side, found: Found) -> Drift:
        evidence = None if declared.evidence == "documented" else declared.evidence
        return drift_of(f"{declared.method} {declared.path}", key, side, found, evidence=evidence)

    def _of_operation(self, old: Declared, new: Declared) -> Iterator[Sided]:
        was, now = _raw(self.old, old), _raw(self.new, new)
        if now.get("deprecated") is True and was.get("deprecated") is not True:
            yield Side.OPERATION, Found("deprecated", (), "it is deprecated now")
        for found in access_drifts(self.old, was, self.new, now):
            yield Side.ACCESS, found
        for found in self._of_parameters(old, new):
            yield Side.REQUEST, found
        for found in self._of_body(old, new):
            yield Side.REQUEST, found
        for found in self._of_responses(old, new):
            yield Side.RESPONSE, found
        for found in self._of_callbacks(_callbacks(self.old, old), _callbacks(self.new, new)):
            yield Side.CALLBACK, found

    def _of_parameters(self, old: Declared, new: Declared) -> Iterator[Found]:
        if any("/parameters" in gap.place for declared in (old, new) for gap in declared.gaps):
            return
        was, now = _named(old), _named(new)
        for key, parameter in was.items():
            where = (parameter.place, parameter.name)
            other = now.get(key)
            if other is None:
                yield Found("parameter-removed", where, "it is gone")
                continue
            if other.is_required and not parameter.is_required:
                yield Found("parameter-required", where, "it is required now")
            if parameter.is_required and not other.is_required:
                yield Found("parameter-optional", where, "it is no longer required")
            sides = (self.old, parameter, self.new, other)
            for found in chain(style_drifts(*sides), emptiness_drifts(*sides)):
                yield found._replace(where=where)
            if other.is_deprecated and not parameter.is_deprecated:
                yield Found("deprecated", where, "it is deprecated now")
            yield from self._of_schemas(where, parameter.schema, other.schema, Direction.REQUEST)
        for key, parameter in now.items():
            if key not in was:
                is_required = parameter.is_required
                change = "parameter-added-required" if is_required else "parameter-added"
                yield Found(change, (parameter.place, parameter.name), f"it is new{' and required' * is_required}")
        yield from self._of_paths(old, new)

    def _of_paths(self, old: Declared, new: Declared) -> Iterator[Found]:
        """Yields the differences of parameters in the path, which are the same by their order."""
        pairs = zip(plain_parameters(self.old, old.path), plain_parameters(self.new, new.path), strict=False)
        was, now = ({part.name: part for part in declared.parameters if part.place == "path"} for declared in (old, new))
        for name, other in pairs:
            if name in was and other in now:
                yield from self._of_schemas(("path", name), was[name].schema, now[other].schema, Direction.REQUEST)

    def _of_body(self, old: Declared, new: Declared) -> Iterator[Found]:
        if new.is_body_required and not old.is_body_required:
            yield Found("body-required", ("body",), "a body is required now")
        if old.is_body_required and not new.is_body_required:
            yield Found("body-optional", ("body",), "a body is no longer required")
        yield from self._of_contents(old.body, new.body, ("body",), Direction.REQUEST)

    def _of_contents(
        self, old: Mapping[str, Pointer], new: Mapping[str, Pointer], where: tuple[str, ...], direction: Direction | None
    ) -> Iterator[Found]:
        if ANY_CONTENT in (old, new):
            return
        was, now = _by_media_type(old), _by_media_type(new)
        known = {name: chosen(now, read_media_type(name)) for name in was}
        covering = {name: chosen(was, read_media_type(name)) for name in now if name not in was}
        for name in (each for each, other in known.items() if other is None):
            inside = [other for other in covering if chosen((name,), read_media_type(other)) == name]
            says = f"{name} before, {', '.join(inside)} now" if inside else f"{name} is gone"
            yield Found("content-narrowed" if inside else "content-removed", where, says)
        # What stood for a range is said of a new type inside it now, whether the range is still there or not.
        for before, after in dict.fromkeys((*known.items(), *((range_, each) for each, range_ in covering.items()))):
            if before is not None and after is not None:
                yield from self._of_content((before, was[before]), (after, now[after]), where, direction)
        for name in (each for each, range_ in covering.items() if range_ is None):
            yield Found("content-added", where, f"{name} is new")

    def _of_content(
        self, old: tuple[str, Pointer], new: tuple[str, Pointer], where: tuple[str, ...], direction: Direction | None
    ) -> Iterator[Found]:
        """Yields the differences of two contents, given the media type of each and the way to its schema."""
        has_bytes = not any(read_media_type(media_type).is_json for media_type, _ in (old, new))
        yield from self._of_schemas(where, old[1], new[1], direction, has_bytes=has_bytes)
        if has_encodings(old[0]) and has_encodings(new[0]):
            for found in encoding_drifts(self.old, old[1], self.new, new[1]):
                yield found._replace(where=(*where, *found.where))

    def _of_schemas(
        self, where: tuple[str, ...], old: Pointer, new: Pointer, direction: Direction | None, *, has_bytes: bool = False
    ) -> Iterator[Found]:
        # The way to what is not described leads to the document itself.
        schemas = self.old.at(old) if old else {}, self.new.at(new) if new else {}
        for found in self._schemas[direction, has_bytes].drifts(*schemas):
            yield found._replace(where=(*where, *found.where))

    def _of_responses(self, old: Declared, new: Declared) -> Iterator[Found]:
        for status in old.responses:
            other = _covering(new, status)
            if other is None and _is_told_apart(status, new):
                continue
            if other is None:
                yield Found(f"{_kind(status)}-removed", (status,), f"{status} is gone")
                continue
            yield from self._of_answers(old, new, status, (status, other))
        for status in new.responses:
            known = _covering(old, status)
            if known is None and not _is_told_apart(status, old):
                yield Found(f"{_kind(status)}-added", (status,), f"{status} is new")
            elif known not in (None, status) and status.isdigit():
                # What stood for a class, or for all others, is said of this one now.
                yield from self._of_answers(old, new, status, (str(known), status))

    def _of_answers(self, old: Declared, new: Declared, status: str, keys: tuple[str, str]) -> Iterator[Found]:
        """Yields the differences of what is answered with a status, given under which names both sides declare it."""
        was, now = keys
        yield from self._of_contents(old.responses[was], new.responses[now], (status, "body"), Direction.ANSWER)
        yield from self._of_headers(self._headers(self.old, old, was), self._headers(self.new, new, now), status)

    def _of_headers(self, old: Mapping[str, Parameter], new: Mapping[str, Parameter], status: str) -> Iterator[Found]:
        for key, header in old.items():
            where = (status, "headers", header.name)
            if key not in new:
                yield Found("required-header-removed" if header.is_required else "header-removed", where, "it is gone")
                continue
            if new[key].is_required and not header.is_required:
                yield Found("field-required", where, "it is required now")
            if header.is_required and not new[key].is_required:
                yield Found("field-optional", where, "it is no longer required")
            yield from self._of_schemas(where, header.schema, new[key].schema, Direction.ANSWER)
        for key, header in new.items():
            if key not in old:
                yield Found("header-added", (status, "headers", header.name), "it is new")

    @staticmethod
    def _headers(contract: Contract, declared: Declared, status: str) -> Mapping[str, Parameter]:
        way = way_to_answer(contract, declared, status)
        ways = {name: contract.follow((*way, "headers", name)) for name in object_of(contract.at(way).get("headers"))}
        return {name.lower(): read_parameter({**part, "name": name, "in": "header"}, header) for name, (header, part) in ways.items()}

    def _of_callbacks(self, old: Mapping[str, Pointer], new: Mapping[str, Pointer]) -> Iterator[Found]:
        for name, pointer in old.items():
            if name in new:
                for each in self._of_told(pointer, new[name]):
                    yield each._replace(where=(name, *each.where))
            else:
                yield Found("callback-removed", (name,), "it is gone")
        for name in new:
            if name not in old:
                yield Found("callback-added", (name,), "it is new")

    def _of_told(self, old: Pointer, new: Pointer) -> Iterator[Found]:
        """Yields the differences of what is sent to the client."""
        was, now = self.old.contents_at((*old, "requestBody")), self.new.contents_at((*new, "requestBody"))
        yield from self._of_contents(was, now, ("body",), None)
        sent, other = (_header_parameters(contract, pointer) for contract, pointer in ((self.old, old), (self.new, new)))
        for header in sorted(sent.keys() - other.keys()):
            yield Found("header-removed", ("headers", sent[header]), "it is gone")
        for header in sorted(other.keys() - sent.keys()):
            yield Found("header-added", ("headers", other[header]), "it is new")

    def _of_webhooks(self) -> Iterator[tuple[str, Found]]:
        old, new = _webhooks(self.old), _webhooks(self.new)
        for name, pointer in old.items():
            if name not in new:
                yield name, Found("callback-removed", (), "it is gone")
            else:
                for found in self._of_told(pointer, new[name]):
                    yield name, found
        for name in sorted(new.keys() - old.keys()):
            yield name, Found("callback-added", (), "it is new")


def drift_of(subject: str, key: str, side: Side, found: Found, *, evidence: str | None = None) -> Drift:
    """Returns what was found, graded by the side on which it was found."""
    where = ".".join(found.where)
    change = AS_RECEIVED.get(found.change, found.change) if side in RECEIVED else found.change
    return Drift(
        subject=subject, key=key, side=side, where=where, change=change, grade=grade_of(change, side), says=found.says, evidence=evidence
    )


def _spelled(origin: str) -> tuple[str, str | None, int | None]:
    """Returns an origin as all spellings of it are: names in lower case, and no port that goes without saying."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return origin, None, None
    return parts.scheme, parts.hostname, port or PORT_OF_SCHEME.get(parts.scheme)


def _by_media_type(contents: Mapping[str, Pointer]) -> dict[str, Pointer]:
    """Returns the ways to schemas by their media types, each in the one spelling of it."""
    return {read_media_type(name).spelled: schema for name, schema in contents.items()}


def _unread(contract: Contract) -> frozenset[str]:
    """Returns the shapes of the paths that could not be read."""
    return frozenset(shape_of(contract, path) for path in contract.paths if contract.unread(path) is not None)


def _raw(contract: Contract, declared: Declared) -> Object:
    return contract.at(("paths", declared.path, declared.method.lower()))


def _named(declared: Declared) -> dict[tuple[str, str], Parameter]:
    return {parameter.key: parameter for parameter in declared.parameters if parameter.place != "path"}


def _covering(declared: Declared, status: str) -> str | None:
    """Returns under which name an operation declares a status: its own, that of its class, or the default."""
    # Beside a success that is named the default means the refusals.
    is_success_named = status.startswith("2") and any(name.startswith("2") for name in declared.responses)
    names = (status, f"{status[:1]}XX") if is_success_named else (status, f"{status[:1]}XX", "default")
    return next((name for name in names if name in declared.responses), None)


def _is_told_apart(status: str, declared: Declared) -> bool:
    """Tells whether a status stands for a class, of which an operation declares members one by one."""
    first = status[:1] if status.endswith("XX") else ""
    return not status.isdigit() and any(member.startswith(first) for member in declared.responses if member.isdigit())


def _kind(status: str) -> str:
    return "success" if status[0] in "123" else "refusal"


def _callbacks(contract: Contract, declared: Declared) -> Mapping[str, Pointer]:
    """Returns the ways to the callbacks of an operation, by the expression that says where each goes."""
    place: Pointer = ("paths", declared.path, declared.method.lower(), "callbacks")
    found: dict[str, Pointer] = {}
    for name in contract.at(place):
        way, callback = contract.follow((*place, name))
        for expression in callback:
            found.update((expression, sent) for sent in _operations_at(contract, (*way, expression)))
    return found


def _webhooks(contract: Contract) -> Mapping[str, Pointer]:
    return {name: way for name in contract.at(("webhooks",)) for way in _operations_at(contract, ("webhooks", name))}


def _operations_at(contract: Contract, pointer: Pointer) -> Iterator[Pointer]:
    way, item = contract.follow(pointer)
    yield from ((*way, method) for method in ("post", "put") if method in item)


def _header_parameters(contract: Contract, pointer: Pointer) -> Mapping[str, str]:
    names = contract.at(pointer).get("parameters")
    found = [contract.follow((*pointer, "parameters", str(index)))[1] for index in range(len(names) if isinstance(names, list) else 0)]
    return {str(part.get("name")).lower(): str(part.get("name")) for part in found if part.get("in") == "header"}

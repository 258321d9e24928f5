"""Foreign documents: brings an OpenAPI document that somebody else wrote into the one form that everything here reads.

References lead to parts of the same value (`references`), schemas say what they mean as OpenAPI 3.1 does (`schema_keywords`), path items
and operations that are kept elsewhere stand in their place, and every path is whole: what the address of its server ends with begins it,
and `ALSO_AT` lists where else it is. What cannot be understood is a problem with its place, and stops nothing else.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple, cast

import msgspec

from runflow_mock.domain.documents import Json, list_of
from runflow_mock.openapi.addresses import unnamed
from runflow_mock.openapi.links import astray
from runflow_mock.openapi.parts import ALSO_AT, BESIDE_PATHS, FIELDS, METHODS, OTHER_METHODS, UNREAD, VARIANTS, Part, methods_in
from runflow_mock.openapi.pointers import Pointer, pointer_of, reference_to, walk
from runflow_mock.openapi.problems import Problem
from runflow_mock.openapi.references import Bundle, Place, Sources
from runflow_mock.openapi.schema_keywords import why_other_dialect
from runflow_mock.openapi.servers import bases_of, origins_of, undeclared_variables

_SINCE_32 = ("query", "additionalOperations")
# What a method of another name cannot be called, in lower case: the field of its operation would be another one.
_TAKEN = frozenset((*METHODS, *FIELDS[Part.PATH_ITEM], "$ref", "summary", "description", "servers"))
_SCHEMA_WORDS = frozenset((*FIELDS[Part.SCHEMA], "$schema", "$ref", "$dynamicRef"))
_PLAIN = re.compile(r"[^?#]*")

Object = dict[str, Any]


class Foreign(NamedTuple):
    """A document in our form, and what in it is not understood."""

    document: Object
    problems: tuple[Problem, ...] = ()


class DocumentError(ValueError):
    """A document that cannot be used; the message names it, what is wrong and the way out."""


def in_our_form(given: Json, name: str, sources: Sources, *, known: Collection[str] = (), may_lack_paths: bool = False) -> Foreign:
    """Returns a document whose paths hold all of their operations, and are whole; the values given stay as they are.

    Args:
        given: the values of a document of OpenAPI 3.
        name: what messages call it.
        sources: where files beside it are.
        known: shapes of paths, `{}` for each parameter; of several servers the one counts below which most of them are.
        may_lack_paths: whether one that describes webhooks alone will do.

    Raises:
        DocumentError: it is no such document, or nothing of it can be used.
    """
    version = _version(given, name)
    document = cast("Object", msgspec.json.decode(msgspec.json.encode(given)))
    is_30 = version.startswith("3.0")
    bundle = Bundle(document, name, sources, is_30=is_30)
    if may_lack_paths and document.get("webhooks"):
        document.setdefault("paths", {})
    if not isinstance(document.get("paths"), dict):
        raise DocumentError(f"{name} declares no paths; give a document with at least one operation")
    document["openapi"] = "3.1.0" if is_30 else version
    if "jsonSchemaDialect" in document and (says := why_other_dialect(document["jsonSchemaDialect"])) is not None:
        bundle.tell(Place("", ("jsonSchemaDialect",)), says)
    bundle.gather()
    _leave_no_schema(bundle)
    if not isinstance(document.get("paths"), dict):
        raise DocumentError(f"{_first(bundle.problems, name)}; give a document whose paths can be read")
    paths = _Paths(bundle, known, is_32=not version.startswith(("3.0", "3.1")))
    paths.place()
    bundle.problems.sort(key=lambda problem: (problem.file, problem.place))
    operations = (item[field] for item in document["paths"].values() for field in methods_in(item).values())
    if all(UNREAD in operation for operation in operations) and not (may_lack_paths and document.get("webhooks")):
        raise DocumentError(f"{_first(bundle.problems, name)}; give a document with at least one operation that can be read")
    return Foreign(document, tuple(bundle.problems))


def _leave_no_schema(bundle: Bundle) -> None:
    """Moves what stands at the top of a document under words of schemas: a validator takes the whole for a schema, which it is not, and
    gives up at what nothing leads to as well.
    """
    words = bundle.document.keys() & _SCHEMA_WORDS
    for word in words:
        bundle.document[f"({word})"] = bundle.document.pop(word)
    for number, reference in enumerate(bundle.references):
        if reference.target and reference.target[0] in words:
            target = (f"({reference.target[0]})", *reference.target[1:])
            reference.part["$ref"] = reference_to(target)
            bundle.references[number] = reference._replace(target=target)


def _version(given: Json, name: str) -> str:
    if isinstance(given, dict) and "swagger" in given:
        says = "convert it to OpenAPI 3 first, for example with npx swagger2openapi"
        raise DocumentError(f"{name} is a document of Swagger {str(given['swagger'])[:10]}, which has another form; {says}")
    version = str(given.get("openapi", ""))[:40] if isinstance(given, dict) else ""
    if not version.startswith("3."):
        raise DocumentError(f"{name} is no OpenAPI 3 document: it says openapi: {version or 'nothing'}; give one with openapi: 3.1.0")
    return version


def _first(problems: Iterable[Problem], name: str) -> str:
    return next((str(problem) for problem in problems), f"{name} holds no operations")


class _Paths:
    """The paths of one document on their way to being whole."""

    def __init__(self, bundle: Bundle, known: Collection[str], *, is_32: bool) -> None:
        self._is_32 = is_32
        self._bundle = bundle
        self._document = bundle.document
        self._known = known
        self._shapes = [unnamed(path) for path in bundle.document["paths"]]
        self._placed: dict[str, Object] = {}
        # Where the operations of each path went, method by method.
        self._moved: dict[str, dict[str, str]] = {}

    def place(self) -> None:
        """Puts whole paths in the place of those that the document writes, and leads references there."""
        written: Object = self._document["paths"]
        self._check_servers((), self._document)
        beside = {path: part for path, part in written.items() if not self._is_path(path, part)}
        whole = {path: self._whole(path, item) for path, item in written.items() if path not in beside}
        for path, part in beside.items():
            self._note_variants(path, part, whole)
        for pointer, says in astray(self._document, whole):
            self._bundle.tell(Place("", pointer), says)
        self._note_equals(whole)
        for path, item in whole.items():
            self._check_servers(("paths", path), item)
            self._place(path, item)
        self._document["paths"] = self._placed
        if beside:
            self._document[BESIDE_PATHS] = beside
        if self._document.get("servers"):
            self._document["servers"] = [{"url": origin} for origin in origins_of(self._document)]
        self._lead()

    def _check_servers(self, pointer: Pointer, owner: Object) -> None:
        """Tells what is wrong with the servers of a document, or of a path item and its operations."""
        if not isinstance(owner.get("servers", []), list):
            self._bundle.tell(Place("", (*pointer, "servers")), "servers is not a list")
        for index, server in enumerate(list_of(owner.get("servers"))):
            for variable in undeclared_variables(server):
                self._bundle.tell(Place("", (*pointer, "servers", str(index))), f"its variable {variable[:80]} has no default")
        for field in methods_in(owner).values():
            if isinstance(owner[field], dict):
                self._check_servers((*pointer, field), owner[field])

    def _note_variants(self, path: str, part: Any, whole: dict[str, Object]) -> None:
        """Notes at the operations of a path where else they are described: see `variants`."""
        plain = _PLAIN.match(path)[0]  # type: ignore[index]
        if plain == path or not plain.startswith("/") or not isinstance(part, dict):
            return
        described = self._whole(path, part)
        item = whole.setdefault(plain, {name: described[name] for name in ("servers",) if name in described})
        for method, field in methods_in(described).items():
            if isinstance(described[field], dict):
                if field not in METHODS:
                    item[OTHER_METHODS] = {**item.get(OTHER_METHODS, {}), field: method}
                other = {name: described[field][name] for name in ("servers",) if name in described[field]}
                operation = item.get(field, {**other, UNREAD: f"it is described at {path[:200]} alone"})
                item[field] = {**operation, VARIANTS: [*operation.get(VARIANTS, ()), path]}

    def _note_equals(self, whole: dict[str, Object]) -> None:
        """Notes at operations which others have the same method and the same path, but for the names in it."""
        equals: dict[tuple[str, ...], list[str]] = {}
        for path, item in whole.items():
            for field in methods_in(item).values():
                if isinstance(item[field], dict):
                    equals.setdefault((field, unnamed(path), *bases_of(item[field], item, self._document)), []).append(path)
        for (field, *_), paths in equals.items():
            for path in paths if len(paths) > 1 else ():
                others = [other for other in paths if other != path]
                self._bundle.tell(Place("", ("paths", path, field)), f"{others[0][:200]} is the same path with other names")
                operation = whole[path][field]
                whole[path][field] = {**operation, VARIANTS: [*operation.get(VARIANTS, ()), *others]}

    def _is_path(self, path: str, part: Any) -> bool:
        if not path.startswith("/"):
            if not path.startswith("x-"):
                self._bundle.tell(Place("", ("paths", path)), "a path begins with /")
            return False
        if "?" in path or "#" in path:
            self._bundle.tell(Place("", ("paths", path)), "a path has neither query nor fragment")
            return False
        return isinstance(part, dict)

    def _whole(self, path: str, item: Object) -> Object:
        """Returns a path item with everything in its place that it keeps elsewhere, and all operations in fields of their own."""
        found = self._followed(item)
        for field in _SINCE_32 if not self._is_32 else ():
            if found.pop(field, None) is not None:
                self._bundle.tell(Place("", ("paths", path, field)), "operations of OpenAPI 3.2 stand in a document of another version")
        others = found.pop("additionalOperations", None)
        for method, operation in others.items() if isinstance(others, dict) else ():
            if method.lower() in _TAKEN or not isinstance(operation, dict):
                self._bundle.tell(
                    Place("", ("paths", path, "additionalOperations", method)), "it is no operation with a method of another name"
                )
                continue
            found[method.lower()] = self._followed(operation)
            found.setdefault(OTHER_METHODS, {})[method.lower()] = method
        for method in METHODS:
            if isinstance(found.get(method), dict):
                found[method] = self._followed(found[method])
        return found

    def _followed(self, part: Object) -> Object:
        """Returns a part with what it refers to; what stands beside the reference wins."""
        found: Object = {}
        while True:
            found = {**part, **found}
            reference = found.pop("$ref", None)
            target = walk(self._document, pointer_of(reference)) if isinstance(reference, str) else None
            if not isinstance(target, dict):
                return found
            part = target

    def _place(self, path: str, item: Object) -> None:
        methods = [field for field in methods_in(item).values() if isinstance(item.get(field), dict)]
        shared = {name: part for name, part in item.items() if name not in (*METHODS, *methods, "servers", OTHER_METHODS)}
        groups: dict[tuple[str, ...], list[str]] = {}
        for method in methods:
            groups.setdefault(self._in_order(bases_of(item[method], item, self._document)), []).append(method)
        if not groups:
            groups[self._in_order(bases_of(item, self._document))] = []
        self._moved[path] = {}
        for bases, words in groups.items():
            whole, elsewhere = bases[0] + path, [base + path for base in bases[1:]]
            self._moved[path].update(dict.fromkeys((*words, ""), whole))
            operations = {word: {name: part for name, part in item[word].items() if name != "servers"} for word in words}
            there = self._placed.setdefault(whole, {})
            others = {word: method for word, method in item.get(OTHER_METHODS, {}).items() if word in words}
            if others:
                operations[OTHER_METHODS] = {**others, **there.pop(OTHER_METHODS, {})}
            there.update({**shared, **operations, **there})
            if elsewhere:
                there[ALSO_AT] = list(dict.fromkeys((*there.get(ALSO_AT, ()), *elsewhere)))

    def _in_order(self, bases: tuple[str, ...]) -> tuple[str, ...]:
        """Returns the bases of a path with those in front below which most paths are known."""
        if len(bases) == 1:
            return bases
        return tuple(sorted(bases, key=lambda base: -sum(base + shape in self._known for shape in self._shapes)))

    def _lead(self) -> None:
        """Leads references into paths to where these are now."""
        for reference in self._bundle.references:
            target = reference.target or ()
            if target[:1] == ("paths",) and len(target) > 1:
                reference.part["$ref"] = reference_to(self._led(target))
        for part in _links(self._document.get("paths"), self._document.get("components")):
            words = pointer_of(part["operationRef"])
            if words[:1] == ("paths",) and len(words) > 1:
                part["operationRef"] = reference_to(self._led(words))

    def _led(self, target: Pointer) -> Pointer:
        moved = self._moved.get(target[1])
        if moved is None:
            return (BESIDE_PATHS, *target[1:])
        if target[2:3] == ("additionalOperations",) and len(target) > 3:
            target = (*target[:2], target[3].lower(), *target[4:])
        method = target[2] if len(target) > 2 else ""
        return ("paths", moved.get(method, moved.get("", target[1])), *target[2:])


def _links(*parts: Any) -> Iterator[Object]:
    """Yields the links in parts that name an operation by its place; nothing recurses."""
    waiting, seen = list(parts), set[int]()
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict | list):
            if id(part) in seen:
                continue
            seen.add(id(part))
            waiting.extend(part.values() if isinstance(part, dict) else part)
            if isinstance(part, dict) and isinstance(part.get("operationRef"), str) and part["operationRef"].startswith("#/"):
                yield part

"""References: brings everything that a document leads to into one value, where each reference is a way inside it.

Files beside the document are read as they are met, and stand under `FILES`. A reference that leads nowhere is told and left out: what
it stood for is then marked with `UNREAD`, so that nobody takes it for an empty part.
"""

from collections import Counter
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote, urljoin

from runflow_mock.domain.documents import Json
from runflow_mock.openapi.dynamic_scopes import TooManyCopies, specialised
from runflow_mock.openapi.parts import COPIES, FIELDS, FILES, UNREAD, Holds, Part, children, misplaced, whole_references
from runflow_mock.openapi.pattern_sizes import DocumentSizes
from runflow_mock.openapi.pointers import MISSING, REFERENCES_MAX, Pointer, place_of, pointer_of, reference_to, walk
from runflow_mock.openapi.problems import Problem
from runflow_mock.openapi.schema_keywords import drop_dialect, drop_patterns, drop_unknown, say_as_31, set_apart_needed
from runflow_mock.openapi.schemas import ANCHORS

FILES_MAX = 2_000

Object = dict[str, Any]
# Says which schema is meant, which is known once the references are ways; left in, each would make other references relative to it.
_NAMES = ("$id", "$anchor", "$dynamicAnchor", "$vocabulary")

# What holds values, in which nothing is an anchor, unless it is a name in a map of schemas.
_VALUES = frozenset(("enum", "const", "default", "example", "examples"))
_MAPS = frozenset(field for field, (holds, _) in FIELDS[Part.SCHEMA].items() if holds is Holds.NAMED)


class SourceError(ValueError):
    """A file that cannot be had; the message says why, without its name."""


class Sources(Protocol):
    """Where the files are that a document refers to."""

    def name_of(self, reference: str, base: str) -> str:
        """Returns how a file is called that a file refers to; raises `SourceError` where it must not."""

    def read(self, name: str) -> Json:
        """Returns the values of a file; raises `SourceError` where it cannot be read."""


class Place(NamedTuple):
    """A place in a file; the document itself has no name."""

    file: str
    pointer: Pointer

    @property
    def whole(self) -> Pointer:
        """The way to it inside the one value."""
        return (FILES, self.file, *self.pointer) if self.file else self.pointer


class Base(NamedTuple):
    """The schema with an `$id`, or the file, from which references are seen: its address, if any, and where it begins."""

    address: str
    root: Place


class Reference(NamedTuple):
    """A part that refers to another: where it stands, of which kind it is, and where it leads, once that is known."""

    part: Object
    place: Place
    kind: Part
    base: Base
    target: Pointer | None = None


class Bundle:
    """One document with everything that it leads to; parts are edited in place."""

    def __init__(self, document: Object, name: str, sources: Sources, *, is_30: bool) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.references: list[Reference] = []
        self._name = name
        self._sources = sources
        self._is_30 = is_30
        self._files: dict[str, Json] = {"": document}
        # Schemas by the address of their `$id`, and by an anchor of a schema with an `$id`, or of a file.
        self._addressed: dict[str, Base] = {}
        self._anchored: dict[tuple[Place, str], Place] = {}
        # The dynamic anchors of each resource, by where it begins; those of one name and resource are no two meanings.
        self._dynamic: dict[Pointer, dict[str, Pointer]] = {}
        self._doubled: set[str] = set()
        self._noted: set[Pointer] = set()
        # The schemas of files with dynamic anchors, by name; they are read once a reference asks for the name.
        self._unasked: dict[str, list[tuple[Place, Object, Base]]] = {}
        self._asked: set[str] = set()
        self._meant_dynamically: list[tuple[Place, Object, str]] = []
        own = Base(document["$self"].removesuffix("#") if isinstance(document.get("$self"), str) else "", Place("", ()))
        # Since 3.2 a document may say by which address references mean it.
        self._addressed.update({own.address: own} if own.address else {})
        self._waiting: list[tuple[Place, Part, Any, Base]] = [(Place("", ()), Part.DOCUMENT, document, own)]
        self._seen: dict[tuple[int, Part], object] = {}
        self._roots: list[tuple[Place, Object]] = []
        self._sizes = DocumentSizes()
        self._unresolved: list[Reference] = []

    def gather(self) -> None:
        """Reads everything that is led to, and finds out where each reference leads."""
        while self._waiting or self._unresolved:
            while self._waiting:
                self._visit(*self._waiting.pop())
            unresolved, self._unresolved = self._unresolved, []
            for reference in unresolved:
                self._resolve(reference)
            self._read_asked()
        if len(self._files) > 1:
            self.document[FILES] = {name: value for name, value in self._files.items() if name}
        self._write()
        self._break_circles()
        for place, root in self._roots:
            for pointer, says in drop_unknown(root):
                self.tell(Place(place.file, (*place.pointer, *pointer)), says)
        self._settle_dynamic()

    def tell(self, place: Place, says: str) -> None:
        """Notes that a part is not understood."""
        self.problems.append(Problem(f"{self._name}, {place.file}" if place.file else self._name, place_of(place.pointer), says))

    def _write(self) -> None:
        for reference in self.references:
            assert reference.target is not None
            reference.part["$ref"] = reference_to(reference.target)

    def _visit(self, place: Place, kind: Part, part: Any, base: Base) -> None:
        if (id(part), kind) in self._seen:
            return
        # What was seen is kept, so that its identity stays its own.
        self._seen[id(part), kind] = part
        if kind is Part.SCHEMA:
            base = self._read_schema(place, part, base)
        reference = part.get("$ref", MISSING)
        if reference is not MISSING:
            self._unresolved.append(Reference(part, place, kind, base))
            if kind not in (Part.SCHEMA, Part.PATH_ITEM):
                return
        brought = {field: self._bring(place, part, field) for field in tuple(whole_references(kind, part))}
        for field, form in tuple(misplaced(kind, part, is_ours=FILES in self.document)):
            if part.pop(field) is not None:
                self.tell(_inside(place, field), f"{field} is not {form}")
        if kind is Part.SCHEMA:
            set_apart_needed(part)
        for child in tuple(children(kind, part)):
            field, *rest = child[0]
            there = brought.get(field, _inside(place, field))
            if there is not None:
                self._enter(_inside(there, *rest), kind, part, child, base if there.file == place.file else _base_of(there.file))

    def _bring(self, place: Place, part: Object, field: str) -> Place | None:
        """Puts in place what a whole map or list refers to; returns where it is from."""
        there: Place | None = _inside(place, field)
        for _ in range(REFERENCES_MAX):
            held = part[field]
            text = held.get("$ref") if isinstance(held, dict) else None
            if not isinstance(text, str):
                return there
            assert there is not None
            try:
                target = self._found(text, there, _base_of(there.file))[0]
                value = self._at(target)
                if value is MISSING or value is held:
                    raise SourceError("leads nowhere")
            except SourceError as error:
                says = f"$ref {text[:200]!r}: {error}"
                self.tell(there, says)
                break
            part[field], there = value, target
        else:
            says = "$ref leads back to itself"
            self.tell(_inside(place, field), says)
        part[field] = {"parameters": [{UNREAD: says}], "responses": {"default": {UNREAD: says}}, "content": {"*/*": {}}}.get(field)
        return None

    def _enter(self, there: Place, kind: Part, part: Object, child: tuple[Pointer, Part, Json], base: Base) -> None:
        way, inside, inner = child
        if isinstance(inner, dict):
            if inside is Part.SCHEMA and kind is not Part.SCHEMA:
                self._roots.append((there, inner))
            self._waiting.append((there, inside, inner, base))
        elif not (inside is Part.SCHEMA and isinstance(inner, bool)):
            if inner is not None or len(way) > 1:
                named = f"{way[0]} is not understood: " if kind is Part.SCHEMA else ""
                self.tell(there, f"{named}{inside} is an object, and this is none")
            _replace(part, way, None if len(way) == 1 else {} if inside is Part.SCHEMA else {UNREAD: f"{inside} is an object"})

    def _read_schema(self, place: Place, schema: Object, base: Base) -> Base:
        """Notes by which names a schema goes, and says it as 3.1 does; returns from where references in it are seen."""
        if isinstance(schema.get("$id"), str):
            base = Base(_joined(base.address, schema["$id"]).removesuffix("#"), place)
            self._addressed.setdefault(base.address, base)
            self._dynamic.setdefault(place.whole, {})
        for word in ANCHORS:
            if isinstance(schema.get(word), str):
                self._anchored.setdefault((base.root, schema[word]), place)
                self._anchored.setdefault((Place(place.file, ()), schema[word]), place)
        if isinstance(schema.get("$dynamicAnchor"), str):
            self._note_dynamic(schema["$dynamicAnchor"], place, base)
        if isinstance(schema.get("$dynamicRef"), str):
            meant = schema
            if "$ref" in schema:
                meant = {}
                schema["allOf"] = [*(schema["allOf"] if isinstance(schema.get("allOf"), list) else []), meant]
            meant["$ref"] = schema.pop("$dynamicRef")
            self._meant_dynamically.append((place, meant, meant["$ref"].partition("#")[2]))
            self._asked.add(self._meant_dynamically[-1][2])
        for word in _NAMES:
            schema.pop(word, None)
        if self._is_30:
            say_as_31(schema)
        for keyword, says in (*drop_dialect(schema), *drop_patterns(schema, self._sizes)):
            self.tell(_inside(place, keyword), says)
        return base

    def _note_dynamic(self, name: str, place: Place, base: Base) -> None:
        if place.whole not in self._noted:
            self._noted.add(place.whole)
            known = self._dynamic.setdefault(base.root.whole, {}).setdefault(name, place.whole)
            self._doubled |= {name} if known != place.whole else set()

    def _read_asked(self) -> None:
        """Lets the schemas of files be read that a dynamic reference may mean, although no other leads to them."""
        for name in self._asked & self._unasked.keys():
            for place, schema, base in self._unasked.pop(name):
                self._roots.append((place, schema))
                self._waiting.append((place, Part.SCHEMA, schema, base))

    def _settle_dynamic(self) -> None:
        """Gives references whose meaning depends on the way that leads to them each meaning that they have."""
        places = {anchor for anchors in self._dynamic.values() for anchor in anchors.items()}
        many = {name for name, count in Counter(name for name, _ in places).items() if count > 1}
        self._lose_dynamic(self._doubled)
        targets = {id(each.part): each.target for each in self.references if each.kind is Part.SCHEMA and each.target is not None}
        asks = {id(part): name for _, part, name in self._meant_dynamically if name in many and (name, targets.get(id(part))) in places}
        if not asks:
            return
        try:
            found = specialised(self.document, targets, asks, self._dynamic, [place.whole for place, _ in self._roots])
        except TooManyCopies:
            self._lose_dynamic(many)
            return
        by_part = {id(each.part): each for each in self.references}
        self.references = [each._replace(target=found.moved.get(id(each.part), each.target)) for each in self.references]
        self.references += [by_part[each.original]._replace(part=each.part, target=each.target) for each in found.copied]
        self.document[COPIES] = found.copies
        self._write()
        self._break_circles()

    def _lose_dynamic(self, names: set[str]) -> None:
        """Loses references of which nobody knows what they mean."""
        lost = set[int]()
        for place, part, name in self._meant_dynamically:
            if name in names and "$ref" in part:
                del part["$ref"]
                lost.add(id(part))
                self.tell(_inside(place, "$dynamicRef"), f"several schemas are {name[:80]}, and which is meant is not known")
        self.references = [reference for reference in self.references if id(reference.part) not in lost]

    def _resolve(self, reference: Reference) -> None:
        place, text = reference.place, reference.part["$ref"]
        if not isinstance(text, str):
            self._lose(reference, "$ref is not a text")
            return
        try:
            target, base = self._found(text, place, reference.base)
        except SourceError as error:
            self._lose(reference, f"$ref {text[:200]!r}: {error}")
            return
        value = self._at(target)
        if not isinstance(value, dict) and not (reference.kind is Part.SCHEMA and isinstance(value, bool)):
            says = "leads nowhere" if value is MISSING else f"does not lead to {reference.kind}"
            self._lose(reference, f"$ref {text[:200]!r} {says}")
            return
        self.references.append(reference._replace(target=target.whole))
        if isinstance(value, dict) and (id(value), reference.kind) not in self._seen:
            if reference.kind is Part.SCHEMA:
                self._roots.append((target, value))
            self._waiting.append((target, reference.kind, value, base))

    def _found(self, text: str, place: Place, base: Base) -> tuple[Place, Base]:
        """Returns where a reference leads, and from where references there are seen."""
        name, _, fragment = text.partition("#")
        known = base if not name else self._addressed.get(_joined(base.address, name)) or self._addressed.get(name)
        bases = [] if known is None else [known]
        if known is None or not name:
            # Within a schema that has an `$id`, many mean the document when they write `#/components/…`.
            bases.append(_base_of(place.file if not name else self._load(name, place.file)))
        for each in bases:
            if fragment and not fragment.startswith("/"):
                target = self._anchored.get((each.root, fragment))
            else:
                target = Place(each.root.file, (*each.root.pointer, *pointer_of(fragment)))
                target = None if self._at(target) is MISSING and each is not bases[-1] else target
            if target is not None:
                return target, each
        raise SourceError("no schema has this anchor")

    def _load(self, name: str, base: str) -> str:
        file = self._sources.name_of(unquote(name), base)
        if file not in self._files:
            if len(self._files) >= FILES_MAX:
                raise SourceError(f"{FILES_MAX} files are read, and no more")
            self._files[file] = self._sources.read(file)
            self._find_anchors(file)
        return file

    def _find_anchors(self, file: str) -> None:
        """Notes where the anchors of a file are, of which only those parts are read that something refers to; nothing recurses."""
        waiting: list[tuple[Place, Json, Base]] = [(Place(file, ()), self._files[file], _base_of(file))]
        seen: set[tuple[int, Place]] = set()
        while waiting:
            place, part, around = waiting.pop()
            # What YAML names twice is one schema.
            if (id(part), around.root) in seen:
                continue
            seen.add((id(part), around.root))
            base = self._note_anchors(place, part, around) if isinstance(part, dict) else around
            is_map = not isinstance(part, dict) or not _MAPS.isdisjoint(place.pointer[-1:])
            inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
            waiting.extend(
                (_inside(place, str(word)), each, base)
                for word, each in inner
                if isinstance(each, dict | list) and (is_map or word not in _VALUES)
            )

    def _note_anchors(self, place: Place, schema: Object, around: Base) -> Base:
        """Notes the anchors of what may be a schema in a file; returns the base for what is inside it."""
        base = around
        if isinstance(schema.get("$id"), str):
            base = Base(_joined(around.address, schema["$id"]).removesuffix("#"), place)
            self._dynamic.setdefault(place.whole, {})
        for word in ANCHORS:
            if isinstance(anchor := schema.get(word), str):
                self._anchored.setdefault((base.root, anchor), place)
                self._anchored.setdefault((Place(place.file, ()), anchor), place)
        if isinstance(name := schema.get("$dynamicAnchor"), str):
            self._note_dynamic(name, place, base)
            self._unasked.setdefault(name, []).append((place, schema, around))
        return base

    def _at(self, place: Place) -> Any:
        return walk(self._files[place.file], place.pointer)

    def _lose(self, reference: Reference, says: str) -> None:
        self.tell(reference.place, says)
        if reference.kind is Part.SCHEMA:
            del reference.part["$ref"]
            return
        kept = dict(reference.part) if reference.kind is Part.PATH_ITEM else {}
        kept.pop("$ref", None)
        reference.part.clear()
        reference.part.update({**kept, UNREAD: says})

    def _break_circles(self) -> None:
        """Loses references that lead back to themselves, and to nothing else."""
        by_part = {id(reference.part): reference for reference in self.references}
        whole = {id(reference.part): id(walk(self.document, reference.target or ())) for reference in self.references}
        known: set[int] = set()
        for start in by_part:
            way: dict[int, None] = {}
            here = start
            while here in by_part and here not in known and here not in way:
                way[here] = None
                here = whole[here]
            if here in way:
                self._lose(by_part[here], "$ref leads back to itself")
            known |= way.keys()
        self.references = [reference for reference in self.references if "$ref" in reference.part]


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:
        return address


def _base_of(file: str) -> Base:
    return Base("", Place(file, ()))


def _inside(place: Place, *words: str) -> Place:
    return Place(place.file, (*place.pointer, *words))


def _replace(part: Object, way: Pointer, value: Any) -> None:
    """Puts something else where a child stands; a field that held one alone goes."""
    if len(way) == 1:
        del part[way[0]]
    elif isinstance(part[way[0]], list):
        part[way[0]][int(way[1])] = value
    else:
        part[way[0]][way[1]] = value

"""Facts: which mutants deny what the contract, the request or another answer determines, found without the suite's laws.

Whoever asks whether every lie about a fact is found must not ask the laws what a fact is. Here it is read off the recordings of the clean
run: a field is a fact where two answers of one moment, told at different places, say the same of one record; where it is settled when a
record is made, at any moment; and where it came with the request.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any

import msgspec
from msgspec.structs import replace

from mutation.mutants import Kind, Mutant
from mutation.places import EACH, PULL, Place, Subject, pointer_of, subject_of
from mutation.proxy import CALLBACK
from mutation.replaying import Recording
from mutation.values import required_in
from runflow_mock.domain.documents import try_document
from runflow_mock.kit.suite.agreements import CHANGES
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.laws_of_callbacks import SUBJECTS, TERMINAL
from runflow_mock.kit.suite.laws_of_callbacks import subject_of as callback_subject
from runflow_mock.kit.suite.laws_of_lists import NEWEST_FIRST, items_of
from runflow_mock.kit.suite.memories import is_replay, packaged_walk
from runflow_mock.kit.suite.schema_walks import Part
from runflow_mock.kit.suite.suite_tenants import READING
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.openapi.parameters import ANYTHING
from runflow_mock.openapi.pointers import Pointer

# The contract declares what these break.
DECLARED = frozenset((Kind.STATUS, Kind.HEADER_ABSENT, Kind.HEADER_OTHER, Kind.RULE, Kind.REFUSAL, Kind.PARAMETER, Kind.PROMISE))
CONTRACT, ANSWER = "the contract", "another answer or the request"
# Statuses of errors, whose parts the contract describes one by one.
ERRORS = 400
VALIDATION = 422
# What cuts a list, so that it need not have what there is.
CUTS = frozenset(("q", "pq"))
Told = tuple[str, str, int | None]
"""A field of a record at a moment, or at all of them."""


class Facts(msgspec.Struct, frozen=True):
    """Places of which something else tells as well, lists of which an element stands elsewhere, and lists in a promised order."""

    told: frozenset[Place]
    listed: frozenset[Place]
    ordered: frozenset[Place]

    def what_determines(self, mutant: Mutant) -> str:
        """Returns what says that a mutant lies, or nothing where that is open."""
        if mutant.kind in DECLARED or _denies_the_schema(mutant) or _denies_an_error(mutant):
            return CONTRACT
        if mutant.kind is Kind.ABSENT:
            # Whether a field is there at all is for the schema to say: who shows a record in another form may show less of it.
            return ""
        place, way = mutant.place, mutant.place.way
        if way in ((), ("items",)):
            if mutant.kind is Kind.DOUBLED and place in self.listed:
                return CONTRACT
            return ANSWER if place in (self.ordered if mutant.kind is Kind.REORDERED else self.listed) else ""
        return ANSWER if any(Place(place.subject, way[:end]) in self.told for end in range(1, len(way) + 1)) else ""


def facts_of(recordings: Iterable[Recording]) -> Facts:
    """Returns what clean plays determine."""
    told: set[Place] = set()
    listed: set[Place] = set()
    ordered: set[Place] = set()
    for recording in recordings:
        first: dict[str, Place] = {}
        sayings: defaultdict[Told, defaultdict[bytes, set[Place]]] = defaultdict(lambda: defaultdict(set))
        beings: defaultdict[tuple[str, int], set[Place]] = defaultdict(set)
        for answer, moment in _answers(recording):
            if answer.path == PULL:
                for place, key, name, value in _of_callbacks(answer):
                    sayings[key, name, None][msgspec.json.encode(value)].add(place)
                continue
            for place, key, name, value, is_settled in _fields(answer):
                for when in (moment, None) if is_settled else (moment,):
                    sayings[key, name, when][msgspec.json.encode(value)].add(place)
            told |= set(_sent(answer))
            for key, place in _named(answer):
                first.setdefault(key, place)
            for place, key in _standing(answer):
                # What was read under an id bears witness for who gave that away, and not beside it.
                beings[key, moment].add(first[key] if key in answer.path else place)
            ordered |= set(_ordered(answer))
        told |= {place for values in sayings.values() for places in values.values() if len(places) > 1 for place in places}
        listed |= {place for places in beings.values() if len(places) > 1 for place in places}
    return Facts(frozenset(told), frozenset(listed), frozenset(ordered))


def _answers(recording: Recording) -> Iterator[tuple[Answer, int]]:
    """Every answer of a recording that tells of the world, with the number of what was written before."""
    moments = accumulate(exchange.method not in READING for exchange in recording.exchanges)
    for exchange, moment in zip(recording.exchanges, moments, strict=True):
        lowered = {name.lower(): text for name, text in exchange.headers.items()}
        answer = replace(exchange.answer, sent_headers=lowered, sent_body=exchange.body or b"")
        if answer.path == PULL or (
            answer.path.startswith("/v1/") and answer.status < 300 and answer.method != "HEAD" and not is_replay(answer)
        ):
            yield answer, moment


def _parts(answer: Answer) -> Iterator[tuple[Place, Part]]:
    subject, pointer = subject_of(answer), pointer_of(answer)
    if subject is not None and pointer != ANYTHING and answer.json is not None:
        for part in packaged_walk().objects(pointer, answer.json):
            yield Place(subject, tuple(EACH if isinstance(step, int) else step for step in part.way)), part


def _fields(answer: Answer) -> Iterator[tuple[Place, str, str, Any, bool]]:
    for place, part in _parts(answer):
        key = part.value.get("id")
        if isinstance(key, str):
            kind, has_ended = part.described.name, part.value.get("status_code") in TERMINAL
            for name, value in part.value.items():
                is_settled = has_ended or (kind in CHANGES and name not in CHANGES[kind])
                yield Place(place.subject, (*place.way, name)), key, name, value, is_settled


def _sent(answer: Answer) -> Iterator[Place]:
    """What came back as it was sent."""
    subject, sent = subject_of(answer), answer.sent
    if subject is not None and isinstance(sent, dict) and isinstance(answer.json, dict):
        yield from (Place(subject, (name,)) for name, value in sent.items() if value is not None and answer.json.get(name) == value)


def _standing(answer: Answer) -> Iterator[tuple[Place, str]]:
    """Which records an answer shows to be there, by itself or in a whole list."""
    subject = subject_of(answer)
    items = answer.json if isinstance(answer.json, list) else items_of(answer)
    if subject is None or answer.query.keys() & CUTS:
        return
    if items is not None:
        place = Place(subject, () if isinstance(answer.json, list) else ("items",))
        yield from ((place, item["id"]) for item in items if isinstance(item, dict) and isinstance(item.get("id"), str))
    elif isinstance(answer.json, dict) and isinstance(answer.json.get("id"), str):
        yield Place(subject, ("id",)), answer.json["id"]


def _named(answer: Answer) -> Iterator[tuple[str, Place]]:
    """The ids that an answer gives away, and where: of a list that is the list."""
    for place, part in _parts(answer):
        if isinstance(part.value.get("id"), str):
            yield part.value["id"], Place(place.subject, place.way[:-1] if place.way else ("id",))


def _ordered(answer: Answer) -> Iterator[Place]:
    subject = subject_of(answer)
    if subject is not None and items_of(answer) and (answer.query.get("sort_by") or answer.path in NEWEST_FIRST):
        yield Place(subject, ("items",))


def _of_callbacks(answer: Answer) -> Iterator[tuple[Place, str, str, Any]]:
    """What callbacks say of records under the same names as the records: what they tell of has ended, and stays so."""
    for item in answer.json["items"]:
        content: Any = try_document(msgspec.json.decode(f'"{item["base64"]}"', type=bytes))
        named = callback_subject(content) if isinstance(content, dict) else None
        if named is not None:
            subject = Subject(CALLBACK + SUBJECTS[named])
            yield from ((Place(subject, (name,)), content[named], name, value) for name, value in content.items())


def _denies_the_schema(mutant: Mutant) -> bool:
    """Tells whether a mutant leaves out what is required, or makes nothing of what cannot be nothing."""
    way = mutant.place.way
    if mutant.kind not in (Kind.ABSENT, Kind.NULL) or not way:
        return False
    return any(_denies(mutant.kind, holder, way[-1]) for holder in _holders(mutant.place))


def _denies(kind: Kind, holder: Pointer, name: str) -> bool:
    contract = packaged_contract()
    if kind is Kind.NULL:
        inner = packaged_walk().described(holder).items if name == EACH else packaged_walk().described(holder).properties.get(name)
        return inner is not None and not contract.allows(inner, None)
    return name in required_in(holder)


def _holders(place: Place) -> Iterator[Pointer]:
    """Where the object or list is described in which a place is."""
    for pointer in _roots(place.subject):
        at: Pointer | None = pointer
        for step in place.way[:-1]:
            described = packaged_walk().described(at) if at is not None and at != ANYTHING else None
            at = None if described is None else described.items if step == EACH else described.properties.get(step)
        if at is not None and at != ANYTHING:
            yield at


def _roots(subject: Subject) -> Iterator[Pointer]:
    if subject.name.startswith(CALLBACK):
        yield ("components", "schemas", subject.name.removeprefix(CALLBACK))
    for operation in packaged_contract().operations:
        if operation.id == subject.name:
            yield operation.responses.get(str(subject.status), {}).get("application/json", ANYTHING)


def _denies_an_error(mutant: Mutant) -> bool:
    """Tells whether a mutant is about a part of an error that its status, or the request, leaves no choice in."""
    subject, way = mutant.place.subject, mutant.place.way
    if subject.status < ERRORS or not way:
        return False
    if way == ("errors",):
        return mutant.kind is not Kind.REORDERED
    return way == ("code",) or (way[0] == "errors" and way[-1] in ("loc", EACH) and subject.status == VALIDATION)

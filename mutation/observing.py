"""Observing: one clean run of the flows with an observer between suite and server, which notes what could be made wrong, and where."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from mutation.mutants import Kind, Mutant, of_content, of_refusal, of_status
from mutation.places import FILES, PULL, Place, Subject, loc_of, pointer_of, subject_of, ways_in
from mutation.promises import PROMISES, parameters_of
from runflow_mock.domain.documents import try_document
from runflow_mock.kit.suite.carriers import Answer, Carrier
from runflow_mock.kit.suite.laws_of_callbacks import SUBJECTS
from runflow_mock.kit.suite.laws_of_callbacks import subject_of as callback_subject
from runflow_mock.openapi.contracts import packaged_contract

DECLARED_ELSEWHERE = ("content-type",)
# The document itself is content of another kind: its parts are no facts about a record.
DOCUMENT = "get_openapi"


class Observer:
    """A carrier that hands everything on and notes the mutants that it could plant, and how many requests went before each."""

    def __init__(self, carrier: Carrier) -> None:
        self.url = carrier.url
        self.seen: dict[Mutant, int] = {}
        self.found: frozenset[Mutant] = frozenset()
        """The mutants of the latest answer."""
        self._requests = 0
        self.donors: dict[str, Answer] = {}
        self._carrier = carrier

    def carry(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Returns the answer as it came."""
        answer = self._carrier.carry(method, target, headers, body)
        self.found = frozenset(mutants_of(answer, headers, body))
        self._requests += 1
        for mutant in self.found:
            self.seen.setdefault(mutant, self._requests)
        subject = subject_of(answer)
        if subject is not None and answer.status < 300 and method != "HEAD":
            self.donors[subject.name] = answer
        return answer

    def close(self) -> None:
        """Does nothing: the carrier is somebody else's."""


def mutants_of(answer: Answer, headers: Mapping[str, str], body: bytes | None) -> Iterator[Mutant]:
    """Returns every mutant that would change an answer, or the request that it answers."""
    if answer.path == PULL:
        for item in answer.json["items"]:
            yield from _of_callback(item)
        yield from (
            Mutant(kind, Place(Subject("callbacks"), ())) for kind in (Kind.LOST, Kind.DOUBLED, Kind.REORDERED) if answer.json["items"]
        )
        return
    subject = subject_of(answer)
    if subject is None:
        return
    yield from (Mutant(Kind.PROMISE, Place(subject), promise) for promise, holds in PROMISES.items() if holds.concerns(answer, headers))
    if answer.path.startswith(FILES):
        return
    declared = packaged_contract().address(answer.path)
    assert declared is not None
    operation = packaged_contract().operation(declared.path, answer.method)
    assert operation is not None
    yield of_status(subject, tuple(operation.responses))
    for name in (*DECLARED_ELSEWHERE, *declared_headers(answer)):
        if name in answer.headers:
            yield Mutant(Kind.HEADER_ABSENT, Place(subject), name)
            yield Mutant(Kind.HEADER_OTHER, Place(subject), name)
    yield from _of_refusal(subject, answer)
    yield from (Mutant(Kind.PARAMETER, Place(Subject(subject.name)), name) for name in parameters_of(answer, headers))
    pointer = pointer_of(answer)
    if answer.json is not None and answer.method != "HEAD" and subject.name != DOCUMENT:
        for way, value, _ in ways_in(answer.json, pointer):
            yield from of_content(Place(subject, way), value)


def declared_headers(answer: Answer) -> tuple[str, ...]:
    """Returns the headers that the contract declares for an answer, in lower case."""
    contract = packaged_contract()
    addressed = contract.address(answer.path)
    assert addressed is not None
    way = ("paths", addressed.path, answer.method.lower(), "responses", str(answer.status))
    told = contract.follow(way)[1].get("headers")
    return tuple(name.lower() for name in told) if isinstance(told, dict) else ()


def _of_refusal(subject: Subject, answer: Answer) -> Iterator[Mutant]:
    """A request that was refused could have been accepted: for one problem where problems are listed, for the status elsewhere."""
    if not 400 <= answer.status < 500:
        return
    issues = answer.json.get("errors") if isinstance(answer.json, dict) else None
    if not issues:
        yield Mutant(Kind.REFUSAL, Place(subject))
    for issue in issues or ():
        yield of_refusal(Subject(subject.name), loc_of(issue["loc"]), issue["type"])


def _of_callback(item: Mapping[str, Any]) -> Iterator[Mutant]:
    content = try_document(msgspec.json.decode(f'"{item["base64"]}"', type=bytes))
    named = callback_subject(content) if isinstance(content, dict) else None
    if named is None:
        return
    subject = Subject(f"callback {SUBJECTS[named]}")
    for way, value, _ in ways_in(content, ("components", "schemas", SUBJECTS[named])):
        yield from of_content(Place(subject, way), value)
    for name in item["headers"]:
        if name.startswith("Runflow-") or name == "Content-Type":
            yield Mutant(Kind.HEADER_ABSENT, Place(subject), name)
            yield Mutant(Kind.HEADER_OTHER, Place(subject), name)
    yield from (Mutant(Kind.PROMISE, Place(subject), promise) for promise in ("body changed after it was signed", "sent somewhere else"))


Index = Mapping[Mutant, list[str]]


def index_of(seen: Mapping[str, Iterable[Mutant]]) -> Index:
    """Returns by mutant the flows that met it."""
    found: defaultdict[Mutant, list[str]] = defaultdict(list)
    for flow, mutants in seen.items():
        for mutant in mutants:
            found[mutant].append(flow)
    return found

"""Memories: what was seen on one stage so far, so that a later answer can be held against it."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import msgspec

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.schema_walks import Part, SchemaWalk
from runflow_mock.openapi.contracts import Declared, packaged_contract
from runflow_mock.openapi.pointers import Pointer

REPLAYED = "idempotency-key"
Record = dict[str, Any]


class Known(msgspec.Struct):
    """What is known of a record: each of its fields as it was told last."""

    fields: dict[str, "Told"] = {}


class Told(msgspec.Struct, frozen=True):
    """What an answer said of a field: the value, when, as which kind of record, where its schema stands, and in which exchange."""

    value: Any
    moment: int | None
    kind: str
    place: Pointer
    evidence: str


class Heard(msgspec.Struct, frozen=True):
    """One callback as its receiver got it."""

    delivery_id: str
    number: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    content: Record


class Memory(msgspec.Struct):
    """What was seen of each record on one stage: the latest state, how it ended, and every field; and the callbacks that were heard.

    `parts` are the records in the answer that is looked at now, as the packaged contract names them; `operation` gave it, and `params`
    are the values in its path.
    """

    states: dict[str, str] = {}
    ends: dict[str, tuple[Any, ...]] = {}
    records: dict[str, Known] = {}
    heard: list[Heard] = []
    redeliveries: set[str] = set()
    parts: tuple[Part, ...] = ()
    operation: Declared | None = None
    params: Mapping[str, str] = {}

    def look_at(self, answer: Answer) -> None:
        """Finds the records in an answer."""
        self.parts, self.operation, self.params = (), None, {}
        contract = packaged_contract()
        addressed = contract.address(answer.path)
        if addressed is None:
            return
        self.operation, self.params = contract.operation(addressed.path, answer.method), addressed.params
        pointer = None if self.operation is None else self.operation.responses.get(str(answer.status), {}).get("application/json")
        if pointer is not None and answer.json is not None and answer.method != "HEAD":
            self.parts = tuple(packaged_walk().objects(pointer, answer.json))

    @property
    def record(self) -> Record | None:
        """The one record that an answer is, where it is one."""
        first = self.parts[0] if self.parts else None
        return first.value if first is not None and not first.way and "id" in first.value else None

    def known(self, record_id: object) -> Mapping[str, Any]:
        """Returns the latest that is known of a record, by its id."""
        known = self.records.get(str(record_id))
        return {} if known is None else {name: told.value for name, told in known.fields.items()}


Law = Callable[[Answer, Memory], Iterator[str]]


@cache
def packaged_walk() -> SchemaWalk:
    """Returns what walks by the contract that ships with the package."""
    return SchemaWalk(packaged_contract())


def is_replay(answer: Answer) -> bool:
    """Tells whether an answer may be one of an earlier time, given again."""
    return REPLAYED in answer.sent_headers

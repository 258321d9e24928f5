"""Memories: what was seen of one tenant so far, so that a later answer can be held against it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from time import time
from typing import Any

import msgspec
from msgspec.structs import replace

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.schema_walks import Part, SchemaWalk
from runflow_mock.openapi.contracts import Declared, packaged_contract

REPLAYED = "idempotency-key"
INFERRED = "inferred"
"""The evidence of what no source says: a strict server has nothing of it."""
SECRET_LETTERS_MIN = 16
"""Shorter secrets stand in other texts by chance."""
Record = dict[str, Any]


class Told(msgspec.Struct, frozen=True):
    """What an answer said of a field: the value, when, as which kind of record, and in which exchange."""

    value: Any
    moment: int | None
    kind: str
    evidence: str


class Known(msgspec.Struct):
    """What is known of a record: each of its fields as it was told last, and those that its schema has and an answer left out.

    `alone` has related records as they were first shown where the record was read by itself, and `embedded` are those that were asked for.
    """

    fields: dict[str, Told]
    left_out: dict[str, Told]
    alone: dict[str, Told]
    embedded: frozenset[str] = frozenset()


class Heard(msgspec.Struct, frozen=True):
    """One callback as its receiver got it."""

    delivery_id: str
    number: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    content: Record


class Memory(msgspec.Struct):
    """What was seen of each record of one tenant: the latest state, how it ended, and every field; and the callbacks that were heard.

    `parts` are the records in the answer that is looked at now, as the packaged contract names them; `operation` gave it, and `params`
    are the values in its path. `made` has by list what was made and not deleted, `kept` by id what only its owner changes, and
    `names` the id of what was called so, and when.
    `announced` has the moment of each attempt to come, and `made_last` that of the latest creation. `now` is the latest moment of which it
    is known that it has come, `told_last` the latest of the past that was told, with its words, and `not_yet` has when a field of a record
    still told that nothing had happened. `begun` has by the id of a record when it began, and `batches` has the batch of each run
    that an item names, and `items` the item.
    `fingerprint` is the latest secret of a webhook with its fingerprint, and `switched_off` are the instants from which one was asked
    to be off.
    `latest` is the answer before, `request_ids` are those that were told, `repeatable` those of one method and path under one idempotency
    key, and `is_strict` says that the server has nothing that is only inferred. `clock` tells the true time, in seconds since 1970.
    """

    states: dict[str, str] = {}
    ends: dict[str, Record] = {}
    done: dict[str, int] = {}
    updated: dict[str, str] = {}
    announced: dict[tuple[str, Any], datetime] = {}
    addresses: dict[str, str] = {}
    batches: dict[str, str] = {}
    items: dict[str, str] = {}
    records: dict[str, Known] = {}
    heard: list[Heard] = []
    redeliveries: set[str] = set()
    secrets: set[str] = set()
    secrets_made: set[str] = set()
    made_last: datetime | None = None
    now: str | None = None
    told_last: tuple[str, str] | None = None
    not_yet: dict[tuple[str, str], str] = {}
    begun: dict[str, str] = {}
    webhook_urls: set[str] = set()
    switched_off: set[str] = set()
    fingerprint: tuple[str, str] | None = None
    made: dict[str, set[str]] = {}
    kept: dict[str, Record] = {}
    names: dict[str, tuple[str, int | None]] = {}
    tables: dict[str, frozenset[str]] = {}
    codes: dict[str, set[str]] = {}
    owner: str | None = None
    has_twins: bool = False
    challenges: bool | None = None
    latest: Answer | None = None
    request_ids: set[str] = set()
    repeatable: dict[tuple[str, str, str], set[str]] = {}
    tells_ids: bool | None = None
    dated: datetime | None = None
    is_strict: bool = False
    parts: tuple[Part, ...] = ()
    operation: Declared | None = None
    params: Mapping[str, str] = {}
    clock: Callable[[], float] = time

    def fork(self) -> "Memory":
        """Returns a memory of the same, which can learn without this one."""
        return replace(self, **{name: _forked(getattr(self, name)) for name in self.__struct_fields__})

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
        if answer.status < 300 and answer.method in ("POST", "PATCH"):
            self._learn_secrets(answer)

    def _learn_secrets(self, answer: Answer) -> None:
        """Keeps with what callbacks may be signed from now on, and where webhooks send."""
        told, sent = answer.json if isinstance(answer.json, dict) else {}, answer.sent if isinstance(answer.sent, dict) else {}
        if answer.path == "/v1/callback-secrets":
            self.secrets_made |= {str(told[name]) for name in ("secret", "plain_secret") if name in told}
            self.secrets |= self.secrets_made
        if answer.path.startswith("/v1/webhooks"):
            self.secrets |= {str(sent["secret"])} if "secret" in sent else set()
            self.webhook_urls |= {str(sent["url"])} if "url" in sent else set()
            self.switched_off |= {str(sent["disabled_at"])} if sent.get("disabled_at") is not None else set()

    @property
    def record(self) -> Record | None:
        """The one record that an answer is, where it is one."""
        first = self.parts[0] if self.parts else None
        return first.value if first is not None and not first.way and isinstance(first.value.get("id"), str) else None

    def known(self, record_id: object) -> Mapping[str, Any]:
        """Returns the latest that is known of a record, by its id."""
        known = self.records.get(str(record_id))
        return {} if known is None else {name: told.value for name, told in known.fields.items()}


def _forked(value: Any) -> Any:
    """A copy of whatever can learn; what was told never changes."""
    if isinstance(value, dict):
        return {key: _forked(part) for key, part in value.items()}
    if isinstance(value, Known):
        return Known(dict(value.fields), dict(value.left_out), dict(value.alone), value.embedded)
    return type(value)(value) if isinstance(value, set | list) else value


Law = Callable[[Answer, Memory], Iterator[str]]


@cache
def packaged_walk() -> SchemaWalk:
    """Returns what walks by the contract that ships with the package."""
    return SchemaWalk(packaged_contract())


def is_replay(answer: Answer) -> bool:
    """Tells whether an answer may be one of an earlier time, given again."""
    return REPLAYED in answer.sent_headers

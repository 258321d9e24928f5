"""Messages: what a document says of the requests that are sent to its reader, under `webhooks` and under the `callbacks` of operations.

They are judged as requests to an API are, by headers, media type and body: the document is read as if each stood among its paths. Of
several descriptions that may be meant the one counts that fits best, since an address alone does not say which message comes there.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from runflow_mock.domain.documents import Json, object_of, try_object
from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.findings import Finding, Severity
from runflow_mock.openapi.addresses import Addressed
from runflow_mock.openapi.contracts import Contract, Declared
from runflow_mock.openapi.parts import METHODS, UNREAD
from runflow_mock.openapi.pointers import Pointer
from runflow_mock.openapi.violations import document_findings

SUBJECTS = ("run_id", "batch_id", "evaluation_id")
"""The fields by which a message names what it is about."""


class Described(msgspec.Struct, frozen=True):
    """One message as the document describes it: `name` is that of its webhook, and empty for a callback; `fields` are those of its body."""

    name: str
    declared: Declared
    fields: frozenset[str]


class Message(msgspec.Struct, frozen=True):
    """One request to a receiver, and the status that it was answered with."""

    headers: Mapping[str, str]
    body: bytes
    status: int | None = None

    @property
    def content(self) -> dict[str, Json]:
        """What the body says, or nothing where it is no object."""
        return try_object(self.body)


class Messages:
    """The messages that a document describes."""

    def __init__(self, contract: Contract) -> None:
        items = dict(_items(contract))
        paths = contract.at(("paths",))
        # References lead into what is there; a name with a query, which no path has in our form, keeps the messages apart from it.
        document = {**contract.document, "paths": {**paths, **{path: item for path, (_, item) in items.items()}}}
        self.source = contract.source or "the contract"
        self._contract = Contract(document, source=contract.source)
        found = (
            Described(name, declared, self._fields(declared))
            for path, (name, _) in items.items()
            for method in self._contract.methods_of(path)
            if (declared := self._contract.operation(path, method)) is not None and declared.is_read
        )
        self.described = tuple(found)

    def departures(self, message: Message) -> tuple[str, ...] | None:
        """Returns where a message is not as the document describes it; nothing at all where it describes no such message."""
        candidates = self._meant(message.content)
        if not candidates:
            return None
        each = (tuple(f"{_place(finding)}: {finding.message}" for finding in self._violations(one, message)) for one in candidates)
        return min(each, key=len)

    def undeclared_status(self, message: Message) -> str | None:
        """Returns what is wrong with the status of an answer, if every description that may be meant lacks it."""
        status, candidates = message.status, self._meant(message.content)
        if status is None or not candidates:
            return None
        keys = (str(status), f"{status // 100}XX", "default")
        if any(key in one.declared.responses for one in candidates for key in keys):
            return None
        known = ", ".join(dict.fromkeys(key for one in candidates for key in one.declared.responses)) or "no status"
        return f"it was answered with {status}, and {self.source} declares {known}"

    def _meant(self, content: Mapping[str, Json]) -> tuple[Described, ...]:
        """Returns the descriptions that may be of a message: those of its event's name, else those that speak of its subject, else all."""
        named = tuple(one for one in self.described if one.name == content.get("event"))
        subject = next((name for name in SUBJECTS if name in content), None)
        speaking = tuple(one for one in self.described if subject is not None and subject in one.fields)
        others = tuple(one for one in self.described if one.fields.isdisjoint(SUBJECTS))
        return named or speaking or others

    def _fields(self, declared: Declared) -> frozenset[str]:
        parts = (self._contract.at(way) for schema in declared.body.values() for way in self._contract.ways(schema))
        return frozenset(name for part in parts for name in object_of(part.get("properties")))

    def _violations(self, one: Described, message: Message) -> Iterator[Finding]:
        declared = one.declared
        addressed = Addressed(declared.path, {declared.method: declared.method.lower()}, {}, {})
        for finding in document_findings(self._contract, addressed, declared, _exchange(message)):
            if finding.severity is Severity.VIOLATION:
                yield finding


def _items(contract: Contract) -> Iterator[tuple[str, tuple[str, dict[str, Json]]]]:
    """Yields the path items of webhooks and callbacks, each under a path of its own, with the name of its webhook."""
    number = 0
    places: list[tuple[str, Pointer]] = [(name, ("webhooks", name)) for name in contract.at(("webhooks",))]
    for path in contract.paths:
        for method in METHODS:
            for name in contract.at(("paths", path, method, "callbacks")):
                way, part = contract.follow(("paths", path, method, "callbacks", name))
                places += [("", (*way, expression)) for expression in part]
    seen = set[Pointer]()
    for name, place in places:
        way, item = contract.follow(place)
        if way not in seen and way[-1] != UNREAD and not way[-1].startswith("x-") and UNREAD not in item:
            seen.add(way)
            # One that is an event's name and is referred to by callbacks as well is still the webhook of that name.
            yield f"/?message={number}", (name, item)
            number += 1


def _exchange(message: Message) -> Exchange:
    """Returns a message in the form in which requests are judged."""
    return Exchange(
        id="message",
        number=0,
        at=datetime.fromtimestamp(0, UTC),
        wall=0.0,
        operation=None,
        method="POST",
        target="/",
        request_headers=tuple((name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in message.headers.items()),
        request_body=message.body,
        status=message.status or 0,
        response_headers=(),
        response_body=b"",
        elapsed_ms=0.0,
    )


def _place(finding: Finding) -> str:
    return "/".join(map(str, finding.loc))

"""What the control API tells, as records. Unknown fields are ignored, so that an older client reads what a newer server says."""

from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec


class Step(msgspec.Struct, frozen=True):
    """One line of a timeline: when, what kind of record, which, from which state to which, and what else there is to know of it."""

    at: str
    kind: str
    id: str | None = None
    source: str | None = None
    target: str | None = None
    details: dict[str, Any] = {}


_STEP = frozenset(("at", "kind", "id", "from", "to"))


def read_steps(items: Iterable[Mapping[str, Any]]) -> list[Step]:
    """Returns the steps of a timeline as the control API tells them."""
    return [
        Step(
            at=item["at"],
            kind=item["kind"],
            id=item.get("id"),
            source=item.get("from"),
            target=item.get("to"),
            details={name: value for name, value in item.items() if name not in _STEP},
        )
        for item in items
    ]


class Rule(msgspec.Struct, frozen=True):
    """A fault rule and how often it was met and fired."""

    id: str
    where: dict[str, Any]
    what: dict[str, Any]
    when: dict[str, Any] = {}
    label: str | None = None
    matched: int = 0
    fired: int = 0


class Attempt(msgspec.Struct, frozen=True):
    """One POST of a delivery: headers as they were sent, and what came of it."""

    number: int
    at: str
    status_code: int | None = None
    headers: dict[str, str] | None = None
    error: str | None = None


class Delivery(msgspec.Struct, frozen=True):
    """The life of one callback."""

    id: str
    url: str
    state: str
    run_id: str | None = None
    batch_id: str | None = None
    attempts: tuple[Attempt, ...] = ()


class Pulled(msgspec.Struct, frozen=True):
    """One attempt that waits to be carried to its receiver by the test: the exact bytes and headers."""

    delivery_id: str
    number: int
    url: str
    headers: dict[str, str]
    base64: str

    @property
    def body(self) -> bytes:
        """The raw body, as it was signed."""
        return b64decode(self.base64)

    @property
    def content(self) -> dict[str, Any]:
        """What the body says, as JSON."""
        return msgspec.json.decode(self.body, type=dict[str, Any])


class LedgerEntry(msgspec.Struct, frozen=True):
    """One movement of money."""

    at: str
    kind: str
    amount: str
    run_id: str | None = None
    batch_id: str | None = None


class Invariant(msgspec.Struct, frozen=True):
    """A rule that must hold of every world, and whether it does."""

    name: str
    held: bool
    evidence: Any = None


class Ledger(msgspec.Struct, frozen=True):
    """Balance, holds and charges in USD as decimal texts, every entry, and the invariants."""

    balance: str
    held: str
    charged: str
    entries: tuple[LedgerEntry, ...] = ()
    invariants: tuple[Invariant, ...] = ()


class Violation(msgspec.Struct, frozen=True):
    """Where and how an exchange departs from the contract."""

    loc: Any
    rule: str
    message: str


class Message(msgspec.Struct, frozen=True):
    """One half of an exchange: method and target of a request, or status of a response; headers are redacted."""

    method: str | None = None
    target: str | None = None
    status: int | None = None
    headers: dict[str, str] = {}
    body: Any = None


class Exchange(msgspec.Struct, frozen=True):
    """One request to the API and its answer, as the journal keeps it."""

    id: str
    at: str
    request: Message
    response: Message
    operation: str | None = None
    fault: str | None = None
    violations: tuple[Violation, ...] = ()


class Requests(msgspec.Struct, frozen=True):
    """How many requests of the client wait for an answer, and how many there were."""

    under_way: int = 0
    total: int = 0


class Clock(msgspec.Struct, frozen=True):
    """Where a tenant's clock stands and how it moves."""

    now: str
    mode: str
    rate: float
    speed: float = 1.0
    next_due: str | None = None
    timers: int = 0
    in_flight: int = 0
    is_moving: bool = False
    requests: Requests = Requests()


class Tenant(msgspec.Struct, frozen=True):
    """A tenant and its keys."""

    tenant: str
    key: str
    admin_key: str
    keys: dict[str, str] = {}
    seed: str = "0"
    clock: Any = None


class Evidence(msgspec.Struct, frozen=True):
    """What explains the end of a tenant: timeline, journal, and a scenario in YAML that repeats it."""

    timeline: list[dict[str, Any]]
    journal: list[Exchange]
    scenario: str


class End(msgspec.Struct, frozen=True):
    """The last word on a tenant; there are report and evidence only where something is to be said about its client."""

    report: dict[str, Any] | None
    scene: dict[str, Any] | None = None
    evidence: Evidence | None = None

"""Waits on the wire of the control API: `{for: {run | batch | evaluation | delivery: id, status?} | {journal: statement}, timeout?}`."""

import msgspec

from runflow_mock.domain.batches import BATCH_TRANSITIONS
from runflow_mock.domain.deliveries import DELIVERY_TRANSITIONS
from runflow_mock.domain.dialects import read_status
from runflow_mock.domain.evaluations import EVALUATION_TRANSITIONS
from runflow_mock.domain.hints import with_all
from runflow_mock.domain.runs import RUN_TRANSITIONS
from runflow_mock.wire.clauses import Statement, convert_statement
from runflow_mock.wire.control import as_json, decode, duration, refused
from runflow_mock.wire.faults import Names

SECONDS_DEFAULT = 5.0
SECONDS_MAX = 60.0
JOURNAL = "journal"

STATUSES: dict[str, tuple[str, ...]] = {
    "run": tuple(RUN_TRANSITIONS),
    "batch": tuple(BATCH_TRANSITIONS),
    "evaluation": tuple(EVALUATION_TRANSITIONS),
    "delivery": tuple(DELIVERY_TRANSITIONS),
}
"""What can be waited for besides the journal, and the statuses that it can have."""


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """What to wait for: a record until it has one of the statuses (without any: until it has ended), or a statement on the journal."""

    noun: str
    id: str = ""
    statuses: tuple[str, ...] = ()
    statement: Statement | None = None
    seconds: float

    @property
    def about(self) -> str:
        """What is waited for, in words."""
        return f"the {self.noun} {self.id}".strip()


class _For(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    run: str | None = None
    batch: str | None = None
    evaluation: str | None = None
    delivery: str | None = None
    journal: dict[str, object] | None = None
    status: str | list[str] | None = None


class _Wait(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, rename={"what": "for"}):
    what: _For
    timeout: str | int | float = SECONDS_DEFAULT


def decode_wait(raw: bytes, names: Names) -> Wait:
    """Returns what a body asks to wait for."""
    body = decode(raw, _Wait)
    given = [noun for noun in (*STATUSES, JOURNAL) if getattr(body.what, noun) is not None]
    if len(given) != 1:
        raise refused(f"for takes one of {', '.join((*STATUSES, JOURNAL))}; it has {' and '.join(given) or 'none'}")
    seconds = duration(body.timeout, "timeout").total_seconds()
    if not 0 <= seconds <= SECONDS_MAX:
        raise refused(f"timeout {body.timeout} must be from 0 to {SECONDS_MAX:.0f} seconds; wait again for more")
    noun = given[0]
    if noun == JOURNAL:
        if body.what.status is not None:
            raise refused("for.status goes with a record; the status of an exchange stands inside for.journal")
        return Wait(noun=noun, statement=convert_statement(as_json(body.what.journal), names), seconds=seconds)
    return Wait(noun=noun, id=getattr(body.what, noun).lower(), statuses=_statuses(noun, body.what.status), seconds=seconds)


def _statuses(noun: str, status: str | list[str] | None) -> tuple[str, ...]:
    given = () if status is None else (status,) if isinstance(status, str) else tuple(status)
    wanted = tuple(map(read_status, given))
    unknown = next((name for name in wanted if name not in STATUSES[noun]), None)
    if unknown is not None:
        raise refused(f"for.status {unknown[:80]!r} is none of a {noun}{with_all(unknown[:80], STATUSES[noun], 'choose from')}")
    return wanted

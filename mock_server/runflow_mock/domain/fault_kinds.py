"""Fault kinds: everything that a rule can do, each kind a record, and one literal table of them.

Theory. A kind belongs to one family, which says what it acts on, and acts at one moment, which says when it is decided:

- *run*, decided at an edge of the run's state machine;
- *exchange*, instead of handling a request (`INSTEAD`) or upon its real answer (`UPON`); at `after_create_before_response` all of them act
  on a request that was carried out;
- *callback*, when a run is created (`CREATION`), when a delivery is made (`SCHEDULING`), or when one of its attempts starts (`ATTEMPT`).

Wire forms, documentation and tests follow from the table, so that a kind cannot exist in one of them only. Delays of exchanges are real
seconds, because a client's time-out is; those of runs and callbacks are virtual.

The API knows nothing of this: it is the kit's own vocabulary.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

import msgspec

from runflow_mock.domain.documents import Document
from runflow_mock.domain.media import GivenFile
from runflow_mock.domain.money import Money
from runflow_mock.domain.places import ADMISSION_EDGE, CALLBACK_EDGES, EXCHANGE_EDGES, FINISH_EDGES, ITEM_EDGE, RUN_EDGES
from runflow_mock.domain.runs import Failure


class Family(StrEnum):
    """What a kind acts on."""

    RUN = "run"
    EXCHANGE = "exchange"
    CALLBACK = "callback"


class ActsAt(StrEnum):
    """When a kind is decided."""

    EDGE = "at an edge of the run"
    INSTEAD = "instead of handling the request"
    UPON = "upon the real answer"
    CREATION = "when the run is created"
    SCHEDULING = "when the delivery is made"
    ATTEMPT = "when an attempt starts"


class Fail(msgspec.Struct, frozen=True, tag="fail", tag_field="kind"):
    """The run fails at the edge."""

    failure: Failure = Failure()


class Succeed(msgspec.Struct, frozen=True, kw_only=True, tag="succeed", tag_field="kind"):
    """The run succeeds with the given output or files, running time and cost; what is not given is the model's own."""

    output: Document | None = None
    files: tuple[GivenFile, ...] = ()
    nsfw_detected: bool | None = None
    duration: timedelta | None = None
    cost: Money | None = None


class SucceedPartially(msgspec.Struct, frozen=True, kw_only=True, tag="succeed_partially", tag_field="kind"):
    """A run outside a batch ends as `partial_succeeded`: with the given output, or without the last `missing` of its outputs."""

    output: Document | None = None
    missing: int = 1
    cost: Money | None = None


class Delay(msgspec.Struct, frozen=True, tag="delay", tag_field="kind"):
    """The run stays where it is for so much longer, once at each edge."""

    by: timedelta


class AfterPolls(msgspec.Struct, frozen=True, tag="after_polls", tag_field="kind"):
    """The run stays where it is until a client has read it, or its batch, so often since its creation; time is no poll."""

    polls: int


class Respond(msgspec.Struct, frozen=True, kw_only=True, tag="answer", tag_field="kind"):
    """The client gets this answer: an error in the API's own envelope, or the given JSON `body` or `text`.

    `retry_after` is in real seconds, or `False` for no header; without it a 429 has what the dialect gives it.
    """

    status: int
    code: str | None = None
    message: str | None = None
    body: Document | None = None
    text: str | None = None
    headers: dict[str, str] = {}
    retry_after: float | bool | None = None
    retry_after_form: str = "seconds"


class Html(msgspec.Struct, frozen=True, tag="html", tag_field="kind"):
    """The client gets an HTML error page, as a gateway in between would send it."""

    status: int = 502


class Latency(msgspec.Struct, frozen=True, kw_only=True, tag="latency", tag_field="kind"):
    """The answer comes so many real seconds later; with `up_to`, a time drawn between the two. Another rule may act as well."""

    seconds: float
    up_to: float | None = None


class Hang(msgspec.Struct, frozen=True, tag="hang", tag_field="kind"):
    """No answer comes; the connection stays open for so many real seconds or until the client leaves, and is closed."""

    seconds: float = 60.0


class Reset(msgspec.Struct, frozen=True, tag="reset", tag_field="kind"):
    """The connection is reset (TCP RST) before any byte of the answer."""


class ResetAfterHeaders(msgspec.Struct, frozen=True, tag="reset_after_headers", tag_field="kind"):
    """The connection is reset (TCP RST) after the head of the answer and half of its body, 32 KiB at most."""


class Empty(msgspec.Struct, frozen=True, tag="empty", tag_field="kind"):
    """The connection is closed in order without a byte of an answer."""


class Truncate(msgspec.Struct, frozen=True, tag="truncate", tag_field="kind"):
    """The answer declares its whole length, and the connection is closed in order inside the body."""


class WrongLength(msgspec.Struct, frozen=True, tag="wrong_length", tag_field="kind"):
    """The answer declares so many bytes more than it has (fewer, when negative), and the connection is closed in order after it."""

    bytes_more: int = 10


class SlowBody(msgspec.Struct, frozen=True, tag="slow_body", tag_field="kind"):
    """The body of the answer comes in pieces, over so many real seconds."""

    seconds: float


class Garbage(msgspec.Struct, frozen=True, tag="garbage", tag_field="kind"):
    """In place of an answer come bytes that are no HTTP, and the connection is closed."""


class Malformed(msgspec.Struct, frozen=True, tag="malformed", tag_field="kind"):
    """The answer is complete and its JSON is broken."""


class UnknownEnum(msgspec.Struct, frozen=True, kw_only=True, tag="unknown_enum", tag_field="kind"):
    """The answer has a value that nobody documented in one of its fields, wherever that field stands."""

    field: str = "status_code"
    value: str = "hibernating"


class UnknownFields(msgspec.Struct, frozen=True, tag="unknown_fields", tag_field="kind"):
    """The objects of the answer have further fields that nobody documented."""

    fields: Document = Document(b'{"x_unknown":{"since":"tomorrow"}}')


class BeforeResponse(msgspec.Struct, frozen=True, tag="callback.before_response", tag_field="kind"):
    """The run ends, and its callback is sent and answered, before the creating request gets its 201."""


class DelayCallback(msgspec.Struct, frozen=True, tag="callback.delay", tag_field="kind"):
    """The first attempt comes so much later."""

    by: timedelta = timedelta(minutes=1)


class LateAfterCancel(msgspec.Struct, frozen=True, tag="callback.late_after_cancel", tag_field="kind"):
    """The callback about something cancelled comes so much later, and only that."""

    by: timedelta = timedelta(minutes=10)


class Reorder(msgspec.Struct, frozen=True, tag="callback.reorder", tag_field="kind"):
    """The callback is held back until the next one was sent, or for `by` at most."""

    by: timedelta = timedelta(minutes=1)


class Drop(msgspec.Struct, frozen=True, tag="callback.drop", tag_field="kind"):
    """Nothing leaves, and the attempt is recorded as sent and answered 200: no retry follows."""


class Duplicate(msgspec.Struct, frozen=True, tag="callback.duplicate", tag_field="kind"):
    """The same attempt is sent so many times in all, one after the other; the last answer counts."""

    copies: int = 2


class FailAttempt(msgspec.Struct, frozen=True, tag="callback.fail", tag_field="kind"):
    """Nothing leaves, and the attempt is recorded as answered with this status, or without one as cut off: retries follow."""

    status: int | None = None


class Redirect(msgspec.Struct, frozen=True, kw_only=True, tag="callback.redirect", tag_field="kind"):
    """Something before the receiver answers with a redirect, which is not followed: nothing reaches the receiver, and retries follow."""

    status: int = 307


class Unsigned(msgspec.Struct, frozen=True, tag="callback.unsigned", tag_field="kind"):
    """The attempt carries no signature."""


class WrongSecret(msgspec.Struct, frozen=True, tag="callback.wrong_secret", tag_field="kind"):
    """The attempt is signed with a secret that nobody was given, or with what somebody guesses."""

    guess: str | None = None


class PreviousSecret(msgspec.Struct, frozen=True, tag="callback.previous_secret", tag_field="kind"):
    """The attempt is signed with the secret before the current one, as during a rotation; it takes two secrets."""


class Stale(msgspec.Struct, frozen=True, tag="callback.stale", tag_field="kind"):
    """The attempt's timestamp lies so far in the past, and the signature is valid for it."""

    by: timedelta = timedelta(minutes=10)


class Future(msgspec.Struct, frozen=True, tag="callback.future", tag_field="kind"):
    """The attempt's timestamp lies so far in the future, and the signature is valid for it."""

    by: timedelta = timedelta(minutes=10)


class Tamper(msgspec.Struct, frozen=True, tag="callback.tamper", tag_field="kind"):
    """The body is changed after it was signed."""


class Respace(msgspec.Struct, frozen=True, tag="callback.respace", tag_field="kind"):
    """A space is added to the body after it was signed: other bytes that say the same."""


class LineBreak(msgspec.Struct, frozen=True, tag="callback.line_break", tag_field="kind"):
    """The body ends with a line break, as JSON may, and the signature fits: a genuine callback for whoever takes the bytes as they are."""


class Fields(msgspec.Struct, frozen=True, tag="callback.fields", tag_field="kind"):
    """The message has these fields besides its own, or in their place, and the signature fits: a genuine callback with what may come."""

    fields: Document = Document(b'{"x_unknown":{"since":"tomorrow"}}')


class NearSignature(msgspec.Struct, frozen=True, tag="callback.near_signature", tag_field="kind"):
    """One half of the signature's digits is right; or all are, each half in the other's place; or it is too long, or too short."""

    half: str = "first"


RunKind = Fail | Succeed | SucceedPartially | Delay | AfterPolls
ExchangeKind = (
    Respond
    | Html
    | Latency
    | Hang
    | Reset
    | ResetAfterHeaders
    | Empty
    | Truncate
    | WrongLength
    | SlowBody
    | Garbage
    | Malformed
    | UnknownEnum
    | UnknownFields
)
SchedulingKind = DelayCallback | LateAfterCancel | Reorder
AttemptKind = (
    Drop
    | Duplicate
    | FailAttempt
    | Redirect
    | Unsigned
    | WrongSecret
    | PreviousSecret
    | Stale
    | Future
    | Tamper
    | Respace
    | LineBreak
    | Fields
    | NearSignature
)
CallbackKind = BeforeResponse | SchedulingKind | AttemptKind
What = RunKind | ExchangeKind | CallbackKind


class Kind(msgspec.Struct, frozen=True):
    """One row of the table: the record, and where and when it acts."""

    record: type[msgspec.Struct]
    family: Family
    acts_at: ActsAt

    @property
    def name(self) -> str:
        """The kind as rules spell it, such as `callback.drop`."""
        return str(self.record.__struct_config__.tag)

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        return (self.record.__doc__ or "").partition("\n")[0]

    @property
    def edges(self) -> tuple[str, ...]:
        """The edges at which a rule of this kind can stand."""
        return _NARROWER.get(self.record) or EDGES_OF[self.family]


# Work succeeds nowhere but at its end, and in part only outside a batch.
_NARROWER: Mapping[type, tuple[str, ...]] = {
    Succeed: (*FINISH_EDGES, ITEM_EDGE),
    SucceedPartially: FINISH_EDGES,
    BeforeResponse: (ADMISSION_EDGE,),
}

EDGES_OF: Mapping[Family, tuple[str, ...]] = {
    Family.RUN: RUN_EDGES,
    Family.EXCHANGE: EXCHANGE_EDGES,
    Family.CALLBACK: CALLBACK_EDGES,
}

KINDS: tuple[Kind, ...] = (
    Kind(Fail, Family.RUN, ActsAt.EDGE),
    Kind(Succeed, Family.RUN, ActsAt.EDGE),
    Kind(SucceedPartially, Family.RUN, ActsAt.EDGE),
    Kind(Delay, Family.RUN, ActsAt.EDGE),
    Kind(AfterPolls, Family.RUN, ActsAt.EDGE),
    Kind(Respond, Family.EXCHANGE, ActsAt.INSTEAD),
    Kind(Html, Family.EXCHANGE, ActsAt.INSTEAD),
    Kind(Hang, Family.EXCHANGE, ActsAt.INSTEAD),
    Kind(Reset, Family.EXCHANGE, ActsAt.INSTEAD),
    Kind(Empty, Family.EXCHANGE, ActsAt.INSTEAD),
    Kind(Garbage, Family.EXCHANGE, ActsAt.INSTEAD),
    Kind(Latency, Family.EXCHANGE, ActsAt.UPON),
    Kind(ResetAfterHeaders, Family.EXCHANGE, ActsAt.UPON),
    Kind(Truncate, Family.EXCHANGE, ActsAt.UPON),
    Kind(WrongLength, Family.EXCHANGE, ActsAt.UPON),
    Kind(SlowBody, Family.EXCHANGE, ActsAt.UPON),
    Kind(Malformed, Family.EXCHANGE, ActsAt.UPON),
    Kind(UnknownEnum, Family.EXCHANGE, ActsAt.UPON),
    Kind(UnknownFields, Family.EXCHANGE, ActsAt.UPON),
    Kind(BeforeResponse, Family.CALLBACK, ActsAt.CREATION),
    Kind(DelayCallback, Family.CALLBACK, ActsAt.SCHEDULING),
    Kind(LateAfterCancel, Family.CALLBACK, ActsAt.SCHEDULING),
    Kind(Reorder, Family.CALLBACK, ActsAt.SCHEDULING),
    Kind(Drop, Family.CALLBACK, ActsAt.ATTEMPT),
    Kind(Duplicate, Family.CALLBACK, ActsAt.ATTEMPT),
    Kind(FailAttempt, Family.CALLBACK, ActsAt.ATTEMPT),
    Kind(Redirect, Family.CALLBACK, ActsAt.ATTEMPT),
    Kind(Unsigned, Family.CALLBACK, ActsAt.ATTEMPT),
    Kind(WrongSecret, Family.CALLBACK, ActsAt.ATTEMPT),
    Kind(PreviousSecret, Family.CALLBACK, ActsAt.ATTEMPT),
    Kind(Stale, Family.CALLBACK, ActsAt.ATTEMPT),
    Kind(Future, Family.CALLBACK, ActsAt.ATTEMPT),
    Kind(Tamper, Family.CALLBACK, ActsAt.ATTEMPT),
    Kind(Respace, Family.CALLBACK, ActsAt.ATTEMPT),
    Kind(LineBreak, Family.CALLBACK, ActsAt.ATTEMPT),
    Kind(Fields, Family.CALLBACK, ActsAt.ATTEMPT),
    Kind(NearSignature, Family.CALLBACK, ActsAt.ATTEMPT),
)

KIND_OF: Mapping[type, Kind] = {kind.record: kind for kind in KINDS}
KINDS_BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}


def kinds_acting_at(*moments: ActsAt) -> frozenset[type]:
    """Returns the records of the kinds that are decided at the given moments."""
    return frozenset(kind.record for kind in KINDS if kind.acts_at in moments)

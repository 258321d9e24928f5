"""Plans: everything that leaves in place of an answer, or of what becomes of it, when rules of the exchange family have fired.

A `Plan` says it byte by byte: the head, the pieces of the body, the waiting before and between them, and how the connection ends. Making
one decides nothing and sends nothing.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import cast

import msgspec
from msgspec.structs import replace

from runflow_mock.domain import fault_kinds as kinds
from runflow_mock.domain.dialects import Dialect
from runflow_mock.domain.documents import NOT_JSON, Json, read_document, read_object, write_document
from runflow_mock.domain.exchanges import Headers
from runflow_mock.domain.fault_kinds import KIND_OF, ActsAt, ExchangeKind
from runflow_mock.domain.quotas import Allowance
from runflow_mock.wire.error_forms import WITHOUT_BODY, ErrorForm, Reply, render_problem
from runflow_mock.wire.problems import Problem, usual_problem
from runflow_mock.wire.quotas import limit_headers, retry_after

# How long a 429 asks the client to wait where the rule does not say it.
WAIT = timedelta(seconds=1)
SLOW_PIECES = 10
# What is on its way when a connection is reset may be lost: so much arrives before anything can be.
RESET_BYTES_MAX = 32 * 1024
GARBAGE = b"\x15\x03\x01\x00\x02\x02\x46runflow-mock: this is no HTTP\r\n\r\n"
# What the client sent comes back as it was, however much else of an answer a rule changes.
ECHOED = frozenset(("input", "metadata"))
REASONS = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}

_JSON = ((b"content-type", b"application/json"),)
_PLAIN = ((b"content-type", b"text/plain; charset=utf-8"),)
_HTML = ((b"content-type", b"text/html"),)


class End(StrEnum):
    """How an exchange ends: with the answer complete, or by closing or resetting the connection."""

    COMPLETE = "complete"
    CLOSED = "closed"
    RESET = "reset"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What leaves. Without a status there is no head; `beyond` are bytes that follow, or take the place of, the answer as declared.

    `wait` are real seconds before anything leaves, `pause` those before each piece of the body.
    """

    status: int = 0
    headers: Headers = ()
    pieces: tuple[bytes, ...] = ()
    beyond: bytes = b""
    end: End = End.COMPLETE
    wait: float = 0.0
    pause: float = 0.0


class AnswerStyle(msgspec.Struct, frozen=True):
    """How a side of the server speaks: its dialect, where the client's clock stands, and its form of errors."""

    dialect: Dialect
    now: datetime
    errors: ErrorForm


class ResponseFault(msgspec.Struct, frozen=True, kw_only=True):
    """What rules do to one exchange: which of them is named, its label, the effect if it is more than waiting, and the waiting."""

    name: str
    label: str | None = None
    what: ExchangeKind | None = None
    wait: float = 0.0
    names_path: bool = False

    @property
    def is_stub(self) -> bool:
        """Whether a rule answers in place of the API at a path that it names itself: then somebody wants that route to be there."""
        return self.names_path and isinstance(self.what, kinds.Respond)

    @property
    def is_instead(self) -> bool:
        """Whether the request is not to be handled at all."""
        return self.what is not None and KIND_OF[type(self.what)].acts_at is ActsAt.INSTEAD

    @property
    def kind(self) -> str:
        """The kind of the effect, as rules spell it."""
        return "latency" if self.what is None else KIND_OF[type(self.what)].name


def make_plan(fault: ResponseFault, reply: Reply, style: AnswerStyle) -> Plan:
    """Returns what leaves, given the real answer."""
    what = fault.what
    plan = _whole(reply) if what is None else _PLANS[type(what)](what, reply, style)
    return replace(plan, wait=plan.wait + fault.wait)


def _respond(what: kinds.Respond, reply: Reply, style: AnswerStyle) -> Plan:
    given = _own_reply(what, style)
    own = {name.lower(): value for name, value in what.headers.items()}
    usual = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in given.headers}
    headers = {**usual, **_limits(what, style), **own}
    body = b"" if what.status in WITHOUT_BODY else given.body
    encoded = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items())
    return _whole(Reply(what.status, body, encoded))


def _own_reply(what: kinds.Respond, style: AnswerStyle) -> Reply:
    if what.body is not None:
        return Reply(what.status, what.body, _JSON)
    if what.text is not None:
        return Reply(what.status, what.text.encode(), _PLAIN)
    if what.status < 300:
        return Reply(what.status, b"{}", _JSON)
    if what.status < 400:
        return Reply(what.status)
    usual = usual_problem(what.status, style.dialect)
    problem = Problem(what.status, what.code or usual.code, what.message or usual.message, usual.fields, usual.headers)
    return render_problem(problem, style.errors)


def _limits(what: kinds.Respond, style: AnswerStyle) -> dict[str, str]:
    if what.retry_after is False or (what.retry_after is None and what.status != 429):
        return {}
    if what.retry_after is not None:
        return retry_after(timedelta(seconds=what.retry_after), what.retry_after_form, style.dialect, style.now)
    exceeded = Allowance(limit=1, remaining=0, resets_in=WAIT, is_exceeded=True)
    full = limit_headers(exceeded, WAIT, style.dialect, style.now)
    return {**full, **retry_after(WAIT, None, style.dialect, style.now)}


def _html(what: kinds.Html, reply: Reply, style: AnswerStyle) -> Plan:
    title = f"{what.status} {REASONS.get(what.status, 'Error')}"
    page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    return _whole(Reply(what.status, b"" if what.status in WITHOUT_BODY else page.encode(), _HTML))


def _hang(what: kinds.Hang, reply: Reply, style: AnswerStyle) -> Plan:
    return Plan(wait=what.seconds, end=End.CLOSED)


def _reset(what: kinds.Reset, reply: Reply, style: AnswerStyle) -> Plan:
    return Plan(end=End.RESET)


def _empty(what: kinds.Empty, reply: Reply, style: AnswerStyle) -> Plan:
    return Plan(end=End.CLOSED)


def _garbage(what: kinds.Garbage, reply: Reply, style: AnswerStyle) -> Plan:
    return Plan(beyond=GARBAGE, end=End.CLOSED)


def _reset_after_headers(what: kinds.ResetAfterHeaders, reply: Reply, style: AnswerStyle) -> Plan:
    return replace(_whole(reply), pieces=(_half(reply.body)[:RESET_BYTES_MAX],), end=End.RESET)


def _truncate(what: kinds.Truncate, reply: Reply, style: AnswerStyle) -> Plan:
    # An answer without a body can only be cut off before its head.
    return replace(_whole(reply), pieces=(_half(reply.body),), end=End.CLOSED) if reply.body else Plan(end=End.CLOSED)


def _wrong_length(what: kinds.WrongLength, reply: Reply, style: AnswerStyle) -> Plan:
    declared = max(0, len(reply.body) + what.bytes_more)
    headers = _sized(reply.headers, declared)
    within, beyond = reply.body[:declared], reply.body[declared:]
    return Plan(status=reply.status, headers=headers, pieces=(within,), beyond=beyond, end=End.CLOSED)


def _slow_body(what: kinds.SlowBody, reply: Reply, style: AnswerStyle) -> Plan:
    size = max(1, -(-len(reply.body) // SLOW_PIECES))
    pieces = tuple(reply.body[start : start + size] for start in range(0, len(reply.body), size))
    return replace(_whole(reply), pieces=pieces, pause=what.seconds / max(1, len(pieces)))


def _malformed(what: kinds.Malformed, reply: Reply, style: AnswerStyle) -> Plan:
    # Without its last byte a JSON text is none, and neither is a picture a picture.
    return _whole(replace(reply, body=reply.body[:-1] or b"{"))


def _unknown_enum(what: kinds.UnknownEnum, reply: Reply, style: AnswerStyle) -> Plan:
    return _changed(reply, lambda value: _with_value(value, what.field, what.value))


def _unknown_fields(what: kinds.UnknownFields, reply: Reply, style: AnswerStyle) -> Plan:
    fields = read_object(what.fields)
    return _changed(reply, lambda value: _with_fields(value, fields))


def _changed(reply: Reply, change: Callable[[Json], Json]) -> Plan:
    try:
        value = read_document(reply.body)
    except NOT_JSON:
        return _whole(reply)
    return _whole(replace(reply, body=write_document(change(value))))


def _with_value(value: Json, field: str, new: str) -> Json:
    if isinstance(value, list):
        return [_with_value(part, field, new) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        name: part if name in ECHOED else new if name == field and not isinstance(part, dict | list) else _with_value(part, field, new)
        for name, part in value.items()
    }


def _with_fields(value: Json, fields: dict[str, Json]) -> Json:
    if isinstance(value, list):
        return [_with_fields(part, fields) for part in value]
    if not isinstance(value, dict):
        return value
    # They stand first: whoever looks for a text instead of reading JSON meets them before the record's own.
    return fields | {name: part if name in ECHOED else _with_fields(part, fields) for name, part in value.items() if name not in fields}


def _whole(reply: Reply) -> Plan:
    headers = reply.headers if reply.status in WITHOUT_BODY else _sized(reply.headers, len(reply.body))
    return Plan(status=reply.status, headers=headers, pieces=(reply.body,))


def _sized(headers: Headers, length: int) -> Headers:
    return (*(header for header in headers if header[0] != b"content-length"), (b"content-length", str(length).encode()))


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]


_PLANS = cast(
    Mapping[type, Callable[[ExchangeKind, Reply, AnswerStyle], Plan]],
    {
        kinds.Respond: _respond,
        kinds.Html: _html,
        kinds.Hang: _hang,
        kinds.Reset: _reset,
        kinds.ResetAfterHeaders: _reset_after_headers,
        kinds.Empty: _empty,
        kinds.Truncate: _truncate,
        kinds.WrongLength: _wrong_length,
        kinds.SlowBody: _slow_body,
        kinds.Garbage: _garbage,
        kinds.Malformed: _malformed,
        kinds.UnknownEnum: _unknown_enum,
        kinds.UnknownFields: _unknown_fields,
    },
)

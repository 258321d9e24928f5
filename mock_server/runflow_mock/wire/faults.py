"""Fault rules on the wire of the control API: `{label?, where, what, when?}`, and what is told about a rule."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from runflow_mock.domain.commands import AddRule
from runflow_mock.domain.documents import Document, read_document, write_document
from runflow_mock.domain.faults import EDGES, Fail, FaultRule, Succeed, What, When, Where, is_edge
from runflow_mock.domain.money import Money, format_money, parse_money
from runflow_mock.domain.runs import Failure
from runflow_mock.wire.control import as_json, decode, duration, instant, refused
from runflow_mock.wire.files import WireFile, decode_files, represent_file
from runflow_mock.wire.times import write_optional


class _Where(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    edge: str | None = None
    model: str | None = None
    client_ref: str | None = None
    input: dict[str, object] | None = None
    metadata: dict[str, object] | None = None
    run_id: str | None = None
    batch_id: str | None = None


class _Fail(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, tag="fail", tag_field="kind"):
    failure_code: str | None = None
    failure_message: str | None = None
    stage: str | None = None


class _Succeed(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, tag="succeed", tag_field="kind"):
    output: dict[str, object] | None = None
    files: tuple[WireFile, ...] = ()
    duration: str | int | float | None = None
    cost: str | None = None


class _When(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, rename={"since": "from"}):
    times: int | None = None
    after: int = 0
    every: int = 1
    probability: float = 1.0
    since: str | None = None
    until: str | None = None


class _Rule(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    where: _Where
    what: _Fail | _Succeed
    when: _When | None = None
    label: str | None = None


def decode_rule(raw: bytes, path_of: Callable[[str], str]) -> tuple[AddRule, tuple[bytes, ...]]:
    """Returns the command in a body, and the bytes of the files in it.

    `path_of` gives the path under which runs keep a model or workflow that a rule names.

    Raises:
        ControlError: 422 that names what is wrong and what is possible.
        ModelNotFound: the rule names a model that does not exist.
    """
    body = decode(raw, _Rule)
    what, contents = _what(body.what)
    return AddRule(label=body.label, where=_where(body.where, path_of), what=what, when=_when(body.when or _When())), contents


def represent_rule(rule: FaultRule) -> dict[str, object]:
    """Returns a rule with how often its place was met and how often it fired."""
    where, when = rule.where, rule.when
    return {
        "id": rule.id,
        "label": rule.label,
        "where": _present(
            edge=where.edge,
            model=where.model,
            client_ref=where.client_ref,
            input=_read(where.input),
            metadata=_read(where.metadata),
            run_id=where.run_id,
            batch_id=where.batch_id,
        ),
        "what": _represent_what(rule.what),
        "when": _present(
            times=when.times,
            after=when.after or None,
            every=None if when.every == 1 else when.every,
            probability=None if when.probability == 1 else when.probability,
            **{"from": write_optional(when.since)},
            until=write_optional(when.until),
        ),
        "matched": rule.matched,
        "fired": rule.fired,
    }


def _where(where: _Where, path_of: Callable[[str], str]) -> Where:
    if where.edge is not None and not is_edge(where.edge):
        raise refused(f"where.edge {where.edge[:80]!r} does not exist; choose one of {', '.join(EDGES)} (i counts from 0)")
    return Where(
        edge=where.edge,
        model=None if where.model is None else path_of(where.model),
        client_ref=where.client_ref,
        input=_write(where.input),
        metadata=_write(where.metadata),
        run_id=where.run_id,
        batch_id=where.batch_id,
    )


def _what(what: _Fail | _Succeed) -> tuple[What, tuple[bytes, ...]]:
    if isinstance(what, _Fail):
        usual = Failure()
        code, message, stage = what.failure_code, what.failure_message, what.stage
        return Fail(Failure(code or usual.code, message or usual.message, stage or usual.stage)), ()
    if what.files and what.output is not None:
        raise refused("what: give either output or files; an output with files follows from the files")
    files, contents = decode_files(what.files)
    succeed = Succeed(
        output=_write(what.output),
        files=files,
        duration=None if what.duration is None else duration(what.duration, "what.duration"),
        cost=None if what.cost is None else _cost(what.cost),
    )
    return succeed, contents


def _when(when: _When) -> When:
    if (when.times is not None and when.times < 1) or when.after < 0 or when.every < 1:
        raise refused("when: times and every count from 1, after from 0")
    if not 0 <= when.probability <= 1:
        raise refused(f"when.probability {when.probability} must be from 0 to 1")
    return When(
        times=when.times,
        after=when.after,
        every=when.every,
        probability=when.probability,
        since=_instant(when.since, "when.from"),
        until=_instant(when.until, "when.until"),
    )


def _represent_what(what: What) -> dict[str, object]:
    if isinstance(what, Fail):
        failure = what.failure
        return {"kind": "fail", "failure_code": failure.code, "failure_message": failure.message, "stage": failure.stage}
    return {
        "kind": "succeed",
        **_present(
            output=_read(what.output),
            files=[represent_file(file) for file in what.files] or None,
            duration=None if what.duration is None else what.duration.total_seconds(),
            cost=None if what.cost is None else format_money(what.cost),
        ),
    }


def _present(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _write(value: dict[str, object] | None) -> Document | None:
    return None if value is None else write_document(as_json(value))


def _read(document: Document | None) -> object:
    return None if document is None else read_document(document)


def _instant(text: str | None, name: str) -> datetime | None:
    return None if text is None else instant(text, name)


def _cost(text: str) -> Money:
    try:
        cost = parse_money(text)
    except ValueError as error:
        raise refused(f"what.cost: {error}") from None
    if cost < 0:
        raise refused(f"what.cost {text} must not be negative")
    return cost

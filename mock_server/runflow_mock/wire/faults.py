"""Fault rules on the wire of the control API: `{label?, where, what, when?}`, and what is told about a rule."""

from collections.abc import Callable, Collection
from datetime import datetime

import msgspec

from runflow_mock.decoders import convert
from runflow_mock.domain.callback_events import CALLBACK_EVENTS
from runflow_mock.domain.commands import AddRule
from runflow_mock.domain.documents import Document, present, read_document, write_document
from runflow_mock.domain.fault_kinds import KIND_OF, ActsAt, Family, Kind
from runflow_mock.domain.faults import FaultRule, When
from runflow_mock.domain.globs import matches_glob
from runflow_mock.domain.instants import EARLIEST, LATEST, is_reachable
from runflow_mock.domain.places import PLACE_BYTES_MAX, Where, edge_name, is_edge, place_bytes
from runflow_mock.wire.control import (
    COUNT_MAX,
    LABEL_CHARACTERS_MAX,
    as_json,
    decode,
    instant,
    known_method,
    known_operation,
    refused,
    short,
)
from runflow_mock.wire.fault_kinds import decode_what, represent_what
from runflow_mock.wire.times import write_instant, write_optional

PATTERN_MAX = 500
WILDCARDS_MAX = 8
# Fields of a place that only one family of kinds knows.
FIELDS_OF = {Family.RUN: (), Family.EXCHANGE: ("method", "path", "operation"), Family.CALLBACK: ("callback",)}


class WirePlace(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A place as it is written."""

    edge: str | None = None
    method: str | None = None
    path: str | None = None
    operation: str | None = None
    callback: str | None = None
    model: str | None = None
    client_ref: str | None = None
    input: dict[str, object] | None = None
    metadata: dict[str, object] | None = None
    run_id: str | None = None
    batch_id: str | None = None


class WireWhen(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, rename={"since": "from"}):
    """How often a rule fires, as it is written."""

    times: int | None = None
    after: int = 0
    every: int = 1
    probability: float = 1.0
    since: str | None = None
    until: str | None = None


class _Rule(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    what: dict[str, object]
    where: WirePlace = msgspec.field(default_factory=WirePlace)
    when: WireWhen | None = None
    label: str | None = None


class Names(msgspec.Struct, frozen=True):
    """What a rule may name: `path_of` gives the path under which runs keep a model or workflow; `operations` are the API's."""

    path_of: Callable[[str], str]
    operations: Collection[str]


def decode_rule(raw: bytes, names: Names) -> tuple[AddRule, tuple[bytes, ...]]:
    """Returns the command in a body, and the bytes of the files in it.

    Raises:
        ControlError: 422 that names what is wrong and what is possible.
        ModelNotFound: the rule names a model that does not exist.
    """
    body = decode(raw, _Rule)
    what, contents = decode_what(body.what)
    where = short_place(decode_place(body.where, names))
    _check_place(where, KIND_OF[type(what)])
    label = short(body.label, "label", LABEL_CHARACTERS_MAX)
    return AddRule(label=label, where=where, what=what, when=_when(body.when or WireWhen())), contents


def represent_rule(rule: FaultRule) -> dict[str, object]:
    """Returns a rule with how often its place was met and how often it fired."""
    when = rule.when
    return {
        "id": rule.id,
        "label": rule.label,
        "where": represent_where(rule.where),
        "what": represent_what(rule.what),
        "when": present(
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


def check_rule(rule: FaultRule) -> None:
    """Accepts a rule that comes from elsewhere if a body could have led to it; its files are for whoever has their bytes."""
    shown = represent_rule(rule)
    what = {name: value for name, value in represent_what(rule.what).items() if name != "files"}
    decode_what(what)
    place = convert(shown["where"], WirePlace)
    # Another document may have had other operations and models.
    names = Names(lambda path: path, tuple(filter(None, [place.operation])))
    _check_place(short_place(decode_place(place, names)), KIND_OF[type(rule.what)])
    _when(convert(shown["when"], WireWhen))
    short(rule.label, "label", LABEL_CHARACTERS_MAX)
    for name in ("matched", "fired"):
        if not 0 <= getattr(rule, name) <= COUNT_MAX:
            raise refused(f"{name} {getattr(rule, name)} must be from 0 to {COUNT_MAX}")


def represent_where(where: Where) -> dict[str, object]:
    """Returns a place, without the fields that are not set."""
    fields = {name: getattr(where, name) for name in Where.__struct_fields__}
    return present(**{name: read_document(value) if isinstance(value, bytes) else value for name, value in fields.items()})


def decode_place(where: WirePlace, names: Names, prefix: str = "where.") -> Where:
    """Returns a place; `prefix` is what its fields are called in messages.

    Raises:
        ControlError: 422 that names what is wrong and what is possible.
        ModelNotFound: it names a model that does not exist.
    """
    return Where(
        edge=where.edge,
        method=known_method(where.method, f"{prefix}method"),
        path=checked_pattern(where.path, f"{prefix}path"),
        operation=known_operation(where.operation, f"{prefix}operation", names.operations),
        callback=_callback(where.callback, f"{prefix}callback"),
        model=None if where.model is None else names.path_of(where.model),
        client_ref=where.client_ref,
        input=_write(where.input),
        metadata=_write(where.metadata),
        run_id=where.run_id,
        batch_id=where.batch_id,
    )


def short_place(where: Where, prefix: str = "where.") -> Where:
    """Returns a place that moments can be held against all the time; raises a 422 for one with large documents."""
    size = place_bytes(where)
    if size > PLACE_BYTES_MAX:
        raise refused(f"{prefix}input and {prefix}metadata have {size} bytes together; {PLACE_BYTES_MAX} are possible")
    return where


def _check_place(where: Where, kind: Kind) -> None:
    """Raises a 422 for a place at which a kind can never act: such a rule would stay silent for ever."""
    edge = where.edge
    if edge is not None and (not is_edge(edge) or edge_name(edge) not in kind.edges):
        choice = f"choose one of {', '.join(kind.edges)} (i counts from 0, n from 1)"
        raise refused(f"where.edge {edge[:80]!r} is none at which {kind.name} can act; {choice}")
    family = kind.family if kind.acts_at is not ActsAt.CREATION else Family.RUN
    for name in (name for other, fields in FIELDS_OF.items() if other is not family for name in fields):
        if getattr(where, name) is not None:
            raise refused(f"where.{name} says nothing to {kind.name}, which acts on a {family.value}")


def checked_pattern(text: str | None, name: str) -> str | None:
    """Returns a glob that can be held against every path in bounded time; raises a 422 for others."""
    if text is not None and (len(text) > PATTERN_MAX or text.count("*") > WILDCARDS_MAX):
        raise refused(f"{name} {text[:80]!r} is longer than {PATTERN_MAX} characters or has more than {WILDCARDS_MAX} stars")
    return text


def _callback(text: str | None, name: str) -> str | None:
    """Returns a glob that at least one event of callbacks fits; a run's success also goes by the name of its status."""
    pattern = checked_pattern("run.completed" if text == "run.succeeded" else text, name)
    if pattern is not None and not any(matches_glob(pattern, event) for event in CALLBACK_EVENTS):
        raise refused(f"{name} {pattern[:80]!r} fits no event: callbacks tell of {', '.join(CALLBACK_EVENTS)}")
    return pattern


def _when(when: WireWhen) -> When:
    for name, number, low in (("times", when.times, 1), ("after", when.after, 0), ("every", when.every, 1)):
        if number is not None and not low <= number <= COUNT_MAX:
            raise refused(f"when.{name} {str(number)[:80]} must be from {low} to {COUNT_MAX}")
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


def _write(value: dict[str, object] | None) -> Document | None:
    return None if value is None else write_document(as_json(value))


def _instant(text: str | None, name: str) -> datetime | None:
    found = None if text is None else instant(text, name)
    if found is not None and not is_reachable(found):
        raise refused(f"{name} {str(text)[:80]!r} must be from {write_instant(EARLIEST)} to {write_instant(LATEST)}, as every clock is")
    return found

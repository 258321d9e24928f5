"""Stubs on the wire of the control API: this input gives this output, as the short form of a `succeed` rule.

A stub is a rule: it is kept, asked, counted and removed with all others. What makes it one is that everything the rule says has a place in
the short form.
"""

import msgspec

from runflow_mock.domain.commands import AddRule
from runflow_mock.domain.documents import write_document
from runflow_mock.domain.fault_kinds import Succeed
from runflow_mock.domain.faults import FaultRule, When
from runflow_mock.domain.places import Where
from runflow_mock.wire.control import COUNT_MAX, LABEL_CHARACTERS_MAX, as_json, decode, refused, short
from runflow_mock.wire.fault_kinds import decode_what, represent_what
from runflow_mock.wire.faults import Names, represent_where, short_place

# Which fields of the short form say where, which say what; `times` and `label` are the rest.
PLACE = ("model", "input", "metadata", "client_ref")
RESULT = ("output", "files", "nsfw_detected", "duration", "cost")


class WireStub(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A stub as it is written."""

    label: str | None = None
    model: str | None = None
    input: dict[str, object] | None = None
    metadata: dict[str, object] | None = None
    client_ref: str | None = None
    output: dict[str, object] | None = None
    files: list[object] | None = None
    nsfw_detected: bool | None = None
    duration: str | int | float | None = None
    cost: str | None = None
    times: int | None = None


def decode_stub(raw: bytes, names: Names) -> tuple[AddRule, tuple[bytes, ...]]:
    """Returns the command in a body, and the bytes of the files in it.

    Raises:
        ControlError: 422 that names what is wrong and what is possible.
        ModelNotFound: the stub names a model that does not exist.
    """
    body = decode(raw, WireStub)
    given = {name: value for name in RESULT if (value := getattr(body, name)) is not None}
    if not given:
        raise refused(f"the stub gives nothing: say at least one of {', '.join(RESULT)}")
    if body.times is not None and not 1 <= body.times <= COUNT_MAX:
        raise refused(f"times {str(body.times)[:80]} must be from 1 to {COUNT_MAX}; leave it out for every time")
    what, contents = decode_what({"kind": "succeed", **given}, "")
    where = Where(
        model=None if body.model is None else names.path_of(body.model),
        client_ref=body.client_ref,
        input=None if body.input is None else write_document(as_json(body.input)),
        metadata=None if body.metadata is None else write_document(as_json(body.metadata)),
    )
    label = short(body.label, "label", LABEL_CHARACTERS_MAX)
    return AddRule(label=label, where=short_place(where, ""), what=what, when=When(times=body.times)), contents


def is_stub(rule: FaultRule) -> bool:
    """Tells whether a rule can be said in the short form."""
    places = set(represent_where(rule.where))
    return type(rule.what) is Succeed and places <= set(PLACE) and rule.when == When(times=rule.when.times)


def represent_stub(rule: FaultRule) -> dict[str, object]:
    """Returns a rule in the short form, with how often its place was met and how often it fired."""
    what = represent_what(rule.what)
    return {
        "id": rule.id,
        "label": rule.label,
        **represent_where(rule.where),
        **{name: value for name, value in what.items() if name != "kind"},
        **({} if rule.when.times is None else {"times": rule.when.times}),
        "matched": rule.matched,
        "fired": rule.fired,
    }

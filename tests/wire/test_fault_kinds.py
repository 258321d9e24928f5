import re
from typing import Any

import jsonschema
import msgspec
import pytest
from costs import lines_run

from runflow_mock.domain.documents import Json
from runflow_mock.domain.fault_kinds import KIND_OF, KINDS, KINDS_BY_NAME, Kind, Latency, Redirect, What
from runflow_mock.domain.faults import FaultRule
from runflow_mock.domain.identity import RuleId
from runflow_mock.domain.places import Where
from runflow_mock.wire.control import ControlError
from runflow_mock.wire.fault_kinds import FIELDS, TEXT_MAX, decode_what, fields_of, represent_what, required_of, schema_of
from runflow_mock.wire.faults import represent_rule

GIVEN: dict[str, Json] = {
    "failure_code": "TIMEOUT",
    "failure_message": "too slow",
    "stage": "execution",
    "output": {"text": "x"},
    "files": None,
    "nsfw_detected": True,
    "duration": 90.0,
    "cost": "0.080000",
    "polls": 3,
    "missing": 2,
    "by": 600.0,
    "status": 503,
    "code": "MODEL_UNAVAILABLE",
    "message": "come back later",
    "body": [1, {"a": None}],
    "text": "upstream is away",
    "headers": {"x-served-by": "edge"},
    "retry_after": 3.0,
    "retry_after_form": "date",
    "seconds": 0.25,
    "up_to": 0.5,
    "bytes_more": -3,
    "field": "status",
    "value": "paused",
    "fields": {"x_new": 1},
    "copies": 3,
    "guess": "",
    "half": "last",
}
BAD: dict[str, tuple[Json, ...]] = {
    "status": (99, 600, "200", True, 200.5),
    "by": ("soon", -1, [], "36501d"),
    "cost": ("-1", 1, "much"),
    "copies": (1, 101, True),
    "missing": (0,),
    "bytes_more": (0, 1.5),
    "headers": ([], {"a b": "x"}, {"a": "x\r\nset-cookie: y"}, {"a": 1}, {f"h{n}": "" for n in range(51)}),
    "retry_after": (True, "tomorrow", -1),
    "retry_after_form": ("hours",),
    "guess": (1, ["x"]),
    "half": ("middle", 1, ["first"]),
    "seconds": (3601, "x"),
    "nsfw_detected": ("yes", 1),
    "code": ("", 5),
    "output": ([], "x"),
    "files": ("x", [{}]),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_kind_reads_back_as_it_was_given_in_full(kind: Kind) -> None:
    body: dict[str, Any] = {"kind": kind.name, **{name: GIVEN[name] for name in fields_of(kind) if GIVEN[name] is not None}}
    body |= {"status": 308} if kind.record is Redirect else {}
    what, contents = decode_what(body)
    assert (type(what), contents) == (kind.record, ())
    assert represent_what(what) == body


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_kind_survives_the_encoding_of_the_history(kind: Kind) -> None:
    what, _ = decode_what({"kind": kind.name, **{name: GIVEN[name] for name in required_of(kind)}})
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(what), type=What) == what


@pytest.mark.parametrize("kind", [kind for kind in KINDS if required_of(kind)], ids=lambda kind: kind.name)
def test_kind_cannot_do_without_what_it_needs(kind: Kind) -> None:
    with pytest.raises(ControlError, match=f"{required_of(kind)[0]} is missing"):
        decode_what({"kind": kind.name})


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_bad_value_is_refused_by_the_name_of_its_field(name: str, value: Json) -> None:
    kind = next(kind for kind in KINDS if name in fields_of(kind))
    body = {"kind": kind.name, **{needed: GIVEN[needed] for needed in required_of(kind)}, name: value}
    with pytest.raises(ControlError, match=name) as caught:
        decode_what(body)
    assert caught.value.status == 422


@pytest.mark.parametrize(
    ("kind", "status", "range_"),
    [("callback.redirect", 200, "300 to 399"), ("callback.redirect", 400, "300 to 399"), ("callback.fail", 204, "300 to 599")],
)
def test_status_that_makes_no_such_fault_is_refused(kind: str, status: int, range_: str) -> None:
    with pytest.raises(ControlError, match=f"{status} makes no {kind}: give one from {range_}"):
        decode_what({"kind": kind, "status": status})


def test_field_of_another_kind_is_refused_with_those_that_are_possible() -> None:
    with pytest.raises(ControlError, match=r"what.copies is no field of callback.drop, which takes none"):
        decode_what({"kind": "callback.drop", "copies": 2})


def test_unknown_kind_is_refused_with_all_that_there_are() -> None:
    with pytest.raises(ControlError, match=r"callback\.reorder"):
        decode_what({"kind": "explode"})


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("explode", "'explode' does not exist; choose one of fail, "),
        ("lateny", "'lateny' does not exist; did you mean latency? Choose one of fail, "),
        ("rate_limit", "'rate_limit' does not exist; did you mean answer, with status 429? Choose one of fail, "),
        ("Rate-Limit", "'Rate-Limit' does not exist; did you mean answer, with status 429? Choose one of fail, "),
        ("timeout", "'timeout' does not exist; did you mean hang? Choose one of fail, "),
        (None, "'None' does not exist; choose one of fail, "),
    ],
)
def test_kind_that_is_nearly_one_or_goes_by_another_name_is_told_which_is_meant(kind: str | None, told: str) -> None:
    with pytest.raises(ControlError, match=re.escape(told)):
        decode_what({"kind": kind})


def test_every_kind_is_described_and_every_field_used() -> None:
    assert all(kind.summary.endswith(".") and kind.edges for kind in KINDS)
    assert set(FIELDS) == {name for kind in KINDS for name in fields_of(kind)} == set(GIVEN)
    assert len(KIND_OF) == len(KINDS_BY_NAME) == len(KINDS)


def test_schema_of_a_kind_says_what_it_takes() -> None:
    schema = schema_of(KINDS_BY_NAME["latency"])
    assert (schema["required"], schema["additionalProperties"]) == (["kind", "seconds"], False)


@pytest.mark.parametrize("name", ["failure_code", "stage", "message", "text", "guess"])
def test_schema_of_a_text_takes_what_the_server_takes(name: str) -> None:
    kind = next(kind for kind in KINDS if name in fields_of(kind))
    validator = jsonschema.Draft202012Validator(schema_of(kind))
    given: dict[str, Json] = {"kind": kind.name, **{needed: GIVEN[needed] for needed in required_of(kind)}}
    for text in ("", "x", "x" * TEXT_MAX, "x" * (TEXT_MAX + 1)):
        body = {**given, name: text}
        try:
            decode_what(body)
        except ControlError:
            assert not validator.is_valid(body)
        else:
            assert validator.is_valid(body)


def test_rule_is_shown_without_reading_the_annotations_of_its_records_each_time() -> None:
    rule = FaultRule(id=RuleId("r"), where=Where(operation="get_run"), what=Latency(seconds=1.0))
    represent_rule(rule)
    assert lines_run(lambda: represent_rule(rule)) < 200

"""A server that is wrong in type is told so by the document: no law breaks on what it reads, wherever that stands."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from runflow_mock.domain.documents import parts_of
from runflow_mock.kit.suite.carriers import Answer, AppCarrier
from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import play
from runflow_mock.kit.suite.laws import Watch
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.kit.suite.tallies import Tally
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.testing.in_process import InProcess
from runflow_mock.testing.records import Pulled

Seen = Answer | Pulled
# They read every record that there is, and are sent callbacks of every kind.
PLAYED = ("record_is_ones_own", "redelivery_is_told", "webhook_changes", "evaluation_is_paid", "statuses_of_readiness", "rules_of_billing")
ABSENT = object()


def deep(levels: int, around: Callable[[Any], Any]) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = around(value)
    return value


# Of every type; texts that are nearly instants, ids and amounts, or lie at the end of what can be reckoned with; ways that lead nowhere.
ILL: tuple[Any, ...] = (
    *(ABSENT, None, True, -7, 1.5, 10**400, "text", "\ud800", "sNaN", "1e999999", "2026-01-01T00:00:02", "2026-13-45T00:00:00Z"),
    *("0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59Z", "ffffffff-ffff-7fff-8fff-ffffffffffff"),
    *([], ["x"], [None], [[1]], [{}], [{"id": {}}], {}, {"x": 1}, {"id": []}, {"items": [1]}, {"items": 7}),
    *(["body", {}], [{"loc": ["body", []]}], deep(300, lambda inner: [inner]), deep(300, lambda inner: {"id": inner})),
)
# Laws that hold answers against each other meet what was changed and what was not.
EACH_LEFT = 3
SEEN_MAX = 4


def content_of(seen: Seen) -> Any:
    return seen.json if isinstance(seen, Answer) else seen.content


def told_otherwise(seen: Seen, content: Any) -> Seen:
    body = json.dumps(content).encode()
    return seen.with_body(body) if isinstance(seen, Answer) else replace(seen, base64=b64encode(body).decode())


def kind_of(seen: Seen) -> object:
    if isinstance(seen, Pulled):
        return seen.content.get("event")
    addressed = packaged_contract().address(seen.path)
    return None if addressed is None else (addressed.path, seen.method, seen.status, *sorted(seen.query))


def seen_in(app: InProcess, flow: str) -> list[Seen]:
    """What a flow is told, two of each kind."""
    found: dict[object, list[Seen]] = {}

    class Recorder(Watch):
        def see(self, answer: Answer) -> None:
            if answer.json is not None:
                found.setdefault(kind_of(answer), []).append(answer)

        def hear(self, attempt: Pulled) -> None:
            found.setdefault(kind_of(attempt), []).append(attempt)

    played = next(each for each in FLOWS if each.id == flow)
    play(played, Target(AppCarrier(app), None, dialect="seed"), packaged_contract(), watching=Recorder)
    return [seen for each in found.values() for seen in each[:2]]


def with_value(content: Any, name: str, value: Any, met: Iterator[int]) -> Any:
    """A content with another value under a name, but for each third place where the name stands."""
    if isinstance(content, list):
        return [with_value(each, name, value, met) for each in content]
    if not isinstance(content, dict):
        return content
    told = {word: with_value(part, name, value, met) for word, part in content.items()}
    if name in told and next(met) % EACH_LEFT:
        told.pop(name)
        told |= {} if value is ABSENT else {name: value}
    return told


def by_name(seen: list[Seen]) -> Mapping[str, list[Seen]]:
    found: dict[str, list[Seen]] = {}
    for each in seen:
        for name in {name for part in parts_of(content_of(each)) if isinstance(part, dict) for name in part}:
            found.setdefault(name, []).append(each)
    return found


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("flow", PLAYED)
def test_no_law_breaks_on_a_value_of_any_type(app: InProcess, flow: str) -> None:
    for name, seen in by_name(seen_in(app, flow)).items():
        for value in ILL:
            watch, met = Watch(packaged_contract(), Tally(), counts_cases=False), count(1)
            for each in seen[:SEEN_MAX]:
                told = told_otherwise(each, with_value(content_of(each), name, value, met))
                if isinstance(told, Answer):
                    watch.see(told)
                else:
                    watch.hear(told)

"""Whatever control verb is accepted, the world afterwards still folds, is saved and restored, and answers."""

from typing import Any

import pytest
from doors import Door
from forgeries import failures
from hypothesis import example, given, settings
from hypothesis import strategies as st
from steps import INPUT, RUNS, Body, ok, post_run

from runflow_mock.domain.fault_kinds import KINDS_BY_NAME
from runflow_mock.runtime.sender import RecordingSender
from runflow_mock.wire.fault_kinds import FIELDS, fields_of

NUMBERS = st.sampled_from([0, 1, 2, -1, 7, 0.5, 10**9, 2**31, 2**53, 2**63, 2**64, 10**30, 1e-9, 1e15, 1e300])
DURATIONS = st.one_of(NUMBERS, st.sampled_from(["0s", "1ms", "10m", "36500d", "PT10M", "P36500D", "soon"]))
INSTANTS = st.sampled_from(
    [
        "1970-01-01",
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:10:00+14:00",
        "8999-12-31T23:59:59.999Z",
        "9000-01-01",
        "9999-12-31",
        "0001-01-01",
    ]
)
MONEY = st.sampled_from(["0", "0.000001", "1", "10.00", "-1", "1000000", "999999999999", "1" * 13, "1e9"])
TEXTS = st.sampled_from(["", "a", "\x1b[2J", "é", "🎉", "x" * 300, "rf_live_mock_test", "*", "**", "run.*"])
OBJECTS = st.sampled_from([{}, INPUT, {"x": 10**30}, {"x": {"y": [None, 1e300]}}, {"client_ref": "a"}])
ANYTHING = st.one_of(NUMBERS, DURATIONS, MONEY, TEXTS, OBJECTS, st.booleans(), st.none(), st.just([]))
PICTURE = {"media_type": "image/png", "base64": "iVBORw0KGgo="}


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Body]:
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def effects(draw: st.DrawFn) -> Body:
    """The `what` of a rule, with the fields of its kind."""
    kind = draw(st.sampled_from(sorted(KINDS_BY_NAME)))
    return {"kind": kind, **draw(_some(**{name: _VALUES.get(name, ANYTHING) for name in fields_of(KINDS_BY_NAME[kind])}))}


_VALUES: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(FIELDS, TEXTS),
    **dict.fromkeys(("by", "duration", "seconds", "up_to", "retry_after"), DURATIONS),
    **dict.fromkeys(("status", "copies", "missing", "bytes_more"), st.one_of(NUMBERS, st.sampled_from([200, 302, 404, 503]))),
    **dict.fromkeys(("output", "body", "fields", "headers"), OBJECTS),
    "cost": MONEY,
    "files": st.just([PICTURE]),
    "nsfw_detected": st.booleans(),
}
# Faults that take real time or the connection away say nothing about the world.
_STILL = {"latency", "hang", "slow_body", "reset", "reset_after_headers", "empty", "truncate", "wrong_length", "garbage"}

WHENS = _some(times=NUMBERS, after=NUMBERS, every=NUMBERS, probability=NUMBERS, until=INSTANTS, **{"from": INSTANTS})
WHERES = _some(
    edge=st.sampled_from(["run.queued->dispatching", "batch.item[0]", "before_admission", "after_create_before_response", "on_poll[1]"]),
    client_ref=TEXTS,
    input=OBJECTS,
    callback=st.sampled_from(["*", "run.*", "nothing"]),
    path=st.sampled_from(["/v1/**", "/nowhere"]),
)
FAULTS = st.builds(
    lambda what, when, where: {"what": what, "when": when, "where": where},
    effects().filter(lambda what: what["kind"] not in _STILL),
    WHENS,
    WHERES,
)
STUBS = _some(client_ref=TEXTS, output=OBJECTS, duration=DURATIONS, cost=MONEY, times=NUMBERS, files=st.just([PICTURE]), label=TEXTS)
MODELS = _some(
    id=st.just("runflow/background-removal"),
    run_seconds=st.tuples(NUMBERS, NUMBERS).map(list),
    price=st.builds(lambda amount: {"unit": "request", "amount": amount}, MONEY),
    output=st.builds(lambda edge: {"media_type": "image/png", "file": "result", "width": edge}, NUMBERS),
    name=TEXTS,
)
SCENARIOS = _some(
    faults=st.lists(FAULTS, max_size=2),
    stubs=st.lists(STUBS, max_size=2),
    models=st.lists(MODELS, max_size=1),
    durations=st.builds(lambda seconds: {"runflow/background-removal": seconds}, DURATIONS),
    seed=st.one_of(NUMBERS, TEXTS),
    speed=NUMBERS,
    start=INSTANTS,
    balance=MONEY,
    clock=st.one_of(st.sampled_from(["manual", "auto"]), st.builds(lambda scale: {"scale": scale}, NUMBERS)),
    batch_limit=NUMBERS,
    concurrency=st.builds(lambda cap: {"*": cap}, NUMBERS),
    quota=st.builds(lambda requests, window: {"requests": requests, "window": window}, NUMBERS, DURATIONS),
    output_lifetime=DURATIONS,
    client_time=st.sampled_from(["wall", "virtual"]),
    callback_secret=TEXTS,
)
VERBS: dict[str, st.SearchStrategy[Any]] = {
    "POST /_mock/faults": FAULTS,
    "POST /_mock/stubs": STUBS,
    "PUT /_mock/scenario": SCENARIOS,
    "POST /_mock/clock/advance": _some(by=DURATIONS),
    "POST /_mock/clock/advance-to": _some(to=INSTANTS),
    "POST /_mock/clock/run-until-idle": _some(limit=DURATIONS),
    "POST /_mock/clock/scale": _some(factor=NUMBERS),
    "POST /_mock/clock/next": st.just({}),
    "POST /_mock/clock/freeze": st.just({}),
    "POST /_mock/ledger/credits": _some(amount=MONEY),
    "PUT /_mock/quota": _some(requests=NUMBERS, window=DURATIONS),
    "POST /_mock/verify": _some(count=NUMBERS, at_most=NUMBERS, within=DURATIONS, status=NUMBERS, path=TEXTS),
}


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, Body]:
    """A control verb and its body."""
    verb = draw(st.sampled_from(sorted(VERBS)))
    method, path = verb.split()
    return method, path, draw(VERBS[verb])


@pytest.mark.slow
@given(st.lists(requests(), min_size=1, max_size=4))
@example([("POST", "/_mock/clock/advance-to", {"to": "9999-12-31"})])
@example([("POST", "/_mock/faults", {"what": {"kind": "answer", "status": 503}, "when": {"times": 2**64}})])
@example([("POST", "/_mock/faults", {"what": {"kind": "answer", "status": 503}, "when": {"after": 2**64}})])
@example([("POST", "/_mock/faults", {"what": {"kind": "answer", "status": 503}, "when": {"every": 10**30}})])
@example([("POST", "/_mock/stubs", {"client_ref": "a", "output": {}, "times": 2**64})])
@settings(max_examples=80, deadline=None, derandomize=True)
def test_whatever_is_accepted_leaves_a_world_that_works(asked: list[tuple[str, str, Body]]) -> None:
    with Door(sender=RecordingSender(500)) as door:
        post_run(door, callback_url="http://127.0.0.1:9000/told", client_ref="a")
        for method, path, body in asked:
            assert door.request(method, path, json=body).status_code < 500
            door.post(RUNS, {"input": INPUT, "client_ref": "a"})
        assert door.delete("/_mock/faults").status_code == 204
        door.delete("/_mock/quota")
        assert failures(door) == []


@pytest.mark.slow(is_covering=True)
def test_rule_with_the_largest_counts_leaves_a_world_that_works() -> None:
    with Door(sender=RecordingSender(500)) as door:
        rule = {"what": {"kind": "succeed", "cost": "1000000", "duration": "36500d"}, "when": {"times": 10**9, "every": 1, "after": 0}}
        ok(door.post("/_mock/faults", rule), 201)
        ok(door.post("/_mock/ledger/credits", {"amount": "100000000000"}))
        post_run(door)
        door.settle()
        assert failures(door) == []

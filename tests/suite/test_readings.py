"""A flow that reads what is not there says which property of which operation was expected, and what came."""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from foreign import contract

from runflow_mock.kit.suite.carriers import Answer, AppCarrier
from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import CRASHED, STOPPED_BY_DEPTH, Flow, Needs, play
from runflow_mock.kit.suite.laws import TOO_DEEP, Watch, departures
from runflow_mock.kit.suite.readings import Unexpected, content_of, expect
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.kit.suite.tallies import Tally
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.testing.in_process import InProcess
from runflow_mock.testing.records import Pulled

RUN = "/v1/runs/019b76da-a800-7000-8abc-0123456789ab"
BY_ID = {flow.id: flow for flow in FLOWS}
NOTHING = Answer("GET", "/", 404, {}, b"")


def answer(path: str, body: object, status: int = 200) -> Answer:
    return Answer("GET", path, status, {}, json.dumps(body).encode())


def pulled(body: bytes) -> Pulled:
    return Pulled("delivery", 2, "https://shop.example/hooks", {}, b64encode(body).decode())


@pytest.mark.parametrize(
    ("read", "says"),
    [
        (lambda: expect(answer(RUN, {}), 200)["cost"], "get_run: `cost` (string) was expected, and it was left out: GET /v1/runs/"),
        (lambda: expect(answer(RUN, {"cost": None}), 200)["cost"], "get_run: `cost` (string) was expected, and null came"),
        (
            lambda: expect(answer("/v1/runs", {"items": []}), 200)["items"][0],
            "list_runs: `items.0` (object) was expected, and the list has 0",
        ),
        (lambda: expect(answer("/v1/runs", {"items": [{}]}), 200)["items"][-2], "and the list has 1 elements"),
        (lambda: expect(answer("/v1/runs", {"items": [{}]}), 200)["items"][0]["id"], "list_runs: `items.0.id` (string) was expected"),
        (lambda: expect(answer(f"{RUN}/callback", []), 200)[-1], "list_run_deliveries: `0` (object) was expected, and the list has 0"),
        (lambda: expect(answer(RUN, {"input": {}}), 200)["input"]["a"]["b"], "get_run: `input.a` (a value) was expected"),
        (
            lambda: expect(answer(RUN, {"cost": "dear"}), 200).amount("cost"),
            "get_run: `cost` (string) was expected, and 'dear' came, which is no amount",
        ),
        (lambda: expect(answer(RUN, {"cost": "NaN"}), 200).amount("cost"), "'NaN' came, which is no amount"),
        (lambda: expect(answer(RUN, {"cost": [1]}), 200).amount("cost"), "[1] came, which is no amount"),
        (lambda: expect(answer("/elsewhere", {}), 200)["id"], "the answer: `id` (a value) was expected"),
        (lambda: expect(answer(RUN, {}, 500), 200), "200 was expected: GET /v1/runs/"),
        (lambda: expect(NOTHING, 404), "JSON was expected"),
        (
            lambda: content_of(pulled(b'{"event": "run.failed"}'))["run_id"],
            "callback run.failed: `run_id` (a value) was expected, and it was left out: delivery",
        ),
        (lambda: content_of(pulled(b"[]")), "a callback was expected to be a JSON object: delivery delivery, attempt 2: []"),
        (lambda: content_of(pulled(b"{")), "a callback was expected to be a JSON object"),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(read: Callable[[], Any], says: str) -> None:
    with pytest.raises(Unexpected) as told:
        read()
    assert says in str(told.value)


def test_what_may_be_nothing_is_got() -> None:
    run = expect(answer(RUN, {"cost": None, "outputs": [1, None]}), 200)
    assert (run.get("cost"), run.get("absent"), run["outputs"][1:], run["outputs"][-2]) == (None, None, [None], 1)
    assert [run.amount(name, nothing=Decimal(0)) for name in ("cost", "absent")] == [0, 0]


def test_content_equals_what_was_told() -> None:
    told = {"id": "a", "list": [{"b": [None]}], "none": None}
    assert (expect(answer(RUN, told), 200), json.loads(json.dumps(expect(answer(RUN, told), 200)))) == (told, told)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (Unexpected("get_run: `cost` (string) was expected"), "it stopped: get_run: `cost` (string) was expected"),
        (KeyError("cost"), f"{CRASHED} (KeyError: 'cost')"),
        (ZeroDivisionError("by zero"), f"{CRASHED} (ZeroDivisionError: by zero)"),
    ],
)
def test_flow_that_cannot_go_on_is_broken_where_it_stopped(error: Exception, says: str) -> None:
    def stops(_: object) -> Iterator[str]:
        yield from ()
        raise error

    tally = play(Flow("stops", "nothing stops", Needs.READING, stops), Target(Nowhere(), "key"), packaged_contract())
    assert [(breach.check, breach.says) for breach in tally.breaches] == [("stops", says)]


class Nowhere:
    """A carrier to a server that has nothing."""

    url = "http://localhost"

    def carry(self, *_: object) -> Answer:
        """The same answer to every request."""
        return NOTHING

    def close(self) -> None:
        """Does nothing."""


class Told:
    """A carrier to a fake, some of whose answers to what is not of the control API are told otherwise."""

    def __init__(self, app: InProcess, change: Callable[[Answer], Answer]) -> None:
        self._inner = AppCarrier(app)
        self.url = self._inner.url
        self._change = change

    def carry(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """The answer to a request, changed where it is one of `/v1/` that succeeds."""
        answer = self._inner.carry(method, target, headers, body)
        return self._change(answer) if target.startswith("/v1/") and answer.status < 300 else answer

    def close(self) -> None:
        """Does nothing."""


def with_properties(noun: str, method: str, **told: Any) -> Callable[[Answer], Answer]:
    """Tells some properties of the records at a path otherwise."""

    def change(answer: Answer) -> Answer:
        if answer.method != method or not re.fullmatch(noun, answer.path):
            return answer
        records = [{**record, **told} for record in answer.json] if isinstance(answer.json, list) else {**answer.json, **told}
        return answer.with_body(json.dumps(records).encode())

    return change


def nested(depth: int) -> Callable[[Answer], Answer]:
    """Nests the metadata of each run that is read."""

    def change(answer: Answer) -> Answer:
        if answer.method != "GET" or not re.fullmatch("/v1/runs/[^/]+", answer.path):
            return answer
        body = json.dumps({**answer.json, "metadata": {"x": 0}}).encode()
        return answer.with_body(body.replace(b'"x": 0', b'"x": ' + b"[" * depth + b"]" * depth))

    return change


@pytest.mark.parametrize(
    "depth", [200, *(pytest.param(depth, marks=pytest.mark.slow(is_covering=True)) for depth in (100, 400, *range(800, 1000, 20), 2000))]
)
@pytest.mark.parametrize("name", ["run_lives", "callback_is_signed"])
def test_answer_that_is_nested_deeply_is_a_breach_of_the_server_and_ends_no_verdict(app: InProcess, name: str, depth: int) -> None:
    assert play(BY_ID[name], Target(Told(app, nested(depth)), None), packaged_contract()).exit_code == 1


def test_reading_is_read_as_deeply_as_its_content_is_nested() -> None:
    inner: Any = {"end": None}
    for _ in range(400):
        inner = [{"a": inner}]
    read = expect(answer(RUN, {"metadata": inner}), 200)["metadata"]
    for _ in range(400):
        read = read[0]["a"]
    with pytest.raises(Unexpected, match=r"`metadata\.0\.a\.0\.a\..*\.end` \(a value\) was expected, and null came"):
        read["end"]


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("run_lives", with_properties("/v1/models/.*/runs", "POST", status_code="running"), "a new run is running with output None"),
        ("success_costs", with_properties("/v1/runs/[^/]+", "GET", cost=None), "a run that cost nothing lowered the balance by "),
        (
            "upload_is_kept",
            with_properties("/v1/asset-uploads/.*/confirmations", "POST", mime_type=None),
            "an upload of {'name': 'a picture.png', 'mime_type': 'image/png', 'size_bytes': 100, 'asset_type': 'image'",
        ),
        (
            "current_secret_signs",
            with_properties("/v1/runs/[^/]+/callback", "GET", signing_secret_id=None),
            "signing_secret_id is None, and '",
        ),
    ],
)
def test_what_may_be_null_stops_no_flow_that_only_tells_it(
    app: InProcess, name: str, change: Callable[[Answer], Answer], says: str
) -> None:
    tally = play(BY_ID[name], Target(Told(app, change), None), packaged_contract())
    told = [breach.says for breach in tally.breaches if breach.check == name]
    assert told[0].startswith(says)
    assert not [each for each in told if each.startswith("it stopped")]


def test_callback_without_a_label_is_that_of_a_run_without_one(app: InProcess) -> None:
    change = with_properties("/v1/runs/[^/]+", "GET", client_ref=None)
    tally = play(BY_ID["callback_says_what_is"], Target(Told(app, change), None), packaged_contract())
    assert [breach.says for breach in tally.breaches if breach.check == "callback_says_what_is"] == []


def test_story_that_runs_out_of_frames_is_told_as_one_of_the_server() -> None:
    def stops(_: object) -> Iterator[str]:
        yield from ()
        raise RecursionError

    tally = play(Flow("stops", "nothing stops", Needs.READING, stops), Target(Nowhere(), "key"), packaged_contract())
    assert [breach.says for breach in tally.breaches] == [STOPPED_BY_DEPTH]


def test_answer_on_which_a_law_runs_out_of_frames_is_told_as_one_of_the_server() -> None:
    tally = Tally()
    watch = Watch(packaged_contract(), tally)

    def see(answer: Answer, frames: int) -> None:
        if frames:
            see(answer, frames - 1)
        else:
            watch.see(answer)

    for end in (b"1", b"2"):
        content = b'{"id": "a", "metadata": {"x": ' + b"[" * 600 + end + b"]" * 600 + b"}}"
        run = Answer("GET", RUN, 200, {"content-type": "application/json"}, content)
        assert run.json["id"] == "a"
        see(run, 500)
    assert TOO_DEEP in [breach.says for breach in tally.breaches]


@pytest.mark.parametrize("depth", [255, 256, 300, 900])
def test_callback_that_is_nested_deeply_is_a_breach_and_ends_no_verdict(depth: int) -> None:
    body = b'{"event":"run.completed","run_id":%b,"status":%b}' % ((b"[" * depth + b"]" * depth,) * 2)
    tally = Tally()
    Watch(packaged_contract(), tally).hear(Pulled("d", 1, "http://127.0.0.1:9/", {}, b64encode(body).decode()))
    assert "callback_schema" in [breach.check for breach in tally.breaches]


@pytest.mark.parametrize("state", [[], {}, [1]])
def test_status_that_is_no_text_ends_no_law(state: object) -> None:
    tally = Tally()
    Watch(packaged_contract(), tally).see(answer(RUN, {"status_code": state, "started_at": None}))
    assert "answer_schema" in [breach.check for breach in tally.breaches]


def test_breach_of_a_pattern_has_it_as_it_was_written() -> None:
    contents = {"application/json": {"schema": {"type": "string", "pattern": "^v.+$"}}}
    responses = {"200": {"description": "Well.", "content": contents}}
    judging = contract({"openapi": "3.1.0", "info": {}, "paths": {"/x": {"get": {"responses": responses}}}})
    told = Answer("GET", "/x", 200, {"content-type": "application/json"}, b'"zz"')
    assert [*departures(judging, judging.operations[0].responses, told)] == [': the value does not match "^v.+$"']

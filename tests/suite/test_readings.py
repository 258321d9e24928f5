"""A flow that reads what is not there says which property of which operation was expected, and what came."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.flows import CRASHED, Flow, Needs, play
from runflow_mock.kit.suite.readings import Unexpected, content_of, expect
from runflow_mock.kit.suite.stages import Target
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.testing.records import Pulled

RUN = "/v1/runs/019b76da-a800-7000-8abc-0123456789ab"
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

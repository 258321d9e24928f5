"""Steps that tests of the API take most: create, finish, break, and read the error that came back."""

from typing import Any, cast

import httpx
from doors import Door
from worlds import CALLBACK_URL

MODEL = "runflow/background-removal"
RUNS = f"/v1/models/{MODEL}/runs"
BATCHES = f"/v1/models/{MODEL}/batches"
INPUT = {"image_url": "https://cdn.example.com/shirt.jpg"}
PRICE = "0.270000"
ABSENT = "019b76da-a800-7000-8000-00000000dead"
TERMINAL = frozenset(("succeeded", "partial_succeeded", "failed", "cancelled", "canceled"))

Body = dict[str, Any]


def ok(response: httpx.Response, status: int = 200) -> Body:
    """The object in an answer that must have this status."""
    assert response.status_code == status, response.text
    return cast(Body, response.json())


def post_run(door: Door, **body: Any) -> Body:
    """Creates a run and returns its record."""
    return ok(door.post(RUNS, {"input": INPUT, **body}), 201)


def get_run(door: Door, run: Body) -> Body:
    """The run as it stands now."""
    return ok(door.get(f"/v1/runs/{run['id']}"))


def finished_run(door: Door, **body: Any) -> Body:
    """Creates a run, lets everything happen, and returns what became of it."""
    run = post_run(door, **body)
    door.settle()
    return get_run(door, run)


def file_urls(run: Body) -> list[str]:
    """The addresses of a run's files, in whichever form its model writes them."""
    output = run["output"]
    return cast(list[str], output["image_urls"] if "image_urls" in output else [entry["url"] for entry in output["outputs"]])


def post_batch(door: Door, items: int = 2, **body: Any) -> Body:
    """Creates a batch of equal items and returns its record."""
    return ok(door.post(BATCHES, {"input": [INPUT] * items, **body}), 201)


def finished_batch(door: Door, items: int = 2, **body: Any) -> Body:
    """Creates a batch, lets everything happen, and returns what became of it."""
    batch = post_batch(door, items, **body)
    door.settle()
    return ok(door.get(f"/v1/batches/{batch['id']}"))


def callback_run(door: Door, **body: Any) -> Body:
    """Creates a run that tells a receiver on loopback how it ended."""
    return post_run(door, callback_url=CALLBACK_URL, **body)


def post_fault(door: Door, where: Body, what: Body | None = None, when: Body | None = None) -> Body:
    """Puts a fault rule into force; it fails runs unless told otherwise."""
    rule: Body = {"where": where, "what": what or {"kind": "fail"}}
    return ok(door.post("/_mock/faults", rule if when is None else {**rule, "when": when}), 201)


def advance(door: Door, by: str | float) -> list[Body]:
    """Moves the clock on and returns the timeline."""
    return cast(list[Body], ok(door.post("/_mock/clock/advance", {"by": by}))["timeline"])


def history_length(door: Door) -> int:
    """How many commits the tenant's world has seen: unchanged means that nothing was stored."""
    tenant = door.runtime.tenants.get(door.key.removeprefix("rf_live_mock_"))
    return 0 if tenant is None else len(tenant.world.history)


def problem(response: httpx.Response, status: int, code: str) -> list[Body]:
    """The field errors of an answer in the API's flat envelope, which is checked on the way."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert set(body) == {"code", "message", "errors"}
    assert body["code"] == code
    assert isinstance(body["message"], str)
    return cast(list[Body], body["errors"] or [])


def places(response: httpx.Response) -> list[tuple[list[str | int], str]]:
    """Where a 422 found something wrong, and what kind of wrong."""
    return [(error["loc"], error["type"]) for error in problem(response, 422, "VALIDATION_ERROR")]


def refusal(response: httpx.Response, status: int, kind: str = "invalid") -> str:
    """The message of an answer in the control API's own envelope, which is checked on the way."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"error"}
    assert body["error"]["type"] == kind
    return cast(str, body["error"]["message"])

"""Forgeries: snapshots that no world has led to, sealed as if one had; and whether a tenant still works, whatever it was made of."""

import json
from collections.abc import Iterator
from typing import Any, cast

from doors import Door
from steps import BATCHES, INPUT, RUNS, Body, advance, callback_run, finished_batch, ok, post_fault, post_run
from uploads import open_upload, upload
from walks import EVALUATION, EVALUATIONS, SECRETS, WORKFLOW, WORKFLOWS
from webhooks import new, subscriptions

from runflow_mock.engine.history import fold
from runflow_mock.wire.seals import seal
from runflow_mock.wire.snapshots import SNAPSHOT

PICTURE = {"media_type": "image/png", "base64": "iVBORw0KGgo="}
Path = tuple[str | int, ...]

_VERBS = (
    "clock timeline ledger history snapshot journal journal.har report deliveries faults stubs runs batches scenario scenario/export quota"
)
_LISTS = ("runs", "batches", "assets", "webhooks", "callback-secrets", "evaluations", "credit_balances", "comfyui-workflows")
READINGS = (*(f"/_mock/{verb}" for verb in _VERBS.split()), *(f"/v1/{name}" for name in _LISTS))


def one_of_everything(door: Door) -> Body:
    """A snapshot of a tenant that has one of everything, unfinished work included."""
    door.post(SECRETS, {"label": "first"})
    post_fault(door, {"edge": "batch.item[1]"})
    post_fault(door, {"client_ref": "late"}, {"kind": "callback.delay", "by": 60}, {"every": 2, "from": "2026-01-01"})
    ok(door.post("/_mock/stubs", {"files": [PICTURE], "client_ref": "own"}), 201)
    new(door, event_subscriptions=subscriptions("run.completed"))
    finished_batch(door, callback_url="http://127.0.0.1:9000/ok")
    upload(door)
    open_upload(door)
    ok(door.post(EVALUATIONS, {**EVALUATION, "callback_url": "http://127.0.0.1:9000/told"}), 202)
    ended = post_run(door, client_ref="own")
    told = callback_run(door)
    door.settle()
    ok(door.post(EVALUATIONS, {**EVALUATION, "run_id": told["id"], "callback_url": "http://127.0.0.1:9000/told"}), 202)
    door.settle()
    ok(door.post(EVALUATIONS, EVALUATION), 202)
    ok(door.post(WORKFLOWS, WORKFLOW | {"name": "mine"}), 201)
    ok(door.post(RUNS, {"input": INPUT}, headers={"Idempotency-Key": "k"}), 201)
    ok(door.post(BATCHES, {"input": [INPUT] * 3}), 201)
    callback_run(door, client_ref="late")
    advance(door, 1)
    callback_run(door)
    assert ended["id"] != told["id"]
    return saved(door)


def saved(door: Door) -> Body:
    """The body of `GET /_mock/snapshot`."""
    return ok(door.get("/_mock/snapshot"))


def sealed_anew(document: Body) -> bytes:
    """The document with the digest that fits its values, as one who forges it would write it."""
    return seal(SNAPSHOT, {name: value for name, value in document.items() if name not in ("format", "version", "digest")})


def put_snapshot(door: Door, document: Body | bytes) -> int:
    """The status with which a snapshot is taken or refused."""
    raw = document if isinstance(document, bytes) else sealed_anew(document)
    return door.request("PUT", "/_mock/snapshot", content=raw).status_code


def paths(value: Any, at: Path = ()) -> Iterator[Path]:
    """Where something stands in a document, at any depth."""
    parts: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in parts:
        yield (*at, step)
        yield from paths(part, (*at, step))


def found(document: Body, path: Path) -> Any:
    """What stands at a path."""
    value: Any = document
    for step in path:
        value = value[step]
    return value


def failures(door: Door) -> list[str]:
    """What no longer works in a tenant: each reading and verb that fails by itself, and whatever does not follow from its history."""
    wrong = list(_failing(door, [("GET", path, None) for path in READINGS]))
    wrong += _failing(door, _requests(door))
    wrong += _failing(door, [("GET", path, None) for path in READINGS])
    world = door.runtime.tenants.get("test")
    assert world is not None
    store, folded = world.world.store, fold(world.world.history)
    wrong += [f"{name} does not follow from the history" for name in vars(store) if _shown(store, name) != _shown(folded, name)]
    wrong += [f"{each['name']}: {each['evidence']}" for each in ok(door.get("/_mock/ledger"))["invariants"] if not each["held"]]
    if put_snapshot(door, door.get("/_mock/snapshot").content) != 200:
        wrong.append("its own snapshot is refused")
    return [*wrong, *door.runtime.background_errors]


def _shown(store: Any, name: str) -> object:
    part = getattr(store, name)
    return part.pending() if name == "timers" else part


def _requests(door: Door) -> Iterator[tuple[str, str, Any]]:
    tenant = door.runtime.tenants.get("test")
    assert tenant is not None
    store = tenant.world.store
    runs, batches = tuple(store.runs), tuple(store.batches)
    yield "POST", SECRETS, {"label": "another"}
    yield "POST", RUNS, {"input": INPUT, "callback_url": "http://127.0.0.1:9000/told"}
    yield "POST", BATCHES, {"input": [INPUT] * 2}
    yield from (("GET", f"/v1/runs/{run}", None) for run in runs)
    yield from (("GET", f"/v1/batches/{batch}", None) for batch in batches)
    yield from (("GET", f"{EVALUATIONS}/{each}", None) for each in tuple(store.evaluations))
    yield from (("GET", f"{WORKFLOWS}/{each}", None) for each in tuple(store.workflows))
    yield from (("GET", f"/v1/assets/{each}", None) for each in tuple(store.assets))
    yield "POST", "/_mock/clock/run-until-idle", None
    yield from (("POST", f"/_mock/deliveries/{each}/resend", None) for each in tuple(store.deliveries))
    yield from (("POST", f"/_mock/runs/{run}/cancel", None) for run in runs)
    yield from (("POST", f"/_mock/batches/{batch}/cancel", None) for batch in batches)


def _failing(door: Door, requests: Any) -> Iterator[str]:
    for method, path, body in requests:
        answer = door.request(method, path, **({} if body is None else {"json": body}))
        if answer.status_code >= 500:
            yield f"{method} {path} is answered {answer.status_code}: {answer.text[:200]}"


def copied(document: Body) -> Body:
    """A copy that can be spoiled."""
    return cast(Body, json.loads(json.dumps(document)))

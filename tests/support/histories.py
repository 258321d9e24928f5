"""Histories for tests: a tenant that has seen something of everything, its history as a document, and documents sealed anew."""

import json
from typing import cast

from doors import Door
from steps import INPUT, RUNS, Body, advance, callback_run, finished_batch, ok, post_fault, post_run
from uploads import reference, upload
from webhooks import new, subscriptions

from runflow_mock.engine.world import World
from runflow_mock.wire.history import HISTORY, GivenSecrets, SavedHistory, decode_history, represent_history, with_secrets
from runflow_mock.wire.seals import seal

GIVEN = GivenSecrets("rf_whsec_pre_registered", ("example_not_a_real_secret",))


def eventful(door: Door) -> None:
    """Lets much happen: secrets, webhooks, faults, batches, uploads, idempotency, cancelling, and work that is unfinished."""
    door.post("/v1/callback-secrets", {"label": "mine"})
    new(door, event_subscriptions=subscriptions("run.completed", "run.failed"))
    post_fault(door, {"edge": "batch.item[1]"})
    finished_batch(door, 3, callback_url="http://127.0.0.1:9000/batch", metadata={"campaign": "spring"})
    post_run(door, input={"image_url": reference(upload(door))}, callback_url="http://127.0.0.1:9000/run")
    door.post(RUNS, {"input": INPUT}, headers={"Idempotency-Key": "k"})
    door.post("/v1/evaluations", {"image_url": "https://cdn.example.com/a.png", "task_type": "headshot"})
    advance(door, "1h")
    door.post(f"/_mock/runs/{post_run(door)['id']}/cancel")
    callback_run(door)
    advance(door, 1)


def history_of(door: Door) -> Body:
    """The body of `GET /_mock/history`."""
    return ok(door.get("/_mock/history"))


def sealed_anew(document: Body) -> bytes:
    """The document with the digest that fits its values."""
    return seal(HISTORY, {name: value for name, value in document.items() if name not in ("format", "version", "digest")})


def read(document: Body | bytes, given: GivenSecrets = GIVEN) -> SavedHistory:
    """The history in a document, with the secrets that were given."""
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return with_secrets(decode_history(raw), given)


def saved(world: World) -> Body:
    """The document of a world's history."""
    history = world.history
    raw = represent_history(
        world.settings,
        world.catalog,
        ((entry.at, entry.command, entry.events) for entry in history),
        started_at=world.started_at,
        now=world.now,
        forgotten=history.forgotten,
        base=world.snapshot_before(world.history) if history.forgotten else None,
    )
    return cast(Body, json.loads(raw))

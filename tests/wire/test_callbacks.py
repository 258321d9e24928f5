import json

import pytest
from msgspec.structs import replace
from worlds import CALLBACK_URL, create_batch, create_run, created, make_world, renderers, run_all

from runflow_mock.domain import callback_events
from runflow_mock.domain.dialects import BUNDLES
from runflow_mock.domain.documents import Json, write_document
from runflow_mock.domain.runs import Failure, Run, RunStatus
from runflow_mock.wire.callbacks import render_batch_payload, render_run_payload, represent_delivery, signed_text


def finished() -> Run:
    world = make_world()
    run = created(world.execute(create_run()))
    run_all(world)
    return replace(world.store.run(run.id), metadata=write_document({"sku": "123"}))


def test_keys_of_a_run_come_in_their_order_without_spaces() -> None:
    payload = render_run_payload(finished(), BUNDLES["seed"])
    assert list(json.loads(payload)) == ["event", "run_id", "status", "output", "duration_ms", "created_at", "completed_at", "metadata"]
    assert payload.startswith(b'{"event":"run.completed","run_id":"')
    assert payload.endswith(b'"metadata":{"sku":"123"}}')


def test_keys_of_a_batch_come_in_their_order() -> None:
    world = make_world()
    world.execute(create_batch(2))
    run_all(world)
    (batch,) = world.store.batches.values()
    payload = json.loads(render_batch_payload(batch, world.store.runs, BUNDLES["seed"]))
    assert list(payload) == ["event", "batch_id", "status", "output", "duration_ms", "created_at", "completed_at", "metadata"]
    assert list(payload["output"]) == ["items", "succeeded", "failed", "cancelled", "total"]
    assert list(payload["output"]["items"][0]) == ["sequence_index", "status_code", "client_ref", "input", "output"]


def test_runs_are_completed_and_never_run_succeeded() -> None:
    assert set(callback_events.RUN_EVENTS.values()) == {"run.completed", "run.partial_succeeded", "run.failed", "run.cancelled"}


@pytest.mark.parametrize("dialect", ["seed", "docs"])
def test_failed_run_is_told_as_the_dialect_says(dialect: str) -> None:
    failed = replace(finished(), status=RunStatus.FAILED, output=None, failure=Failure("TIMEOUT", "slow", "execution"))
    payload = json.loads(render_run_payload(failed, BUNDLES[dialect]))
    expected = {"seed": None, "docs": {"code": "TIMEOUT", "message": "slow", "stage": "execution"}}
    assert (payload["event"], payload["output"]) == ("run.failed", expected[dialect])


@pytest.mark.parametrize(("dialect", "created_at"), [("seed", "2026-01-01T00:00:00.000Z"), ("docs", "2026-01-01T00:00:00.000+00:00")])
def test_times_are_written_as_the_dialect_says(dialect: str, created_at: str) -> None:
    assert json.loads(render_run_payload(finished(), BUNDLES[dialect]))["created_at"] == created_at


def test_delivery_shows_payload_as_text_and_as_value() -> None:
    world = make_world()
    world.execute(create_run(callback_url=CALLBACK_URL))
    while not world.store.deliveries:
        world.fire_next()
    (delivery,) = world.store.deliveries.values()
    (run,) = world.store.runs.values()
    shown = represent_delivery(delivery)
    assert shown["payload_bytes"] == renderers().run(run).decode()
    assert (shown["status_code"], shown["attempts"], shown["signing_secret_id"]) == ("pending", [], None)


@pytest.mark.parametrize(("dialect", "text"), [("seed", '7.{"a":1}'), ("docs", '{"a":1}')])
def test_signed_text_is_what_the_dialect_signs(dialect: str, text: str) -> None:
    signed: dict[str, Json] = {"headers": {"Runflow-Timestamp": "7"}, "body": '{"a":1}', "signature": "v1=00"}
    assert signed_text(signed, BUNDLES[dialect]) == text
    assert signed_text({**signed, "signature": None}, BUNDLES[dialect]) is None
    assert signed_text({**signed, "headers": None}, BUNDLES[dialect]) is None

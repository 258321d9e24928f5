"""A world that is made from a snapshot is the world that it was taken from."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from stories import LONG, Step, picture, play, read_story, small_world
from worlds import CALLBACK_URL, catalog, create_batch, create_run, created, make_world, renderers, run_all

from runflow_mock.domain.assets import Content, UploadOpened
from runflow_mock.domain.commands import CancelRun, CreateWebhook, OpenUpload, RecordBytes, SubmitEvaluation
from runflow_mock.domain.evaluations import Assignment
from runflow_mock.domain.idempotency import Remembered
from runflow_mock.domain.objections import objections
from runflow_mock.domain.snapshots import Snapshot, Timer
from runflow_mock.engine.world import World

STORIES = st.binary(min_size=60, max_size=240).map(read_story)
LONG_STORY = read_story(LONG)
PROPERTY = settings(max_examples=20, deadline=None, derandomize=True)


def _restored(world: World) -> World:
    return World.restore(world.snapshot(), catalog(), renderers())


@pytest.mark.slow(is_covering=True)
@given(STORIES, st.integers(0, 80))
@PROPERTY
def test_restored_world_continues_as_the_first_one_would_have(story: list[Step], cut: int) -> None:
    world = small_world()
    play(world, story[:cut])
    again, before = _restored(world), len(world.history)
    for each in (world, again):
        play(each, story[cut:])
    assert list(again.history) == list(world.history)[before:]
    assert (picture(again.store), again.now, again.sequence) == (picture(world.store), world.now, world.sequence)
    assert again.snapshot() == world.snapshot()


def test_restored_world_finishes_a_run_as_the_first_one_would_have() -> None:
    world = make_world()
    world.execute(create_run(callback_url=CALLBACK_URL))
    again = _restored(world)
    assert run_all(again) == run_all(world)


def test_what_is_due_at_one_instant_keeps_its_order() -> None:
    world = make_world()
    for number in range(3):
        world.execute(CreateWebhook(url=f"{CALLBACK_URL}/{number}", secret="example_1", event_types=("run.cancelled",)))
    world.execute(CancelRun(created(world.execute(create_run(callback_url=CALLBACK_URL))).id))
    again = _restored(world)
    assert len({due for due, _ in world.store.timers.pending()}) == 1
    assert again.store.timers.pending() == world.store.timers.pending()
    assert run_all(again) == run_all(world)


@pytest.mark.slow(is_covering=True)
def test_restored_world_shares_nothing_that_changes() -> None:
    world = small_world()
    play(world, LONG_STORY[:60])
    snapshot = world.snapshot()
    before = picture(World.restore(snapshot, catalog(), renderers()).store)
    play(World.restore(snapshot, catalog(), renderers()), LONG_STORY[60:])
    assert picture(World.restore(snapshot, catalog(), renderers()).store) == before


def test_world_names_the_attempts_that_are_under_way() -> None:
    world = make_world()
    world.execute(create_run(callback_url=CALLBACK_URL))
    sent = [effect for outcome in run_all(world) for effect in outcome.effects]
    assert _restored(world).under_way() == tuple(sent)
    assert len(sent) == 1


@pytest.mark.slow(is_covering=True)
@given(STORIES)
@PROPERTY
def test_nothing_speaks_against_the_snapshot_of_a_world(story: list[Step]) -> None:
    world = small_world()
    play(world, story)
    assert objections(world.snapshot()) == []


def _lost(snapshot: Snapshot, kind: str) -> Snapshot:
    return replace(snapshot, **{kind: ()})


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("batches", "which is not there"),
        ("runs", "which is not there"),
        ("secrets", "is signed with secret"),
        ("timers", "and its timer is not"),
    ],
)
def test_loss_of_records_is_found(kind: str, found: str) -> None:
    world = make_world(callback_secret="rf_whsec_first")
    world.execute(create_batch(callback_url=CALLBACK_URL))
    run_all(world)
    world.execute(create_run())
    assert any(found in each for each in objections(_lost(world.snapshot(), kind)))


def test_timer_of_nobody_is_found() -> None:
    world = make_world()
    snapshot = replace(world.snapshot(), timers=(Timer(world.now, "nobody"),))
    assert objections(snapshot) == ["a timer is set for nobody, which is not there"]


def _objected(snapshot: Snapshot, **changes: object) -> str:
    (found, *_) = objections(replace(snapshot, **changes))
    return found


def test_evaluation_that_contradicts_its_status_is_found() -> None:
    world = make_world()
    world.execute(SubmitEvaluation(assignment=Assignment(image_url="https://a.example/a.png", task_type="headshot")))
    snapshot = world.snapshot()
    (evaluation,) = snapshot.evaluations
    odd = replace(evaluation, failure_code="TIMEOUT")
    assert _objected(snapshot, evaluations=(odd,)).endswith("it has a failure if and only if it failed")


def test_delivery_to_a_webhook_that_is_not_there_is_found() -> None:
    world = make_world()
    world.execute(CreateWebhook(url=CALLBACK_URL, secret="example_1", event_types=("run.completed",)))
    world.execute(create_run())
    run_all(world)
    assert "goes to webhook" in _objected(world.snapshot(), webhooks=())


def test_upload_whose_bytes_are_not_kept_or_contradict_its_status_is_found() -> None:
    world = make_world()
    (opened,) = world.execute(OpenUpload("a.png", "image/png")).events
    assert isinstance(opened, UploadOpened)
    content = Content("0" * 64, 3, "image/png")
    world.execute(RecordBytes(opened.upload.id, content))
    snapshot = world.snapshot()
    (upload,) = snapshot.uploads
    assert _objected(snapshot, kept=()) == f"upload {upload.id} has bytes that are not kept"
    assert _objected(snapshot, uploads=(replace(upload, content=None),)) == f"upload {upload.id} is uploaded, and its bytes are not"


def test_remembered_refusal_is_found() -> None:
    world = make_world()
    refusal = Remembered(place="a", fingerprint="0", status=404, body=b"", expires_at=world.now)
    assert _objected(world.snapshot(), remembered=(refusal,)) == "an answer with status 404 is remembered"


def test_value_inside_a_mapping_that_nothing_can_hold_is_found() -> None:
    world = make_world()
    limits = replace(world.settings, concurrency={"*": 2**70})
    assert _objected(world.snapshot(), settings=limits).startswith("settings.concurrency.*")

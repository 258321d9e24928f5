"""A history is carried out again and comes out the same, or the first difference is named."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import pytest
from doors import Door
from histories import GIVEN, eventful, history_of, read, saved, sealed_anew
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from steps import Body, callback_run, ok, post_fault, post_run
from stories import LONG, Step, play, read_story, small_world
from worlds import CALLBACK_URL, START, catalog, create_run, created, renderers

from runflow_mock.domain.commands import CancelRun, CreateWebhook, RecordAttempt
from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.domain.fault_kinds import KINDS as FAULTS
from runflow_mock.domain.fault_kinds import Family
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.engine.world import World
from runflow_mock.runtime.replays import Replayed, replay
from runflow_mock.runtime.sender import RecordingSender
from runflow_mock.wire.history import GivenSecrets

STORIES = st.binary(min_size=60, max_size=240).map(read_story)
PROPERTY = settings(max_examples=12, deadline=None, derandomize=True)
VIRTUAL: dict[str, Any] = {"client_time": "virtual", "callback_secret": GIVEN.callback}


def _brief_world(entries_max: int) -> World:
    settled = small_world().settings
    return World(replace(settled, limits=replace(settled.limits, history_max=entries_max)), catalog(), renderers(), START)


def _replayed(document: Body | bytes, given: GivenSecrets = GIVEN) -> Replayed:
    return replay(read(document, given), catalog())


@pytest.fixture(scope="module")
def recorded() -> Body:
    with Door(sender=RecordingSender(500, 200, 503), **VIRTUAL) as door:
        eventful(door)
        return history_of(door)


@pytest.mark.slow(is_covering=True)
@given(STORIES)
@PROPERTY
def test_every_story_comes_out_the_same(story: list[Step]) -> None:
    world = small_world()
    play(world, story)
    replayed = _replayed(saved(world))
    assert (replayed.difference, replayed.commits) == (None, len(world.history))


@pytest.mark.slow(is_covering=True)
@given(STORIES, st.integers(1, 40))
@PROPERTY
def test_story_whose_beginning_was_folded_comes_out_the_same(story: list[Step], entries_max: int) -> None:
    world = _brief_world(entries_max)
    play(world, story)
    replayed = _replayed(saved(world))
    assert (replayed.difference, replayed.commits) == (None, len(world.history) + world.history.forgotten)


@pytest.mark.slow(is_covering=True)
def test_what_came_over_http_comes_out_the_same_with_every_signature(recorded: Body) -> None:
    replayed = _replayed(recorded)
    assert (replayed.difference, replayed.commits, replayed.notes) == (None, len(recorded["entries"]), [])
    assert sum(step["kind"] == "delivery" for step in replayed.timeline) > 20


@pytest.mark.parametrize("settings", [{"clock": ClockMode.AUTO}, {"clock": ClockMode.REAL, "speed": 1000.0}, {"dialect": "docs"}])
def test_every_clock_and_dialect_comes_out_the_same(settings: dict[str, Any]) -> None:
    with Door(**VIRTUAL, **settings) as door:
        run = callback_run(door)
        while door.get(f"/v1/runs/{run['id']}").json()["completed_at"] is None:
            door.settle()
        replayed = _replayed(history_of(door))
    assert (replayed.difference, replayed.notes) == (None, [])


KINDS: list[Body] = [
    {"kind": "callback.stale", "by": "10m"},
    {"kind": "callback.future", "by": "1h"},
    {"kind": "callback.unsigned"},
    {"kind": "callback.wrong_secret"},
    {"kind": "callback.tamper"},
    {"kind": "callback.respace"},
    {"kind": "callback.line_break"},
    {"kind": "callback.fields", "fields": {"duration_ms": None}},
    {"kind": "callback.near_signature"},
    {"kind": "callback.near_signature", "half": "last"},
    {"kind": "callback.near_signature", "half": "outer"},
    {"kind": "callback.near_signature", "half": "swapped"},
    {"kind": "callback.wrong_secret", "guess": "changeme"},
    {"kind": "callback.drop"},
    {"kind": "callback.duplicate", "copies": 3},
    {"kind": "callback.reorder"},
    {"kind": "callback.before_response"},
]


@pytest.mark.parametrize("client_time", ["virtual", "wall"])
@pytest.mark.parametrize("what", KINDS, ids=lambda what: what["kind"])
def test_callback_that_a_rule_distorts_comes_out_the_same(what: Body, client_time: str) -> None:
    with Door(callback_secret=GIVEN.callback, client_time=client_time) as door:
        ok(door.post("/_mock/faults", {"what": what}), 201)
        callback_run(door)
        callback_run(door)
        door.settle()
        replayed = _replayed(history_of(door))
    assert replayed.difference is None
    assert not any("not compared" in note for note in replayed.notes)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("client_time", ["virtual", "wall"])
def test_callbacks_that_were_interfered_with_come_out_the_same(client_time: str) -> None:
    kinds = [kind.name for kind in FAULTS if kind.family is Family.CALLBACK]
    with Door(callback_secret=GIVEN.callback, client_time=client_time, sender=RecordingSender(500)) as door:
        door.post("/v1/callback-secrets")
        for kind in kinds:
            post_fault(door, {}, {"kind": kind}, {"probability": 0.4})
        for _ in range(12):
            callback_run(door)
        door.settle()
        document = history_of(door)
    assert _replayed(document).difference is None


def test_wall_time_is_taken_from_the_record_and_its_signatures_are_compared() -> None:
    with Door() as door:
        door.post("/v1/callback-secrets")
        callback_run(door)
        door.settle()
        document = history_of(door)
    replayed = _replayed(document)
    assert replayed.difference is None
    (note,) = replayed.notes
    assert note.startswith("client_time is wall: 1 timestamps of callbacks were taken from the file")


def test_superscript_digit_is_no_recorded_timestamp() -> None:
    with Door() as door:
        door.post("/v1/callback-secrets")
        callback_run(door)
        door.settle()
        document = history_of(door)
    result = _entry(document, "RecordAttempt")["command"]["result"]
    headers = json.loads(b64decode(result["headers"])) | {"Runflow-Timestamp": "²"}
    result["headers"] = b64encode(json.dumps(headers).encode()).decode()
    difference = _replayed(sealed_anew(document)).difference
    assert difference is not None
    assert difference.place == "events[0].result.headers"


def test_signature_of_a_secret_that_is_not_there_is_not_compared_and_that_is_said(recorded: Body) -> None:
    replayed = _replayed(recorded, GivenSecrets())
    assert replayed.difference is None
    (note,) = replayed.notes
    assert "signatures were not compared" in note
    assert "--callback-secret, --webhook-secret" in note


@pytest.mark.parametrize("given", [GivenSecrets("wrong", GIVEN.webhooks), GivenSecrets(GIVEN.callback, ("wrong",))])
def test_wrong_secret_is_a_difference(recorded: Body, given: GivenSecrets) -> None:
    difference = _replayed(recorded, given).difference
    assert difference is not None
    assert difference.place == "attempt.Runflow-Signature"


@pytest.mark.slow(is_covering=True)
def test_secrets_of_a_folded_beginning_are_found_again_or_given() -> None:
    with Door(**VIRTUAL) as door:
        small = replace(door.runtime.config.limits, history_max=30)
    with Door(**VIRTUAL, limits=small) as door:
        eventful(door)
        door.settle()
        document = history_of(door)
    assert document["forgotten"] > 0
    replayed = _replayed(document)
    assert replayed.difference is None
    assert replayed.notes == [f"the first {document['forgotten']} commits are folded into the base on which the others were carried out"]


def _entry(document: Body, command: str) -> Body:
    return next(entry for entry in document["entries"] if entry["command"] and entry["command"]["type"] == command)


def _other_seed(document: Body) -> None:
    document["settings"]["seed"] = "1"


def _other_id(document: Body) -> None:
    _entry(document, "CreateRun")["events"][0]["run"]["id"] = "019b76da-a800-7000-8000-00000000dead"


def _later(document: Body) -> None:
    document["entries"][20]["at"] = "2026-01-01T09:00:00.000Z"


def _without_last(document: Body) -> None:
    document["entries"].pop()


def _one_more(document: Body) -> None:
    document["entries"].append(document["entries"][-1])


def _unknown_run(document: Body) -> None:
    _entry(document, "CancelRun")["command"]["run_id"] = "nobody"


def _other_payload(document: Body) -> None:
    created = next(event for entry in document["entries"] for event in entry["events"] if event["type"] == "DeliveryCreated")
    created["delivery"]["payload"] = "e30="


@pytest.mark.parametrize(
    ("spoil", "place"),
    [
        (_other_seed, "events[0].secret.id"),
        (_other_id, "events[0].run.id"),
        (_later, "at"),
        (_without_last, ""),
        (_one_more, ""),
        (_unknown_run, "command"),
        (_other_payload, "delivery.payload"),
    ],
)
def test_what_comes_out_otherwise_is_named(recorded: Body, spoil: Callable[[Body], None], place: str) -> None:
    document: Body = json.loads(json.dumps(recorded))
    spoil(document)
    difference = _replayed(sealed_anew(document)).difference
    assert difference is not None
    assert place in difference.place
    assert difference.expected != difference.found


def test_missing_end_of_an_edited_history_is_found_by_its_commit(recorded: Body) -> None:
    document: Body = json.loads(json.dumps(recorded))
    document["entries"].pop()
    replayed = _replayed(sealed_anew(document))
    assert replayed.difference is not None
    assert replayed.difference.commit == len(recorded["entries"])
    assert replayed.commits == len(recorded["entries"]) - 1


def test_other_catalog_and_version_are_named_as_possible_causes(recorded: Body) -> None:
    document: Body = json.loads(json.dumps(recorded)) | {"catalog": "other", "made_by": "runflow-mock 0.0.1"}
    assert _replayed(sealed_anew(document)).notes == []
    _other_seed(document)
    notes = _replayed(sealed_anew(document)).notes
    assert any("another catalog" in note for note in notes)
    assert any("made by runflow-mock 0.0.1" in note for note in notes)


def test_order_of_timers_and_answers_at_one_instant_is_the_recorded_one() -> None:
    world = small_world()
    world.execute(CreateWebhook(url=CALLBACK_URL, secret="example_1", event_types=("run.cancelled",)))
    world.execute(CancelRun(created(world.execute(create_run(callback_url=CALLBACK_URL))).id))
    for _ in range(2):
        (effect,) = world.fire_next().effects
        world.execute(RecordAttempt(effect.delivery.id, AttemptResult(status_code=200)))
    assert _replayed(saved(world)).difference is None


@pytest.mark.slow(is_covering=True)
def test_story_of_every_command_comes_out_the_same() -> None:
    world = small_world()
    play(world, read_story(LONG))
    assert _replayed(saved(world)).difference is None


def test_two_replays_are_equal(recorded: Body) -> None:
    assert _replayed(recorded) == _replayed(recorded)


def test_replay_of_a_world_that_has_only_begun() -> None:
    with Door() as door:
        replayed = _replayed(history_of(door))
        post_run(door)
    assert (replayed.commits, replayed.difference) == (1, None)

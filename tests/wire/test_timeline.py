from typing import get_args

from worlds import CALLBACK_URL, create_batch, create_run, created, make_world

from runflow_mock.domain.commands import AddCredit, CancelRun, CreateSecret, GiveFeedback
from runflow_mock.domain.events import Event
from runflow_mock.domain.money import Money
from runflow_mock.domain.scrubbing import Scrubber
from runflow_mock.engine.world import Outcome
from runflow_mock.wire import timeline
from runflow_mock.wire.timeline import Step, represent_events, scrubbed_steps


def steps(outcome: Outcome) -> list[Step]:
    return list(represent_events(outcome.events, outcome.before))


def test_created_run_is_a_step_without_a_from() -> None:
    outcome = make_world().execute(create_run())
    assert steps(outcome) == [
        {"at": "2026-01-01T00:00:00.000Z", "kind": "run", "id": created(outcome).id, "to": "queued", "model": "runflow/background-removal"}
    ]


def test_transition_says_from_where_to_where() -> None:
    world = make_world()
    run = created(world.execute(create_run()))
    (step,) = steps(world.fire_next())
    assert (step["kind"], step["id"], step["from"], step["to"]) == ("run", run.id, "queued", "dispatching")
    assert list(step)[:5] == ["at", "kind", "id", "from", "to"]


def test_batch_comes_before_its_runs() -> None:
    told = steps(make_world().execute(create_batch(2)))
    assert [(step["kind"], step.get("sequence_index")) for step in told] == [("batch", None), ("run", 0), ("run", 1)]


def test_end_of_a_run_and_its_delivery_are_one_after_the_other() -> None:
    world = make_world()
    run = created(world.execute(create_run(callback_url=CALLBACK_URL)))
    told = steps(world.execute(CancelRun(run.id)))
    assert [(step["kind"], step.get("from"), step["to"]) for step in told] == [
        ("run", "queued", "cancelled"),
        ("delivery", None, "pending"),
    ]
    assert (told[1]["about"], told[1]["url"], told[1]["event"]) == (run.id, CALLBACK_URL, "run.cancelled")


def test_steps_of_other_kinds_are_told() -> None:
    world = make_world()
    run = created(world.execute(create_run()))
    (credit,) = steps(world.execute(AddCredit(Money(1_500_000))))
    assert (credit["kind"], credit["amount"]) == ("credit", "1.500000")
    (rated,) = steps(world.execute(GiveFeedback(run.id, is_positive=True, reason=None)))
    assert (rated["kind"], rated["is_positive"]) == ("feedback", True)


def test_secret_is_told_without_its_material() -> None:
    (step,) = steps(make_world().execute(CreateSecret("x", "rf_whsec_private")))
    assert (step["kind"], step["change"]) == ("secret", "created")
    assert "private" not in str(step)


def test_every_kind_of_event_has_a_place_in_the_timeline() -> None:
    """A new event that nobody thought of would otherwise break an advance at its first occurrence."""
    assert set(get_args(Event)) <= {*timeline._TELLINGS, *timeline._SILENT}


def test_steps_without_secrets_stay_as_they_are_and_others_are_masked() -> None:
    plain: Step = {"kind": "run", "id": "1", "sequence_index": 2}
    telling: Step = {"kind": "delivery", "url": "https://h.example/?token=tr0ub4dor-and-3"}
    scrubber = Scrubber(("tr0ub4dor-and-3",))
    assert scrubbed_steps([plain], scrubber) == [plain]
    assert scrubbed_steps([plain, telling], scrubber) == [plain, {**telling, "url": "https://h.example/?token=redacted*******"}]

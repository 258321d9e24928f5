"""Stories: what may happen to a world, as short bytes that hypothesis can draw and another process can repeat.

Two bytes are a step: a verb and a number, by which the verb picks among what is there. Run as a program, this module plays the story
that is given in hexadecimal and prints the history it leads to.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from msgspec.structs import replace
from worlds import CALLBACK_URL, catalog, create_batch, create_run, make_world, renderers

from runflow_mock.domain.commands import (
    AddCredit,
    AddRule,
    CancelBatch,
    CancelRun,
    Command,
    CreateSecret,
    DeleteSecret,
    GiveFeedback,
    RecordAttempt,
    RedeliverBatchCallback,
    RedeliverRunCallback,
    RememberAnswer,
    RemoveRule,
    SetThreshold,
    UpdateSecret,
)
from runflow_mock.domain.deliveries import AttemptResult, Delivery, DeliveryStatus
from runflow_mock.domain.documents import Json, write_document
from runflow_mock.domain.errors import DomainError
from runflow_mock.domain.fault_kinds import Fail, Succeed
from runflow_mock.domain.faults import When
from runflow_mock.domain.idempotency import Remembered
from runflow_mock.domain.identity import BatchId, RuleId, RunId, SecretId
from runflow_mock.domain.money import Money
from runflow_mock.domain.places import DISPATCH_EDGE, START_EDGE, Where
from runflow_mock.engine.store import Store
from runflow_mock.engine.world import Outcome, World

ABSENT = "019b76da-a800-7000-8000-000000000000"
MODELS: tuple[tuple[str, Json], ...] = (
    ("runflow/background-removal", {"image_url": "https://cdn.example.com/shirt.jpg"}),
    (
        "runflow/dyver-removal",
        {"image_url": "https://cdn.example.com/a.jpg", "config": {"elements": ["tag_removal", "background_removal"]}},
    ),
    ("google/veo3.1/fast", {"prompt": "a paper boat", "duration": "4s"}),
    ("no/such-model", {}),
)
RULES = (
    AddRule(where=Where(), what=Fail(), when=When(every=2)),
    AddRule(where=Where(edge=DISPATCH_EDGE), what=Fail(), when=When(times=1)),
    AddRule(where=Where(edge=START_EDGE), what=Fail(), when=When(probability=0.5)),
    AddRule(where=Where(edge="batch.item[1]"), what=Fail()),
    AddRule(where=Where(), what=Succeed(duration=timedelta(seconds=3), cost=Money(1_000), output=write_document({"mine": True}))),
)
RESULTS = (
    AttemptResult(status_code=200, response_time_ms=2),
    AttemptResult(status_code=500, reason="http_error"),
    AttemptResult(error="connection refused", reason="connection_error"),
    AttemptResult(error="not sent", reason="host_not_allowed", refused=True),
)
T = TypeVar("T")


class Step(NamedTuple):
    """One thing that is asked of a world, or how far it moves."""

    verb: str
    number: int


def read_story(text: bytes) -> list[Step]:
    """The steps that the bytes stand for; the verb with number 0 stands for nothing."""
    verbs = (None, *_COMMANDS, *_MOVES, *_OFTEN)
    pairs = zip(text[::2], text[1::2], strict=False)
    return [Step(verb, number) for place, number in pairs if (verb := verbs[place % len(verbs)]) is not None]


def play(world: World, story: Sequence[Step]) -> None:
    """Takes every step; what is refused is refused."""
    for step in story:
        take(world, step)


def take(world: World, step: Step) -> list[Outcome]:
    """Takes one step as the runtime would, firing what is due before a command, and returns what came of it."""
    if step.verb in _MOVES:
        return list(advance(world, world.now + _MOVES[step.verb] * step.number))
    outcomes = list(advance(world, world.now))
    try:
        outcomes.append(world.execute(command_of(world, step)))
    except DomainError:
        return outcomes
    return outcomes


def advance(world: World, to: datetime, receive: Callable[[Delivery], AttemptResult] | None = None) -> Iterator[Outcome]:
    """Moves to an instant, firing every timer that is due on the way; a receiver, if there is one, answers each callback at once."""
    while (due := world.next_due()) is not None and due <= to:
        outcome = world.fire_next()
        yield outcome
        for effect in outcome.effects if receive else ():
            assert receive is not None
            yield world.execute(RecordAttempt(effect.delivery.id, receive(effect.delivery)))
    world.move_to(to)


def command_of(world: World, step: Step) -> Command:
    """The command that a step stands for in the present state of a world."""
    return _COMMANDS[step.verb](world.store, step.number)


def twin(world: World) -> World:
    """A fresh world with the same settings and start."""
    return World(world.settings, catalog(), renderers(), world.started_at)


def picture(store: Store) -> dict[str, object]:
    """Everything a store holds, as values that can be compared and do not change with it."""
    parts = {name: _still(part) for name, part in vars(store).items()}
    return parts | {"ledger": {name: _still(part) for name, part in vars(store.ledger).items()}, "timers": store.timers.pending()}


def _still(part: object) -> object:
    if isinstance(part, dict):
        return [(key, _still(value)) for key, value in part.items()]
    return tuple(part) if isinstance(part, list) else part


def _pick(found: Sequence[T], number: int, absent: T) -> T:
    """One of what is there, or sometimes, and when there is none, what is not there."""
    return found[number % len(found)] if found and number % 11 else absent


def _run(store: Store, number: int) -> RunId:
    return _pick(store.run_order, number, RunId(ABSENT))


def _batch(store: Store, number: int) -> BatchId:
    return _pick(list(store.batches), number, BatchId(ABSENT))


def _secret(store: Store, number: int) -> SecretId:
    return _pick(list(store.secrets), number, SecretId(ABSENT))


def _create_run(store: Store, number: int) -> Command:
    model, inputs = MODELS[number % len(MODELS)]
    return create_run(model, inputs, callback_url=CALLBACK_URL if number % 3 else None)


def _create_batch(store: Store, number: int) -> Command:
    return create_batch(1 + number % 4, callback_url=CALLBACK_URL if number % 3 else None)


def _answer(store: Store, number: int) -> Command:
    waiting = [delivery for delivery in store.deliveries.values() if delivery.status is DeliveryStatus.DELIVERING]
    chosen = _pick(waiting or list(store.deliveries.values()), number, None)
    return RecordAttempt(chosen.id, RESULTS[number % len(RESULTS)]) if chosen else AddCredit(Money(0))


def _remember(store: Store, number: int) -> Command:
    expires_at = store.ledger.updated_at
    assert expires_at is not None
    place = f"POST /v1/x key-{number % 5}"
    return RememberAnswer(Remembered(place=place, fingerprint=str(number), status=201, body=b"{}", expires_at=expires_at))


def _threshold(store: Store, number: int) -> Command:
    read_at = store.ledger.updated_at
    outdated = read_at is not None and number % 3 == 0
    return SetThreshold(Money(number), read_at - timedelta(seconds=1) if outdated and read_at else None)


_COMMANDS: Mapping[str, Callable[[Store, int], Command]] = {
    "create run": _create_run,
    "create batch": _create_batch,
    "answer": _answer,
    "cancel run": lambda store, number: CancelRun(_run(store, number), "audit"),
    "cancel batch": lambda store, number: CancelBatch(_batch(store, number)),
    "redeliver run": lambda store, number: RedeliverRunCallback(_run(store, number)),
    "redeliver batch": lambda store, number: RedeliverBatchCallback(_batch(store, number)),
    "give feedback": lambda store, number: GiveFeedback(_run(store, number), bool(number % 2), None),
    "create secret": lambda store, number: CreateSecret(f"secret {number}"),
    "promote secret": lambda store, number: UpdateSecret(secret_id=_secret(store, number), is_current=bool(number % 4)),
    "rename secret": lambda store, number: UpdateSecret(secret_id=_secret(store, number), renames=True, label=str(number)),
    "delete secret": lambda store, number: DeleteSecret(_secret(store, number)),
    "add rule": lambda store, number: RULES[number % len(RULES)],
    "remove rule": lambda store, number: RemoveRule(_pick(list(store.rules), number, RuleId(ABSENT))),
    "add credit": lambda store, number: AddCredit(Money((number - 100) * 10_000)),
    "set threshold": _threshold,
    "remember answer": _remember,
}
_MOVES: Mapping[str, timedelta] = {
    "move a little": timedelta(milliseconds=1),
    "move": timedelta(milliseconds=40),
    "move far": timedelta(seconds=8),
    "move very far": timedelta(seconds=60),
}


_OFTEN = ("create batch", "create run", "answer", "answer", "answer", "move far")


def small_world(name: str = "test", *, seed: str = "0") -> World:
    """A world in which a story soon meets limits: little credit, few secrets, rules and remembered answers."""
    world = make_world(name, seed=seed, balance="3.00", callback_secret="rf_whsec_first")
    limits = replace(world.settings.limits, secrets_max=4, rules_max=4, remembered_max=3, batches_max=6, runs_max=30)
    return World(replace(world.settings, limits=limits), catalog(), renderers(), world.started_at)


if __name__ == "__main__":
    told = small_world()
    play(told, read_story(bytes.fromhex(sys.argv[1])))
    sys.stdout.write(told.history.encoded().hex())

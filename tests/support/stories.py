"""Stories: what may happen to a world, as short bytes that hypothesis can draw and another process can repeat.

Two bytes are a step: a verb and a number, by which the verb picks among what is there. Run as a program, this module plays the story
that is given in hexadecimal and prints the history it leads to.
"""

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from msgspec.structs import replace
from verbs import COMMANDS
from worlds import catalog, make_world, renderers

from runflow_mock.domain.commands import Command, RecordAttempt
from runflow_mock.domain.deliveries import AttemptResult, Delivery
from runflow_mock.domain.errors import DomainError
from runflow_mock.domain.records import COLLECTIONS
from runflow_mock.engine.store import Store
from runflow_mock.engine.world import Outcome, World


class Step(NamedTuple):
    """One thing that is asked of a world, or how far it moves."""

    verb: str
    number: int


def read_story(text: bytes) -> list[Step]:
    """The steps that the bytes stand for."""
    return [Step(verb, number) for place, number in zip(text[::2], text[1::2], strict=False) if (verb := _VERBS[place]) is not None]


def play(world: World, story: Sequence[Step]) -> None:
    """Takes every step; what is refused is refused."""
    for step in story:
        take(world, step)


def take(world: World, step: Step) -> list[Outcome]:
    """Takes one step as the runtime would, firing what is due before a command, and returns what came of it."""
    if step.verb in MOVES:
        return list(advance(world, world.now + MOVES[step.verb] * step.number))
    outcomes = list(advance(world, world.now))
    try:
        outcomes.append(world.execute(command_of(world, step)))
    except DomainError:
        return outcomes
    return outcomes


def advance(world: World, to: datetime, receive: Callable[[Delivery], AttemptResult] | None = None) -> Iterator[Outcome]:
    """Moves to an instant, firing every timer that is due on the way; a receiver, if there is one, answers each callback at once."""
    while (due := world.store.timers.next_due()) is not None and due <= to:
        outcome = world.fire_next()
        yield outcome
        for effect in outcome.effects if receive else ():
            assert receive is not None
            yield world.execute(RecordAttempt(effect.delivery.id, receive(effect.delivery)))
    world.move_to(to)


def command_of(world: World, step: Step) -> Command:
    """The command that a step stands for in the present state of a world."""
    return COMMANDS[step.verb](world.store, step.number)


def twin(world: World) -> World:
    """A fresh world with the same settings and start."""
    return World(world.settings, catalog(), renderers(), world.started_at)


def picture(store: Store) -> dict[str, object]:
    """Everything a store holds, as values that can be compared and do not change with it.

    Records stand in their order, which clients see. An index is asked by key alone, and a restored one is filled in another order.
    """
    parts = {name: _still(part) for name, part in vars(store).items()}
    records = {collection.name: list(store.records(collection).items()) for collection in COLLECTIONS}
    return parts | records | {"ledger": store.ledger.copy(), "timers": store.timers.pending()}


def _still(part: object) -> object:
    if isinstance(part, OrderedDict):
        return tuple(part)
    if isinstance(part, dict):
        return {key: _still(value) for key, value in part.items()}
    if isinstance(part, set):
        return frozenset(part)
    return tuple(part) if isinstance(part, list) else part


MOVES: Mapping[str, timedelta] = {
    "move a little": timedelta(milliseconds=1),
    "move": timedelta(milliseconds=40),
    "move far": timedelta(seconds=8),
    "move very far": timedelta(seconds=60),
}


_OFTEN = ("create batch", "create run", "answer", "answer", "answer", "move far")
_ROUNDS = 12
# Nothing but what makes the story reach every kind of command and event; `tests/engine/test_history.py` says when another is due.
_SALT = 2


def _drawn(*label: object) -> bytes:
    return sha256(repr(label).encode()).digest()


# Each byte stands for the verb whose hash with it is the greatest: a new verb takes some bytes and moves no other, wherever it stands in
# its table. `None` is a step in which nothing is done.
_TICKETS: tuple[tuple[str | None, int], ...] = (
    (None, 0),
    *((verb, 0) for verb in (*COMMANDS, *MOVES)),
    *((verb, 1 + number) for number, verb in enumerate(_OFTEN)),
)
_VERBS = tuple(max(_TICKETS, key=lambda ticket: _drawn(place, *ticket))[0] for place in range(256))


def _long() -> bytes:
    """A fixed story of all verbs: in each round every one of them comes once, in an order that follows from the names alone.

    At the end of a round what is under way comes to its end: much can only be asked of what has ended.
    """
    verbs: list[str] = []
    for number in range(_ROUNDS):
        verbs += sorted((*COMMANDS, *MOVES, *_OFTEN), key=lambda verb: _drawn(_SALT, "order", number, verb))
        verbs += ("move very far", *("answer",) * 8)
    return b"".join(bytes([_VERBS.index(verb), _drawn(_SALT, "number", place)[0]]) for place, verb in enumerate(verbs))


LONG = _long()


def small_world(name: str = "test", *, seed: str = "0") -> World:
    """A world in which a story soon meets limits: little credit, few secrets, rules and remembered answers."""
    world = make_world(name, seed=seed, balance="3.00", callback_secret="rf_whsec_first")
    limits = replace(world.settings.limits, secrets_max=4, rules_max=4, remembered_max=3, batches_max=6, runs_max=30)
    return World(replace(world.settings, limits=limits), catalog(), renderers(), world.started_at)


if __name__ == "__main__":
    told = small_world()
    play(told, read_story(bytes.fromhex(sys.argv[1])))
    sys.stdout.write(told.history.encoded().hex())

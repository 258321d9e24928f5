"""Everything that can happen to a world, mixed by hypothesis: commands, faults, time, saving, restoring, replaying.

After every step the ledger and the invariants are checked, and a restored world goes on beside its double, from which it must never differ.
For as long as you like: `MIXED_WORLDS_EXAMPLES=20000 pytest -m slow tests/engine/test_worlds_mixed.py`.
"""

import json
import os
from hashlib import sha256
from typing import NamedTuple

import pytest
from histories import read, saved
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from msgspec.structs import replace
from stories import MOVES, Step, advance, picture, read_story, small_world, take
from verbs import COMMANDS, bytes_of
from worlds import START, catalog, renderers

from runflow_mock.domain.deliveries import AttemptResult, Delivery
from runflow_mock.domain.ledger import CreditAdded, Work
from runflow_mock.engine.history import fold
from runflow_mock.engine.invariants import check
from runflow_mock.engine.world import Outcome, World
from runflow_mock.runtime.replays import replay
from runflow_mock.wire.snapshots import SavedTenant, decode_snapshot, represent_snapshot

NUMBERS = st.integers(0, 255)
STORIES = st.binary(min_size=10, max_size=80).map(read_story)
HISTORY_MAX = 50
EXAMPLES = int(os.environ.get("MIXED_WORLDS_EXAMPLES", "300"))
QUICK = settings(max_examples=20, stateful_step_count=40, deadline=None, derandomize=True)
THOROUGH = settings(max_examples=EXAMPLES, stateful_step_count=80, deadline=None, suppress_health_check=list(HealthCheck))


class Saved(NamedTuple):
    """A document, and what its world had got and looked like when it was made."""

    document: bytes
    credit: int
    picture: dict[str, object]


class MixedWorlds(RuleBasedStateMachine):
    """One world, and after it was restored a second one made from the same document, to which the same happens."""

    documents: Bundle[Saved] = Bundle("documents")

    @initialize()
    def begin(self) -> None:
        made = small_world().settings
        limited = replace(made, limits=replace(made.limits, history_max=HISTORY_MAX))
        self.worlds = [World(limited, catalog(), renderers(), START)]
        self.credit = int(limited.balance)

    @rule(story=STORIES)
    def tell(self, story: list[Step]) -> None:
        for step in story:
            outcomes = [take(world, step) for world in self.worlds]
            self.credit += sum(_credit(outcome) for outcome in outcomes[0])
            self.check()

    @rule(verb=st.sampled_from([*COMMANDS]), number=NUMBERS)
    def ask(self, verb: str, number: int) -> None:
        self.tell([Step(verb, number)])

    @rule(minutes=NUMBERS)
    def let_happen(self, minutes: int) -> None:
        for world in self.worlds:
            for _ in advance(world, world.now + MOVES["move very far"] * minutes, _receive):
                assert world.now >= START

    @rule(target=documents)
    def save(self) -> Saved:
        world = self.worlds[0]
        snapshot = world.snapshot()
        untimed, timers = world.snapshot_and_timers()
        assert replace(untimed, timers=tuple(timers)) == snapshot == world.snapshot()
        kept = {each.sha256 for each in snapshot.kept}
        files = tuple(data for data in map(bytes_of, range(7)) if sha256(data).hexdigest() in kept)
        document = represent_snapshot(SavedTenant(rate=0.0, changes=0, reads=0, world=snapshot, files=files), snapshot.timers)
        return Saved(document, self.credit, picture(world.store))

    @rule(kept=documents)
    def restore(self, kept: Saved) -> None:
        rewritten = json.dumps(json.loads(kept.document), sort_keys=True).encode()
        snapshots = [decode_snapshot(document).world for document in (kept.document, rewritten)]
        self.worlds = [World.restore(snapshot, catalog(), renderers()) for snapshot in snapshots]
        self.credit = kept.credit
        assert [picture(world.store) for world in self.worlds] == [kept.picture] * 2

    @rule()
    def replay(self) -> None:
        assert replay(read(json.dumps(saved(self.worlds[0])).encode()), catalog()).difference is None

    @rule()
    def fold(self) -> None:
        assert picture(fold(self.worlds[0].history)) == picture(self.worlds[0].store)

    @invariant()
    def check(self) -> None:
        first, *others = self.worlds
        assert [found for found in check(first.store) if not found.is_held] == []
        assert _figures(first) == _expected_figures(first, self.credit)
        for other in others:
            assert (other.now, other.sequence, other.store.timers.next_due()) == (first.now, first.sequence, first.store.timers.next_due())
            assert other.history.encoded() == first.history.encoded()

    def teardown(self) -> None:
        pictures = [picture(world.store) for world in getattr(self, "worlds", ())]
        assert pictures == pictures[:1] * len(pictures)


def _figures(world: World) -> tuple[int, int, int]:
    ledger = world.store.ledger
    return ledger.balance, ledger.charged, ledger.held


def _expected_figures(world: World, credit: int) -> tuple[int, int, int]:
    """What was given less what was used, what was used, and what unfinished work holds."""
    works: list[Work] = [*world.store.runs.values(), *world.store.evaluations.values()]
    used = sum(0 if work.cost is None else work.cost for work in works)
    return credit - used, used, sum(work.held for work in works if not work.is_terminal)


def _credit(outcome: Outcome) -> int:
    return sum(event.amount for event in outcome.events if isinstance(event, CreditAdded))


def _receive(delivery: Delivery) -> AttemptResult:
    return AttemptResult(status_code=(200, 500, 503)[(int(delivery.id[-1], 16) + len(delivery.attempts)) % 3])


@pytest.mark.slow(is_covering=True)
def test_mixed_worlds_stay_sound() -> None:
    run_state_machine_as_test(MixedWorlds, settings=QUICK)


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_many_mixed_worlds_stay_sound() -> None:
    run_state_machine_as_test(MixedWorlds, settings=THOROUGH)

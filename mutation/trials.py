"""Trials: a mutant is planted, the flows that met its place are played, and the first rule that is broken has killed it."""

from collections.abc import Iterable, Mapping, Sequence
from time import process_time

import msgspec

from mutation.mutants import Mutant
from mutation.observing import Index, Observer
from mutation.proxy import MutantCarrier
from runflow_mock.kit.suite.carriers import Answer, Carrier
from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import Flow, play
from runflow_mock.kit.suite.stages import Target
from runflow_mock.kit.suite.tallies import Breach, Tally
from runflow_mock.openapi.contracts import packaged_contract


class Killed(Exception):
    """A rule was broken."""

    def __init__(self, breach: Breach) -> None:
        super().__init__(breach.says)
        self.breach = breach


class Deadly(Tally):
    """A tally that ends at the first breach."""

    def broke(self, breach: Breach) -> None:
        """Ends the play."""
        raise Killed(breach)


class Trial(msgspec.Struct, frozen=True):
    """What became of a mutant: how many answers it changed, and the rule that killed it."""

    mutant: Mutant
    changes: int
    killer: str = ""
    says: str = ""


class Ground(msgspec.Struct):
    """What the trials stand on: the right server, what was seen of it, and what each flow costs."""

    carrier: Carrier
    dialect: str
    seen: dict[str, frozenset[Mutant]] = {}
    seconds: dict[str, float] = {}
    donors: dict[str, Answer] = {}


def observe(carrier: Carrier, dialect: str, flows: Iterable[Flow] = FLOWS) -> Ground:
    """Returns what a clean run of the flows shows.

    Raises:
        AssertionError: the server is accused as it is; nothing could be said of a mutant.
    """
    ground = Ground(carrier, dialect, {}, {}, {})
    for flow in flows:
        observer, started = Observer(carrier), process_time()
        tally = play(flow, Target(observer, None, dialect=dialect), packaged_contract())
        assert not tally.breaches, f"{flow.id} accuses the right server: {tally.breaches[0].says}"
        assert not tally.errors, f"{flow.id}: {tally.errors[0]}"
        started = process_time()
        play(flow, Target(carrier, None, dialect=dialect), packaged_contract())
        ground.seconds[flow.id] = process_time() - started
        ground.seen[flow.id] = frozenset(observer.seen)
        ground.donors.update(observer.donors)
    return ground


def tried(ground: Ground, mutant: Mutant, flows: Sequence[str]) -> Trial:
    """Returns what became of a mutant after the flows that met it, the cheapest first."""
    carrier = MutantCarrier(ground.carrier, mutant, ground.donors)
    target = Target(carrier, None, dialect=ground.dialect)
    for flow in sorted(flows, key=lambda name: ground.seconds[name]):
        try:
            play(BY_ID[flow], target, packaged_contract(), Deadly())
        except Killed as killed:
            return Trial(mutant, carrier.changes, killed.breach.check, f"{killed.breach.operation}: {killed.breach.says}")
    return Trial(mutant, carrier.changes)


BY_ID: Mapping[str, Flow] = {flow.id: flow for flow in FLOWS}
__all__ = ["Ground", "Index", "Trial", "observe", "tried"]

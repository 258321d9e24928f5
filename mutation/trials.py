"""Trials: a mutant is planted, the flows that met its place are played, and the first rule that is broken has killed it."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import msgspec
from msgspec.structs import replace

from mutation.foreseeing import Deadly, ForeseeingWatch, Foresight, Killed
from mutation.mutants import Mutant
from mutation.observing import Index, Observer
from mutation.places import Way
from mutation.proxy import MutantCarrier
from mutation.replaying import Parted, Recorder, Recording, Replayer, ReplayWatch, names_of
from runflow_mock.kit.suite.carriers import Answer, Carrier
from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import Flow, play
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.openapi.contracts import packaged_contract


class Trial(msgspec.Struct, frozen=True):
    """What became of a mutant: how many answers it changed, and the rule that killed it; nothing where it was skipped."""

    mutant: Mutant
    changes: int
    killer: str = ""
    says: str = ""
    is_skipped: bool = False


class Ground(msgspec.Struct):
    """What the trials stand on: the right server, and what was seen of it.

    `seen` has by flow how many requests go before each mutant is met, and `recordings` what was asked and answered; `killers` are the
    flows that killed last at a place.
    """

    carrier: Carrier
    dialect: str
    seen: dict[str, Mapping[Mutant, int]] = {}
    recordings: dict[str, Recording] = {}
    donors: dict[str, Answer] = {}
    foresight: Foresight = msgspec.field(default_factory=Foresight)
    killers: dict[tuple[str, Way], str] = {}

    def ordered(self, mutant: Mutant, flows: Iterable[str]) -> list[str]:
        """Returns flows in the order in which they are likely to kill a mutant soon."""
        likely = self.killers.get(place_of(mutant))
        return sorted(flows, key=lambda flow: (flow != likely, self.seen[flow][mutant]))


def observe(carrier: Carrier, dialect: str, flows: Iterable[Flow] = FLOWS) -> Ground:
    """Returns what a clean run of the flows shows.

    Raises:
        AssertionError: the server is accused as it is; nothing could be said of a mutant.
    """
    ground = Ground(carrier, dialect)
    for flow in flows:
        recorder = Recorder(carrier)
        observer = Observer(recorder)
        watching = partial(ForeseeingWatch, foresight=ground.foresight, observer=observer)
        tally = play(flow, Target(observer, None, dialect=dialect, names=names_of(flow.id)), packaged_contract(), watching=watching)
        assert not tally.breaches, f"{flow.id} accuses the right server: {tally.breaches[0].says}"
        assert not tally.errors, f"{flow.id}: {tally.errors[0]}"
        ground.seen[flow.id] = dict(observer.seen)
        ground.donors.update(observer.donors)
        ground.recordings[flow.id] = recorder.recording
    return ground


def tried(ground: Ground, mutant: Mutant, flows: Sequence[str]) -> Trial:
    """Returns what became of a mutant after the flows that met it, those first that meet it soon."""
    breach = ground.foresight.doomed.get(mutant)
    if breach is not None:
        return Trial(mutant, 1, breach.check, f"{breach.operation}: {breach.says}")
    if ground.foresight.is_idle(mutant):
        return Trial(mutant, 0)
    return decided(ground, mutant, flows)


def decided(ground: Ground, mutant: Mutant, flows: Sequence[str]) -> Trial:
    """The same by replays as far as they go, and by playing only those flows that part from their recordings."""
    changes, parted = 0, []
    for flow in ground.ordered(mutant, flows):
        trial = replayed(ground, mutant, flow)
        if trial is None:
            parted.append(flow)
        elif trial.killer:
            ground.killers[place_of(mutant)] = flow
            return trial
        else:
            changes += trial.changes
    trial = played(ground, mutant, parted)
    return replace(trial, changes=trial.changes + changes)


def replayed(ground: Ground, mutant: Mutant, flow: str) -> Trial | None:
    """Returns what became of a mutant in the replay of one flow, or nothing if that parted from its recording before a rule was broken."""
    recording, tally = ground.recordings[flow], Deadly()
    carrier = MutantCarrier(Replayer(recording), mutant, ground.donors)
    watching = partial(ReplayWatch, carrier=carrier, began=recording.began)
    try:
        target = Target(carrier, None, dialect=ground.dialect, names=names_of(flow))
        play(BY_ID[flow], target, packaged_contract(), tally, watching=watching)
    except (Killed, Parted):
        if tally.breach is None:
            return None
        return Trial(mutant, carrier.changes, tally.breach.check, f"{tally.breach.operation}: {tally.breach.says}")
    return Trial(mutant, carrier.changes)


def played(ground: Ground, mutant: Mutant, flows: Sequence[str]) -> Trial:
    """The same by playing, whatever was foreseen."""
    carrier = MutantCarrier(ground.carrier, mutant, ground.donors)
    target = Target(carrier, None, dialect=ground.dialect)
    for flow in ground.ordered(mutant, flows):
        try:
            play(BY_ID[flow], target, packaged_contract(), Deadly())
        except Killed as killed:
            ground.killers[place_of(mutant)] = flow
            return Trial(mutant, carrier.changes, killed.breach.check, f"{killed.breach.operation}: {killed.breach.says}")
    return Trial(mutant, carrier.changes)


def place_of(mutant: Mutant) -> tuple[str, Way]:
    """Returns where a mutant is wrong, whatever the status."""
    return mutant.place.subject.name, mutant.place.way


BY_ID: Mapping[str, Flow] = {flow.id: flow for flow in FLOWS}
__all__ = ["Deadly", "Ground", "Index", "Killed", "Trial", "observe", "played", "tried"]

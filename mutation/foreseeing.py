"""Foreseeing: mutants that the first answer which they change gives away are known as killed without a play of their own.

During the clean run the watch of each flow is forked at such an answer, and shown it with the mutant in it: it has seen up to there
what it would have seen of the mutant, and says what it would have said. Only who gets past all forks must be played.
"""

from collections import Counter

import msgspec

from mutation.mutants import OF_CONTENT, Kind, Mutant
from mutation.observing import Observer
from mutation.proxy import spoiled
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.laws import Watch
from runflow_mock.kit.suite.tallies import Breach, Tally
from runflow_mock.openapi.contracts import Contract

FORESEEN = OF_CONTENT | {Kind.STATUS, Kind.HEADER_ABSENT, Kind.HEADER_OTHER}
# In so many flows a mutant is looked at that no fork finds; and in so many answers of one that leaves them as they are.
FLOWS_MAX = 4
LOOKS_MAX = 12


class Killed(Exception):
    """A rule was broken."""

    def __init__(self, breach: Breach) -> None:
        super().__init__(breach.says)
        self.breach = breach


class Deadly(Tally):
    """A tally that ends at the first breach, and keeps it: what a play does while it ends may end otherwise."""

    breach: Breach | None = None

    def broke(self, breach: Breach) -> None:
        """Ends the play."""
        self.breach = self.breach or breach
        raise Killed(breach)


class Foresight(msgspec.Struct):
    """What clean runs tell of mutants: the breach that kills one, and in how many answers one was planted, and changed something."""

    doomed: dict[Mutant, Breach] = {}
    looks: Counter[Mutant] = msgspec.field(default_factory=Counter)
    moves: Counter[Mutant] = msgspec.field(default_factory=Counter)

    def knows(self, mutant: Mutant) -> bool:
        """Tells whether nothing need be played to know what becomes of a mutant."""
        return mutant in self.doomed or self.is_idle(mutant)

    def is_idle(self, mutant: Mutant) -> bool:
        """Tells whether a mutant was planted in every answer that it is about, and changed none."""
        return 0 < self.looks[mutant] < LOOKS_MAX and not self.moves[mutant]


class ForeseeingWatch(Watch):
    """A watch of a clean run that looks at each mutant as well, in the first answer of its flow that it changes."""

    def __init__(self, contract: Contract, tally: Tally, foresight: Foresight, observer: Observer) -> None:
        super().__init__(contract, tally)
        self._foresight = foresight
        self._observer = observer
        self._met: set[Mutant] = set()

    def see(self, answer: Answer) -> None:
        """Looks at the mutants of an answer, and then at the answer as it is."""
        known = self._foresight
        for mutant in self._observer.found - self._met - known.doomed.keys():
            if mutant.kind not in FORESEEN or known.looks[mutant] >= LOOKS_MAX or known.moves[mutant] >= FLOWS_MAX:
                continue
            known.looks[mutant] += 1
            told = spoiled(answer, mutant)
            if told is answer:
                continue
            self._met.add(mutant)
            known.moves[mutant] += 1
            try:
                self.fork(Deadly()).see(told)
            except Killed as killed:
                known.doomed[mutant] = killed.breach
        super().see(answer)

"""Results: what became of each mutant, written as soon as it is known, so that a long run can be stopped and goes on where it was."""

from pathlib import Path

import msgspec

from mutation.mutants import Mutant
from mutation.trials import Trial


class Book:
    """The results in a file, a line each; without a file nothing is kept."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._known: dict[Mutant, Trial] = {}
        if file is not None and file.exists():
            trials = (msgspec.json.decode(line, type=Trial) for line in file.read_bytes().splitlines())
            self._known = {trial.mutant: trial for trial in trials}

    def result_of(self, mutant: Mutant) -> Trial | None:
        """Returns what became of a mutant in an earlier run, or nothing."""
        return self._known.get(mutant)

    def note(self, trial: Trial) -> None:
        """Adds a result."""
        if self._file is not None:
            with self._file.open("ab") as file:
                file.write(msgspec.json.encode(trial) + b"\n")

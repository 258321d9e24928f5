"""Results: what became of each mutant, written as soon as it is known, so that a long run can be stopped and goes on where it was."""

from pathlib import Path

import msgspec

from mutation.mutants import Mutant
from mutation.trials import Trial


class ResultsError(Exception):
    """A file of results cannot be gone on with; the message says why."""


class Heading(msgspec.Struct, frozen=True):
    """The first line of a file: of which code, and in which dialect, the results are."""

    of: str


class Book:
    """The results in a file, a line each, all of the same code; without a file nothing is kept."""

    def __init__(self, file: Path | None, of: str) -> None:
        """Reads what is there; a line that was being written when somebody stopped it is dropped.

        Raises:
            ResultsError: what is there is of something else, or no results.
        """
        self._file = file
        self._known: dict[Mutant, Trial] = {}
        if file is None:
            return
        content = file.read_bytes() if file.exists() else b""
        if not content:
            file.write_bytes(msgspec.json.encode(Heading(of)) + b"\n")
            return
        whole = content[: content.rfind(b"\n") + 1]
        heading, *lines = whole.splitlines() or (b"",)
        try:
            found = msgspec.json.decode(heading, type=Heading).of
            trials = [msgspec.json.decode(line, type=Trial) for line in lines]
        except msgspec.DecodeError as error:
            raise ResultsError(f"{file} holds no results: {error}") from None
        if found != of:
            raise ResultsError(f"{file} has the results of {found}, and this is {of}: name another file")
        self._known = {trial.mutant: trial for trial in trials}
        with file.open("r+b") as kept:
            kept.truncate(len(whole))

    def result_of(self, mutant: Mutant) -> Trial | None:
        """Returns what became of a mutant in an earlier run, or nothing."""
        return self._known.get(mutant)

    def note(self, trial: Trial) -> None:
        """Adds a result."""
        if self._file is not None:
            with self._file.open("ab") as file:
                file.write(msgspec.json.encode(trial) + b"\n")

"""Expectations: how a client ends in each cell, where its author knows better than the table of cells."""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from runflow_mock.decoders import convert
from runflow_mock.kit.matrix.cells import CELLS
from runflow_mock.kit.matrix.situations import Ending
from runflow_mock.openapi.texts import read_text
from runflow_mock.user_files import read_file

_WORDS: Mapping[str, Ending] = {"success": Ending.WELL, "failure": Ending.BADLY, "any": Ending.SOMEHOW}


class Expectation(msgspec.Struct, frozen=True):
    """How the command ends in a cell: an exit code or a kind of end, and what its output must hold as a regular expression."""

    ending: Ending | int | None = None
    output: str | None = None

    def objection(self, usual: Ending, exit_code: int | None, output: str) -> str | None:
        """Returns how the end differs from what is expected, or nothing."""
        if exit_code is None:
            return "did not end"
        wanted = usual if self.ending is None else self.ending
        if isinstance(wanted, Ending):
            is_right = {Ending.WELL: exit_code == 0, Ending.BADLY: exit_code != 0, Ending.SOMEHOW: True}[wanted]
            told = f"expected to end {wanted.value}"
        else:
            is_right, told = exit_code == wanted, f"expected to end with exit code {wanted}"
        if not is_right:
            return f"{told}, ended with {exit_code}; the last it said: {last_words(output)}"
        if self.output is not None and re.search(self.output, output) is None:
            return f"its output does not match {self.output!r}; the last it said: {last_words(output)}"
        return None


def last_words(output: str) -> str:
    """The end of what a client has printed, short enough for a sentence."""
    return output.strip()[-200:] or "nothing"


USUAL = Expectation()


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    exit: int | str | None = None
    output: str | None = None


def load_expectations(file: Path | None) -> Mapping[str, Expectation]:
    """Returns the expectations in a YAML file by cell, such as `failed: {exit: 3, output: "out of stock"}`.

    Raises:
        ValueError: the file names no cell, or something else than success, failure, any or a number as exit.
    """
    if file is None:
        return {}
    try:
        entries = convert(read_text(read_file(file)) or {}, dict[str, _Entry])
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(
            f"{file}: {' '.join(str(error).split())}; write one cell a line, such as failed: {{exit: 3, output: 'failed'}}"
        ) from None
    return {name: _read(name, entry, file) for name, entry in entries.items()}


def _read(name: str, entry: _Entry, file: Path) -> Expectation:
    if name not in {cell.name for cell in CELLS}:
        raise ValueError(f"{file}: there is no cell {name!r}; choose from {', '.join(cell.name for cell in CELLS)}")
    if isinstance(entry.exit, str) and entry.exit not in _WORDS:
        raise ValueError(f"{file}: exit {entry.exit!r} of {name} is not a number and none of {', '.join(_WORDS)}")
    if entry.output is not None:
        try:
            re.compile(entry.output)
        except re.error as error:
            raise ValueError(f"{file}: output {entry.output!r} of {name} is no regular expression: {error}") from None
    return Expectation(_WORDS[entry.exit] if isinstance(entry.exit, str) else entry.exit, entry.output)

"""The standard streams of the command line: nothing secret is printed, and nothing that a terminal would obey."""

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any, TextIO

import click

from runflow_mock.domain.printing import printable
from runflow_mock.domain.scrubbing import Scrubber

# Variables of ours, and of the service's clients, that hold secrets; and options that do.
_SECRET = re.compile(r"RUNFLOW_(?:.*_)?(?:KEYS?|TOKEN|SECRET|PASSWORD)")
_OPTION = re.compile(r"--(?:[a-z-]+-)?(?:keys?|token|secret|password)(?:=(.*))?", re.DOTALL)
_OUT = 1
# Prints the key that it is given: that is what it is for.
_PRINTS_KEYS = "env"


class Shown:
    """A stream that prints texts as a terminal may have them; in every other way it is the stream that it stands for."""

    def __init__(self, stream: TextIO, scrubber: Scrubber) -> None:
        self._stream = stream
        self._scrubber = scrubber
        # Colours are ours: the commands give them to terminals alone.
        self._has_colours = stream.isatty()

    def write(self, text: str) -> int:
        """Prints a text."""
        return self._stream.write(printable(self._scrubber.scrub_text(text), has_colours=self._has_colours))

    @property
    def buffer(self) -> "ShownBytes":
        """The same stream for bytes."""
        return ShownBytes(self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class ShownBytes:
    """What stands behind a stream of texts for whoever writes bytes: they are printed as texts are."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown

    def write(self, data: bytes) -> int:
        """Prints the text that bytes are."""
        self._shown.write(bytes(data).decode(errors="replace"))
        return len(data)

    def flush(self) -> None:
        """Hands on what was printed."""
        self._shown.flush()


def hold_descriptors() -> None:
    """Holds the place of standard streams that whoever started the process has closed.

    The next file or socket would have their number: what is printed would go into it, and an event loop is ended by libuv for closing one.
    Nothing can be written into the standard output then, which is told as any other failure to write; what is told has nowhere to go.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free is taken, which is this one.
            os.open(os.devnull, os.O_RDONLY)
            if number == _OUT:
                sys.stdout = open(_OUT, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - it is open as long as the process


def scrubber_of(environment: Mapping[str, str] = os.environ, arguments: Sequence[str] = ()) -> Scrubber:
    """Returns what knows the secrets that the environment and the arguments of a command hold."""
    told = [value for name, value in environment.items() if _SECRET.fullmatch(name)]
    if arguments[:1] != [_PRINTS_KEYS]:
        for argument, following in zip_longest(arguments, arguments[1:], fillvalue=""):
            option = _OPTION.fullmatch(argument)
            if option is not None:
                told.append(following if option[1] is None else option[1])
    # Keys may be several, each with its tenant before it.
    return Scrubber(secret for value in told for secret in (value, *(part.partition(":")[2] for part in value.split(","))))


def write_scrubbed(files: Mapping[Path, bytes]) -> None:
    """Writes what a command has found out into files, without secrets.

    Raises:
        NotWritten: some cannot be written; the others are.
    """
    from runflow_mock.runtime.files import write_each

    context = click.get_current_context(silent=True)
    scrubber = None if context is None else context.find_object(Scrubber)
    clean = scrubber or scrubber_of()
    write_each({file: clean.scrub(content) for file, content in files.items()})


@contextmanager
def written_at_the_end() -> Iterator[dict[Path, bytes]]:
    """Writes what is put into the mapping while the context lasts, also where what is to be printed cannot be.

    Raises:
        NotWritten: some cannot be written; the others are.
    """
    files: dict[Path, bytes] = {}
    is_ended = False
    try:
        yield files
    except SystemExit:
        # By a signal: half a round is nothing to put in the place of a whole one.
        is_ended = True
        raise
    finally:
        if not is_ended:
            write_scrubbed(files)


@contextmanager
def clean_streams(environment: Mapping[str, str] = os.environ, arguments: Sequence[str] = ()) -> Iterator[Scrubber]:
    """Lets everything that is printed while the context lasts be clean, and gives out what knows the secrets."""
    scrubber = scrubber_of(environment, arguments)
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (None if stream is None else Shown(stream, scrubber) for stream in before)
    try:
        yield scrubber
    finally:
        sys.stdout, sys.stderr = before

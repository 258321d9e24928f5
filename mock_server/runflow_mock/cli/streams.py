"""The standard streams of the command line: nothing secret is printed, and nothing that a terminal would obey."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from runflow_mock.domain.printing import printable
from runflow_mock.domain.scrubbing import Scrubber

# Variables of ours, and of the service's clients, that hold secrets.
_SECRET = re.compile(r"RUNFLOW_(?:.*_)?(?:KEY|TOKEN|SECRET|PASSWORD)")


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

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def scrubber_of(environment: Mapping[str, str] = os.environ) -> Scrubber:
    """Returns what knows the secrets that the environment holds."""
    return Scrubber(value for name, value in environment.items() if _SECRET.fullmatch(name))


def write_scrubbed(file: Path, content: bytes) -> None:
    """Writes what a command has found out into a file, without secrets.

    Raises:
        NotWritten: it cannot be written.
    """
    from runflow_mock.runtime.files import write_whole

    write_whole(file, scrubber_of().scrub(content))


@contextmanager
def clean_streams(environment: Mapping[str, str] = os.environ) -> Iterator[None]:
    """Lets everything that is printed while the context lasts be clean."""
    scrubber = scrubber_of(environment)
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (None if stream is None else Shown(stream, scrubber) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before

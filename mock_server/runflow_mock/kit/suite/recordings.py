"""Recordings: generated exchanges as an HTTP archive, with credentials left out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runflow_mock.domain.scrubbing import Scrubber
from runflow_mock.runtime.files import write_whole


@contextmanager
def recording(file: Path | None) -> Iterator[Callable[[Any], None] | None]:
    """Returns what keeps a recorded scenario in a file while the context lasts, or nothing without a file."""
    if file is None:
        yield None
        return
    from schemathesis.config import OutputConfig
    from schemathesis.reporting.har import HarWriter

    writer = HarWriter(file, OutputConfig())
    writer.open()
    try:
        yield writer.write
    finally:
        writer.close()
        # Headers are redacted by name; a new secret stands in a body, once.
        write_whole(file, Scrubber().scrub(file.read_bytes()))

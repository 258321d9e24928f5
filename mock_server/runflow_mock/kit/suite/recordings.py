"""Recordings: generated exchanges as an HTTP archive, with credentials left out."""

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

from runflow_mock.domain.scrubbing import Scrubber


@contextmanager
def recording(file: Path | None, files: MutableMapping[Path, bytes]) -> Iterator[Callable[[Any], None] | None]:
    """Returns what records a scenario while the context lasts, or nothing without a file; the archive is then among `files`.

    Nothing is written before: what stands under the name stays until there is something whole in its place.
    """
    if file is None:
        yield None
        return
    from schemathesis.config import OutputConfig
    from schemathesis.reporting.har import HarWriter

    text = StringIO()
    writer = HarWriter(text, OutputConfig())
    writer.open()
    try:
        yield writer.write
    finally:
        writer.close()
        # Headers are redacted by name; a new secret stands in a body, once.
        files[file] = Scrubber().scrub(text.getvalue().encode(errors="replace"))

"""Recordings: generated exchanges as an HTTP archive, with credentials left out."""

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any


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
        # Headers are redacted by name; a secret in a body is left to whoever writes the files, and knows all of them.
        files[file] = text.getvalue().encode(errors="replace")

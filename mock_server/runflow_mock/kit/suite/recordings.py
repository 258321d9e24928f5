"""Recordings: generated exchanges as an HTTP archive, with credentials left out."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECRET = re.compile(r"(?:rf_)?whsec_[0-9A-Za-z_-]{16,}")


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
        file.write_text(SECRET.sub("[Filtered]", file.read_text(encoding="utf-8")), encoding="utf-8")

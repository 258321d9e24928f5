"""Files that are whole or not there: what a reader finds under a name is what was to be written, also when the disk is full."""

import os
from pathlib import Path


class NotWritten(OSError):
    """A file that cannot be written; what stood under its name is still there."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be written: {reason}")
        self.path = path
        self.reason = reason


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file beside its place and puts it there once it is complete.

    Raises:
        NotWritten: it cannot be written.
    """
    import tempfile

    made: Path | None = None
    try:
        if path.exists() and not path.is_file():
            # A device or a pipe is no place to put a file; what is written there is gone at once.
            path.write_bytes(content)
            return
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        made = Path(name)
        with os.fdopen(descriptor, "wb") as beside:
            beside.write(content)
        # What is made for this user alone becomes a file like any other.
        made.chmod(0o644)
        made.replace(path)
    except OSError as error:
        if made is not None:
            made.unlink(missing_ok=True)
        raise NotWritten(path, error.strerror or str(error)) from None

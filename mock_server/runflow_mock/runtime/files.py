"""Files that are whole or not there: what a reader finds under a name is what was to be written, also when the disk is full."""

import errno
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

# What is opened under these names is what the process has open already, whatever that is.
_STREAMS = frozenset(map(Path, ("/dev/stdout", "/dev/stderr")))
_DESCRIPTORS = frozenset(map(Path, ("/dev/fd", "/proc/self/fd")))

# What `fsync` says where there is no such thing, as against a disk that has failed.
_CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)

NAME_CHARACTERS_MAX = 40
"""How much of a file's name is in that of its copy: a name as long as the file system takes has room for no more."""


class NotWritten(OSError):
    """Files that cannot be written, and why; what stood under their names is still there."""

    def __init__(self, reasons: Mapping[Path, str]) -> None:
        super().__init__("; ".join(f"{path} cannot be written: {reason}" for path, reason in reasons.items()))
        self.reasons = reasons


def write_whole(path: Path, content: bytes, sync: Callable[[int], None] = os.fsync) -> None:
    """Writes a file beside its place and puts it there once it is complete.

    Raises:
        NotWritten: it cannot be written.
    """
    made: Path | None = None
    try:
        # Nothing can take the place of a device or a pipe, nor of what the process has open already.
        if path in _STREAMS or path.parent in _DESCRIPTORS or (path.exists() and not path.is_file()):
            with path.open("ab") as there:
                there.write(content)
            return
        made = path.with_name(f".{path.name[:NAME_CHARACTERS_MAX]}-{secrets.token_hex(8)}")
        # As the user's mask has it; what stood there before may be for fewer eyes, from its first byte on, or for more.
        mode = path.stat().st_mode & 0o777 if path.is_file() and not path.is_symlink() else None
        with open(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666 if mode is None else mode), "wb") as beside:
            beside.write(content)
            beside.flush()
            # A name must not outlive a loss of power that its content does not.
            _bring_to_disk(beside.fileno(), sync)
        if mode is not None:
            made.chmod(mode)
        made.replace(path)
        made = None
    except OSError as error:
        raise NotWritten({path: error.strerror or str(error)}) from None
    finally:
        # Also where a signal ends the process in the midst of it.
        if made is not None:
            made.unlink(missing_ok=True)


def write_each(files: Mapping[Path, bytes], write: Callable[[Path, bytes], None] = write_whole) -> None:
    """Writes files, each whole: one that cannot be written keeps no other from its place. `write` writes one, as `write_whole` does.

    Raises:
        NotWritten: some cannot be written; it names each.
    """
    reasons: dict[Path, str] = {}
    for path, content in files.items():
        try:
            write(path, content)
        except NotWritten as error:
            reasons.update(error.reasons)
    if reasons:
        raise NotWritten(reasons)


def put_new(made: Path, path: Path) -> None:
    """Puts a complete file under a name that nothing has.

    Raises:
        OSError: there is something, which stays, or it cannot be put there.
    """
    try:
        os.link(made, path)
    except FileExistsError:
        raise
    except OSError:
        # Not every file system has links: here the name is taken first.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        made.replace(path)


def _bring_to_disk(descriptor: int, sync: Callable[[int], None]) -> None:
    try:
        sync(descriptor)
    except OSError as error:
        # Not every file system can (mounts of a container's host, FUSE): the file is written all the same.
        if error.errno not in _CANNOT_SYNC:
            raise

"""Files of users: each is read no further than it may be long.

Its size is not asked for: a pipe and a device have none, and a file can grow while it is read.
"""

import errno
from pathlib import Path
from typing import BinaryIO

FILE_BYTES_MAX = 32 * 1024 * 1024
"""What a file may have that is written by people: documents, scenarios, catalogs, profiles, lists."""

RECORDED_BYTES_MAX = 384 * 1024 * 1024
"""What a file may have in which a server has written what happened."""


class OutsideFolderError(OSError):
    """A file that was found is outside the folder that somebody named."""


def read_file(path: Path, bytes_max: int = FILE_BYTES_MAX) -> bytes:
    """Returns the bytes of a file.

    Raises:
        OSError: it cannot be read, or is too long.
    """
    with path.open("rb") as opened:
        try:
            return read_stream(opened, bytes_max)
        except OSError as error:
            # What fails once the file is open names none by itself.
            error.filename = str(path)
            raise


def read_found_file(path: Path, folder: Path, bytes_max: int = FILE_BYTES_MAX) -> bytes:
    """Returns the bytes of a file that nobody has named: it was found in a folder that somebody named, or another one there leads to it.

    Who has filled the folder may be somebody else: a link could bring any file of the user into what is printed and written, and whoever
    opens a pipe waits for its other end.

    Raises:
        OutsideFolderError: it is outside the folder, whether or not it is there.
        OSError: it is no file, cannot be read, or is too long.
    """
    try:
        is_within = path.resolve().is_relative_to(folder.resolve())
    except RuntimeError:
        # Up to Python 3.12; later ones say so when it is opened.
        raise OSError(errno.ELOOP, "its link leads to itself", str(path)) from None
    if not is_within:
        raise OutsideFolderError(errno.EPERM, "its link leads out of the folder: name the file itself", str(path))
    return read_plain_file(path, bytes_max)


def read_plain_file(path: Path, bytes_max: int = FILE_BYTES_MAX) -> bytes:
    """Returns the bytes of a file in whose place nobody has reason to put a pipe: nobody waits for its other end.

    Raises:
        OSError: it is no file, cannot be read, or is too long.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.EINVAL, "it is a pipe or a device", str(path))
    return read_file(path, bytes_max)


def read_stream(stream: BinaryIO, bytes_max: int = FILE_BYTES_MAX) -> bytes:
    """Returns what is left of an open file, of whatever kind.

    Raises:
        OSError: it cannot be read, or is too long.
    """
    content = stream.read(bytes_max + 1)
    if len(content) > bytes_max:
        raise OSError(errno.EFBIG, f"it has more than {bytes_max} bytes")
    return content

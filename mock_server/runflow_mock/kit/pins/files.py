"""Reads and writes pins: the lock that ships, and `runflow.lock`, which users keep at the root of their project.

A name that `runflow.lock` does not pin is pinned by the lock that ships. Nothing is ever written without being asked for:
`runflow-mock skill pin` and `runflow-mock drift --pin` call `write_pin`.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

from runflow_mock.kit.pins.digests import Lock, Pin
from runflow_mock.kit.pins.documents import LockError, decode_lock, represent_lock
from runflow_mock.resources import data_folder
from runflow_mock.runtime.files import write_whole
from runflow_mock.user_files import read_file

LOCK_FILE = "runflow.lock"
PACKAGED = "the lock that ships with runflow-mock"

_ROOT_MARK = ".git"


class Pinned(NamedTuple):
    """A pin, and where it stands: a file of the user's, or nothing for the lock that ships."""

    pin: Pin
    file: Path | None

    @property
    def place(self) -> str:
        """Where the pin stands, in words."""
        return PACKAGED if self.file is None else str(self.file)


@cache
def packaged_lock() -> Lock:
    """Returns the lock that ships; it is read once."""
    file = data_folder("contracts") / "lock.json"
    return decode_lock(str(file), file.read_bytes())


def find_lock(start: Path) -> Path | None:
    """Returns the nearest `runflow.lock` at or above a folder."""
    return next((file for folder in upwards(start) if (file := folder / LOCK_FILE).is_file()), None)


def place_lock(start: Path) -> Path:
    """Returns where pins of a project are to be written: its `runflow.lock`, or where that would be, at the root of its repository."""
    root = next((folder for folder in upwards(start) if (folder / _ROOT_MARK).exists()), start.absolute())
    return find_lock(start) or root / LOCK_FILE


def seen_from(lock: Path, file: Path) -> str | None:
    """Returns the path of a file of the project as its lock names it, or nothing for a file elsewhere."""
    whole = file.absolute()
    return whole.relative_to(lock.parent).as_posix() if whole.is_relative_to(lock.parent) else None


def read_lock(file: Path) -> Lock:
    """Returns the lock in a file.

    Raises:
        LockError: it cannot be read, or is no lock.
    """
    try:
        return decode_lock(str(file), read_file(file))
    except OSError as error:
        raise LockError(f"{file} cannot be read: {error.strerror}") from None


def pin_of(name: str, start: Path) -> Pinned | None:
    """Returns what a name is pinned to, seen from a folder: by the user's own lock, else by the one that ships, else nothing.

    Raises:
        LockError: the user's lock cannot be used.
    """
    file = find_lock(start)
    if file is not None and (pin := read_lock(file).pins.get(name)) is not None:
        return Pinned(pin, file)
    default = packaged_lock().pins.get(name)
    return None if default is None else Pinned(default, None)


def write_pin(file: Path, name: str, pin: Pin) -> None:
    """Pins a name in a lock, which is made if it is not there; other pins stay as they are, and readers find the old lock or the new one.

    Raises:
        LockError: the lock cannot be read.
        NotWritten: it cannot be written.
    """
    lock = read_lock(file) if file.exists() else Lock()
    write_whole(file, represent_lock(lock.with_pin(name, pin)))


def upwards(start: Path) -> tuple[Path, ...]:
    """Returns a folder and all that it lies in, the nearest first."""
    folder = start.absolute()
    return folder, *folder.parents

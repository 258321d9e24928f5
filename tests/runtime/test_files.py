"""Files that are written whole: what a reader finds, and who may read it."""

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runflow_mock.runtime.files import NotWritten, write_whole

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")


@contextmanager
def masked(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664), (0o377, 0o400)])
def test_new_file_is_for_whom_the_mask_says(tmp_path: Path, mask: int, mode: int) -> None:
    path = tmp_path / "a.har"
    with masked(mask):
        write_whole(path, b"x")
    assert (_mode(path), path.read_bytes()) == (mode, b"x")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755])
def test_file_that_takes_the_place_of_another_is_for_the_same_eyes(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.har"
    path.write_bytes(b"older")
    path.chmod(mode)
    with masked(0o022):
        write_whole(path, b"x")
    assert (_mode(path), path.read_bytes()) == (mode, b"x")


# What is said of a process can be heard, and not taken back.
LOOK = """
import os, stat, sys
from pathlib import Path
from runflow_mock.runtime.files import write_whole

def look(event, arguments):
    if event == "os.chmod":
        print(oct(stat.S_IMODE(os.stat(arguments[0]).st_mode)))

os.umask(0o022)
sys.addaudithook(look)
write_whole(Path(sys.argv[1]), b"x")
"""


def test_copy_is_for_the_same_eyes_from_its_first_byte_on(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    path.write_bytes(b"older")
    path.chmod(0o600)
    told = subprocess.run((sys.executable, "-c", LOOK, str(path)), capture_output=True, text=True, check=True)
    assert told.stdout == "0o600\n"


def test_link_gives_way_and_what_it_leads_to_stays_with_its_mode(tmp_path: Path) -> None:
    elsewhere, path = tmp_path / "elsewhere", tmp_path / "a.har"
    elsewhere.write_bytes(b"older")
    elsewhere.chmod(0o666)
    path.symlink_to(elsewhere)
    with masked(0o077):
        write_whole(path, b"x")
    assert (_mode(path), elsewhere.read_bytes(), path.is_symlink()) == (0o600, b"older", False)


def test_name_may_be_as_long_as_the_file_system_takes(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 251 + ".har")
    write_whole(path, b"x")
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    with pytest.raises(NotWritten, match="File name too long"):
        write_whole(tmp_path / ("a" * 256), b"x")


def _failing(number: int) -> Callable[[int], None]:
    def sync(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    return sync


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS])
def test_file_system_that_cannot_bring_files_to_the_disk_takes_them(tmp_path: Path, number: int) -> None:
    write_whole(tmp_path / "a.har", b"x", _failing(number))
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.har", b"x")]


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_disk_that_fails_to_take_a_file_is_told(tmp_path: Path, number: int) -> None:
    with pytest.raises(NotWritten, match=os.strerror(number)):
        write_whole(tmp_path / "a.har", b"x", _failing(number))
    assert list(tmp_path.iterdir()) == []

import io
import os
import sys
from pathlib import Path

import pytest

from runflow_mock.user_files import read_file, read_found_file, read_stream


def test_file_is_read_whole_up_to_its_bound(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"x" * 10)
    assert read_file(file, 10) == b"x" * 10
    with pytest.raises(OSError, match="it has more than 9 bytes"):
        read_file(file, 9)


def test_file_that_is_too_long_is_named(tmp_path: Path) -> None:
    file = tmp_path / "too-long.txt"
    file.write_bytes(b"xx")
    with pytest.raises(OSError, match=r"it has more than 1 bytes: '.*too-long\.txt'") as told:
        read_file(file, 1)
    assert told.value.filename == str(file)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such files")
def test_file_that_was_found_is_read_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    file, pipe = tmp_path / "a", tmp_path / "b"
    file.write_bytes(b"x" * 10)
    assert read_found_file(file, tmp_path, 10) == b"x" * 10
    with pytest.raises(OSError, match="it has more than 9 bytes"):
        read_found_file(file, tmp_path, 9)
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="it is a pipe or a device"):
        read_found_file(pipe, tmp_path)


def test_pipe_is_read_to_its_end_however_it_comes() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"ab")
    os.write(writing, b"c")
    os.close(writing)
    with open(reading, "rb") as stream:
        assert read_stream(stream, 3) == b"abc"


def test_no_more_is_taken_than_shows_that_there_is_too_much() -> None:
    stream = io.BytesIO(b"x" * 100)
    with pytest.raises(OSError, match="more than 3 bytes"):
        read_stream(stream, 3)
    assert stream.tell() == 4


def test_what_is_found_in_a_folder_is_read_in_it_alone(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "given", tmp_path / "private"
    folder.mkdir()
    elsewhere.write_bytes(b"private")
    (folder / "own").write_bytes(b"own")
    (folder / "within").symlink_to("own")
    (folder / "out").symlink_to(elsewhere)
    (folder / "again").symlink_to("out")
    assert read_found_file(folder / "within", folder) == b"own"
    for name in ("out", "again"):
        with pytest.raises(OSError, match="its link leads out of the folder"):
            read_found_file(folder / name, folder)
    (tmp_path / "named").symlink_to(folder)
    assert read_found_file(tmp_path / "named" / "own", tmp_path / "named") == b"own"

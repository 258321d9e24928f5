"""A log that nobody takes holds nobody up: what is lost is counted, and told once somebody reads again."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest

from runflow_mock.runtime.lines import WAITING_MAX, LineWriter


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for end in (reading, writing):
        os.close(end)


def test_line_arrives(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    with os.fdopen(os.dup(writing), "w") as stream, closing(LineWriter(stream)) as lines:
        lines.write("one \udcff")
        assert os.read(reading, 100) == b"one \\udcff\n"
    assert lines.lost == 0


def test_stream_without_a_descriptor_is_written_at_once() -> None:
    stream = StringIO()
    LineWriter(stream).write("one")
    assert stream.getvalue() == "one\n"


@pytest.mark.slow(is_covering=True)
def test_reader_that_stands_holds_nobody_up_and_is_told_later_what_it_missed(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    with os.fdopen(os.dup(writing), "w") as stream:
        lines = LineWriter(stream)
        # The pipe takes 64 KiB, then as many lines wait as may, and the rest is lost.
        for _ in range(3 * WAITING_MAX):
            lines.write("x" * 99)
        assert lines.lost > 0
        taken = bytearray()
        while b"were lost" not in taken:
            taken += os.read(reading, 65_536)
        rest = threading.Thread(target=lambda: os.read(reading, 1 << 20))
        rest.start()
        lines.close()
        rest.join()
    assert re.search(rb"\nproblem: [0-9]+ lines of this log were lost: nobody took them\n", taken)


@pytest.mark.slow(is_covering=True)
def test_line_that_comes_late_goes_into_nothing_that_was_opened_since(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "w")
    lines = LineWriter(stream)
    # More than the pipe takes: the thread is in the middle of the first line when the stream is closed.
    for _ in range(3):
        lines.write("x" * 99_999)
    lines.close()
    with (tmp_path / "other").open("wb") as other:
        # The number is free, and goes to something else.
        stream.close()
        os.dup2(other.fileno(), writing)
    taken = 0
    while part := os.read(reading, 65_536):
        taken += len(part)
    os.close(reading)
    os.close(writing)
    assert (taken, (tmp_path / "other").read_bytes()) == (300_000, b"")


def test_closed_stream_is_counted() -> None:
    lines = LineWriter(None)
    lines.write("one")
    lines.close()
    assert lines.lost == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_full_disk_is_counted() -> None:
    with open("/dev/full", "w", buffering=1) as stream, closing(LineWriter(stream)) as lines:
        lines.write("one")
        lines.close()
        assert lines.lost == 1

"""Repetitions that give nothing back, on the first releases of Python 3.11 as well: see python/cpython#106052."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runflow_mock.domain.repetitions import repeated
from runflow_mock.domain.scrubbing import Scrubber

QUOTED = rb'[^"]++|"[^"]*+"'


def test_last_try_that_failed_has_read_nothing() -> None:
    found = re.compile(repeated(QUOTED)).match(b'a "b" c "d')
    assert found is not None
    assert found[0] == b'a "b" c '


@pytest.mark.parametrize(("least", "text", "is_there"), [(0, b"", True), (1, b"", False), (1, b"ab", True)])
def test_it_comes_as_often_as_is_asked_for_at_least(least: int, text: bytes, is_there: bool) -> None:
    assert (re.compile(repeated(b"ab", least)).match(text) is not None) is is_there


def test_nothing_is_given_back() -> None:
    assert re.compile(repeated(b"ab") + b"ab").match(b"ab" * 3_000) is None


@given(st.text(alphabet='a" ', max_size=40), st.integers(0, 1))
def test_it_reads_what_a_greedy_repetition_reads(text: str, least: int) -> None:
    greedy = re.compile(b"(?:%b)%b" % (QUOTED, b"+" if least else b"*")).match(text.encode())
    ours = re.compile(repeated(QUOTED, least)).match(text.encode())
    assert (ours and ours[0]) == (greedy and greedy[0])


def test_secret_within_a_text_of_json_is_masked_on_every_python() -> None:
    assert Scrubber(["exchange"]).scrub(b'{"n":"exchange"}') == b'{"n":"redacted"}'

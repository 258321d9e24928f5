"""pytest-randomly: any order and any seed of Python's own numbers; ids of a test stay the same."""

import pytest
from stories import BODY, PATH, by_hand, tell


@pytest.mark.parametrize("number", range(3))
def test_each(runflow, runflow_receiver, number):
    tell(runflow, runflow_receiver)


@pytest.mark.runflow(seed="42")
def test_ids_are_the_same_in_any_order(runflow):
    assert by_hand(runflow.base_url + PATH, runflow.headers, BODY)["id"] == "019b76da-a800-7000-8001-4651694c3bbc"

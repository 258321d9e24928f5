import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runflow_mock.domain.seeds import Seed

SEED = Seed.from_text("0")
LABELS = st.lists(st.text(max_size=8) | st.integers(), max_size=4)
DRAWS = 2_000


def test_equal_labels_give_equal_draws() -> None:
    assert Seed.from_text("0").child("run", 1) == SEED.child("run", 1)
    assert SEED.fraction("queue", "run") == SEED.fraction("queue", "run")


def test_other_seed_gives_other_draws() -> None:
    assert Seed.from_text("1").child("run", 1) != SEED.child("run", 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [(("a", "b"), ("ab",)), (("a", "b"), ("b", "a")), ((1,), ("1",)), ((), ("",)), (("a;str:1:b",), ("a", "b")), (("1", 2), ("12",))],
)
def test_different_labels_never_collide(one: tuple[str | int, ...], other: tuple[str | int, ...]) -> None:
    assert SEED.child(*one) != SEED.child(*other)


@pytest.mark.slow(is_covering=True)
@given(LABELS, LABELS)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_two_lists_of_labels_collide_only_when_they_are_equal(one: list[str | int], other: list[str | int]) -> None:
    assert (SEED.child(*one) == SEED.child(*other)) is (one == other)


def test_draws_do_not_shift_each_other() -> None:
    before = SEED.fraction("timeline", "run 2")
    SEED.fraction("timeline", "run 1")
    assert SEED.fraction("timeline", "run 2") == before


def test_fractions_are_spread_evenly_from_zero_to_below_one() -> None:
    drawn = [SEED.fraction("draw", number) for number in range(DRAWS)]
    assert min(drawn) >= 0
    assert max(drawn) < 1
    assert abs(sum(drawn) / DRAWS - 0.5) < 0.03
    assert len(set(drawn)) == DRAWS


def test_whole_numbers_stay_below_their_limit_and_reach_every_value() -> None:
    assert {SEED.below(6, "die", number) for number in range(200)} == set(range(6))
    assert SEED.below(1, "nothing to choose") == 0


@pytest.mark.parametrize("length", [1, 32, 48, 128])
def test_hexadecimal_text_has_the_wanted_length(length: int) -> None:
    text = SEED.hex(length, "secret")
    assert len(text) == length
    assert int(text, 16) >= 0
    assert text == SEED.hex(length, "secret")


@pytest.mark.slow
def test_draws_do_not_depend_on_the_hash_seed_of_the_process() -> None:
    program = "from runflow_mock.domain.seeds import Seed; print(Seed.from_text('0').child('run', 1).key.hex())"
    run = subprocess.run([sys.executable, "-c", program], env={"PYTHONHASHSEED": "42"}, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == SEED.child("run", 1).key.hex()

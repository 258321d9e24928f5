import uuid
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import SEED
from worlds import START

from runflow_mock.domain.identity import SEQUENCE_SPAN, fraction_in, is_uuid, named_uuid, part_uuid, sequence_of, uuid7, uuid7s
from runflow_mock.domain.seeds import Seed

SEQUENCES = st.integers(0, 2**26 - 1)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=36_500)).map(lambda passed: START + passed)


def test_id_is_a_version_7_uuid_of_the_instant() -> None:
    parsed = uuid.UUID(uuid7(START, 1, SEED))
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert parsed.int >> 80 == int(START.timestamp() * 1000)


@pytest.mark.slow(is_covering=True)
@given(MOMENTS, SEQUENCES)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_every_id_is_a_lower_case_version_7_uuid(moment: object, sequence: int) -> None:
    text = uuid7(moment, sequence, SEED)  # type: ignore[arg-type]
    assert is_uuid(text)
    assert str(uuid.UUID(text)) == text
    assert uuid.UUID(text).version == 7
    assert uuid.UUID(text).variant == uuid.RFC_4122


@pytest.mark.slow(is_covering=True)
@given(st.lists(SEQUENCES, min_size=2, unique=True))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_ids_of_one_millisecond_sort_by_sequence(sequences: list[int]) -> None:
    assert sorted(uuid7(START, number, SEED) for number in sequences) == [uuid7(START, number, SEED) for number in sorted(sequences)]


@pytest.mark.parametrize("first", [0, 1, 2**14 - 2, 2**26 - 2])
def test_ids_that_are_made_together_are_those_that_are_made_one_by_one(first: int) -> None:
    places = range(first, first + 4)
    assert uuid7s(START, places, SEED) == [uuid7(START, place, SEED) for place in places]


def test_later_millisecond_sorts_after_any_sequence() -> None:
    assert uuid7(START, 2**26 - 1, SEED) < uuid7(START + timedelta(milliseconds=1), 0, SEED)


def test_tail_depends_on_the_seed() -> None:
    one, other = uuid7(START, 1, SEED), uuid7(START, 1, Seed.from_text("1"))
    assert one != other
    assert one[:24] == other[:24]


def test_parts_of_an_id_are_numbers_spread_evenly_from_zero_to_below_one() -> None:
    ids = [uuid7(START, number, SEED) for number in range(1_000)]
    for part in range(3):
        numbers = [fraction_in(text, part) for text in ids]
        assert all(0 <= number < 1 for number in numbers)
        tenths = Counter(int(number * 10) for number in numbers)
        assert sorted(tenths) == list(range(10))
        assert min(tenths.values()) > 60


def test_parts_of_an_id_are_digits_of_its_end() -> None:
    text = "019b76da-a800-7000-8001-80004000ffff"
    assert [fraction_in(text, part) for part in range(3)] == [0.5, 0.25, 0xFFFF / 0x1_0000]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "any",
        "019B76DA-A800-7000-8001-D2A3FFFAF480",
        "019b76daa80070008001d2a3fffaf480",
        "{019b76da-a800-7000-8001-d2a3fffaf480}",
        "019b76da-a800-7000-8001-d2a3fffaf480\n",
        "019b76da-a800-7000-8001-d2a3fffaf48g",
    ],
)
def test_any_other_spelling_is_no_id(text: str) -> None:
    assert not is_uuid(text)


def test_named_id_is_fixed_and_depends_on_each_name() -> None:
    assert named_uuid("model", "a/b") == named_uuid("model", "a/b")
    assert len({named_uuid("model", "a/b"), named_uuid("model", "a/c"), named_uuid("input", "a/b"), named_uuid("model a/b")}) == 4
    assert is_uuid(named_uuid("model", "a/b"))


def test_parts_of_an_owner_sort_by_number_and_stay_apart() -> None:
    owner, other = uuid7(START, 1, SEED), uuid7(START, 2, SEED)
    parts = [part_uuid(owner, "log", number) for number in range(50)]
    assert parts == sorted(parts)
    assert all(is_uuid(part) and uuid.UUID(part).version == 7 for part in parts)
    assert not set(parts) & {part_uuid(owner, "node", number) for number in range(50)}
    assert not set(parts) & {part_uuid(other, "log", number) for number in range(50)}


@pytest.mark.parametrize("sequence", [0, 1, 16_383, 16_384, SEQUENCE_SPAN - 1, SEQUENCE_SPAN, SEQUENCE_SPAN + 7])
def test_id_tells_its_place_in_the_sequence(sequence: int) -> None:
    assert sequence_of(uuid7(START, sequence, SEED)) == sequence % SEQUENCE_SPAN

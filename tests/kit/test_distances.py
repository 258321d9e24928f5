"""Distances between signatures: what is wrong shares no digit, no sum and no fold with what is right."""

import hashlib

import pytest
from slips import PREVIOUS_SECRET, SECRET

from runflow_mock.domain.signing import sign_bare, sign_timestamped
from runflow_mock.kit.probes.distances import is_far, moved_away
from runflow_mock.kit.probes.forgeries import FORGERIES, SAME_TO_READERS, Forge, of_event, saying, telling
from runflow_mock.kit.probes.sample_callbacks import DIGITS, TIMESTAMP, Sender, digits_of
from runflow_mock.testing.samples import SampleCallback


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _rights(sample: SampleCallback) -> list[str]:
    """The digits that a receiver expects that knows the secret and the one before."""
    stamp = sample.headers.get(TIMESTAMP)
    return [
        (sign_bare(sample.body, secret) if stamp is None else sign_timestamped(sample.body, int(stamp), secret))[-DIGITS:]
        for secret in (SECRET, PREVIOUS_SECRET)
    ]


@pytest.mark.parametrize(
    ("digits", "far"),
    [("01" * 32, False), ("10" * 32, False), ("0" * 63 + "1", False), ("f7" * 31 + "3a", True)],
    ids=["itself", "the same sum", "one digit more", "another"],
)
def test_digits_are_far_that_share_no_place_no_sum_and_no_fold(digits: str, far: bool) -> None:
    assert is_far(digits, ["01" * 32]) is far


def test_digits_that_are_moved_away_are_right_at_no_place() -> None:
    for number in range(50):
        rights = [_digits(f"right {number}"), _digits(f"before {number}")]
        moved = moved_away(_digits(f"wrong {number}"), rights)
        assert not any(digit in right for digit, *right in zip(moved, *rights, strict=True))


FAR: dict[str, Forge] = {
    "wrong secret": FORGERIES["wrong secret"],
    "of another event": of_event("batch.failed"),
    "telling something else": telling(status="queued"),
    "saying something else": saying(b"[]"),
    **SAME_TO_READERS,
}


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("dialect", ["seed", "docs"])
@pytest.mark.parametrize("forge", FAR.values(), ids=list(FAR))
def test_forgery_is_taken_by_nobody_who_compares_a_part_of_what_is_right(forge: Forge, dialect: str) -> None:
    with Sender(SECRET, dialect, previous_secret=PREVIOUS_SECRET) as sender:
        forged = [forge(sender) for _ in range(3)]
    assert [is_far(digits_of(sample), _rights(sample)) for sample in forged] == [True] * 3


@pytest.mark.slow(is_covering=True)
def test_digits_in_another_order_add_up_and_fold_as_the_right_ones_in_parts_of_any_size() -> None:
    with Sender(SECRET) as sender:
        sample = FORGERIES["digits in another order"](sender)
    digits, right = digits_of(sample), _rights(sample)[0]
    assert digits != right
    for size in (1, 2, 4, 8, 16, 32):
        assert sorted(_cut(digits, size)) == sorted(_cut(right, size))


def _cut(digits: str, size: int) -> list[str]:
    return [digits[start : start + size] for start in range(0, DIGITS, size)]

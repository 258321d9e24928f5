"""Distances: signatures that share nothing with the right ones, so that nobody takes them by chance.

Whoever compares one digit alone takes one wrong signature in sixteen, and is caught by those that are right but for a digit. What is wrong
as a whole must not be taken by such a chance: it would be held against another rule.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import ne, xor

HEX_DIGITS = "0123456789abcdef"
# What somebody may add up, or fold into one: digits, their characters, and the bytes that they stand for.
_PARTS: Sequence[tuple[Callable[[str], Iterable[int]], int]] = (
    (lambda digits: (int(digit, 16) for digit in digits), 16),
    (lambda digits: digits.encode(), 256),
    (bytes.fromhex, 256),
)


def is_far(digits: str, rights: Iterable[str]) -> bool:
    """Whether digits differ from each of the right ones at every place, and in all that they add up to or fold into."""
    # Of ten thousand that are looked at nearly all share a place with the first right one.
    return all(all(map(ne, digits, right)) and _adds_up_otherwise(digits, right) for right in rights)


def _adds_up_otherwise(digits: str, right: str) -> bool:
    return all(
        sum(parts(digits)) % whole != sum(parts(right)) % whole and reduce(xor, parts(digits)) != reduce(xor, parts(right))
        for parts, whole in _PARTS
    )


def moved_away(digits: str, rights: Sequence[str]) -> str:
    """Returns digits of which each that is right by chance is the next one that is not."""
    columns = zip(digits, *rights, strict=True)
    return "".join(next(each for each in _from(digit) if each not in taken) for digit, *taken in columns)


def _from(digit: str) -> str:
    start = HEX_DIGITS.index(digit)
    return HEX_DIGITS[start:] + HEX_DIGITS[:start]

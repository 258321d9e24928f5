"""Survivors: mutants that no rule kills, each with the reason for which that is right; the list is `survivors.toml`."""

import tomllib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import msgspec

from mutation.mutants import Mutant

FILE = Path(__file__).with_name("survivors.toml")


class Accepted(msgspec.Struct, frozen=True):
    """Mutants that may live: their kinds, the subjects and ways that fit these patterns, and why."""

    reason: str
    kinds: tuple[str, ...] = ("*",)
    subjects: tuple[str, ...] = ("*",)
    ways: tuple[str, ...] = ("*",)
    to: tuple[str, ...] = ("*",)

    def fits(self, mutant: Mutant) -> bool:
        """Tells whether a mutant is among them."""
        told = (mutant.kind.value, mutant.place.subject.name, ".".join(mutant.place.way), mutant.to)
        patterns = (self.kinds, self.subjects, self.ways, self.to)
        return all(any(fnmatchcase(text, each) for each in allowed) for text, allowed in zip(told, patterns, strict=True))


@cache
def accepted(file: Path = FILE) -> tuple[Accepted, ...]:
    """Returns the list."""
    return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8"))["accepted"], tuple[Accepted, ...])


def reason_for(mutant: Mutant, known: Iterable[Accepted]) -> str:
    """Returns why a mutant may live, or nothing."""
    return next((each.reason for each in known if each.fits(mutant)), "")

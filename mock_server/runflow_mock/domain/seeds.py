"""Randomness as a value: a seed is a key, and every draw is a hash of labels under it.

A draw depends on its labels alone, never on what was drawn before, so that a new draw never shifts another, commands may be
reordered without changing unrelated results, and a snapshot holds no generator.
"""

from hashlib import blake2b

import msgspec


class Seed(msgspec.Struct, frozen=True, gc=False):
    """A sixteen-byte key from which named values are drawn."""

    key: bytes

    @classmethod
    def from_text(cls, text: str) -> "Seed":
        """Returns the seed that a user wrote as a word or a number."""
        return cls(blake2b(text.encode(), digest_size=16).digest())

    def child(self, *labels: str | int) -> "Seed":
        """Returns the seed of a named part; equal labels give equal seeds, and no two lists of labels collide."""
        return Seed(self._draw(labels))

    def fraction(self, *labels: str | int) -> float:
        """Returns a number in [0, 1), uniform over labels."""
        return (int.from_bytes(self._draw(labels)[:7], "big") >> 3) / (1 << 53)

    def below(self, limit: int, *labels: str | int) -> int:
        """Returns a whole number in [0, limit)."""
        return int.from_bytes(self._draw(labels), "big") % limit

    def hex(self, length: int, *labels: str | int) -> str:
        """Returns `length` hexadecimal digits."""
        return blake2b(self._draw(labels), digest_size=64).hexdigest()[:length]

    def _draw(self, labels: tuple[str | int, ...]) -> bytes:
        text = ""
        for label in labels:
            text += f"str:{len(label)}:{label};" if type(label) is str else f"{type(label).__name__}:{len(str(label))}:{label};"
        return blake2b(text.encode(), key=self.key, digest_size=16).digest()

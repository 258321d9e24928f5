"""The bytes of a tenant's assets, kept beside its world: the history knows them by their hash only.

How much may be kept is decided by the world (`Limits.asset_bytes_max`) before anything gets here. A replayed history has the records
without the bytes.
"""

from collections.abc import Callable
from hashlib import sha256


class Blobs:
    """Bytes by their SHA-256, each kept once."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}
        # Hears of bytes that are new here.
        self.listener: Callable[[str, bytes], None] | None = None

    def keep(self, data: bytes) -> None:
        """Keeps bytes that a world has taken note of."""
        digest = sha256(data).hexdigest()
        is_new = digest not in self._blobs
        self._blobs[digest] = data
        if is_new and self.listener is not None:
            self.listener(digest, data)

    def all(self) -> tuple[bytes, ...]:
        """Returns everything that is kept, in the order in which it came."""
        return tuple(self._blobs.values())

    def items(self) -> tuple[tuple[str, bytes], ...]:
        """Returns everything that is kept, with its SHA-256."""
        return tuple(self._blobs.items())

    def get(self, digest: str) -> bytes | None:
        """Returns the bytes of that hash, if they are here."""
        return self._blobs.get(digest)

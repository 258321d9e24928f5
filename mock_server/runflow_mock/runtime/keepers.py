"""What the registry of tenants asks of whoever keeps them, and what those ask of a log.

`runtime/keeping.py` does it with files, `runtime/cluster_keeping.py` with a broker that many workers share.
"""

from asyncio import Future
from collections.abc import Iterable
from typing import NamedTuple, Protocol, TypeVar

TenantT_contra = TypeVar("TenantT_contra", contravariant=True)


class KeepError(Exception):
    """A tenant cannot be kept, or read: what went wrong, with which file, and the way out."""


class Elsewhere(KeepError):
    """Another worker has the tenant by now, or it cannot be known whether one has: whoever asks again is led right."""


class Unusable(KeepError):
    """What is kept of a tenant cannot be read: somebody else wrote into its log, or something of it is gone. To ask again does not help."""


Ack = int | Future[int]
"""The number of a row that is written, or what gets it once it is."""
Parts = Iterable[tuple[str, bytes]]
Blobs = Iterable[tuple[str, bytes]]


class Contents(NamedTuple):
    """All that a log holds."""

    base: list[tuple[str, bytes]]
    log: list[bytes]
    blobs: list[bytes]


class TenantLog(Protocol):
    """Where one kept tenant is written down: a base, and the rows that came after it. Whatever it raises is a `KeepError`."""

    @property
    def is_shared(self) -> bool:
        """Whether others may write into it, too."""
        ...

    def begin(self, base: Parts, row: bytes, blobs: Blobs) -> Ack:
        """Puts a tenant into the place of whatever the log holds; the row is what has come after its base already."""
        ...

    def append(self, row: bytes, blobs: Blobs = (), *, is_last: bool = False) -> Ack:
        """Writes what came to be in one tick; after the last one of a stretch the tenant is written as a new base."""
        ...

    async def rebase(self, base: Parts, covered: Ack) -> None:
        """Lets a base take the place of the present one and of all rows up to one, while others may be appended."""
        ...

    async def confirm(self) -> None:
        """Returns if nobody else has written into the log until now."""
        ...

    def close(self) -> None: ...


class Told(NamedTuple):
    """What the workers of a cluster have said, by their names, and who was silent."""

    answers: dict[str, bytes]
    silent: tuple[str, ...]


class Cluster(Protocol):
    """The workers among which this one is, and what all of them know together."""

    async def bring(self, name: str) -> None: ...

    async def confirm(self, name: str) -> None: ...

    async def names(self) -> list[str]: ...

    async def ask(self, question: str) -> Told: ...

    @property
    def lag(self) -> int: ...


class OnWritten(Protocol):
    """Who goes on when a row is written; where that is not known, to ask `written` again tells."""

    def __call__(self, *, is_written: bool) -> None: ...


class Keeping(Protocol):
    """What is still to be written of one kept tenant."""

    @property
    def is_settled(self) -> bool: ...

    def touch(self) -> None: ...

    def call_once_written(self, call: OnWritten, *, is_touched: bool) -> bool: ...

    async def written(self) -> None: ...

    def close(self) -> None: ...


class TenantKeeper(Protocol[TenantT_contra]):
    """Writes tenants down, so that they outlive the process."""

    def adopt(self, tenant: TenantT_contra, before: TenantT_contra | None) -> None: ...

    def forget(self, tenant: TenantT_contra) -> None: ...

    def make_room(self, name: str) -> bool: ...

    def refusal(self, name: str) -> str | None: ...

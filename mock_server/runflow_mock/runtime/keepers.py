"""What the registry of tenants asks of whoever keeps them; `runtime/keeping.py` does it with files."""

from typing import Protocol, TypeVar

TenantT_contra = TypeVar("TenantT_contra", contravariant=True)


class KeepError(Exception):
    """A tenant cannot be kept, or read: what went wrong, with which file, and the way out."""


class Keeping(Protocol):
    """What is still to be written of one kept tenant."""

    @property
    def is_pending(self) -> bool: ...

    def touch(self) -> None: ...

    async def written(self) -> None: ...

    def close(self) -> None: ...


class TenantKeeper(Protocol[TenantT_contra]):
    """Writes tenants down, so that they outlive the process."""

    def adopt(self, tenant: TenantT_contra, before: TenantT_contra | None) -> None: ...

    def forget(self, tenant: TenantT_contra) -> None: ...

    def make_room(self, name: str) -> bool: ...

    def refusal(self, name: str) -> str | None: ...

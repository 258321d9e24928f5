"""Keeping tenants: the folder of their files, and what becomes of them at the next start.

A row that cannot be written takes everything of its tick back: the tenant is read again as its file has it, and whoever waits is told. A
file that cannot be read is set aside or left alone, never written to, and keeps no other tenant from its own.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from runflow_mock.domain.errors import DomainError
from runflow_mock.domain.tenants import is_tenant_name
from runflow_mock.runtime.config import Config, ConfigError
from runflow_mock.runtime.keepers import KeepError
from runflow_mock.runtime.kept_files import ENDINGS, SUFFIX, Connect, Damaged, KeptFile, Taken, connect
from runflow_mock.runtime.kept_tenants import Kept, LogSize
from runflow_mock.runtime.revivals import Clocks, revive
from runflow_mock.runtime.tenants import Tenant, Tenants
from runflow_mock.wire.kept import DAMAGE

# What the folder's own lock is called: no tenant can have that name.
OWNER = ".owner"
# What `after_restart` says where clocks are not to catch up.
STAND = "stand"
LOG_SIZE = LogSize()
# A file that cannot be read is renamed so, with a number behind it, and never written to again.
SET_ASIDE = ".damaged-"


@dataclass(frozen=True)
class Unavailable:
    """Why a tenant's file could not be read, and whether it was set aside, so that the name is free for a new tenant."""

    reason: str
    is_set_aside: bool


class Keeper:
    """The folder of all kept tenants, which one server owns."""

    def __init__(
        self,
        folder: Path,
        *,
        stands: bool = False,
        is_synced: bool = False,
        clocks: Clocks,
        connect: Connect = connect,
        size: LogSize = LOG_SIZE,
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        """Takes the folder; `stands` lets clocks stand where they stood when the process before ended.

        Raises:
            ConfigError: another server has it, or it cannot be written.
        """
        self.folder = folder
        self.unavailable: dict[str, Unavailable] = {}
        self._stands = stands
        self._is_synced = is_synced
        self._clocks = clocks
        self._connect = connect
        self._size = size
        self._tell = tell
        self._is_closing = False
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = KeptFile(folder / OWNER, connect=connect)
        except Taken:
            raise ConfigError(f"keep: {folder} belongs to another server: stop that one, or name another folder") from None
        except KeepError as error:
            raise ConfigError(f"keep: {folder} cannot be used: {error}") from None
        except OSError as error:
            raise ConfigError(f"keep: {folder} cannot be used: {error.strerror}") from None

    def adopt(self, tenant: Tenant, before: Tenant | None) -> None:
        """Keeps a tenant from now on, in the place of the one of its name.

        Raises:
            KeepError: it cannot be written; whatever was kept under the name still is.
        """
        name = tenant.settings.name
        file = self._file_of(before)
        if not tenant.settings.keep:
            self._remove(name, file)
            return
        kept = Kept(tenant, file or self._open_new(name), self._clocks, self._take_back, self._size)
        try:
            kept.begin()
        except KeepError:
            kept.close()
            if file is None:
                kept.log.close()
            raise
        if before is not None and isinstance(before.kept, Kept):
            before.kept.hand_over(kept)
        tenant.kept = kept

    def forget(self, tenant: Tenant) -> None:
        """Removes the file of a tenant that is dropped."""
        self._remove(tenant.settings.name, self._file_of(tenant))

    def refusal(self, name: str) -> str | None:
        """Returns why the tenant of a name cannot be had, if its file could not be read."""
        found = self.unavailable.get(name)
        return None if found is None else found.reason

    def make_room(self, name: str) -> bool:
        """Frees the name of a tenant whose file was set aside, and tells whether it was such a one."""
        found = self.unavailable.get(name)
        if found is None or not found.is_set_aside:
            return False
        del self.unavailable[name]
        return True

    def revive(self, tenants: Tenants, go_on: Callable[[Tenant], None]) -> None:
        """Reads every file of the folder and makes its tenant again, each of which goes on then; whatever is taken back later does so too.

        What cannot be read is told, and nobody else is kept from it.
        """
        self._tenants, self._go_on = tenants, go_on
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            tenant = self._revive(path.stem) if is_tenant_name(path.stem) else None
            if tenant is not None:
                go_on(tenant)

    def close(self, tenants: Tenants) -> None:
        """Writes what is still to be written and gives the folder back."""
        self._is_closing = True
        for tenant in tenants:
            if isinstance(tenant.kept, Kept):
                tenant.kept.flush(is_end=True)
                tenant.kept.close()
                tenant.kept.log.close()
        self._lock.close()

    def _revive(self, name: str, file: KeptFile | None = None) -> Tenant | None:
        try:
            file = file or self._open(name)
            return self._read(name, file)
        except (Damaged, *DAMAGE) as error:
            self._set_aside(name, file, str(error) if isinstance(error, Damaged) else f"{self._path(name)} is damaged: {error}")
        except KeepError as error:
            self._give_up(name, file, str(error))
        except DomainError as error:
            self._give_up(name, file, f"{self._path(name)} cannot be used by this server: {error}")
        return None

    def _read(self, name: str, file: KeptFile) -> Tenant | None:
        if not file.is_begun:
            # The process ended before the tenant's beginning was written: nobody was told of it.
            self._remove(name, file)
            return None
        contents = file.read()
        tenant = revive(self._tenants, name, contents, self._clocks, stands=self._stands)
        tenant.kept = Kept(tenant, file, self._clocks, self._take_back, self._size, contents=contents)
        return tenant

    def _take_back(self, tenant: Tenant, error: KeepError) -> None:
        """Reads a tenant as its file has it: what could not be written has not happened."""
        self._tell(f"tenant {tenant.settings.name}: {error}; what was not written is taken back")
        if self._is_closing:
            return
        file = self._file_of(tenant)
        if tenant.kept is not None:
            tenant.kept.close()
        self._tenants.let_go(tenant)
        revived = self._revive(tenant.settings.name, file)
        if revived is not None:
            asyncio.get_running_loop().call_later(self._size.retry_seconds, self._go_on_later, revived)

    def _go_on_later(self, tenant: Tenant) -> None:
        if not tenant.is_dropped:
            self._go_on(tenant)

    def _set_aside(self, name: str, file: KeptFile | None, reason: str) -> None:
        if file is not None:
            file.close()
        path = self._path(name)
        aside = next(place for number in count(1) if not (place := path.with_name(f"{path.name}{SET_ASIDE}{number}")).exists())
        for ending in ENDINGS:
            source = path.with_name(path.name + ending)
            if source.exists():
                source.rename(aside.with_name(aside.name + ending))
        text = f"{reason}; it was set aside as {aside.name}, and DELETE /_mock/tenants/{name} makes room for a new tenant"
        self.unavailable[name] = Unavailable(text, is_set_aside=True)
        self._tell(f"tenant {name}: {text}")

    def _give_up(self, name: str, file: KeptFile | None, reason: str) -> None:
        if file is not None:
            file.close()
        self.unavailable[name] = Unavailable(reason, is_set_aside=False)
        self._tell(f"tenant {name}: {reason}")

    def _remove(self, name: str, file: KeptFile | None) -> None:
        if file is not None:
            file.close()
            for ending in ENDINGS:
                file.path.with_name(file.path.name + ending).unlink(missing_ok=True)

    def _file_of(self, tenant: Tenant | None) -> KeptFile | None:
        log = tenant.kept.log if tenant is not None and isinstance(tenant.kept, Kept) else None
        return log if isinstance(log, KeptFile) else None

    def _open(self, name: str) -> KeptFile:
        return KeptFile(self._path(name), is_synced=self._is_synced, connect=self._connect)

    def _open_new(self, name: str) -> KeptFile:
        """Returns the file of a tenant that there was not, and that nobody else has put there."""
        file = self._open(name)
        if file.is_begun:
            file.close()
            raise KeepError(
                f"{file.path} came into the folder while this server runs: start it again to have that tenant, or take the file away"
            )
        return file

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{SUFFIX}"


def open_keeper(config: Config, clocks: Clocks, tell: Callable[[str], None]) -> Keeper:
    """Returns who keeps the tenants of a server.

    Raises:
        ConfigError: the folder cannot be used.
    """
    assert config.keep is not None
    return Keeper(config.keep, stands=config.after_restart == STAND, is_synced=config.keep_synced, clocks=clocks, tell=tell)

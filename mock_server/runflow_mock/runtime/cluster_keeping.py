"""Keeping tenants among many workers: the logs stand in a broker, and whoever is asked for a tenant takes its log over.

A worker answers for a tenant while its own message is the latest in the tenant's log: each change is appended behind it, and each look asks
whether it still is. Nobody has to agree with anybody, no lease has to run out, and no clock decides.
"""

import asyncio
from asyncio import create_task, shield, timeout
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

import nats
import nats.errors
from nats.aio.client import Client
from nats.js.api import StreamConfig
from nats.js.errors import KeyNotFoundError

from runflow_mock.domain.errors import DomainError
from runflow_mock.domain.principals import KEY_PREFIX
from runflow_mock.domain.tenants import NAME
from runflow_mock.runtime.brokers import ANSWER_SECONDS_MAX, KEYS, OBJECTS, STREAM, SUBJECTS, Broker, translated
from runflow_mock.runtime.config import Config, ConfigError
from runflow_mock.runtime.keepers import Contents, KeepError, Told, Unusable
from runflow_mock.runtime.kept_tenants import Kept, LogSize
from runflow_mock.runtime.peers import Answering, Peers
from runflow_mock.runtime.revivals import Clocks, revive
from runflow_mock.runtime.stream_logs import StreamLog
from runflow_mock.runtime.tenants import Tenant, Tenants

CONNECT_SECONDS_MAX = 5
# How long it is taken for granted that a log that could not be used still cannot: to look again means to claim it again.
UNUSABLE_SECONDS = 5.0
# Logs that were looked for in vain, and are there for a tenant to be made.
_EMPTY_MAX = 1_000


Connect = Callable[..., Awaitable[Client]]
LOG_SIZE = LogSize()


class ClusterKeeper:
    """The tenants of one worker, whose logs stand in a broker."""

    def __init__(
        self,
        address: str,
        *,
        stands: bool = False,
        clocks: Clocks,
        connect: Connect = nats.connect,
        size: LogSize = LOG_SIZE,
        tell: Callable[[str], None],
    ) -> None:
        self._address = address
        self._stands = stands
        self._clocks = clocks
        self._size = size
        self._connect = connect
        self._tell = tell
        self._empty: dict[str, StreamLog] = {}
        self._unusable: dict[str, tuple[float, Unusable]] = {}
        self._coming: dict[str, asyncio.Task[None]] = {}
        self._is_closing = False
        # Why the broker was not reached yet: it is told once, when nobody tries any more.
        self._unreached: str | None = ""
        self.peers: Peers

    async def open(self, tenants: Tenants, go_on: Callable[[Tenant], None], answering: Answering) -> None:
        """Connects to the broker, and makes there what is missing.

        Raises:
            ConfigError: it cannot be used.
        """
        self._tenants, self._go_on = tenants, go_on
        parts = urlsplit(self._address)
        asked = parse_qs(parts.query).get("replicas", ["1"])[0]
        if asked not in ("1", "3", "5"):
            raise ConfigError(f"keep: replicas {asked[:40]!r} must be 1, 3 or 5")
        replicas = int(asked)
        try:
            connecting = self._connect(
                parts._replace(query="").geturl(),
                connect_timeout=CONNECT_SECONDS_MAX,
                allow_reconnect=True,
                max_reconnect_attempts=-1,
                reconnect_time_wait=0.25,
                error_cb=self._take_error,
                pending_size=0,
            )
            # Once it was there it is waited for; one that never was is told.
            async with timeout(CONNECT_SECONDS_MAX):
                self._client: Client = await connecting
        except (nats.errors.Error, OSError, TimeoutError) as error:
            why = str(error) or self._unreached or "no answer"
            raise ConfigError(f"keep: the broker at {parts.netloc.rpartition('@')[2]} cannot be reached: {why}") from None
        self._unreached = None
        jetstream = self._client.jetstream(timeout=ANSWER_SECONDS_MAX)
        try:
            with translated():
                await jetstream.add_stream(StreamConfig(name=STREAM, subjects=[f"{SUBJECTS}*"], num_replicas=replicas))
                objects = await jetstream.create_object_store(OBJECTS, replicas=replicas)
                keys = await jetstream.create_key_value(bucket=KEYS, replicas=replicas)
        except KeepError as error:
            await self._client.close()
            raise ConfigError(f"keep: {error}; is JetStream on?") from None
        self._broker = Broker(self._client, jetstream, objects, keys)
        self.peers = Peers(self._client, answering)
        await self.peers.open()

    async def bring(self, name: str) -> None:
        """Takes the tenant of a name over, if there is one and it is not here.

        Raises:
            KeepError: that cannot be done now.
        """
        if self._tenants.get(name) is not None or self._tenants.known(KEY_PREFIX + name) is not None:
            return
        if name not in self._coming:
            self._coming[name] = task = create_task(self._bring(name))
            task.add_done_callback(lambda done: self._coming.pop(name, None))
        await shield(self._coming[name])

    async def confirm(self, name: str) -> None:
        """Returns if the tenant of a name, where it is here, is nowhere else.

        Raises:
            KeepError: it is, or the broker cannot be asked.
        """
        tenant = self._tenants.get(name)
        if tenant is not None and tenant.kept is not None:
            await tenant.kept.written()

    async def names(self) -> list[str]:
        """Returns the names of all tenants that there are anywhere.

        Raises:
            KeepError: the broker cannot be asked.
        """
        with translated():
            found = await self._broker.jetstream.stream_info(STREAM, subjects_filter=f"{SUBJECTS}*")
        return sorted(subject.removeprefix(SUBJECTS) for subject in found.state.subjects or {})

    async def ask(self, question: str) -> Told:
        """Asks every worker, this one included."""
        return await self.peers.ask(question)

    def adopt(self, tenant: Tenant, before: Tenant | None) -> None:
        """Keeps a tenant from now on, in the place of the one of its name; whoever asks it is answered once that is written."""
        name = tenant.settings.name
        log = self._log_of(before) or self._empty.pop(name, None)
        if not tenant.settings.keep:
            if log is not None and log.is_begun:
                log.remove()
            return
        kept = self._kept(tenant, log or self._log(name))
        kept.begin()
        if before is not None and isinstance(before.kept, Kept):
            before.kept.hand_over(kept)
        tenant.kept = kept

    def forget(self, tenant: Tenant) -> None:
        """Removes the log of a tenant that is dropped."""
        log = self._log_of(tenant)
        if log is not None and isinstance(tenant.kept, Kept):
            tenant.kept.end(log.remove())

    def refusal(self, name: str) -> str | None:
        """Returns nothing: a log that cannot be read is told when its tenant is brought."""
        return None

    def make_room(self, name: str) -> bool:
        """Returns that no log was set aside."""
        return False

    @property
    def lag(self) -> int:
        """How many rows are on their way to the broker."""
        return sum(log.lag for log in map(self._log_of, self._tenants) if log is not None)

    async def close(self) -> None:
        """Writes what is still to be written; whoever is asked for a tenant next has all of it."""
        self._is_closing = True
        for tenant in tuple(self._tenants):
            log = self._log_of(tenant)
            if log is not None and isinstance(tenant.kept, Kept):
                tenant.kept.flush(is_end=True)
                await log.settled()
                tenant.kept.close()
        self.peers.close()
        await self._client.close()

    async def _bring(self, name: str) -> None:
        now, known = asyncio.get_running_loop().time(), self._unusable.get(name)
        if known is not None and now - known[0] < UNUSABLE_SECONDS:
            raise known[1]
        try:
            await self._read(name)
            self._unusable.pop(name, None)
        except Unusable as error:
            # Told once, however many ask.
            if known is None or str(known[1]) != str(error):
                self._tell(str(error))
            if len(self._unusable) >= _EMPTY_MAX:
                self._unusable.clear()
            self._unusable[name] = (now, error)
            raise

    async def _read(self, name: str) -> None:
        owner = await self._owner(name)
        if self._tenants.get(owner) is not None:
            return
        log = self._log(owner)
        contents = await log.claim()
        if self._tenants.get(owner) is not None:
            return
        if contents is None:
            if len(self._empty) >= _EMPTY_MAX:
                self._empty.clear()
            self._empty[owner] = log
            return
        try:
            tenant = revive(self._tenants, owner, contents, self._clocks, stands=self._stands)
        except (DomainError, ValueError, LookupError, AssertionError, TypeError, AttributeError, ArithmeticError) as error:
            raise log.unusable(f"what is in it does not go together: {error}") from None
        tenant.kept = self._kept(tenant, log, contents)
        self._go_on(tenant)

    async def _owner(self, name: str) -> str:
        """Returns the tenant that a name leads to: its own, unless it is a further key of another one."""
        if "_" not in name:
            return name
        with translated():
            try:
                owner = ((await self._broker.keys.get(name)).value or b"").decode(errors="replace") or name
            except KeyNotFoundError:
                return name
        if NAME.fullmatch(owner) is None:
            raise Unusable(f"the key {KEY_PREFIX}{name} cannot be used: what the broker has of it in {KEYS} was written by somebody else")
        return owner

    def _take_back(self, tenant: Tenant, error: KeepError) -> None:
        """Lets a tenant go that is written by somebody else, or could not be written: whoever asks next brings it as its log has it."""
        self._tell(f"tenant {tenant.settings.name}: {error}; it is let go, and read again when somebody asks")
        if tenant.kept is not None:
            tenant.kept.close()
        if not self._is_closing:
            self._tenants.let_go(tenant)

    async def _take_error(self, error: Exception) -> None:
        told = str(error) or type(error).__name__
        if self._unreached is None:
            self._tell(f"the broker: {told}")
        else:
            self._unreached = told

    def _kept(self, tenant: Tenant, log: StreamLog, contents: Contents | None = None) -> Kept:
        """Returns what writes a tenant into a log, which is found by its further keys too."""
        log.further_keys = tuple(f"{tenant.settings.name}_{key.name}" for key in tenant.settings.keys)
        return Kept(tenant, log, self._clocks, self._take_back, self._size, contents=contents)

    def _log(self, name: str) -> StreamLog:
        return StreamLog(self._broker, name)

    def _log_of(self, tenant: Tenant | None) -> StreamLog | None:
        log = tenant.kept.log if tenant is not None and isinstance(tenant.kept, Kept) else None
        return log if isinstance(log, StreamLog) else None


def open_cluster(config: Config, clocks: Clocks, tell: Callable[[str], None]) -> ClusterKeeper:
    """Returns who keeps the tenants of a worker; it is not connected yet."""
    assert config.keep_url is not None
    return ClusterKeeper(config.keep_url, stands=config.after_restart == "stand", clocks=clocks, tell=tell)

"""One kept tenant at work: what has happened to it and is still to be written, and the row that takes it.

In each tick of the event loop in which a kept tenant changes, one row is written at the tick's end; answers and callbacks of that tick wait
for it. Reads that change nothing wait for nothing; their exchanges are written with a later row, at most `JOURNAL_SECONDS` after.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.snapshots import Snapshot
from runflow_mock.runtime.keepers import KeepError
from runflow_mock.runtime.kept_files import KeptFile
from runflow_mock.runtime.tenants import Monotonic, Tenant, WallClock
from runflow_mock.version import __version__
from runflow_mock.wire.kept import JOURNAL_TAIL, Head, Row, Standing, encode, write_base

JOURNAL_SECONDS = 0.05


@dataclass(frozen=True)
class LogSize:
    """How large the log may grow, in rows and in bytes, before a new base is written and the log begins anew.

    Exchanges that changed nothing wait for a later row, `journal_seconds` at most. A tenant that was taken back goes on by itself after
    `retry_seconds`: what could not be written then is tried again no more often.
    """

    rows_max: int = 5_000
    bytes_max: int = 8 * 1024 * 1024
    journal_seconds: float = JOURNAL_SECONDS
    retry_seconds: float = 1.0


@dataclass(frozen=True)
class Clocks:
    """The real clocks."""

    monotonic: Monotonic
    wall: WallClock


class Kept:
    """What of one tenant is still to be written, and to where."""

    def __init__(self, tenant: Tenant, file: KeptFile, clocks: Clocks, fail: Callable[[Tenant, KeepError], None], size: LogSize) -> None:
        self.file = file
        self._tenant = tenant
        self._clocks = clocks
        self._fail = fail
        self._size = size
        self._commits: list[bytes] = []
        # How many exchanges are still to be written.
        self._exchanges = 0
        self._blobs: list[tuple[str, bytes]] = []
        self._clearings = tenant.journal.clearings
        self._written: asyncio.Future[None] | None = None
        self._later: asyncio.TimerHandle | None = None
        self._rows = self._bytes = 0
        self._compaction: asyncio.Task[None] | None = None
        self._is_closed = False
        # Why what happened here has been taken back.
        self._failed: KeepError | None = None
        tenant.world.history.listener = self._take_commit
        tenant.blobs.listener = self._take_blob
        tenant.journal.listeners.append(self._take_exchange)

    @property
    def is_pending(self) -> bool:
        """Whether something is still to be written of which nobody may be told before."""
        return self._written is not None

    def touch(self) -> None:
        """Has where everything stands written at the end of this tick."""
        if self._written is None and not self._is_closed:
            loop = asyncio.get_running_loop()
            self._written = loop.create_future()
            loop.call_soon(self.flush)

    async def written(self) -> None:
        """Returns once everything is written that has happened so far.

        Raises:
            KeepError: it could not be, and was taken back.
        """
        if self._written is not None:
            await asyncio.shield(self._written)
        if self._failed is not None:
            # Also for whoever had found the tenant before, and went on with it.
            raise self._failed

    def flush(self) -> None:
        """Writes what there is."""
        if self._is_closed:
            return
        if self._later is not None:
            self._later.cancel()
            self._later = None
        written, self._written = self._written, None
        try:
            sequence = self._append()
        except KeepError as error:
            self._failed = error
        if written is not None:
            written.set_result(None)
        if self._failed is not None:
            self._fail(self._tenant, self._failed)
        elif self._compaction is None and (self._rows >= self._size.rows_max or self._bytes >= self._size.bytes_max):
            self._compact(sequence)

    def head(self, world: Snapshot) -> Head:
        """Returns the beginning of a base with a world of the tenant."""
        tenant = self._tenant
        return Head(
            made_by=f"runflow-mock {__version__}",
            world=world,
            basis=tenant.basis,
            scenario=tenant.scenario,
            asked=tenant.asked,
            standing=self._standing(),
        )

    def begin(self) -> None:
        """Writes the whole tenant, in place of whatever the file holds.

        Raises:
            KeepError: it cannot be written.
        """
        world, journal = self._tenant.world, self._tenant.journal
        # With the commits beside it the history goes on as a whole.
        head = self.head(world.snapshot_before_history())
        row = Row(world.history.recorded(), journal.latest(JOURNAL_TAIL), is_cleared=False, standing=head.standing)
        self.file.begin(write_base(head, ()), encode(row), self._tenant.blobs.items())

    def close(self) -> None:
        """Forgets what was not written: the tenant is no more, or has been replaced."""
        self._is_closed = True
        self._tenant.world.history.listener = None
        if self._take_exchange in self._tenant.journal.listeners:
            self._tenant.journal.listeners.remove(self._take_exchange)
        if self._later is not None:
            self._later.cancel()
        if self._compaction is not None:
            self._compaction.cancel()
        if self._written is not None:
            self._written.set_result(None)
            self._written = None

    def _append(self) -> int:
        journal = self._tenant.journal
        is_cleared = journal.clearings != self._clearings
        # What leaves the process is scrubbed first: the journal does that when it is read.
        exchanges = journal.latest(JOURNAL_TAIL if is_cleared else self._exchanges)
        row = encode(Row(tuple(self._commits), exchanges, is_cleared, self._standing()))
        sequence = self.file.append(row, tuple(self._blobs))
        self._clearings = journal.clearings
        self._commits, self._exchanges, self._blobs = [], 0, []
        self._rows += 1
        self._bytes += len(row)
        return sequence

    def _standing(self) -> Standing:
        tenant, journal = self._tenant, self._tenant.journal
        meter, readings = tenant.meter.saved(), tenant.readings.saved()
        return Standing(
            now=tenant.world.now,
            present=tenant.present(self._clocks.monotonic()),
            wall=self._clocks.wall(),
            rate=tenant.clock.rate,
            changes=tenant.changes,
            reads=tenant.reads,
            journaled=journal.total,
            quota=meter.quota,
            windows=meter.windows,
            elapsed=meter.elapsed,
            reading_rules=readings.rules,
            readings=readings.counts,
        )

    def _take_commit(self, commit: bytes) -> None:
        self._commits.append(commit)
        self.touch()

    def _take_blob(self, digest: str, data: bytes) -> None:
        self._blobs.append((digest, data))
        self.touch()

    def _take_exchange(self) -> None:
        self._exchanges += 1
        if self._later is None and self._written is None:
            self._later = asyncio.get_running_loop().call_later(self._size.journal_seconds, self.flush)

    def _compact(self, sequence: int) -> None:
        """Begins a new base with the tenant as it stands right after a row: records are values, so that what is written stays as it is."""
        self._rows = self._bytes = 0
        head, exchanges = self.head(self._tenant.world.snapshot()), self._tenant.journal.latest(JOURNAL_TAIL)
        self._compaction = asyncio.get_running_loop().create_task(self._write_base(head, exchanges, sequence))

    async def _write_base(self, head: Head, exchanges: tuple[Exchange, ...], sequence: int) -> None:
        try:
            self.file.forget_prepared()
            for place, part in enumerate(write_base(head, exchanges)):
                self.file.prepare_base(place, (part,))
                # Everybody else has their turn between two parts.
                await asyncio.sleep(0)
            self.file.switch_base(sequence)
        except KeepError:
            # The log is only longer than it need be; the next row tells if nothing can be written at all.
            self._rows = self._size.rows_max // 2
        finally:
            self._compaction = None

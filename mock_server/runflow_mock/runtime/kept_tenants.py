"""One kept tenant at work: what has happened to it and is still to be written, and the row that takes it.

In each tick of the event loop in which a kept tenant changes, one row is written at the tick's end; answers and callbacks of that tick wait
for it. A row costs as much as a request: of clients that have shared one, those that are quicker wait a turn of the loop for the others.
Reads that change nothing wait for nothing; their exchanges are written with a later row, `JOURNAL_SECONDS` after or, where there are many,
as soon as that costs little.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from runflow_mock.domain.exchanges import Exchange, without_cookies
from runflow_mock.domain.snapshots import Snapshot
from runflow_mock.runtime.keepers import Ack, Contents, KeepError, OnWritten, Parts, TenantLog
from runflow_mock.runtime.revivals import Clocks
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.version import __version__
from runflow_mock.wire.kept import JOURNAL_TAIL, Head, Row, Standing, encode, write_base

JOURNAL_SECONDS = 0.05
# How many exchanges one row takes, and how much longer than they took nobody writes further ones: what is journaled for people who look
# costs a thousandth of the time, or more where they are large, and no client waits for it.
EXCHANGES_MAX = 100
JOURNAL_PAUSE = 1_000
JOURNAL_PAUSE_SECONDS_MAX = 5.0


@dataclass(frozen=True)
class LogSize:
    """How large the log may grow, in rows and in bytes, before a new base is written and the log begins anew.

    It may grow to twice the size of a base that is larger: to write a large tenant anew after each stretch of the same length would cost
    the more the longer it lives. So half of what was written once is written twice.

    Exchanges that changed nothing wait for a later row, `journal_seconds` at most. A tenant that was taken back goes on by itself after
    `retry_seconds`: what could not be written then is tried again no more often.
    """

    rows_max: int = 5_000
    bytes_max: int = 8 * 1024 * 1024
    journal_seconds: float = JOURNAL_SECONDS
    retry_seconds: float = 1.0

    def is_reached(self, rows: int, log_bytes: int, base_bytes: int) -> bool:
        """Returns whether a log has come to where a base takes its place."""
        times = max(1.0, 2 * base_bytes / self.bytes_max)
        return rows >= self.rows_max * times or log_bytes >= self.bytes_max * times


class _Waiters:
    """Those who wait for one row: they are called, or have a future each, so that whoever gives up takes nobody along."""

    def __init__(self) -> None:
        self._futures: list[asyncio.Future[None]] = []
        self.calls: list[OnWritten] = []

    def wait(self) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        self._futures.append(future)
        return future

    def wake(self, *, is_written: bool) -> None:
        for future in self._futures:
            if not future.done():
                future.set_result(None)
        for call in self.calls:
            call(is_written=is_written)


class Kept:
    """What of one tenant is still to be written, and to where; of one that was read again, `contents` is what its log held."""

    def __init__(
        self,
        tenant: Tenant,
        log: TenantLog,
        clocks: Clocks,
        fail: Callable[[Tenant, KeepError], None],
        size: LogSize,
        *,
        contents: Contents | None = None,
    ) -> None:
        self.log = log
        self._tenant = tenant
        self._clocks = clocks
        self._fail = fail
        self._size = size
        self._commits: list[bytes] = []
        # How many exchanges are still to be written.
        self._exchanges = 0
        self._exchanges_due = 0.0
        self._blobs: list[tuple[str, bytes]] = []
        self._clearings = tenant.journal.clearings
        # What waits for the end of this tick, and for the row of the latest tick that was sent and is not acknowledged.
        self._written: _Waiters | None = None
        self._sent: _Waiters | None = None
        # How many were called when the latest row was written that anybody waited for.
        self._sharing = 0
        self._later: asyncio.TimerHandle | None = None
        # What the log holds by now, and the base before it. A server that is started again and again goes on counting.
        self._rows = self._bytes = self._base_bytes = 0
        if contents is not None:
            self._rows, self._bytes = len(contents.log), sum(map(len, contents.log))
            self._base_bytes = sum(len(data) for _, data in contents.base)
        # The latest exchanges that are written, as they are written.
        self._tail = deque(tenant.journal.as_they_came(JOURNAL_TAIL) if contents is not None else (), JOURNAL_TAIL)
        self._compaction: asyncio.Task[None] | None = None
        self._is_closed = False
        self._successor: Kept | None = None
        # Why what happened here has been taken back.
        self._failed: KeepError | None = None
        tenant.world.history.listener = self._take_commit
        tenant.blobs.listener = self._take_blob
        tenant.journal.listeners.append(self._take_exchange)

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to wait for, and nobody else who might have written."""
        return self._written is None and self._sent is None and not self._is_closed and not self.log.is_shared

    def touch(self) -> None:
        """Has where everything stands written at the end of this tick."""
        if self._written is None and not self._is_closed:
            self._written = _Waiters()
            asyncio.get_running_loop().call_soon(self._end_turn)

    def _end_turn(self) -> None:
        """Writes the row, or lets one more turn pass where fewer wait for it than did for the last one: the others are on their way."""
        if self._written is not None and len(self._written.calls) < self._sharing:
            asyncio.get_running_loop().call_soon(self.flush)
        else:
            self.flush()

    def call_once_written(self, call: OnWritten, *, is_touched: bool) -> bool:
        """Has somebody called when this tick's row is written, or could not be; returns False where that is not the end of the tick.

        Where the tenant is touched and no row is due yet, one is.
        """
        if self._written is None and is_touched:
            self.touch()
        if self._written is None or self.log.is_shared:
            return False
        self._written.calls.append(call)
        return True

    async def written(self) -> None:
        """Returns once everything is written that has happened so far, and nobody else has written anything.

        Raises:
            KeepError: it could not be, and was taken back.
        """
        awaited = self._written or self._sent
        if awaited is not None:
            await awaited.wait()
        elif self._failed is None and not self._is_closed:
            try:
                await self.log.confirm()
            except KeepError as error:
                self._give_up(error)
        if self._successor is not None:
            await self._successor.written()
        if self._failed is not None:
            # Also for whoever had found the tenant before, and went on with it.
            raise self._failed

    def flush(self, *, is_end: bool = False) -> None:
        """Writes what there is; of exchanges, of which nobody was promised anything, only some where there are many, but at the end all."""
        if self._is_closed:
            return
        written, self._written = self._written, None
        if written is not None and written.calls:
            self._sharing = len(written.calls)
        try:
            ack, is_last = self._append(JOURNAL_TAIL if is_end else EXCHANGES_MAX)
        except KeepError as error:
            self._failed = error
            self._fail(self._tenant, error)
            if written is not None:
                written.wake(is_written=False)
            return
        if is_last:
            self._compact(ack)
        if self._exchanges and not is_end:
            self._write_later()
        # At the end: whoever is called goes on at once, and what comes of that belongs to the next row.
        self._follow(ack, written)

    def _follow(self, ack: Ack, written: _Waiters | None) -> None:
        """Tells those who wait once a row is written."""
        if isinstance(ack, int):
            if written is not None:
                written.wake(is_written=True)
            return
        self._sent = written or _Waiters()
        ack.add_done_callback(partial(self._acknowledged, self._sent))

    def _acknowledged(self, sent: _Waiters, ack: asyncio.Future[int]) -> None:
        error = asyncio.CancelledError() if ack.cancelled() else ack.exception()
        if isinstance(error, KeepError):
            self._give_up(error)
        sent.wake(is_written=False)
        if self._sent is sent:
            self._sent = None

    def _give_up(self, error: KeepError) -> None:
        if self._failed is None:
            self._failed = error
            if not self._is_closed:
                self._fail(self._tenant, error)

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
        head = self.head(world.snapshot_before(world.history))
        exchanges = tuple(map(without_cookies, journal.latest(JOURNAL_TAIL)))
        row = encode(Row(world.history.recorded(), exchanges, is_cleared=False, standing=head.standing))
        ack = self.log.begin(self._measured(write_base(head, ())), row, self._tenant.blobs.items())
        self._rows, self._bytes = 1, len(row)
        self._tail.extend(exchanges)
        self._follow(ack, None)

    def hand_over(self, successor: "Kept") -> None:
        """Forgets what was not written: another tenant has the name, and whoever waits here waits for its beginning."""
        self.close()
        self._successor = successor

    def end(self, ack: Ack) -> None:
        """Forgets what was not written; whoever asks is told once the tenant is gone from the log too."""
        self.close()
        self._follow(ack, None)

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
            self._written.wake(is_written=False)
            self._written = None

    def _append(self, exchanges_max: int) -> tuple[Ack, bool]:
        journal = self._tenant.journal
        is_cleared = journal.clearings != self._clearings
        if is_cleared:
            self._exchanges = len(journal)
        self._exchanges = min(self._exchanges, JOURNAL_TAIL)
        started = self._clocks.monotonic()
        exchanges: tuple[Exchange, ...] = ()
        if is_cleared or started >= self._exchanges_due or exchanges_max >= JOURNAL_TAIL:
            # What leaves the process is scrubbed first.
            exchanges = tuple(map(without_cookies, journal.piece(self._exchanges, exchanges_max)))
        row = encode(Row(tuple(self._commits), exchanges, is_cleared, self._standing()))
        rows, size = self._rows + 1, self._bytes + len(row)
        is_last = self._compaction is None and self._size.is_reached(rows, size, self._base_bytes)
        ack = self.log.append(row, tuple(self._blobs), is_last=is_last)
        if exchanges:
            took = self._clocks.monotonic() - started
            self._exchanges_due = started + min(took * JOURNAL_PAUSE, JOURNAL_PAUSE_SECONDS_MAX)
        if is_cleared:
            self._tail.clear()
        self._tail.extend(exchanges)
        self._clearings = journal.clearings
        self._exchanges -= len(exchanges)
        self._commits, self._blobs = [], []
        self._rows, self._bytes = rows, size
        return ack, is_last

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
        # Most commits share a row: they need no call for it.
        if self._written is None:
            self.touch()

    def _take_blob(self, digest: str, data: bytes) -> None:
        self._blobs.append((digest, data))
        self.touch()

    def _take_exchange(self) -> None:
        self._exchanges += 1
        if self._later is None and self._written is None:
            self._write_later()

    def _write_later(self) -> None:
        """Sets the timer for exchanges that no row has taken by then. One that is set stays: rows follow faster than it would fire."""
        if self._later is None:
            pause = max(self._size.journal_seconds, self._exchanges_due - self._clocks.monotonic())
            self._later = asyncio.get_running_loop().call_later(pause, self._write_rest)

    def _write_rest(self) -> None:
        self._later = None
        if self._exchanges_due > self._clocks.monotonic():
            # A row has taken some meanwhile.
            self._write_later()
        elif self._exchanges and self._written is None:
            self.flush()

    def _compact(self, ack: Ack) -> None:
        """Begins a new base with the tenant as it stands right after a row: records are values, so that what is written stays as it is."""
        self._rows = self._bytes = 0
        world, timers = self._tenant.world.snapshot_and_timers()
        # Exchanges that are not written yet come with a later row.
        parts = write_base(self.head(world), tuple(self._tail), timers)
        self._compaction = asyncio.get_running_loop().create_task(self._write_base(parts, ack))

    async def _write_base(self, parts: Parts, ack: Ack) -> None:
        try:
            await self.log.rebase(self._measured(parts), ack)
        except KeepError:
            # The log is only longer than it need be; the next row tells if nothing can be written at all.
            self._rows = self._size.rows_max // 2
        finally:
            self._compaction = None

    def _measured(self, parts: Parts) -> Parts:
        """Yields the parts of a base, and takes note of how large it is."""
        self._base_bytes = 0
        for name, data in parts:
            self._base_bytes += len(data)
            yield name, data

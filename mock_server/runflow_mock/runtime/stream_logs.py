"""The log of one kept tenant in JetStream: messages under a subject of its own, in a stream that all workers share.

Whoever appends says after which message of the subject it expects to stand. A worker that has been replaced expects wrongly, and is refused
by the engine. Bases and blobs are objects beside the stream. A message names them before they are put there, and they are removed before
the messages that name them: whoever claims the log after a worker has died amid it finds which ones nobody needs. Rows that come while one
message is on its way go together with the next.
"""

import asyncio
import re
from asyncio import create_task, shield, sleep, wait
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

import msgspec
from nats.js.api import ConsumerConfig, DeliverPolicy
from nats.js.errors import BadObjectMetaError, DigestMismatchError, LinkIsABucketError, NotFoundError

from runflow_mock.decoders import msgpack_decoder
from runflow_mock.domain.documents import NOT_JSON
from runflow_mock.runtime.brokers import STREAM, SUBJECTS, Broker, translated
from runflow_mock.runtime.keepers import Ack, Blobs, Contents, Elsewhere, KeepError, Parts, Unusable
from runflow_mock.wire.kept import FORMAT

PART_BYTES = 512 * 1024
"""How much of an entry goes into one message: the engine takes up to a mebibyte."""
ASKED_BYTES_MAX = 2 * 1024
"""How large the latest message of a log may be: the engine sends it along whenever it is asked whether it still is the latest."""
FETCHED_MAX = 256
_HEADER = "Runflow-Mock-Part"
_PART = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})")
_DIGEST = re.compile(r"[0-9a-f]{64}")

Names = tuple[str, ...]
Objects = tuple[tuple[str, bytes], ...]

CLAIM, COMING, BASE, ROWS, GONE = "claim", "coming", "base", "rows", "gone"


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What is appended at once: a claim of a worker, which objects are coming, a base, rows, or that the tenant is gone.

    `base` names the object with the base's parts; all rows up to the message `covered` are in it, and those beside it come next. `blobs`
    names those that came.
    """

    kind: str
    rows: tuple[bytes, ...] = ()
    blobs: tuple[str, ...] = ()
    base: str = ""
    covered: int = 0
    form: int = FORMAT


class _Item(msgspec.Struct, array_like=True):
    """An entry on its way, with the objects that have to be there before it, and those that nobody needs after it."""

    entry: Entry
    objects: tuple[tuple[str, bytes], ...]
    ack: asyncio.Future[int]
    is_last: bool = False
    stale: tuple[str, ...] = ()


_encode = msgspec.msgpack.Encoder().encode
_read_entry = msgpack_decoder(Entry).decode
_read_parts = msgspec.msgpack.Decoder(list[tuple[str, bytes]]).decode


class StreamLog:
    """One log at work; it owns the subject from its claim on, until somebody else claims it."""

    is_shared = True

    def __init__(self, broker: Broker, name: str) -> None:
        self._broker = broker
        self.further_keys: tuple[str, ...] = ()
        self._name = name
        self._subject = SUBJECTS + name
        # After which message the next one is to stand: 0 is the beginning of a subject.
        self._last = self._claimed = 0
        self._last_bytes = 0
        self._based = 0
        self._base = ""
        self._blobs: dict[str, None] = {}
        self._queue: deque[_Item] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._waiting: list[asyncio.Future[KeepError | None]] = []
        self._failed: KeepError | None = None

    @property
    def lag(self) -> int:
        """How many rows are on their way."""
        return len(self._queue)

    @property
    def is_begun(self) -> bool:
        """Whether there is anything of a tenant in it."""
        return bool(self._last or self._queue)

    async def claim(self) -> Contents | None:
        """Takes the log over and returns what it holds, or nothing where there is no tenant of the name.

        Raises:
            KeepError: the engine cannot be reached.
        """
        with translated():
            if not await self._broker.latest(self._subject):
                return None
            ack = await self._broker.jetstream.publish(self._subject, _encode(Entry(CLAIM)), stream=STREAM, headers={_HEADER: "1/1"})
            self._last = self._claimed = ack.seq
            contents, stale = await self._read()
            await self._broker.remove(stale)
            return contents

    def begin(self, base: Parts, row: bytes, blobs: Blobs) -> Ack:
        """Puts a tenant into the place of whatever the log holds; see `TenantLog`."""
        given = dict(blobs)
        stale = self._objects_but(given)
        self._blobs = dict.fromkeys(given)
        name = self._next_base()
        objects = ((name, _encode(list(base))), *self._named(given.items()))
        return self._enqueue(Entry(BASE, (row,), tuple(given), name), objects, stale=stale)

    def append(self, row: bytes, blobs: Blobs = (), *, is_last: bool = False) -> Ack:
        """Sends a row; see `TenantLog`."""
        fresh = tuple((digest, data) for digest, data in blobs if digest not in self._blobs)
        self._blobs.update(dict.fromkeys(digest for digest, _ in fresh))
        return self._enqueue(Entry(ROWS, (row,), tuple(digest for digest, _ in fresh)), tuple(self._named(fresh)), is_last=is_last)

    async def rebase(self, base: Parts, covered: Ack) -> None:
        """Writes a base beside the log, then a message that names it, and removes what it covers; see `TenantLog`."""
        parts = []
        for part in base:
            parts.append(part)
            await sleep(0)
        sequence = covered if isinstance(covered, int) else await shield(covered)
        before, name = self._base, self._next_base()
        entry = Entry(BASE, blobs=tuple(self._blobs), base=name, covered=sequence)
        # Once it is on its way it goes to its end, also where the tenant is replaced meanwhile.
        await shield(self._enqueue(entry, ((name, _encode(parts)),), stale=(before,)))

    async def confirm(self) -> None:
        """Asks the engine whether our latest message is the latest of all; whoever comes while it is asked waits for the next time."""
        if self._failed is not None:
            raise self._failed
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        if self._asking is None:
            self._asking = create_task(self._ask())
        error = await waiting
        if error is not None:
            raise error

    def remove(self) -> Ack:
        """Writes that the tenant is gone, and removes what there was of it."""
        return self._enqueue(Entry(GONE), stale=self._objects_but({}))

    def close(self) -> None:
        """Does nothing: what is on its way arrives, or is refused."""

    async def settled(self) -> None:
        """Returns once nothing is on its way."""
        while self._writing is not None:
            await wait((self._writing,))

    def _next_base(self) -> str:
        self._based += 1
        # Whoever claims the log after us has another number.
        self._base = f"{self._name}/base/{self._claimed}.{self._based}"
        return self._base

    def _objects_but(self, blobs: Mapping[str, bytes]) -> Names:
        """Returns the names of the objects that are there, without those of some blobs."""
        return (*filter(None, (self._base,)), *self._names_of(each for each in self._blobs if each not in blobs))

    def _names_of(self, digests: Iterable[str]) -> Iterator[str]:
        return (f"{self._name}/blob/{digest}" for digest in digests)

    def _named(self, blobs: Blobs) -> Iterator[tuple[str, bytes]]:
        return ((f"{self._name}/blob/{digest}", data) for digest, data in blobs)

    def _enqueue(self, entry: Entry, objects: Objects = (), *, is_last: bool = False, stale: Names = ()) -> asyncio.Future[int]:
        if self._failed is not None:
            raise self._failed
        item = _Item(entry, objects, asyncio.get_running_loop().create_future(), is_last, stale)
        self._queue.append(item)
        if self._writing is None:
            self._writing = create_task(self._write())
        return item.ack

    async def _write(self) -> None:
        try:
            while self._queue and self._failed is None:
                await self._write_next()
        finally:
            self._writing = None
            error = self._failed or Elsewhere(f"the log of tenant {self._name} was left")
            while self._queue:
                _fail(self._queue.popleft().ack, error)

    async def _write_next(self) -> None:
        items = [self._queue[0]]
        while _goes_with(items, self._queue):
            items.append(self._queue[len(items)])
        entry = items[0].entry
        if len(items) > 1:
            entry = Entry(ROWS, tuple(row for item in items for row in item.entry.rows))
        try:
            with translated():
                if items[0].objects:
                    await self._publish(Entry(COMING, blobs=entry.blobs, base=entry.base))
                for name, data in items[0].objects:
                    await self._broker.objects.put(name, data)
                first = await self._publish(entry)
                if entry.kind in (BASE, GONE):
                    await self._follow(entry, items[0].stale, first)
        except KeepError as error:
            self._failed = error
        for _ in items:
            ack = self._queue.popleft().ack
            if self._failed is None:
                ack.set_result(self._last)
            else:
                _fail(ack, self._failed)

    async def _follow(self, entry: Entry, stale: Names, first: int) -> None:
        """Does what a base or an end leads to: further keys lead to the log or no longer, and what nobody needs is removed."""
        for key in self.further_keys:
            await (self._broker.keys.put(key, self._name.encode()) if entry.kind == BASE else self._broker.keys.delete(key))
        if entry.kind == GONE or stale:
            await self._broker.remove(stale)
            until = self._last + 1 if entry.kind == GONE else entry.covered + 1 if entry.covered else first
            await self._broker.jetstream.purge_stream(STREAM, seq=until, subject=self._subject)
        if entry.kind == GONE:
            self._last, self._last_bytes, self._base, self._blobs = 0, 0, "", {}

    async def _publish(self, entry: Entry) -> int:
        """Appends an entry and returns the number of its first message."""
        data = _encode(entry)
        total = max(1, -(-len(data) // PART_BYTES))
        first = 0
        for number in range(total):
            part = data[number * PART_BYTES : (number + 1) * PART_BYTES]
            headers = {_HEADER: f"{number + 1}/{total}", "Nats-Expected-Last-Subject-Sequence": str(self._last)}
            self._last = (await self._broker.jetstream.publish(self._subject, part, stream=STREAM, headers=headers)).seq
            self._last_bytes = len(part)
            first = first or self._last
        return first

    async def _ask(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            error = None
            try:
                with translated():
                    await self._check()
            except KeepError as found:
                error = self._failed = found
            for each in waiting:
                if not each.done():
                    each.set_result(error)
        self._asking = None

    async def _check(self) -> None:
        while True:
            await self.settled()
            if self._failed is not None:
                raise self._failed
            if self._last_bytes > ASKED_BYTES_MAX:
                # An empty one behind it is accepted or refused by itself, and is all that the engine sends along from now on.
                await self._enqueue(Entry(ROWS))
                return
            last = self._last
            if await self._broker.latest(self._subject) == last:
                return
            # What was sent meanwhile is accepted or refused by itself.
            if last == self._last and self._writing is None:
                raise Elsewhere(f"tenant {self._name} has gone to another worker")

    async def _read(self) -> tuple[Contents | None, Names]:
        """Returns what stands before our claim, and the objects that are named there and no longer needed."""
        base, blobs, rows = "", dict[str, None](), list[tuple[int, bytes]]()
        named: dict[str, None] = {}
        async for sequence, entry in self._entries():
            if entry.form > FORMAT:
                raise Unusable(f"tenant {self._name} has form {entry.form}, this version reads up to {FORMAT}: use the newer runflow-mock")
            self._check_names(sequence, entry)
            if entry.kind == BASE:
                rows = [each for each in rows if each[0] > entry.covered] if entry.covered else []
                base, blobs = entry.base, {}
            elif entry.kind == GONE:
                base, blobs, rows = "", {}, []
            rows += ((sequence, row) for row in entry.rows)
            blobs.update(dict.fromkeys(entry.blobs if entry.kind != COMING else ()))
            named.update(dict.fromkeys((*filter(None, (entry.base,)), *self._names_of(entry.blobs))))
        self._base, self._blobs = base, blobs
        needed = {base, *self._names_of(blobs)}
        stale = tuple(name for name in named if name not in needed)
        if not base:
            return None, stale
        parts = await self._object(base)
        files = [await self._object(name) for name in self._names_of(blobs)]
        try:
            return Contents(_read_parts(parts), [row for _, row in rows], files), stale
        except NOT_JSON as error:
            raise self.unusable(f"its object {base} cannot be read: {error}") from None

    async def _entries(self) -> AsyncIterator[tuple[int, Entry]]:
        settings = ConsumerConfig(deliver_policy=DeliverPolicy.ALL, mem_storage=True)
        subscription = await self._broker.jetstream.pull_subscribe(self._subject, stream=STREAM, config=settings)
        parts: list[bytes] = []
        sequence = 0
        try:
            while sequence < self._claimed:
                for message in await subscription.fetch(FETCHED_MAX, timeout=5):
                    await message.ack()
                    sequence = message.metadata.sequence.stream
                    number, total = self._part_of(sequence, (message.headers or {}).get(_HEADER, "1/1"))
                    # The parts of an entry whose writer ended in the midst of it lead to nothing.
                    parts = [*(() if number == 1 else parts), message.data]
                    if len(parts) != number:
                        parts = []
                    elif sequence <= self._claimed and number == total:
                        yield sequence, self._entry(sequence, parts)
        finally:
            await subscription.unsubscribe()

    def _part_of(self, sequence: int, told: str) -> tuple[int, int]:
        found = _PART.fullmatch(told)
        if found is None:
            raise self.unusable(f"message {sequence} of its log was written by somebody else")
        return int(found[1]), int(found[2])

    def _entry(self, sequence: int, parts: list[bytes]) -> Entry:
        try:
            return _read_entry(b"".join(parts))
        except NOT_JSON as error:
            raise self.unusable(f"message {sequence} of its log was written by somebody else, or is damaged: {error}") from None

    def _check_names(self, sequence: int, entry: Entry) -> None:
        """Raises for an entry that names what belongs to other tenants: whoever folds a log removes what it names."""
        is_own = entry.base.startswith(f"{self._name}/base/") or not entry.base
        if not is_own or not all(map(_DIGEST.fullmatch, entry.blobs)):
            raise self.unusable(f"message {sequence} of its log names what is not the tenant's")

    async def _object(self, name: str) -> bytes:
        try:
            return (await self._broker.objects.get(name)).data or b""
        except (NotFoundError, BadObjectMetaError, DigestMismatchError, LinkIsABucketError) as error:
            raise self.unusable(f"its object {name} is gone or was changed: {type(error).__name__}") from None
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            # The broker's client trusts what it reads of an object.
            raise self.unusable(f"its object {name} was written by somebody else: {error}") from None

    def unusable(self, why: str) -> Unusable:
        """Returns what is raised where the log cannot be read, with the way out."""
        way_out = f"restore it, or remove it with: nats stream purge {STREAM} --subject {self._subject}"
        return Unusable(f"the log of tenant {self._name} cannot be used: {why}; {way_out}")


def _goes_with(items: list[_Item], queue: deque[_Item]) -> bool:
    """Tells whether the next entry can go into one message with those before it."""
    if len(queue) <= len(items):
        return False
    latest, further = items[-1], queue[len(items)]
    return all(each.entry.kind == ROWS and not each.objects for each in (latest, further)) and not latest.is_last


def _fail(ack: asyncio.Future[int], error: KeepError) -> None:
    if not ack.done():
        ack.set_exception(error)
        # Not everybody who sends waits.
        ack.exception()

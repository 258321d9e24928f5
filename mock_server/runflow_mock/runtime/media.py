"""Output files as they are asked for: made once, in a worker thread, and kept while there is room.

Files are named by world, run and name. A world that was replaced is another world, even where its runs have the same ids.
"""

import asyncio
from asyncio import shield, to_thread
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from weakref import WeakKeyDictionary

import msgspec

from runflow_mock.engine.world import World

KEPT_BYTES_MAX = 64 * 1024 * 1024
WORKERS_MAX = 2

Key = tuple[int, str, str]


class MadeFile(msgspec.Struct, frozen=True):
    """The bytes of a file, and their SHA-256."""

    data: bytes
    digest: str


class MediaShelf:
    """Makes files, keeps those read last up to `bytes_max` bytes, and lets all who ask at the same time wait for the same one.

    `made` counts what was made.
    """

    def __init__(self, bytes_max: int = KEPT_BYTES_MAX) -> None:
        self.made = 0
        self._bytes_max = bytes_max
        self._bytes = 0
        self._kept: OrderedDict[Key, MadeFile] = OrderedDict()
        self._making: dict[Key, asyncio.Task[MadeFile]] = {}
        self._workers = asyncio.Semaphore(WORKERS_MAX)
        self._numbers: WeakKeyDictionary[World, int] = WeakKeyDictionary()
        self._worlds = 0

    async def get(self, world: World, run_id: str, name: str, make: Callable[[], bytes]) -> MadeFile:
        """Returns a file; `make` is called in a worker thread where it is not kept."""
        key = (self._number(world), run_id, name)
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        task = self._making.get(key)
        if task is None:
            task = self._making[key] = asyncio.get_running_loop().create_task(self._make(key, make))
        # A client that goes away leaves the others waiting for their file.
        return await shield(task)

    async def _make(self, key: Key, make: Callable[[], bytes]) -> MadeFile:
        try:
            async with self._workers:
                file = await to_thread(lambda: _made(make()))
        finally:
            del self._making[key]
        self.made += 1
        self._keep(key, file)
        return file

    def _keep(self, key: Key, file: MadeFile) -> None:
        self._kept[key] = file
        self._bytes += len(file.data)
        while self._bytes > self._bytes_max:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.data)

    def _number(self, world: World) -> int:
        number = self._numbers.get(world)
        if number is None:
            self._worlds += 1
            number = self._numbers[world] = self._worlds
        return number


def _made(data: bytes) -> MadeFile:
    return MadeFile(data, sha256(data).hexdigest())

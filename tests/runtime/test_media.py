import asyncio
import threading
from collections.abc import Callable

import pytest
from worlds import make_world

from runflow_mock.engine.world import World
from runflow_mock.runtime.media import WORKERS_MAX, MadeFile, MediaShelf

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture
def world() -> World:
    return make_world()


def read(shelf: MediaShelf, *asked: tuple[World, str], make: Callable[[], bytes] = lambda: b"12345") -> list[MadeFile]:
    """What the shelf gives for names that are asked for one after the other."""

    async def ask() -> list[MadeFile]:
        return [await shelf.get(world, "run", name, make) for world, name in asked]

    return asyncio.run(ask())


def test_file_is_made_once_and_tells_its_hash(world: World) -> None:
    shelf = MediaShelf()
    assert read(shelf, (world, "a"), (world, "a"), make=lambda: b"") == [MadeFile(b"", EMPTY)] * 2
    assert shelf.made == 1


def test_other_name_and_other_world_are_other_files(world: World) -> None:
    shelf = MediaShelf()
    read(shelf, (world, "a"), (world, "b"), (make_world(), "a"))
    assert shelf.made == 3


def test_file_that_was_read_longest_ago_makes_room(world: World) -> None:
    shelf = MediaShelf(bytes_max=10)
    read(shelf, (world, "a"), (world, "b"), (world, "a"), (world, "c"), (world, "a"))
    assert shelf.made == 3
    read(shelf, (world, "b"))
    assert shelf.made == 4


def test_file_larger_than_the_shelf_is_given_and_not_kept(world: World) -> None:
    shelf = MediaShelf(bytes_max=4)
    assert read(shelf, (world, "a"), (world, "a"))[0].data == b"12345"
    assert shelf.made == 2


def test_all_who_ask_at_the_same_time_get_the_same_file(world: World) -> None:
    shelf = MediaShelf()

    async def ask() -> list[MadeFile]:
        return await asyncio.gather(*(shelf.get(world, "run", "a", lambda: b"1") for _ in range(5)))

    assert len(set(map(id, asyncio.run(ask())))) == 1
    assert shelf.made == 1


def test_loop_is_free_while_a_file_is_made(world: World) -> None:
    gate = threading.Event()

    async def ask() -> MadeFile:
        asked = asyncio.ensure_future(MediaShelf().get(world, "run", "a", lambda: b"1" if gate.wait(10) else b"late"))
        await asyncio.sleep(0)
        gate.set()
        return await asked

    assert asyncio.run(ask()).data == b"1"


def test_only_so_many_files_are_made_at_once(world: World) -> None:
    lock, gate, started = threading.Lock(), threading.Event(), threading.Semaphore(0)
    present, most = 0, 0

    def make() -> bytes:
        nonlocal present, most
        with lock:
            present += 1
            most = max(most, present)
        started.release()
        gate.wait(10)
        with lock:
            present -= 1
        return b""

    async def ask() -> None:
        shelf = MediaShelf()
        asked = [asyncio.ensure_future(shelf.get(world, "run", str(number), make)) for number in range(9)]
        for _ in range(WORKERS_MAX):
            assert await asyncio.to_thread(started.acquire, timeout=10)
        gate.set()
        await asyncio.gather(*asked)

    asyncio.run(ask())
    assert most == WORKERS_MAX


def test_failure_is_told_and_the_next_one_tries_again(world: World) -> None:
    shelf = MediaShelf()

    def fail() -> bytes:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        read(shelf, (world, "a"), make=fail)
    assert read(shelf, (world, "a"))[0].data == b"12345"


def test_client_that_goes_away_leaves_the_file_to_the_others(world: World) -> None:
    shelf, gate = MediaShelf(), threading.Event()

    async def ask() -> MadeFile:
        first, second = (asyncio.ensure_future(shelf.get(world, "run", "a", lambda: b"1" if gate.wait(10) else b"")) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        gate.set()
        return await second

    assert asyncio.run(ask()).data == b"1"
    assert shelf.made == 1

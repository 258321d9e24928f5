"""What the control API answers is read by tests in as many threads as they like."""

from collections.abc import Mapping
from threading import Thread
from types import new_class

import msgspec

from runflow_mock.testing.control import Control


class Told:
    """An exchanger whose answers are all the same."""

    def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]:
        return 200, b'{"items": [{"text": "a"}]}'

    def close(self) -> None:
        return None


class Looks:
    """How many threads find out at once of what a kind is made."""

    most = now = 0


def read() -> list[object]:
    return Control("http://127.0.0.1:1", exchanger=Told())._items("/", KIND)


def of_what() -> type[str]:
    """The type of the field, which msgspec asks for when the kind is read for the first time."""
    Looks.now += 1
    Looks.most = max(Looks.most, Looks.now)
    if Looks.now == 1:
        another = Thread(target=read, daemon=True)
        another.start()
        # It comes no further than to where this one ends.
        another.join(0.1)
    Looks.now -= 1
    return str


KIND: type[object] = new_class(
    "Kind", (msgspec.Struct,), {}, lambda names: names.update({"__annotations__": {"text": "of_what()"}, "__module__": __name__})
)


def test_kind_that_two_threads_read_for_the_first_time_is_looked_at_by_one_alone() -> None:
    """The process ends in msgspec where they are two."""
    assert len(read()) == 1
    assert Looks.most == 1

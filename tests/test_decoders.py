"""Records are read by as many threads as there are, also for the first time: servers in one process, their workers, and tests."""

import ast
from collections.abc import Callable
from itertools import product
from threading import Thread
from types import new_class

import msgspec
import pytest
from sources import modules, nodes

from runflow_mock.decoders import convert, json_decoder, msgpack_decoder

Read = Callable[[type[object]], object]
WAYS: dict[str, Read] = {
    "convert": lambda kind: convert({"text": "a"}, kind),
    "json": lambda kind: json_decoder(kind).decode(b'{"text": "a"}'),
    "msgpack": lambda kind: msgpack_decoder(list[kind]).decode(msgspec.msgpack.encode([{"text": "a"}])),  # type: ignore[valid-type]
}


class Looks:
    """Reads a kind, which another thread reads as well when msgspec asks of what it is made, and counts how many ask at once."""

    def __init__(self, first: Read, second: Read) -> None:
        self.most = self._now = 0
        self.kind: type[object] = new_class(
            "Kind", (msgspec.Struct,), {}, lambda names: names.update({"__annotations__": {"text": "of_what()"}, "__module__": __name__})
        )
        self._second = second
        globals()["of_what"] = self._of_what
        first(self.kind)
        self._other.join()

    def _of_what(self) -> type[str]:
        self._now += 1
        self.most = max(self.most, self._now)
        if self._now == 1 and not hasattr(self, "_other"):
            self._other = Thread(target=self._second, args=(self.kind,), daemon=True)
            self._other.start()
            # It comes no further than to where this one ends.
            self._other.join(0.1)
        self._now -= 1
        return str


@pytest.mark.parametrize(("first", "second"), [*product(WAYS, repeat=2)])
def test_kind_that_two_threads_read_for_the_first_time_is_looked_at_by_one_alone(first: str, second: str) -> None:
    """The process ends in msgspec where they are two."""
    assert Looks(WAYS[first], WAYS[second]).most == 1


PLAIN = frozenset({"dict", "list", "tuple", "str", "bytes", "int", "object", "Any", "Raw", "msgspec"})
"""What msgspec keeps nothing about."""


def ways_around(module: ast.Module) -> list[str]:
    """The calls that let msgspec read records beside `runflow_mock.decoders`."""
    return [ast.unparse(node) for node in nodes(module) if isinstance(node, ast.Call) and _reads_records(node)]


def _reads_records(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    if name == "msgspec.convert":
        kinds = [*call.args[1:2], *(given.value for given in call.keywords if given.arg == "type")]
    elif name.startswith("msgspec.") and name.endswith((".decode", ".Decoder")):
        kinds = [given.value for given in call.keywords if given.arg == "type"]
        kinds.extend(call.args[:1] if name.endswith(".Decoder") else call.args[1:2])
    else:
        return False
    return not {node.id for kind in kinds for node in ast.walk(kind) if isinstance(node, ast.Name)} <= PLAIN


@pytest.mark.slow(is_covering=True)
def test_records_are_read_in_one_place() -> None:
    assert {path: ways_around(module) for path, module in modules().items() if path != "decoders.py" and ways_around(module)} == {}


@pytest.mark.parametrize(
    "source",
    [
        "msgspec.convert(value, Kind)",
        "msgspec.convert(value, type=list[Kind])",
        "msgspec.json.decode(raw, type=dict[str, Kind])",
        "msgspec.msgpack.Decoder(Kind)",
        "msgspec.json.Decoder(type=Kind)",
    ],
)
def test_way_around_is_found(source: str) -> None:
    assert ways_around(ast.parse(source)) == [source]


@pytest.mark.parametrize(
    "source", ["msgspec.convert(value, dict[str, list[str]])", "msgspec.json.Decoder()", "msgspec.json.decode(raw, type=dict)"]
)
def test_what_is_no_record_may_be_read_anywhere(source: str) -> None:
    assert ways_around(ast.parse(source)) == []

"""Rows: what the report measures, in its order, and how each figure is read."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class Row(StrEnum):
    """A figure that the report gives for every contender, or says why not."""

    START = "start"
    IDLE = "idle"
    FULL = "full"
    POLLS = "polls"
    POLL_P99 = "poll_p99"
    CREATES = "creates"
    CREATE_P99 = "create_p99"
    TEST = "test"
    CALLBACKS = "callbacks"
    DAY = "day"
    IMAGE = "image"


class Kind(msgspec.Struct, frozen=True):
    """How a figure is called and read."""

    title: str
    unit: str
    digits: int
    more_is_better: bool = False
    is_plotted: bool = False


KINDS: Mapping[Row, Kind] = {
    Row.START: Kind("start to first answer", "ms", 0, is_plotted=True),
    Row.IDLE: Kind("memory, idle", "MB", 0, is_plotted=True),
    Row.FULL: Kind("memory after {stored} runs", "MB", 0),
    Row.POLLS: Kind("polls", "/s", 0, more_is_better=True, is_plotted=True),
    Row.POLL_P99: Kind("poll, 99th percentile", "ms", 1),
    Row.CREATES: Kind("creates, {stored} runs stored", "/s", 0, more_is_better=True, is_plotted=True),
    Row.CREATE_P99: Kind("create, 99th percentile", "ms", 1),
    Row.TEST: Kind("a test: clean state, create, poll", "ms", 2, is_plotted=True),
    Row.CALLBACKS: Kind("creates that are called back", "/s", 0, more_is_better=True, is_plotted=True),
    Row.DAY: Kind("simulated day, {batches} batches of {items}", "s", 1),
    Row.IMAGE: Kind("image, compressed", "MB", 1),
}

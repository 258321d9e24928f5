"""A transport for tests of a protocol: it takes notes, and sends nothing."""

import asyncio
from typing import Any


class NotedTransport:
    """Keeps what is written, piece by piece, and that it was closed; a test says how much of it the client has not taken."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.is_over = False
        self.is_half_closed = False
        self.untaken = 0

    def write(self, data: bytes) -> None:
        if self.is_over:
            raise RuntimeError("the handler is closed")  # as uvloop says it
        self.pieces.append(data)

    def close(self) -> None:
        self.is_over = True

    abort = close

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.is_half_closed = True

    def get_write_buffer_size(self) -> int:
        return self.untaken

    def is_closing(self) -> bool:
        return self.is_over

    def get_extra_info(self, name: str) -> Any:
        return None

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        raise AssertionError("nobody upgrades here")

    def resume_reading(self) -> None:
        self.is_reading = True

    pause_reading = resume_reading

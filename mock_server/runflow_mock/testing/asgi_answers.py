"""Answers of ASGI applications, held to what every server holds them to: what one refuses must not pass in a test.

Source: the ASGI specification, and what uvicorn and hypercorn raise. A server raises in `send`, so that the application hears of it.
"""

import re
from collections.abc import Mapping
from typing import Any

_BODYLESS = frozenset((204, 304))
_NO_NAME = re.compile(rb"[\x00-\x1f\x7f()<>@,;:\[\]={} \t\\\"]")
_NO_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class AsgiAnswer:
    """One answer as it is sent, message by message."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.body = b""
        self.is_complete = False
        self._length: int | None = None

    def take(self, message: Mapping[str, Any]) -> None:
        """Takes the next message.

        Raises:
            RuntimeError: it does not come in its turn, or the body is not as long as its header says.
            TypeError: a header is no bytes.
        """
        kind = message["type"]
        if self.is_complete:
            raise RuntimeError(f"the application sent {kind} after its answer was complete: a server refuses that")
        expected = "http.response.start" if self.status is None else "http.response.body"
        if kind != expected:
            raise RuntimeError(f"the application sent {kind} where {expected} has to come: a server refuses that")
        if self.status is None:
            self._start(message)
        else:
            self._add(message)

    def _start(self, message: Mapping[str, Any]) -> None:
        status, is_chunked = int(message["status"]), False
        if status in _BODYLESS:
            self._length = 0
        for name, value in message.get("headers", ()):
            if not isinstance(name, bytes) or not isinstance(value, bytes):
                raise TypeError(f"the application sent the header {name!r}: {value!r}, and names and values of headers are bytes")
            if not name or _NO_NAME.search(name) or _NO_VALUE.search(value):
                raise RuntimeError(f"the application sent the header {name!r}: {value!r}, which no server writes")
            if name.lower() == b"content-length" and status not in _BODYLESS:
                self._length = int(value)
            is_chunked |= name.lower() == b"transfer-encoding" and value.lower() == b"chunked"
        if is_chunked:
            self._length = None
        self.status = status

    def _add(self, message: Mapping[str, Any]) -> None:
        self.body += message.get("body", b"")
        is_last = not message.get("more_body", False)
        said, sent = self._length, len(self.body)
        if said is not None and (sent > said or (is_last and sent < said)):
            why = f"an answer {self.status} has none" if self.status in _BODYLESS else f"its Content-Length is {said}"
            raise RuntimeError(f"the application sent {sent} bytes of a body, and {why}: a server cuts the connection there")
        self.is_complete = is_last

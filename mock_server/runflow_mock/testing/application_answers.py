"""Answers of applications under test, held to what every server holds them to: what one refuses must not pass in a test.

Source: the ASGI specification and PEP 3333, and what uvicorn, hypercorn, gunicorn and wsgiref raise. A server of ASGI raises in `send`, so
that the application hears of it.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TextIO

BODY_BYTES_MAX, ENOUGH_BYTES = 64 * 1024, 1024 * 1024
"""How much of a body is kept, and how much makes an answer that has not ended one all the same: over a socket nobody reads on either."""
_BODYLESS = frozenset((204, 304))
_STATUSES = range(200, 600)
_NO_NAME = re.compile(rb"[\x00-\x1f\x7f()<>@,;:\[\]={} \t\\\"]")
_NO_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_STATUS_LINE = re.compile(r"([0-9]{3})(?: [^\x00-\x1f\x7f\u0100-\U0010ffff]*)?")
# A length of twenty digits is more than any disk holds.
_DIGITS_MAX = 20


class AnswerHead:
    """Status and headers of one answer, and how long its body has to be."""

    def __init__(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Takes what an application says.

        Raises:
            RuntimeError: no server writes that.
        """
        if status not in _STATUSES:
            raise RuntimeError(f"the application sent the status {status}, and one of an answer is from 200 to 599")
        self.status = status
        lengths, is_chunked = set[int](), False
        for name, value in headers:
            if not name or _NO_NAME.search(name) or _NO_VALUE.search(value):
                raise RuntimeError(f"the application sent the header {name!r}: {value!r}, which no server writes")
            if name.lower() == b"content-length":
                lengths.add(_length(value))
            is_chunked |= name.lower() == b"transfer-encoding" and value.lower() == b"chunked"
        if len(lengths) > 1:
            raise RuntimeError(f"the application sent {len(lengths)} headers Content-Length that differ, which no client takes")
        self._length = 0 if status in _BODYLESS else next(iter(lengths), None) if not is_chunked else None

    def check_body(self, sent: int, *, is_whole: bool) -> None:
        """Raises `RuntimeError` for a body of so many bytes that is longer than was said, or shorter once it is whole."""
        said = self._length
        if said is not None and (sent > said or (is_whole and sent < said)):
            why = f"an answer {self.status} has none" if self.status in _BODYLESS else f"its Content-Length is {said}"
            raise RuntimeError(f"the application sent {sent} bytes of a body, and {why}: a server cuts the connection there")


class AsgiAnswer:
    """One answer as it is sent, message by message."""

    def __init__(self) -> None:
        self.body = b""
        self.is_complete = False
        self._size = 0
        self._head: AnswerHead | None = None

    @property
    def is_enough(self) -> bool:
        """Whether it counts as answered, whatever else comes."""
        return self.is_complete or self._size > ENOUGH_BYTES

    @property
    def status(self) -> int | None:
        """The status, once there is one."""
        return None if self._head is None else self._head.status

    def take(self, message: Mapping[str, Any]) -> None:
        """Takes the next message.

        Raises:
            RuntimeError: it does not come in its turn, or the body is not as long as its header says.
            TypeError: a header is no bytes.
        """
        kind = message["type"]
        if self.is_complete:
            raise RuntimeError(f"the application sent {kind} after its answer was complete: a server refuses that")
        expected = "http.response.start" if self._head is None else "http.response.body"
        if kind != expected:
            raise RuntimeError(f"the application sent {kind} where {expected} has to come: a server refuses that")
        if self._head is None:
            self._head = AnswerHead(int(message["status"]), list(map(_of_bytes, message.get("headers", ()))))
            return
        piece = message.get("body", b"")
        self._size += len(piece)
        self.body += piece[: BODY_BYTES_MAX - len(self.body)]
        is_whole = not message.get("more_body", False)
        self._head.check_body(self._size, is_whole=is_whole)
        self.is_complete = is_whole


class ErrorStream:
    """Where an application writes its errors, as a server has it, which notes what is being handled while a framework writes there.

    What a logger writes is what the application has dealt with itself.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.handled: BaseException | None = None

    def write(self, text: str) -> int:
        """Writes some text."""
        if sys._getframe(1).f_globals.get("__name__") != "logging":
            self.handled = sys.exception() or self.handled
        return self._stream.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Writes some lines."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        """Is otherwise what the stream is."""
        return getattr(self._stream, name)


class WsgiAnswer:
    """One answer as it is given, piece by piece; its head counts from the first piece on that is not empty."""

    def __init__(self) -> None:
        self.body = b""
        self.errors: list[BaseException] = []
        """What the application answers with an error page of its own: a server writes it into its log, and nobody else hears of it."""
        self._size = 0
        self._head: AnswerHead | None = None

    @property
    def is_enough(self) -> bool:
        """Whether it counts as answered, whatever else comes."""
        return self._size > ENOUGH_BYTES

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: tuple[Any, Any, Any] | None = None
    ) -> Callable[[bytes], None]:
        """Takes the head, once, or another one because of an error, and returns what writes.

        Raises:
            RuntimeError: it comes a second time, or no server writes that.
            TypeError: it is made of something else than texts.
        """
        if self._head is not None and exc_info is None:
            raise RuntimeError("the application called start_response a second time without exc_info: a server refuses that")
        if exc_info is not None and self.body and exc_info[1] is not None:
            # The head has left: all that a server can do is to end the answer with the error.
            raise exc_info[1].with_traceback(exc_info[2])
        if not isinstance(status, str) or not all(isinstance(name, str) and isinstance(value, str) for name, value in headers):
            raise TypeError(f"the application answered {status!r} with {headers!r}, and status, names and values of headers are texts")
        if exc_info is not None and isinstance(exc_info[1], BaseException):
            self.errors.append(exc_info[1])
        line = _STATUS_LINE.fullmatch(status)
        if line is None:
            raise RuntimeError(f"the application sent the status {status!r}, and one is written as '200 OK'")
        self._head = AnswerHead(int(line[1]), [(_in_latin(name), _in_latin(value)) for name, value in headers])
        return self.take

    def take(self, piece: bytes) -> None:
        """Takes the next piece of the body.

        Raises:
            RuntimeError: the head has to come first.
            TypeError: it is no bytes.
        """
        if not isinstance(piece, bytes):
            raise TypeError(f"the application gave {piece!r:.80} as a piece of its answer, and a piece is bytes")
        if piece and self._head is None:
            raise RuntimeError("the application did not call start_response before it gave a piece of its answer")
        self._size += len(piece)
        self.body += piece[: BODY_BYTES_MAX - len(self.body)]

    def end(self) -> int:
        """Returns the status of the whole answer.

        Raises:
            RuntimeError: there is none, or the body is not as long as its header says.
        """
        if self._head is None:
            raise RuntimeError("the application did not call start_response")
        self._head.check_body(self._size, is_whole=not self.is_enough)
        return self._head.status


def _of_bytes(header: tuple[object, object]) -> tuple[bytes, bytes]:
    name, value = header
    if not isinstance(name, bytes) or not isinstance(value, bytes):
        raise TypeError(f"the application sent the header {name!r}: {value!r}, and names and values of headers are bytes")
    return name, value


def _in_latin(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise RuntimeError(f"the application sent {text!r} in a header, and no server writes more than latin-1 there") from None


def _length(value: bytes) -> int:
    if not value.strip().isdigit() or len(value) > _DIGITS_MAX:
        raise RuntimeError(f"the application sent the header Content-Length: {value.decode('latin-1')!r:.80}, which is no length")
    return int(value)

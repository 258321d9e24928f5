"""Multipart: the parts of a body that has several, each with its headers and its text.

A part is what stands between two delimiters, whatever it is: a letter with parts of its own (`message/rfc822`, `multipart/mixed`) is one
value, and nothing in it is looked for.

Source: RFC 2046, 5.1.1; RFC 7578; a form without fields is a closing delimiter alone, as WHATWG's Fetch writes it.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping
from email.message import Message
from email.parser import HeaderParser
from email.utils import collapse_rfc2231_value
from quopri import decodestring
from typing import NamedTuple

# Parsers of letters take the square of it for some heads.
HEAD_BYTES_MAX = 8 * 1024
_END_OF_HEAD = re.compile(rb"\A\r?\n|\r?\n\r?\n")
_LINE_BREAK = re.compile(rb"\r?\n")
_FOLD = re.compile(r"\r?\n|\r")


class BodyPart(NamedTuple):
    """One part of a multipart body; of a file the text stands for its bytes."""

    name: str | None
    content_type: str | None
    headers: Mapping[str, str]
    text: str


def body_parts_of(raw: bytes, content_type: str) -> Iterator[BodyPart] | None:
    """Returns the parts of a body, or nothing where the boundary that its content type names does not stand in it."""
    boundary = _boundary(content_type) if len(content_type) <= HEAD_BYTES_MAX else None
    if boundary is None:
        return None
    delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary.encode("utf-8", "replace")) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    first = delimiter.search(raw)
    return None if first is None else _parts(raw, delimiter, first)


def _boundary(content_type: str) -> str | None:
    said = Message()
    said["content-type"] = content_type
    try:
        return said.get_boundary()
    except ValueError:
        # It says to be in an encoding that there is not, or that it is not in.
        return None


def _parts(raw: bytes, delimiter: re.Pattern[bytes], found: re.Match[bytes]) -> Iterator[BodyPart]:
    while found[1] is None:
        following = delimiter.search(raw, found.end())
        # What was cut off before the end is read as far as it came.
        end = len(raw.rstrip(b"\r\n")) if following is None else following.start()
        if end > found.end():
            yield _part(_LINE_BREAK.sub(b"", raw[found.end() : end], count=1))
        if following is None:
            return
        found = following


def _part(raw: bytes) -> BodyPart:
    end = _END_OF_HEAD.search(raw)
    head, body = (raw, b"") if end is None else (raw[: end.start()], raw[end.end() :])
    # A part whose head is longer has no name here, and is none of those that are declared.
    message = HeaderParser().parsestr(head.decode("latin-1") if len(head) <= HEAD_BYTES_MAX else "")
    headers = {key.lower(): _decoded(_FOLD.sub("", str(value))) for key, value in message.items()}
    return BodyPart(
        name=_name(message),
        content_type=headers.get("content-type"),
        headers=headers,
        text=_text(_unpacked(body, headers.get("content-transfer-encoding", "").strip().lower())),
    )


def _name(message: Message) -> str | None:
    try:
        name = message.get_param("name", header="content-disposition")
        # One that says its own encoding comes in parts.
        return _decoded(name) if isinstance(name, str) else None if name is None else collapse_rfc2231_value(name)
    except ValueError:
        # It is not in the encoding that it says, or there is none of that name.
        return None


def _decoded(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "replace")


def _unpacked(body: bytes, encoding: str) -> bytes:
    """Returns a body as it was before it was written for mail, which some libraries still do."""
    if encoding == "quoted-printable":
        return decodestring(body)
    try:
        return b64decode(body) if encoding == "base64" else body
    except NotBase64:
        return body


def _text(payload: bytes) -> str:
    try:
        return payload.decode("utf-8-sig")
    except UnicodeDecodeError:
        return payload.decode("latin-1")

"""Transcripts: HTTP messages as text, head and raw body, as `curl -i` prints them and as servers dump requests.

A head that stands alone (`curl -D`) is a transcript without a body; whoever has both puts them together. A request line before an
answer says what was asked.
"""

import re
from itertools import pairwise
from typing import NamedTuple

from msgspec.structs import replace

from runflow_mock.kit.calibration.captures import CALLBACK_HEADERS, Capture, Kind, Unrecognised

_STATUS_LINE = re.compile(r"HTTP/[0-9.]+ ([0-9]{3})(?: .*)?")
_REQUEST_LINE = re.compile(r"([A-Z]{3,10}) (\S+) HTTP/[0-9.]+")
_ORIGIN = re.compile(r"^https?://[^/]*")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)")
# A status line and a header behind a body; no text in JSON has an end of line in it.
_NEXT_HEAD = re.compile(rb"(?<=[}\]\n>\w])HTTP/[0-9.]+ [0-9]{3}[^\r\n]*\r?\n(?=[!-~]+:)")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")


class Transcript(NamedTuple):
    """One message: its first line, where it has one, its headers by names in lower case, its body, and the request line before it."""

    first_line: str | None
    headers: dict[str, str]
    body: bytes
    request_line: str | None = None


def is_transcript(raw: bytes) -> bool:
    """Tells whether bytes begin as the head of a message does."""
    first = raw.lstrip()[:2_000].partition(b"\n")[0].decode("latin-1").strip()
    return any(form.fullmatch(first) for form in (_STATUS_LINE, _REQUEST_LINE, _HEADER))


def split_messages(raw: bytes) -> tuple[bytes, ...]:
    """Returns the messages of a text that holds several answers one after the other, as several calls of `curl -i` write them.

    What ends right after its head, such as the answer of a proxy, belongs to the one behind it.
    """
    raw, starts = raw.lstrip(), [0]
    for found in _NEXT_HEAD.finditer(raw):
        if _last(raw[starts[-1] : found.start()])[1].strip():
            starts.append(found.start())
    return tuple(raw[start:end] for start, end in pairwise((*starts, len(raw))))


def read_transcript(raw: bytes) -> Transcript:
    """Returns the message in a text; of several, such as the answers of a proxy and of the server, the last.

    Raises:
        Unrecognised: a line of the head is no header.
    """
    line = raw.lstrip().partition(b"\n")[0].decode("latin-1").strip()
    head, body = _last(raw.lstrip())
    lines = head.decode("latin-1").splitlines()
    has_first = bool(_STATUS_LINE.fullmatch(lines[0].strip()) or _REQUEST_LINE.fullmatch(lines[0].strip()))
    headers = {}
    for number, text in enumerate(lines[has_first:], 1 + has_first):
        found = _HEADER.fullmatch(text.strip())
        if found is None:
            raise Unrecognised(f"line {number} of its head is not Name: value")
        headers[found[1].lower()] = found[2].strip()
    return Transcript(lines[0].strip() if has_first else None, headers, body, line if _REQUEST_LINE.fullmatch(line) else None)


def capture_of(transcript: Transcript, source: str) -> Capture:
    """Returns what a message is: an answer by its status line, a callback by its headers.

    Raises:
        Unrecognised: it is neither.
    """
    kept = Capture(source=source, place="", kind=Kind.CALLBACK, headers=transcript.headers, body=transcript.body)
    status = _STATUS_LINE.fullmatch(transcript.first_line or "")
    if status is not None:
        asked = _REQUEST_LINE.fullmatch(transcript.request_line or "")
        method, path = (None, None) if asked is None else (asked[1], _ORIGIN.sub("", asked[2]).partition("?")[0])
        return replace(kept, kind=Kind.ANSWER, status=int(status[1]), method=method, path=path)
    if transcript.headers.keys() & CALLBACK_HEADERS:
        return kept
    raise Unrecognised("it has neither a status line (HTTP/1.1 402 …) nor a Runflow header of a callback")


def _last(raw: bytes) -> tuple[bytes, bytes]:
    """Returns head and body of the last of several messages, of which those before have no body."""
    head, body = _split(raw)
    while body.startswith(b"HTTP/"):
        head, body = _split(body)
    return head, body


def _split(raw: bytes) -> tuple[bytes, bytes]:
    found = _END_OF_HEAD.search(raw)
    return (raw, b"") if found is None else (raw[: found.start()], raw[found.end() :])

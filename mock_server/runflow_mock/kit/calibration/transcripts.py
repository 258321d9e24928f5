"""Transcripts: HTTP messages as text, head and raw body, as `curl -i` prints them and as servers dump requests.

A head that stands alone (`curl -D`) is a transcript without a body; whoever has both puts them together. A request line before an
answer says what was asked.
"""

import re
from itertools import pairwise
from typing import NamedTuple

from msgspec.structs import replace

from runflow_mock.domain.codings import CODINGS, unpacked
from runflow_mock.kit.calibration.addresses import address_of, authority_in
from runflow_mock.kit.calibration.captures import CALLBACK_HEADERS, UNPACKED_BYTES_MAX, Capture, Elsewhere, Kind, Unrecognised

_STATUS_LINE = re.compile(r"HTTP/[0-9.]+ ([0-9]{3})(?: .*)?")
_REQUEST_LINE = re.compile(r"([A-Z]{3,10}) (\S+) HTTP/[0-9.]+")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)")
# The first line of a message behind a body, and what comes after it; no text in JSON has an end of line in it.
_NEXT_HEAD = re.compile(
    rb"(?<=[}\]\n>\w])HTTP/[0-9.]+ [0-9]{3}[^\r\n]*\r?\n(?=[!-~]+:)"
    rb"|(?<=[}\]\n>])(?P<request>[A-Z]{3,10} [!-~]+ HTTP/[0-9.]+\r?\n)(?=[!-~]+:|\r?\n)"
)
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")


class Transcript(NamedTuple):
    """One message: its first line, where it has one, its headers by names in lower case, its body, and the request before it."""

    first_line: str | None
    headers: dict[str, str]
    body: bytes
    request: "Transcript | None" = None


def is_transcript(raw: bytes) -> bool:
    """Tells whether bytes begin as the head of a message does."""
    return has_first_line(raw) or _HEADER.fullmatch(_first_line(raw)) is not None


def has_first_line(raw: bytes) -> bool:
    """Tells whether bytes begin with a status line or a request line, which nothing but a message does."""
    return any(form.fullmatch(_first_line(raw)) for form in (_STATUS_LINE, _REQUEST_LINE))


def split_messages(raw: bytes) -> tuple[bytes, ...]:
    """Returns the messages of a text that holds several answers one after the other, as several calls of `curl -i` write them.

    What ends right after its head, such as the answer of a proxy, belongs to the one behind it, and so does a request.
    """
    raw, starts, seen = raw.lstrip(), [0], 0
    for found in _NEXT_HEAD.finditer(raw):
        # A head without a body leads on to the next, so that nothing is looked at twice.
        before = raw[seen : found.start()]
        answer = _parted(before)[1] if seen == starts[-1] else before
        seen = found.start()
        if found["request"] or _last(answer)[1].strip():
            starts.append(seen)
    return tuple(raw[start:end] for start, end in pairwise((*starts, len(raw))))


def read_transcript(raw: bytes) -> Transcript:
    """Returns the message in a text; of several, such as the answers of a proxy and of the server, the last.

    Raises:
        Unrecognised: a line of the head is no header.
    """
    request, answer = _parted(raw.lstrip())
    return _read(*_last(answer))._replace(request=request) if answer or request is None else request


def capture_of(transcript: Transcript, source: str) -> Capture:
    """Returns what a message is: an answer by its status line, a callback by its headers.

    Raises:
        Unrecognised: it is neither.
        Elsewhere: it is an answer of something else than the API.
    """
    kept = Capture(source=source, place="", kind=Kind.CALLBACK, headers=transcript.headers, body=_unpacked(transcript))
    status = _STATUS_LINE.fullmatch(transcript.first_line or "")
    if status is not None:
        answer = replace(kept, kind=Kind.ANSWER, status=int(status[1]))
        request = transcript.request
        asked = None if request is None else _REQUEST_LINE.fullmatch(request.first_line or "")
        if request is None or asked is None:
            return answer
        address = address_of(asked[2], authority_in(request.headers))
        if address is None:
            raise Elsewhere
        return replace(answer, method=asked[1], path=address.path, host=address.host)
    if transcript.headers.keys() & CALLBACK_HEADERS:
        return kept
    raise Unrecognised("it has neither a status line (HTTP/1.1 402 …) nor a Runflow header of a callback")


def _unpacked(transcript: Transcript) -> bytes:
    """Returns a body as it was before it was packed for the way; most tools write it so."""
    coding = transcript.headers.get("content-encoding", "").strip().lower()
    return (unpacked(transcript.body, coding, UNPACKED_BYTES_MAX) if coding in CODINGS else None) or transcript.body


def without_chunks(body: bytes) -> bytes:
    """Returns a body without the sizes of its chunks and what comes behind them; as it is where it has none, which most tools leave out."""
    parts, at = list[bytes](), 0
    while (size := _CHUNK.match(body, at)) is not None:
        length, at = int(size[1], 16), size.end()
        if length == 0:
            return b"".join(parts)
        parts.append(body[at : at + length])
        at += length
        at += 2 if body.startswith(b"\r\n", at) else body.startswith(b"\n", at)
    return body


def _first_line(raw: bytes) -> str:
    return raw.lstrip()[:2_000].partition(b"\n")[0].decode("latin-1").strip()


def _parted(raw: bytes) -> tuple[Transcript | None, bytes]:
    """Returns the request that a message begins with, and the answers behind it; a callback is no request."""
    found = _END_OF_HEAD.search(raw)
    head, body = (raw, b"") if found is None else (raw[: found.start()], raw[found.end() :])
    first = _read(head, body)
    if not _REQUEST_LINE.fullmatch(first.first_line or "") or first.headers.keys() & CALLBACK_HEADERS:
        return None, raw
    answer = None if body.startswith(b"HTTP/") else _NEXT_HEAD.search(body)
    return first, body if body.startswith(b"HTTP/") else b"" if answer is None else body[answer.start() :]


def _read(head: bytes, body: bytes) -> Transcript:
    lines = head.decode("latin-1").splitlines()
    has_first = bool(_STATUS_LINE.fullmatch(lines[0].strip()) or _REQUEST_LINE.fullmatch(lines[0].strip()))
    headers = {}
    for number, text in enumerate(lines[has_first:], 1 + has_first):
        found = _HEADER.fullmatch(text.strip())
        if found is None:
            raise Unrecognised(f"line {number} of its head is not Name: value")
        headers[found[1].lower()] = found[2].strip()
    is_chunked = headers.get("transfer-encoding", "").lower().strip() == "chunked"
    return Transcript(lines[0].strip() if has_first else None, headers, without_chunks(body) if is_chunked else body)


def _last(raw: bytes) -> tuple[bytes, bytes]:
    """Returns head and body of the last of several messages, of which those before have no body."""
    begin = 0
    while (end := _END_OF_HEAD.search(raw, begin)) is not None and raw.startswith(b"HTTP/", end.end()):
        begin = end.end()
    return (raw[begin:], b"") if end is None else (raw[begin : end.start()], raw[end.end() :])

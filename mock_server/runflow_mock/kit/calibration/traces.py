"""Traces: what `curl -v` prints, the talk of the program and both heads line by line, and the body between them.

Where only what goes to the terminal's error stream was kept, there are heads without bodies.
"""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from runflow_mock.kit.calibration.archives import path_of_the_api
from runflow_mock.kit.calibration.captures import Capture, Kind, Unrecognised

_REQUEST = re.compile(r"> ([A-Z]{3,10}) (\S+) HTTP/[0-9.]+")
_STATUS = re.compile(r"< HTTP/[0-9.]+ ([0-9]{3})(?: .*)?")
_HEADER = re.compile(r"[<>] ([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)")
_PROGRESS = r"\s*%\s+Total\b.*|\s*Dload\b.*|(?:\s*[0-9.]+[kMG]?){3,}.*[0-9-]+:[0-9-]{2}:[0-9-]{2}.*"
_TALK = re.compile(rf"\*(?: .*)?|[{{}}] \[[0-9]+ bytes data\]|[<>]\s*|{_PROGRESS}")
# A body that ends without a line break has the last word of the program behind it.
_LAST_WORD = re.compile(r"\* (?:Connection #[0-9]+ to host|Closing connection|Curl_http_done)\b.*$")


def is_trace(raw: bytes) -> bool:
    """Tells whether bytes are what `curl -v` prints."""
    lines = [line.strip().decode("latin-1") for line in raw[:100_000].splitlines() if line.strip()]
    is_talk = bool(lines) and bool(_TALK.fullmatch(lines[0]) or _REQUEST.fullmatch(lines[0]) or _STATUS.fullmatch(lines[0]))
    return is_talk and any(_STATUS.fullmatch(line) for line in lines)


def read_trace(raw: bytes, source: str) -> Iterator[Capture]:
    """Returns the answers of the API in a trace.

    Raises:
        Unrecognised: there are none.
    """
    found = list(_answers(raw.decode("utf-8", "replace"), source))
    if not found:
        raise Unrecognised("none of the answers in what curl -v printed is one of the API")
    several = len(found) > 1
    for number, capture in enumerate(found, 1):
        yield replace(capture, place=f"answer {number}" * several)


def _answers(text: str, source: str) -> Iterator[Capture]:
    asked: tuple[str, str] | None = None
    host = ""
    answer: _Answer | None = None
    for line in re.split("\r\n|\n|\r", text):
        request, status, header = _REQUEST.fullmatch(line), _STATUS.fullmatch(line), _HEADER.fullmatch(line)
        if request is not None or status is not None:
            yield from () if answer is None else answer.captures(source)
            answer = None
        if request is not None:
            asked, host = (request[1], request[2]), ""
        elif status is not None:
            answer = _Answer(int(status[1]), asked, host)
        elif header is not None and line.startswith(">"):
            host = header[2] if header[1].lower() == "host" else host
        elif header is not None and answer is not None:
            answer.headers[header[1].lower()] = header[2]
        elif answer is not None and not _TALK.fullmatch(line):
            answer.lines.append(_LAST_WORD.sub("", line))
    yield from () if answer is None else answer.captures(source)


class _Answer:
    """One answer on its way to being a capture."""

    def __init__(self, status: int, asked: tuple[str, str] | None, host: str) -> None:
        self.status = status
        self.asked = asked
        self.host = host
        self.headers: dict[str, str] = {}
        self.lines: list[str] = []

    def captures(self, source: str) -> Iterator[Capture]:
        """Yields it, unless it comes before another one or was asked of something else."""
        method, target = self.asked or (None, None)
        path, host = (None, None) if target is None else path_of_the_api(f"https://{self.host or 'localhost'}{target}")
        if self.status < 200 or (target is not None and path is None):
            return
        body = "\n".join(self.lines).strip().encode()
        yield Capture(
            source=source,
            place="",
            kind=Kind.ANSWER,
            method=method,
            path=path,
            host=host if self.host else None,
            status=self.status,
            headers=self.headers,
            body=body,
        )

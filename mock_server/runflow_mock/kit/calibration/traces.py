"""Traces: what `curl -v` prints, the talk of the program and both heads line by line, and the body between them.

Where only what goes to the terminal's error stream was kept, there are heads without bodies.
"""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from runflow_mock.kit.calibration.addresses import address_of, other_host
from runflow_mock.kit.calibration.captures import Capture, Kind, Unrecognised

_REQUEST = re.compile(r"> ([A-Z]{3,10}) (\S+) HTTP/[0-9.]+")
_STATUS = re.compile(r"< HTTP/[0-9.]+ ([0-9]{3})(?: .*)?")
_HEADER = re.compile(r"[<>] ([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)")
# Whom the program asked, as its talk names them, for want of a header; the last one counts.
_NAMED = re.compile(
    r"\* (?:(?:Connected|Established connection) to (?P<name>\S+) \([^)]*\) port (?P<port>[0-9]+)"
    r"|Re-using existing (?:\S+ )?connection(?: #[0-9]+)? with host (?P<reused>\S+)|.*\[:authority: (?P<authority>[^\]]{1,300})\])"
)
_PROGRESS = r"\s*%\s+Total\b.*|\s*Dload\b.*|(?:\s*+[0-9.]++[kMG]?+){3,}+.*[0-9-]:[0-9-]{2}:[0-9-]{2}.*"
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
    host = talked_of = ""
    answer: _Answer | None = None
    for line in re.split("\r\n|\n|\r", text):
        request, status, header = _REQUEST.fullmatch(line), _STATUS.fullmatch(line), _HEADER.fullmatch(line)
        if (named := _NAMED.match(line)) is not None:
            talked_of = host = _authority(named)
        if request is not None or status is not None:
            yield from () if answer is None else answer.captures(source)
            answer = None
        if request is not None:
            # A proxy that makes a tunnel is told whom to reach, and is nobody whom the request behind it asks.
            talked_of = request[2] if request[1] == "CONNECT" else talked_of
            asked, host = (request[1], request[2]), talked_of
        elif status is not None:
            answer = _Answer(int(status[1]), asked, host)
        elif header is not None and line.startswith(">"):
            host = header[2] if header[1].lower() == "host" else host
        elif header is not None and answer is not None:
            answer.headers[header[1].lower()] = header[2]
        elif answer is not None and not _TALK.fullmatch(line):
            answer.lines.append(_LAST_WORD.sub("", line))
    yield from () if answer is None else answer.captures(source)


def _authority(named: re.Match[str]) -> str:
    if named["name"] is None:
        return named["authority"] or named["reused"]
    return f"[{named['name']}]:{named['port']}" if ":" in named["name"] else f"{named['name']}:{named['port']}"


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
        address = None if target is None else address_of(target, self.host)
        if self.status < 200 or (target is not None and address is None):
            return
        other = other_host(self.host) if self.host else None
        body = "\n".join(self.lines).strip().encode()
        yield Capture(
            source=source,
            place="",
            kind=Kind.ANSWER,
            method=method,
            path=None if address is None else address.path,
            host=other if address is None else address.host,
            status=self.status,
            headers=self.headers,
            body=body,
        )

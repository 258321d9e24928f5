"""Dumps: what `curl --trace` and `--trace-ascii` write, brought into the form of what `curl -v` prints.

Each piece that was sent or came has a line that says so, and behind it its bytes, each line with the number of its first one: as
hexadecimal numbers, which are exact, or as text, in which ends of lines are left out and bytes beyond ASCII are dots.
"""

import re
from collections.abc import Iterator, Sequence

from runflow_mock.kit.calibration.transcripts import without_chunks

_STAMP = rb"(?:[0-9:.]+ )?(?:\[[^]\s]+\] )?"
_INFO = re.compile(_STAMP + rb"== Info:(?P<says>.*)")
_PIECE = re.compile(_STAMP + rb"(?P<way>=>|<=) (?:Send|Recv) (?P<kind>header|data|SSL data), [0-9]+ bytes.*")
_BYTES = re.compile(rb"(?P<first>[0-9a-f]{4,}): ?(?P<shown>.*)")
_HEXADECIMAL = re.compile(rb"(?:[0-9a-f]{2} ){1,16} *.{0,17}")

Piece = tuple[str, bytes]


def is_dump(raw: bytes) -> bool:
    """Tells whether bytes are what `curl --trace` or `--trace-ascii` writes."""
    lines = [line for line in raw[:100_000].splitlines() if line.strip()]
    is_talk = bool(lines) and bool(_INFO.fullmatch(lines[0]) or _PIECE.fullmatch(lines[0]))
    return is_talk and any(_PIECE.fullmatch(line) for line in lines)


def talk_of(raw: bytes) -> bytes:
    """Returns what `curl -v` would have printed."""
    lines = [line.rstrip(b"\r") for line in raw.split(b"\n")]
    found: list[bytes] = []
    body, is_chunked = bytearray(), False
    for kind, content in (*_pieces(lines), ("< header", b"")):
        if kind == "< data":
            body += content
            continue
        if kind == "< header" and body:
            found.append(without_chunks(bytes(body)) if is_chunked else bytes(body))
            body.clear()
        mark = kind[:1].encode()
        found += [mark + b" " + line for line in content.splitlines()] if kind in ("> header", "< header", "*") else []
        if kind == "< header":
            is_chunked = not content.startswith(b"HTTP/") and (is_chunked or _says_chunked(content))
    return b"\n".join(found)


def _says_chunked(header: bytes) -> bool:
    return header.lower().replace(b" ", b"").startswith(b"transfer-encoding:chunked")


def _pieces(lines: Sequence[bytes]) -> Iterator[Piece]:
    """Yields what was sent, what came and what the program says, each whole."""
    shown = [found["shown"] for line in lines if (found := _BYTES.fullmatch(line)) and found["shown"]]
    is_exact = all(_HEXADECIMAL.fullmatch(each) for each in shown)
    # So much may be left out at most: a line of a few bytes may say that a thousand are before it.
    kind, content, room = "", bytearray(), sum(map(len, lines))
    for line in lines:
        info, piece, found = _INFO.fullmatch(line), _PIECE.fullmatch(line), _BYTES.fullmatch(line)
        if info is not None or piece is not None:
            yield kind, bytes(content)
            content.clear()
        if info is not None:
            yield "*", info["says"].strip()
            kind = ""
        elif piece is not None:
            kind = f"{'>' if piece['way'] == b'=>' else '<'} {piece['kind'].decode()}"
        elif found is not None:
            left_out = int(found["first"], 16) - len(content)
            ends = {2: b"\r\n"}.get(left_out, b"\n" * min(max(left_out, 0), 1_000, room))
            content += ends
            room = max(room - len(ends), 0)
            content += bytes.fromhex(found["shown"][:48].decode()) if is_exact else found["shown"]
    yield kind, bytes(content)

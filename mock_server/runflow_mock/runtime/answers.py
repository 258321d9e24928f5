"""Bodies of answers from somebody else: so many bytes as they come, and no more once they are unpacked."""

import urllib3  # Its version 1.26, to which others in an environment may have pinned it, has no BaseHTTPResponse.

from runflow_mock.domain.codings import CODINGS, unpacked

PIECE_BYTES = 64 * 1024


def read_body(response: "urllib3.BaseHTTPResponse", bytes_max: int) -> bytes:
    """Returns the first bytes of an answer's body, unpacked where it says that it is packed; what cannot be unpacked comes as it is."""
    body = bytearray()
    for piece in response.stream(PIECE_BYTES, decode_content=False):
        body += piece
        if len(body) >= bytes_max:
            response.close()
            break
    packed = bytes(body[:bytes_max])
    coding = response.headers.get("content-encoding", "").strip().lower()
    content = unpacked(packed, coding, bytes_max) if coding in CODINGS else None
    return packed if content is None else content

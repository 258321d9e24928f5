"""Heads of requests: what one may be, and how bytes that are no head, or too many, are refused.

The parser reads heads of any size and takes whatever field comes twice. What is bounded here is what the parser keeps: the whole head, its
target, and the number of its fields.
"""

import re
from collections.abc import Iterable, Sequence, Sized

import httptools

from runflow_mock.domain.documents import mentions
from runflow_mock.wire.problems import Problem

HEAD_BYTES_MAX = 64 * 1024
TARGET_BYTES_MAX = 16 * 1024
HEADERS_MAX = 500
"""What the head of a request may have in all, its path and query, and how many fields."""

# Every character that a host may have; an IPv6 address alone has colons, and stands in brackets.
_HOST = re.compile(rb"\s*(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Za-z:.%_~-]+\])(?::[0-9]*)?\s*")

# Of two of them whatever stands between may look at the other one.
_SINGLE = {b"host": "Host", b"authorization": "Authorization"}

_TOO_LARGE = "REQUEST_HEADER_FIELDS_TOO_LARGE"


class Refusal(Exception):
    """What is answered to bytes that are no request, or one that the server does not take."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.problem = Problem(status, code, message)


def check_head(method: bytes, version: str, headers: Sequence[tuple[bytes, bytes]], authority: bytes | None) -> None:
    """Raises for a head that cannot be taken; `authority` is the host of an address that stands in the place of a path.

    Raises:
        Refusal: see the codes.
    """
    if method == b"CONNECT":
        raise Refusal(405, "METHOD_NOT_ALLOWED", "CONNECT is for proxies, and runflow-mock is none.")
    if version not in ("1.0", "1.1"):
        raise Refusal(505, "HTTP_VERSION_NOT_SUPPORTED", "runflow-mock speaks HTTP/1.1 and HTTP/1.0.")
    names = [name for name, _ in headers]
    if len(names) > HEADERS_MAX:
        raise Refusal(431, _TOO_LARGE, f"The request has more than {HEADERS_MAX} header fields.")
    _check_single(names)
    for name, value in headers:
        # The parser takes every list that ends with `chunked`, and undoes no other coding: a proxy may see another end of the body.
        if name == b"transfer-encoding" and (value.strip().lower() != b"chunked" or names.count(name) > 1):
            raise Refusal(400, "BAD_REQUEST", "The only Transfer-Encoding that runflow-mock reads is chunked.")
        if name == b"host":
            _check_host(value)
    if authority is not None:
        _check_host(authority)
    # Older clients have none. An empty one says that there is no name to say (RFC 9112, 3.2).
    if version == "1.1" and b"host" not in names:
        raise Refusal(400, "BAD_REQUEST", "The request has no Host header, which every request of HTTP/1.1 has.")


def check_size(headers: Iterable[tuple[Sized, Sized]]) -> None:
    """Raises for fields that are too large together.

    Raises:
        Refusal: 431.
    """
    if sum(len(name) + len(value) for name, value in headers) > HEAD_BYTES_MAX:
        raise head_too_large()


def path_and_query(target: bytes) -> tuple[bytes, bytes | None]:
    """Returns path and query of a request's target, and the host of an address where a client takes the server for a proxy.

    Raises:
        Refusal: 414; 400 for one that no request can have.
    """
    if len(target) > TARGET_BYTES_MAX:
        raise Refusal(414, "URI_TOO_LONG", f"The path and query of the request have more than {TARGET_BYTES_MAX} bytes.")
    if mentions(target, b"#"):
        # What stands behind it is for the client alone (RFC 9112, 3.2): a proxy may have taken it for a part of the path.
        raise Refusal(400, "BAD_REQUEST", "The path of the request has a #, which no request has: it must be percent-encoded (%23).")
    if target.lower().startswith((b"http://", b"https://")):
        _, _, rest = target.partition(b"//")
        at = min((found for found in (rest.find(b"/"), rest.find(b"?")) if found >= 0), default=len(rest))
        if at == 0:
            raise Refusal(400, "BAD_REQUEST", "The address of the request names no host (RFC 9110, 4.2.1).")
        return (rest[at:] if rest[at : at + 1] == b"/" else b"/" + rest[at:]), rest[:at]
    if not target.startswith(b"/") and b"://" in target:
        raise Refusal(
            400, "BAD_REQUEST", "The address of the request is neither http nor https, and runflow-mock is a server of these alone."
        )
    return target, None


def head_too_large() -> Refusal:
    """Returns the 431 of a head that has too many bytes."""
    return Refusal(431, _TOO_LARGE, f"The head of the request has more than {HEAD_BYTES_MAX} bytes.")


def _check_single(names: Sequence[bytes]) -> None:
    for single, field in _SINGLE.items():
        if names.count(single) > 1:
            raise Refusal(400, "BAD_REQUEST", f"The request has more than one {field} header.")


def _check_host(value: bytes) -> None:
    if _HOST.fullmatch(value) is None:
        raise Refusal(400, "BAD_REQUEST", "The Host header must be a name or an address, and a port where that is not the usual one.")


def explain(error: httptools.HttpParserError) -> str:
    """Returns what is wrong with bytes that are no request."""
    if isinstance(error.__context__, httptools.HttpParserInvalidURLError):
        return "The path of the request has characters that no address has: they must be percent-encoded."
    told = "" if isinstance(error, httptools.HttpParserCallbackError) else f": {error}"
    return f"This is no HTTP request{told}. For https use the port of --tls."

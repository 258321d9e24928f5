"""Other protocols: what an address speaks at which a request gets no answer of HTTP/1.1, the only one in which any is sent."""

import re
import socket
import ssl
from urllib.parse import SplitResult, urlsplit

from runflow_mock.domain.ports import port_of

SECONDS_MAX = 2.0
SHOWN_BYTES = 80
TLS_FIRST = (b"\x15\x03", b"\x16\x03")
# The first frame that whoever speaks HTTP/2 sends is one of SETTINGS, of the connection as a whole; a GOAWAY may come in its place.
_HTTP2 = re.compile(rb"\x00[\x00-\xff]{2}[\x04\x07]\x00\x00\x00\x00\x00", re.DOTALL)
NO_TLS = "it speaks HTTP without TLS: give its address with http://"
TLS = "it speaks TLS: give its address with https://"
HTTP2 = "it speaks HTTP/2 alone, and runflow-mock sends over HTTP/1.1"
NOT_TRUSTED = "its certificate is not trusted ({}): name its authority in a file with SSL_CERT_FILE"


def what_speaks(url: str) -> str | None:
    """Returns what is wrong with an address at which somebody speaks something else, and what to do; nothing where nobody says a word."""
    parts = urlsplit(url)
    begins = _first_bytes(parts)
    try:
        chosen = _shake_hands(parts)
    except ssl.SSLCertVerificationError as error:
        return NOT_TRUSTED.format(error.verify_message) if parts.scheme == "https" else TLS
    except OSError:
        chosen = None
    if chosen is not None:
        return TLS if parts.scheme == "http" else HTTP2 if chosen == "h2" else None
    if begins.startswith(TLS_FIRST):
        return TLS if parts.scheme == "http" else None
    if _HTTP2.match(begins):
        return HTTP2
    if begins.startswith(b"HTTP/"):
        return NO_TLS if parts.scheme == "https" else None
    return f"it says {begins.decode('latin-1')!r}, which is no HTTP" if begins else None


def _first_bytes(parts: SplitResult) -> bytes:
    """Returns what is said to a request without TLS."""
    request = f"HEAD {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc.rpartition('@')[2]}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection(_place(parts), timeout=SECONDS_MAX) as connection:
            connection.sendall(request.encode())
            return connection.recv(SHOWN_BYTES)
    except OSError:
        return b""


def _shake_hands(parts: SplitResult) -> str:
    """Returns the protocol that is agreed upon over TLS, empty where none is.

    Raises:
        SSLCertVerificationError: the certificate is not trusted.
        OSError: nobody speaks TLS.
    """
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1", "h2"])
    with (
        socket.create_connection(_place(parts), timeout=SECONDS_MAX) as plain,
        context.wrap_socket(plain, server_hostname=parts.hostname) as secure,
    ):
        return secure.selected_alpn_protocol() or ""


def _place(parts: SplitResult) -> tuple[str, int]:
    return parts.hostname or "", port_of(parts.scheme, parts.port)

"""TLS connections for tests, seen from below: an end without a goodbye is an error here."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody, for whoever only speaks to this machine: to read the authorities of the system takes longer than most tests."""


@contextmanager
def connect(url: str, ca_file: Path, *, name: str = "localhost") -> Iterator[ssl.SSLSocket]:
    """A connection to a server under some name, which trusts nothing but the given authority and insists on a clean end."""
    parts = urlsplit(url)
    context = ssl.create_default_context(cafile=str(ca_file))
    context.set_alpn_protocols(["http/1.1"])
    with (
        socket.create_connection((parts.hostname, parts.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name, suppress_ragged_eofs=False) as secure,
    ):
        yield secure


def exchange(secure: ssl.SSLSocket, *headers: str, path: str = "/v1/health") -> bytes:
    """Sends a GET and returns head and body of the answer; the connection stays open."""
    secure.sendall("\r\n".join((f"GET {path} HTTP/1.1", "Host: localhost", *headers, "", "")).encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += secure.recv(1)
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    body = b""
    while len(body) < length:
        body += secure.recv(length - len(body))
    return head + body

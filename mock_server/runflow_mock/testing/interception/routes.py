"""Routes: which names are the service's, and where each way to them ends instead."""

import socket
import ssl
import unicodedata

from runflow_mock.testing.interception.endpoints import ServiceEndpoint
from runflow_mock.wire.sites import HOSTS

# An address on loopback that nobody uses stands for every name of the service, until a connection says which port is meant.
MARKER = "127.82.70.1"
_IS_SECURE: dict[object, bool] = {443: True, "443": True, "https": True, 80: False, "80": False, "http": False}


class RefusedWayOut(ConnectionRefusedError):
    """Something in this process was about to reach the service."""

    def __init__(self, host: str, how: str) -> None:
        super().__init__(
            f"runflow-mock: under runflow_hosts nothing may reach {host}, and this would have {how}; "
            "let the client connect directly to port 443 or 80, or give it runflow.base_url"
        )


class Route:
    """The way to the service while an interception lasts; afterwards it is closed, and everything goes as usual."""

    def __init__(self, endpoint: ServiceEndpoint) -> None:
        self._endpoint = endpoint
        self.is_open = True

    @property
    def context(self) -> ssl.SSLContext:
        """What a client needs to speak TLS with the endpoint."""
        return self._endpoint.client_context

    @property
    def bundle(self) -> str:
        """A file with the usual authorities and that of the endpoint."""
        return str(self._endpoint.bundle)

    @property
    def secure_port(self) -> int:
        """Where the endpoint speaks TLS, on 127.0.0.1."""
        return self._endpoint.secure_port

    @property
    def plain_address(self) -> tuple[str, int]:
        """Where the fake speaks plain HTTP."""
        return "127.0.0.1", self._endpoint.plain_port

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports at the end of every way: those of the endpoint, and that of the fake behind it."""
        return self._endpoint.secure_port, self._endpoint.plain_port, self._endpoint.fake_address[1]

    def is_end(self, address: object) -> bool:
        """Tells whether an address is at the end of every way."""
        return isinstance(address, tuple) and len(address) >= 2 and address[1] in self.ports

    def close(self) -> None:
        """Ends the interception."""
        self.is_open = False

    def leads(self, host: object) -> bool:
        """Tells whether a host is the service's."""
        return self.is_open and name_of(host) in HOSTS

    def address_of(self, host: object, port: object) -> tuple[str, int]:
        """Returns where a way to the service ends.

        Raises:
            RefusedWayOut: it leads to a port where the fake cannot stand in.
        """
        is_secure = _IS_SECURE.get(port)
        if is_secure is None:
            raise RefusedWayOut(name_of(host), f"gone to its port {port}")
        return ("127.0.0.1", self.secure_port) if is_secure else self.plain_address


def name_of(host: object) -> str:
    """Returns a host as the table of hosts spells it."""
    if isinstance(host, bytes | bytearray):
        host = bytes(host).decode("latin-1")
    if not isinstance(host, str):
        return ""
    # Full-width letters, other dots and their like are folded by whoever looks a name up.
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            host = unicodedata.normalize("NFKC", host)
    return host.rstrip(".").lower()


def peer_of(connected: object) -> object:
    """Returns the address at the other end of a socket, or nothing where there is none yet."""
    if not isinstance(connected, socket.socket):
        return None
    try:
        return connected.getpeername()
    except OSError:
        return None

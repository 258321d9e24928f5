"""A local proxy for clients in other processes that have https://api.runflow.io written into them.

Any HTTP client that heeds `HTTPS_PROXY` asks the proxy to connect it; Node, whose `fetch` and `https` do not, is led to the fake by a
preload (`node_preload.cjs`), which NODE_OPTIONS names. Connections to the service end here: the proxy speaks TLS with a
certificate of an authority that the environment tells the client to trust, and hands the bytes to the fake. All others go where they were
meant to go, or are refused.
"""

import asyncio
import os
import ssl
from asyncio import gather, open_connection, start_server, timeout
from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from runflow_mock.domain.ports import PORT_MAX
from runflow_mock.domain.whole_numbers import whole_number
from runflow_mock.runtime.certificates import ca_file, server_context
from runflow_mock.testing.dialers import place_of
from runflow_mock.testing.loop_threads import LoopThread
from runflow_mock.testing.tunnels import Tunnels, carry
from runflow_mock.wire.sites import HOSTS

Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]

NODE_PRELOAD = Path(__file__).with_name("node_preload.cjs")
LOOPBACK = ("localhost", "127.0.0.1", "::1")

HEAD_SECONDS_MAX = 30.0
CONNECTIONS_MAX = 512
"""How long a client may take to say where it wants to go, and how many connections it may have open through here."""


def direct_env(environment: Mapping[str, str], url: str, hosts: Iterable[str] = ()) -> dict[str, str]:
    """Returns `NO_PROXY` in both spellings: what is there, loopback, the host of a URL, and further hosts."""
    there = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    kept = [part for part in (part.strip() for part in there.split(",")) if part]
    wanted = dict.fromkeys((*kept, *LOOPBACK, urlsplit(url).hostname or LOOPBACK[0], *hosts))
    return dict.fromkeys(("NO_PROXY", "no_proxy"), "*" if "*" in kept else ",".join(wanted))


class Proxy:
    """Listens on loopback while the context lasts; keeps an authority of its own in the folder."""

    def __init__(
        self,
        url: str,
        folder: Path,
        *,
        is_open: bool = True,
        head_seconds_max: float = HEAD_SECONDS_MAX,
        connections_max: int = CONNECTIONS_MAX,
    ) -> None:
        self._head_seconds_max = head_seconds_max
        self._connections_max = connections_max
        self._place = place_of(url)
        self._is_open = is_open
        self._context = server_context(folder, (), datetime.now(UTC))
        self._ca_file = ca_file(folder)
        self._bundle = trusted_bundle(self._ca_file, folder)
        self._thread: LoopThread | None = None
        self._server: asyncio.Server | None = None
        self._door: asyncio.Server | None = None
        self._tunnels = Tunnels()
        self.secure_connections = 0
        """How many connections over TLS have come to the service through here, those included that the preload makes in their place."""

    @property
    def url(self) -> str:
        """Where the proxy listens."""
        return _address(self._server)

    @property
    def env(self) -> dict[str, str]:
        """The variables by which curl, Python, Node and others find the proxy and trust the fake; loopback is reached directly."""
        trusted = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE"), str(self._bundle))
        return {**self._ways, **trusted, "NODE_EXTRA_CA_CERTS": str(self._ca_file)}

    @property
    def env_of_distrust(self) -> dict[str, str]:
        """The variables by which they find the proxy, and are told of no authority that vouches for the fake."""
        return {**self._ways, "RUNFLOW_MOCK_SERVICE_IS_TRUSTED": ""}

    @property
    def _ways(self) -> dict[str, str]:
        by_proxy = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), self.url)
        direct = dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(LOOPBACK))
        # For Node, from 18 on; what NODE_OPTIONS says already stays.
        preload = str(NODE_PRELOAD).replace("\\", "\\\\").replace('"', '\\"')
        return {
            **by_proxy,
            **direct,
            "NODE_USE_ENV_PROXY": "1",
            "NODE_OPTIONS": f'{os.environ.get("NODE_OPTIONS", "")} --require "{preload}"'.strip(),
            "RUNFLOW_MOCK_SERVICE": _address(self._door),
            "RUNFLOW_MOCK_SERVICE_HOSTS": ",".join(HOSTS),
            "RUNFLOW_MOCK_SERVICE_IS_TRUSTED": "1",
        }

    def __enter__(self) -> "Proxy":
        # Not uvloop's: closing that waits for the goodbye of TLS connections that a client keeps.
        self._thread = LoopThread("runflow-mock proxy", asyncio.new_event_loop())
        self._server = self._thread.submit(start_server(partial(self._serve, self._connect), "127.0.0.1", 0)).result()
        self._door = self._thread.submit(start_server(partial(self._serve, self._let_in), "127.0.0.1", 0)).result()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._thread is not None
        self._thread.submit(self._stop()).result()
        self._thread.stop()

    async def _stop(self) -> None:
        for server in (self._server, self._door):
            assert server is not None
            server.close()
        await self._tunnels.end()

    async def _serve(self, answer: Answering, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tunnels) < self._connections_max:
            answering = answer(reader, writer)
        else:
            told = f"{self._connections_max} connections are open, and no more are taken"
            answering = _refuse(writer, "503 Service Unavailable", told)
        await self._tunnels.keep(writer, answering)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with timeout(self._head_seconds_max):
            head = await reader.readuntil(b"\r\n\r\n")
        method, _, rest = head.decode("latin-1").partition(" ")
        host, _, port = rest.partition(" ")[0].rpartition(":")
        number = whole_number(port)
        if method != "CONNECT" or number is None or number > PORT_MAX:
            await _refuse(writer, "405 Method Not Allowed", "this proxy only connects: it is for https")
            return
        name = host.strip("[]").lower()
        if name in HOSTS:
            there, number = self._place
        elif self._is_open:
            there = name
        else:
            await _refuse(writer, "403 Forbidden", f"only the service is reached from here, not {name[:200]}")
            return
        try:
            far_reader, far_writer = await open_connection(there, number)
        except OSError as error:
            await _refuse(writer, "502 Bad Gateway", f"{name[:200]}: {error}")
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            if name in HOSTS:
                await writer.start_tls(self._context)
                self.secure_connections += 1
            await gather(carry(reader, far_writer), carry(far_reader, writer))
        finally:
            far_writer.close()

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Leads a connection of the preload's to the fake: what it stands for would have come over TLS."""
        far_reader, far_writer = await open_connection(*self._place)
        self.secure_connections += 1
        try:
            await gather(carry(reader, far_writer), carry(far_reader, writer))
        finally:
            far_writer.close()


def _address(server: asyncio.Server | None) -> str:
    assert server is not None
    return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _refuse(writer: asyncio.StreamWriter, status: str, why: str) -> None:
    body = f"runflow-mock proxy: {why}\n".encode()
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
    await writer.drain()


def trusted_bundle(ca_file: Path, folder: Path) -> Path:
    """Writes the authorities that this machine trusts, and the fake's own, into one file, for a bundle is named whole; returns where."""
    usual = ssl.get_default_verify_paths().cafile
    known = Path(usual).read_bytes() if usual is not None and Path(usual).is_file() else _certifi()
    path = folder / "runflow-mock-bundle.pem"
    path.write_bytes(known + b"\n" + ca_file.read_bytes())
    return path


def _certifi() -> bytes:
    try:
        import certifi
    except ImportError:
        return b""
    return Path(certifi.where()).read_bytes()

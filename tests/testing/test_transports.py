"""A client in process meets what it would meet over a socket: the same exception, the same time-out, the same answer."""

import asyncio
import gc
import pickle
import socket
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import copy, deepcopy
from functools import partial
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import requests
import trio
from urllib3 import Retry
from urllib3.connection import HTTPConnection

from runflow_mock.domain.fault_kinds import KIND_OF, Family
from runflow_mock.testing import requests_adapters
from runflow_mock.testing.httpx_transports import Transport, _AsyncStream, _SyncStream
from runflow_mock.testing.in_process import InProcess, open_tenant_in
from runflow_mock.testing.memory_connections import Ends
from runflow_mock.testing.runflow import Runflow

PATH = "/v1/billing/balance"
# How long anything may take but the silence of a server: on a busy machine to connect alone takes as long as that may.
SECONDS = 20.0
# What a rule of a kind needs besides its name, and keeps this short.
PARTS: Mapping[str, Mapping[str, Any]] = {"answer": {"status": 503}, "latency": {"seconds": 0.01}, "slow_body": {"seconds": 0.01}}
KINDS = sorted(kind.name for kind in KIND_OF.values() if kind.family is Family.EXCHANGE)
BREAKS = ("reset", "empty", "garbage", "reset_after_headers", "truncate", "wrong_length", "hang")


@pytest.fixture
def in_memory(app: InProcess) -> Iterator[Runflow]:
    """A tenant without a socket."""
    with open_tenant_in(app, clock="manual") as opened:
        yield opened
        opened.control.delete_tenant(opened.tenant)


def told(get: Callable[[], int]) -> str:
    """Returns the status that a client got, or the exception that it met."""
    try:
        return str(get())
    except (httpx.HTTPError, requests.RequestException) as error:
        return type(error).__name__


def by_httpx(runflow: Runflow, *, direct: bool, seconds: float = SECONDS) -> str:
    transport = httpx.HTTPTransport() if direct else runflow.transport
    limits = httpx.Timeout(SECONDS, read=seconds)
    with httpx.Client(transport=transport, base_url=runflow.base_url, headers=runflow.headers, timeout=limits) as client:
        return told(lambda: client.get(PATH).status_code)


async def _awaited(runflow: Runflow, *, direct: bool, seconds: float) -> str:
    transport = httpx.AsyncHTTPTransport() if direct else runflow.transport
    limits = httpx.Timeout(SECONDS, read=seconds)
    async with httpx.AsyncClient(transport=transport, base_url=runflow.base_url, headers=runflow.headers, timeout=limits) as client:
        try:
            return str((await client.get(PATH)).status_code)
        except httpx.HTTPError as error:
            return type(error).__name__


def by_httpx_async(runflow: Runflow, *, direct: bool, seconds: float = SECONDS) -> str:
    return asyncio.run(_awaited(runflow, direct=direct, seconds=seconds))


def by_httpx_under_trio(runflow: Runflow, *, direct: bool, seconds: float = SECONDS) -> str:
    async def main() -> str:
        return await _awaited(runflow, direct=direct, seconds=seconds)

    return trio.run(main)


def by_requests(runflow: Runflow, *, direct: bool, seconds: float = SECONDS) -> str:
    with requests.Session() as session:
        if not direct:
            session.mount("http://", runflow.adapter)
        return told(lambda: session.get(runflow.base_url + PATH, headers=runflow.headers, timeout=(SECONDS, seconds)).status_code)


NO_PROXY = "http://127.0.0.1:9"


def test_client_with_a_proxy_is_led_by_a_mount(in_memory: Runflow) -> None:
    way: Any = {"all://": in_memory.transport}
    with httpx.Client(proxy=NO_PROXY, mounts=way, base_url=in_memory.base_url, headers=in_memory.headers) as client:
        assert client.get(PATH).status_code == 200


def test_async_client_with_a_proxy_is_led_by_a_mount(in_memory: Runflow) -> None:
    async def status() -> int:
        way: Any = {"all://": in_memory.transport}
        async with httpx.AsyncClient(proxy=NO_PROXY, mounts=way, base_url=in_memory.base_url, headers=in_memory.headers) as client:
            return (await client.get(PATH)).status_code

    assert asyncio.run(status()) == 200


@pytest.mark.parametrize("client", [by_httpx, by_httpx_async, by_requests])
def test_proxies_of_the_environment_are_not_asked(in_memory: Runflow, monkeypatch: pytest.MonkeyPatch, client: Callable[..., str]) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, NO_PROXY)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert client(in_memory, direct=False) == "200"


def test_session_with_a_proxy_asks_the_adapter(in_memory: Runflow) -> None:
    with requests.Session() as session:
        session.mount("https://", in_memory.adapter)
        session.proxies = {"all": NO_PROXY}
        url = f"https://api.runflow.io{PATH}"
        assert session.get(url, headers=in_memory.headers, proxies={"https": NO_PROXY}, timeout=SECONDS).status_code == 200


CLIENTS = (by_httpx, by_httpx_async, by_httpx_under_trio, by_requests)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("kind", KINDS)
def test_fault_is_met_in_memory_as_over_a_socket(in_memory: Runflow, tenant: Runflow, kind: str, client: Callable[..., str]) -> None:
    for runflow in (in_memory, tenant):
        runflow.faults.add(what={"kind": kind, **PARTS.get(kind, {})})
    seconds = 0.1 if kind == "hang" else SECONDS
    met = client(in_memory, direct=False, seconds=seconds)
    assert met == client(tenant, direct=True, seconds=seconds)
    assert met.isdigit() != (kind in BREAKS)


@pytest.mark.parametrize("client", CLIENTS)
def test_transport_leads_to_a_server_elsewhere_too(tenant: Runflow, client: Callable[..., str]) -> None:
    assert client(tenant, direct=False) == "200"
    assert [exchange.request.target for exchange in tenant.journal] == [PATH]


def test_refusal_of_what_is_still_being_sent_ends_the_connection_in_memory(in_memory: Runflow, caplog: pytest.LogCaptureFixture) -> None:
    with httpx.Client(transport=in_memory.transport, base_url=in_memory.base_url, headers=in_memory.headers, timeout=SECONDS) as client:
        answer = client.get(PATH, headers={"X-Long": "y" * 200_000})
    assert (answer.status_code, answer.headers["connection"]) == (431, "close")
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_end_of_a_connection_is_an_error_of_httpx(in_memory: Runflow) -> None:
    in_memory.faults.add(what="reset")
    with httpx.Client(transport=in_memory.transport) as client, pytest.raises(httpx.ReadError, match="reset by peer"):
        client.get("http://localhost" + PATH, headers=in_memory.headers)


@pytest.mark.parametrize("place", ["in_memory", "tenant"])
def test_client_sees_where_both_ends_of_its_connection_are(place: str, request: pytest.FixtureRequest) -> None:
    """What traces requests takes host and port from there, by httpx and by requests, and unpacks them."""
    runflow: Runflow = request.getfixturevalue(place)
    with httpx.Client(transport=runflow.transport) as client, client.stream("GET", runflow.base_url + "/v1/health") as answer:
        ends = [answer.extensions["network_stream"].get_extra_info(name) for name in ("client_addr", "server_addr")]
    with requests.Session() as session:
        session.mount("http://", runflow.adapter)
        with session.get(runflow.base_url + "/v1/health", stream=True) as raw:
            connection: Any = raw.raw._connection
            ends += [connection.sock.getsockname(), connection.sock.getpeername()]
    _, server, _, same_server = ends
    assert ([host for host, _ in ends], server) == (["127.0.0.1"] * 4, same_server)
    assert server[1] == (urlsplit(runflow.base_url).port or 80)


def test_nothing_that_is_sent_meets_no_end_of_the_connection(in_memory: Runflow) -> None:
    connection = in_memory.app.dialer.dial(1)
    connection.close()
    with pytest.raises(BrokenPipeError):
        connection.send(b"x")
    _SyncStream(connection).write(b"")
    asyncio.run(_AsyncStream(connection).write(b""))


def test_silence_ends_with_the_time_out_of_the_client(in_memory: Runflow) -> None:
    in_memory.faults.add(what="hang")
    with httpx.Client(transport=in_memory.transport, timeout=httpx.Timeout(SECONDS, read=0.05)) as client, pytest.raises(httpx.ReadTimeout):
        client.get("http://localhost" + PATH, headers=in_memory.headers)


def test_server_that_is_not_there_is_told_as_such() -> None:
    from runflow_mock.testing.control import Control
    from runflow_mock.testing.records import Tenant

    handle = Runflow(Control("http://127.0.0.1:1"), Tenant("x", "k", "a"), "http://127.0.0.1:1")
    assert [client(handle, direct=False) for client in CLIENTS] == ["ConnectError"] * 3 + ["ConnectionError"]


@pytest.mark.parametrize("host", ["https://api.runflow.io", "http://api.runflow.io", "http://localhost:8787"])
def test_whatever_host_a_client_names_it_reaches_the_fake(in_memory: Runflow, host: str) -> None:
    with httpx.Client(transport=in_memory.transport, base_url=host, headers=in_memory.headers) as client:
        assert client.get(PATH).status_code == 200
    with requests.Session() as session:
        session.mount(host, in_memory.adapter)
        assert session.get(host + PATH, headers=in_memory.headers, timeout=5).status_code == 200


def test_large_answer_is_read_piece_by_piece(in_memory: Runflow) -> None:
    in_memory.faults.add(what={"kind": "answer", "status": 200, "body": {"text": "x" * 300_000}})
    url = "http://localhost" + PATH
    with httpx.Client(transport=in_memory.transport) as client, client.stream("GET", url, headers=in_memory.headers) as answer:
        assert sum(len(piece) for piece in answer.iter_bytes(1_000)) == 300_011
    with requests.Session() as session:
        session.mount("http://", in_memory.adapter)
        pieces = session.get(url, headers=in_memory.headers, stream=True, timeout=SECONDS).iter_content(1_000)
        assert sum(len(piece) for piece in pieces) == 300_011


def test_connection_of_requests_looks_like_a_socket(in_memory: Runflow) -> None:
    """urllib3-future, which niquests puts in the place of urllib3, looks closer than urllib3 does."""
    connection = in_memory.adapter.get_connection("http://localhost")._get_conn()
    connection.connect()
    sock = connection.sock
    sock.settimeout(5.0)
    sock.sendall(b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    seen = (sock.type, sock.family, sock.gettimeout(), sock.getpeername()[0], sock.recv(12))
    sock.close()
    assert seen == (socket.SOCK_STREAM, socket.AF_INET, 5.0, "127.0.0.1", b"HTTP/1.1 200")
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_session_of_another_library_is_told_the_way_out(in_memory: Runflow) -> None:
    request = type("PreparedRequest", (), {"__module__": "niquests.models"})()
    with pytest.raises(TypeError, match="one of requests, and this is a session of niquests: take the fixture runflow_hosts"):
        in_memory.adapter.send(request)


def test_session_keeps_its_connection(in_memory: Runflow) -> None:
    adapter = in_memory.adapter
    with requests.Session() as session:
        session.mount("http://", adapter)
        for _ in range(3):
            assert session.get("http://localhost" + PATH, headers=in_memory.headers, timeout=SECONDS).status_code == 200
        assert adapter.get_connection("http://localhost").num_connections == 1


def test_session_that_was_closed_can_be_used_again(in_memory: Runflow) -> None:
    session = requests.Session()
    session.mount("https://", in_memory.adapter)
    for _ in range(2):
        with session:
            assert session.get(f"https://api.runflow.io{PATH}", headers=in_memory.headers, timeout=SECONDS).status_code == 200


@pytest.mark.slow(is_covering=True)
def test_session_keeps_as_many_connections_as_one_of_requests(in_memory: Runflow, caplog: pytest.LogCaptureFixture) -> None:
    with requests.Session() as session, ThreadPoolExecutor(4) as threads:
        session.mount("https://", in_memory.adapter)
        get = partial(session.get, f"https://api.runflow.io{PATH}", headers=in_memory.headers, timeout=SECONDS)
        assert {answer.status_code for answer in threads.map(lambda _: get(), range(20))} == {200}
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == []


@pytest.mark.slow(is_covering=True)
def test_many_requests_at_once_do_not_wait_for_one_another(in_memory: Runflow) -> None:
    async def main() -> list[int]:
        async with httpx.AsyncClient(transport=in_memory.transport, base_url="http://localhost", headers=in_memory.headers) as client:
            return [answer.status_code for answer in await asyncio.gather(*(client.get(PATH) for _ in range(50)))]

    assert asyncio.run(main()) == [200] * 50


def test_answer_that_nobody_reads_to_its_end_is_given_up(in_memory: Runflow) -> None:
    in_memory.faults.add(what={"kind": "slow_body", "seconds": 60})

    async def main() -> int:
        client = httpx.AsyncClient(transport=in_memory.transport, headers=in_memory.headers)
        async with client, client.stream("GET", "http://localhost" + PATH) as answer:
            return answer.status_code

    assert asyncio.run(main()) == 200


class EndedAfterTheHead:
    """A server that takes the head of a request and hangs up, which on a busy machine happens before the body follows."""

    ends = Ends(("127.0.0.1", 0), ("127.0.0.1", 80))

    def __init__(self) -> None:
        self._sent = 0

    def dial(self, seconds: float | None) -> "EndedAfterTheHead":
        return self

    def send(self, data: bytes) -> None:
        self._sent += 1
        if self._sent > 1:
            raise BrokenPipeError

    def receive(self, most: int, seconds: float | None) -> bytes:
        return b""

    async def receive_async(self, most: int, seconds: float | None) -> bytes:
        return b""

    def is_dropped(self) -> bool:
        return True

    def close(self) -> None:
        return


def test_body_that_the_server_does_not_take_is_closed_under_trio() -> None:
    """Trio warns of a generator that nobody has read to its end, at whatever moment it is collected: in some other test."""

    async def main() -> None:
        async with httpx.AsyncClient(transport=Transport(EndedAfterTheHead(), lambda: None)) as client:
            with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
                await client.post("http://localhost" + PATH, content=b"body")
        gc.collect()

    with warnings.catch_warnings(record=True) as told_of:
        warnings.simplefilter("always")
        trio.run(main)
    assert [str(warning.message) for warning in told_of] == []


def test_request_of_a_library_like_httpx_is_answered_in_its_own_kinds(in_memory: Runflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """httpx2 goes on from httpx under another name, and its clients take no answer of the other."""
    kinds = (httpx.Request, httpx.Response, httpx.SyncByteStream, httpx.AsyncByteStream, httpx.RequestError, httpx.ReadError)
    names = {kind.__name__: type(kind.__name__, (kind,), {"__module__": "httpx_of_tomorrow"}) for kind in kinds}
    # As there, every error is one of a request.
    names["ReadError"] = type("ReadError", (names["RequestError"],), {"__module__": "httpx_of_tomorrow"})
    library: Any = ModuleType("httpx_of_tomorrow")
    vars(library).update(names)
    monkeypatch.setitem(sys.modules, library.__name__, library)
    request = library.Request("GET", "http://localhost/v1/models", headers=in_memory.headers)
    response = in_memory.transport.handle_request(request)
    assert (type(response), response.status_code) == (library.Response, 200)
    assert isinstance(response.stream, library.SyncByteStream)
    assert response.read().startswith(b"{")
    response.close()
    in_memory.faults.add(what="reset")
    with pytest.raises(library.ReadError):
        in_memory.transport.handle_request(request)


@pytest.mark.parametrize("name", ["httpx_helpers", "shop_client"])
@pytest.mark.parametrize("names", [{}, {"Response": httpx.Response, "SyncByteStream": httpx.SyncByteStream}], ids=["alone", "with others"])
def test_request_of_a_kind_of_the_user_is_answered_as_one_of_httpx(
    in_memory: Runflow, monkeypatch: pytest.MonkeyPatch, name: str, names: dict[str, Any]
) -> None:
    helpers: Any = ModuleType(name)
    helpers.Request = type("Request", (httpx.Request,), {"__module__": name})
    vars(helpers).update(names)
    monkeypatch.setitem(sys.modules, name, helpers)
    with httpx.Client(transport=in_memory.transport) as client:
        assert client.send(helpers.Request("GET", "http://localhost/v1/models", headers=in_memory.headers)).status_code == 200
        in_memory.faults.add(what="reset")
        with pytest.raises(httpx.ReadError):
            client.send(helpers.Request("GET", "http://localhost/v1/models", headers=in_memory.headers))


@pytest.mark.parametrize("make", [copy, deepcopy])
def test_session_that_is_copied_ends_at_the_fake_as_well(in_memory: Runflow, make: Callable[[requests.Session], requests.Session]) -> None:
    with requests.Session() as session:
        session.mount("https://", in_memory.adapter)
        session.adapters["https://"].max_retries = Retry(7)  # type: ignore[attr-defined]  # it is one of requests' own kind
        with make(session) as copied:
            assert copied.get(f"https://api.runflow.io{PATH}", headers=in_memory.headers, timeout=SECONDS).status_code == 200
            assert copied.adapters["https://"].max_retries.total == 7  # type: ignore[attr-defined]


def test_session_for_another_process_is_refused(in_memory: Runflow) -> None:
    with requests.Session() as session:
        session.mount("https://", in_memory.adapter)
        with pytest.raises(TypeError, match=r"cannot be pickled; give the other process runflow\.base_url"):
            pickle.dumps(session)


def test_adapter_that_is_loaded_while_a_tool_holds_connections_is_not_the_tools(
    in_memory: Runflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recorder of vcrpy stands in the place of urllib3's connection, while a cassette is in use."""

    class Recorder(HTTPConnection):
        def request(self, *given: Any, **named: Any) -> None:
            raise AssertionError("this connection records")

    monkeypatch.setattr("urllib3.connection.HTTPConnection", Recorder)
    spec = requests_adapters.__spec__
    assert spec is not None
    assert spec.loader is not None
    loaded_late = module_from_spec(spec)
    spec.loader.exec_module(loaded_late)
    with requests.Session() as session:
        session.mount("https://", loaded_late.Adapter(in_memory._way()))
        assert session.get(f"https://api.runflow.io{PATH}", headers=in_memory.headers, timeout=SECONDS).status_code == 200

"""Under `runflow_hosts` every way to the service ends at the fake or is refused, and everything is as before at the end."""

import asyncio
import http.client
import json
import socket
import ssl
import sys
import urllib.request
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import aiohttp
import httpx
import pytest
import requests
import trio
import urllib3
import uvloop

from runflow_mock.testing.dialers import SocketDialer, place_of
from runflow_mock.testing.interception import SERVICE_HOSTS, RefusedWayOut, ServiceEndpoint, intercept
from runflow_mock.testing.interception.patches import Patches
from runflow_mock.testing.proxy import Proxy, direct_env
from runflow_mock.testing.runflow import Runflow

HOST = "api.runflow.io"
PATH = "/v1/auth/me"
# The system refuses a name at once, in place of asking the network for it.
NO_LOOK_UP = socket.AI_NUMERICHOST
PROXY = "http://proxy.invalid:3128"
OWNERS = (socket, socket.socket, ssl.SSLContext, ssl.SSLSocket, ssl.SSLObject, http.client.HTTPConnection, urllib.request.Request)


def by_urllib(url: str, headers: dict[str, str], proxy: str | None) -> int:
    handler = urllib.request.ProxyHandler({} if proxy is None else {"http": proxy, "https": proxy})
    with urllib.request.build_opener(handler).open(urllib.request.Request(url, headers=headers)) as answer:
        return int(answer.status)


def by_http_client(url: str, headers: dict[str, str], proxy: str | None) -> int:
    secure = url.startswith("https")
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(HOST if proxy is None else "proxy.invalid", timeout=20)
    if proxy is not None:
        connection.set_tunnel(HOST, 443 if secure else 80)
    connection.request("GET", PATH, headers=headers)
    with connection.getresponse() as answer:
        answer.read()
        status = answer.status
    connection.close()
    return status


def by_requests(url: str, headers: dict[str, str], proxy: str | None) -> int:
    return requests.get(url, headers=headers, proxies=None if proxy is None else {"http": proxy, "https": proxy}, timeout=20).status_code


def by_urllib3(url: str, headers: dict[str, str], proxy: str | None) -> int:
    pool = urllib3.PoolManager() if proxy is None else urllib3.ProxyManager(proxy)
    return pool.request("GET", url, headers=headers).status


def by_httpx(url: str, headers: dict[str, str], proxy: str | None) -> int:
    with httpx.Client(proxy=proxy, headers=headers) as client:
        return client.get(url).status_code


async def _by_httpx_async(url: str, headers: dict[str, str], proxy: str | None) -> int:
    async with httpx.AsyncClient(proxy=proxy, headers=headers) as client:
        return (await client.get(url)).status_code


def by_httpx_on_asyncio(url: str, headers: dict[str, str], proxy: str | None) -> int:
    return asyncio.run(_by_httpx_async(url, headers, proxy))


def by_httpx_on_uvloop(url: str, headers: dict[str, str], proxy: str | None) -> int:
    return uvloop.run(_by_httpx_async(url, headers, proxy))


def by_httpx_on_trio(url: str, headers: dict[str, str], proxy: str | None) -> int:
    return trio.run(_by_httpx_async, url, headers, proxy)


async def _by_aiohttp(url: str, headers: dict[str, str], proxy: str | None) -> int:
    async with aiohttp.ClientSession(headers=headers) as session, session.get(url, proxy=proxy) as answer:
        return answer.status


def by_aiohttp(url: str, headers: dict[str, str], proxy: str | None) -> int:
    return asyncio.run(_by_aiohttp(url, headers, proxy))


def by_aiohttp_on_uvloop(url: str, headers: dict[str, str], proxy: str | None) -> int:
    return uvloop.run(_by_aiohttp(url, headers, proxy))


async def _by_streams(url: str, headers: dict[str, str]) -> int:
    secure = url.startswith("https")
    reader, writer = await asyncio.open_connection(HOST, 443 if secure else 80, ssl=ssl.create_default_context() if secure else None)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"GET {PATH} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n{head}\r\n".encode())
    status = int((await reader.readline()).split()[1])
    await reader.read()
    writer.close()
    await writer.wait_closed()
    return status


def by_streams(url: str, headers: dict[str, str], proxy: str | None) -> int:
    return asyncio.run(_by_streams(url, headers))


def by_streams_on_uvloop(url: str, headers: dict[str, str], proxy: str | None) -> int:
    return uvloop.run(_by_streams(url, headers))


CLIENTS = (
    by_urllib,
    by_http_client,
    by_requests,
    by_urllib3,
    by_httpx,
    by_httpx_on_asyncio,
    by_httpx_on_uvloop,
    by_httpx_on_trio,
    by_aiohttp,
    by_aiohttp_on_uvloop,
    by_streams,
    by_streams_on_uvloop,
)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("proxy", [None, PROXY])
@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("client", CLIENTS)
def test_client_reaches_the_fake_whatever_proxy_it_was_told(
    hosts: Runflow, client: Callable[..., int], scheme: str, proxy: str | None
) -> None:
    assert client(f"{scheme}://{HOST}{PATH}", hosts.headers, proxy) == 200
    assert len(hosts.journal) == 1


@pytest.mark.slow(is_covering=True)
def test_proxy_of_the_environment_is_passed_by(monkeypatch: pytest.MonkeyPatch, hosts: Runflow) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, PROXY)
    for name, value in direct_env({}, hosts.base_url, SERVICE_HOSTS).items():
        monkeypatch.setenv(name, value)
    assert requests.get(f"https://{HOST}{PATH}", headers=hosts.headers, timeout=20).status_code == 200
    assert httpx.get(f"https://{HOST}{PATH}", headers=hosts.headers).status_code == 200


@pytest.mark.parametrize("name", ["API.RUNFLOW.IO", "api.runflow.io.", b"api.runflow.io", "docs.runflow.io"])
def test_name_is_the_services_however_it_is_spelled(hosts: Runflow, name: Any) -> None:
    (found,) = socket.getaddrinfo(name, 443)
    with socket.create_connection((str(found[4][0]), int(found[4][1])), 20) as connected:
        assert connected.getpeername()[0] == "127.0.0.1"


def test_name_that_was_looked_up_alone_leads_to_the_fake_too(hosts: Runflow) -> None:
    for address in (socket.gethostbyname(HOST), socket.gethostbyname_ex(HOST)[2][0], HOST):
        with socket.socket() as plain:
            plain.connect((address, 80))
            assert plain.connect_ex((address, 80)) != 0


@pytest.mark.parametrize("family", [socket.AF_UNSPEC, socket.AF_INET, socket.AF_INET6])
def test_connector_of_one_family_of_addresses_is_led(hosts: Runflow, family: int) -> None:
    async def ask() -> int:
        connector = aiohttp.TCPConnector(family=socket.AddressFamily(family))
        opened = aiohttp.ClientSession(connector=connector, headers=hosts.headers)
        async with opened as session, session.get("https://api.runflow.io/v1/models") as response:
            return response.status

    assert asyncio.run(ask()) == 200


def test_port_where_the_fake_cannot_stand_in_is_refused(hosts: Runflow) -> None:
    with pytest.raises(RefusedWayOut, match=r"runflow-mock: .*port 8443"):
        socket.create_connection((HOST, 8443), 20)


def test_function_that_somebody_kept_is_refused(tenant: Runflow, endpoint: ServiceEndpoint) -> None:
    kept = socket.getaddrinfo
    with intercept(endpoint):
        with pytest.raises(RefusedWayOut, match=r"runflow-mock: .*api\.runflow\.io.*socket\.getaddrinfo"):
            kept(HOST, 443)
        # What Python says before a socket connects: the connection itself would ask the network for the name first.
        with socket.socket() as plain, pytest.raises(RefusedWayOut, match=r"runflow-mock: .*api\.runflow\.io.*socket\.connect"):
            sys.audit("socket.connect", plain, (HOST, 443))


@pytest.mark.parametrize(
    "said",
    [
        b"CONNECT api.runflow.io:443 HTTP/1.1\r\n\r\n",
        b"GET http://api.runflow.io/v1/runs HTTP/1.1\r\n\r\n",
        b"\x05\x01\x00\x03\x0eapi.runflow.io\x01\xbb",
        b"\x04\x01\x01\xbb\x00\x00\x00\x01me\x00api.runflow.io\x00",
    ],
)
@pytest.mark.parametrize("how", ["send", "sendall", "sendmsg"])
def test_request_to_a_proxy_that_nobody_knows_is_refused(hosts: Runflow, said: bytes, how: str) -> None:
    near, far = socket.socketpair()
    with near, far, pytest.raises(RefusedWayOut, match=r"runflow-mock: .*proxy"):
        getattr(near, how)([said] if how == "sendmsg" else said)


def test_what_is_not_the_services_goes_its_usual_way(hosts: Runflow, url: str) -> None:
    assert requests.get(url + PATH, headers=hosts.headers, timeout=20).status_code == 200
    near, far = socket.socketpair()
    with near, far:
        near.sendall(b"CONNECT example.com:443 HTTP/1.1\r\n\r\n")
        assert far.recv(7) == b"CONNECT"


@pytest.mark.slow(is_covering=True)
def test_context_of_the_client_is_not_touched(hosts: Runflow) -> None:
    context = ssl.create_default_context()
    before = len(context.get_ca_certs())
    with httpx.Client(verify=context) as client:
        assert client.get(f"https://{HOST}{PATH}", headers=hosts.headers).status_code == 200
    assert len(context.get_ca_certs()) == before


@pytest.mark.slow(is_covering=True)
def test_reset_of_the_fake_is_a_reset_of_the_service(hosts: Runflow) -> None:
    hosts.faults.add(what="reset")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"https://{HOST}{PATH}", headers=hosts.headers, timeout=20)


def test_everything_is_put_back(endpoint: ServiceEndpoint) -> None:
    before = [dict(vars(owner)) for owner in OWNERS]
    with intercept(endpoint):
        assert [dict(vars(owner)) for owner in OWNERS] != before
    assert [dict(vars(owner)) for owner in OWNERS] == before


def test_what_another_tool_puts_back_later_does_nothing(endpoint: ServiceEndpoint) -> None:
    usual, tool = socket.getaddrinfo, pytest.MonkeyPatch()
    with intercept(endpoint):
        # A tool that remembers what it found, and ends after us.
        tool.setattr(socket, "getaddrinfo", lambda *given, **options: [])
    tool.undo()
    left = socket.getaddrinfo
    socket.getaddrinfo = usual
    assert left is not usual
    with pytest.raises(socket.gaierror):
        left(HOST, 443, flags=NO_LOOK_UP)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_connection_that_a_client_keeps_leads_nowhere_once_the_interception_has_ended(
    tenant: Runflow, endpoint: ServiceEndpoint, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    def unknown(*given: object, **options: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "looked up as usual")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    url = f"{scheme}://{HOST}{PATH}"
    with requests.Session() as session, httpx.Client(headers=tenant.headers) as client, urllib3.PoolManager() as pool:
        gets: tuple[Callable[[], int], ...] = (
            lambda: session.get(url, headers=tenant.headers, timeout=20).status_code,
            lambda: client.get(url).status_code,
            lambda: pool.request("GET", url, headers=tenant.headers, retries=False).status,
        )
        for _ in range(2):
            with intercept(endpoint):
                assert [get() for get in gets] == [200] * 3
            for get in gets:
                with pytest.raises(
                    (requests.ConnectionError, httpx.ConnectError, urllib3.exceptions.NewConnectionError), match="looked up as usual"
                ):
                    get()


@pytest.mark.slow(is_covering=True)
def test_endpoint_stops_without_a_word_about_a_connection_that_a_client_keeps(
    tenant: Runflow, url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened = ServiceEndpoint(url, tmp_path)
    with intercept(opened), httpx.Client(base_url=f"https://{HOST}", headers=tenant.headers) as client:
        assert client.get(PATH).status_code == 200
        opened.stop()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


@pytest.mark.parametrize("way", [ServiceEndpoint, Proxy, lambda url, _: SocketDialer(url)], ids=["endpoint", "proxy", "dialer"])
def test_bytes_of_clients_are_carried_to_a_fake_without_tls_alone(way: Callable[[str, Path], object], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"https://127\.0\.0\.1:8788: only a fake at an http address is reached this way"):
        way("https://127.0.0.1:8788", tmp_path)


def test_port_0_of_a_fake_is_not_taken_for_the_usual_one() -> None:
    assert [place_of("http://[::1]:0"), place_of("http://mock")] == [("::1", 0), ("mock", 80)]


def test_patch_of_what_is_not_there_is_none() -> None:
    with Patches() as patches:
        patches.put(None, "nothing", lambda usual: usual)


@pytest.mark.parametrize("library", ["pycurl", "curl_cffi", "primp"])
def test_library_in_whose_place_a_test_has_put_something_is_passed_over(
    endpoint: ServiceEndpoint, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    monkeypatch.setitem(sys.modules, library, ModuleType(library))
    with intercept(endpoint):
        assert socket.gethostbyname(HOST) == "127.82.70.1"


FOREIGN = """
class Client:
    base_url = None

    def get(self, url):
        return f"{url} was asked for"

get = Client().get
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Puts the text of a library where it is found, in the place of one that is there; both are as before afterwards."""
    kept = dict(sys.modules)
    tops: set[str] = set()

    def forget() -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] in tops]:
            del sys.modules[name]

    def put(place: str, text: str) -> None:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text)
        tops.add(place.partition("/")[0].removesuffix(".py"))
        forget()

    monkeypatch.syspath_prepend(tmp_path)
    yield put
    forget()
    sys.modules.update({name: module for name, module in kept.items() if name.partition(".")[0] in tops})


def test_request_of_a_library_with_sockets_of_its_own_is_refused(endpoint: ServiceEndpoint, install: Callable[[str, str], None]) -> None:
    install("primp.py", FOREIGN)
    primp = import_module("primp")
    with intercept(endpoint):
        made = primp.Client()
        for get in (primp.get, made.get):
            with pytest.raises(RefusedWayOut, match="gone there by primp, which opens connections by itself"):
                get(f"https://{HOST}{PATH}")
            assert [get(url) for url in ("http://a.example", "http://[")] == ["http://a.example was asked for", "http://[ was asked for"]
        made.base_url = f"https://{HOST}"
        with pytest.raises(RefusedWayOut):
            made.get(PATH)
    assert (primp.get(HOST), made.get(PATH)) == (f"{HOST} was asked for", f"{PATH} was asked for")


@pytest.mark.slow
def test_function_that_was_imported_by_name_before_is_refused(endpoint: ServiceEndpoint, install: Callable[[str, str], None]) -> None:
    # This version has no `pyreqwest.simple`, whose functions other versions have.
    install("pyreqwest/client.py", FOREIGN)
    install("caller.py", "from pyreqwest.client import get as fetch")
    caller = import_module("caller")
    usual = caller.fetch
    with intercept(endpoint), pytest.raises(RefusedWayOut, match="gone there by pyreqwest"):
        caller.fetch(f"https://{HOST}{PATH}")
    assert caller.fetch is usual


@pytest.mark.slow
def test_library_that_does_not_load_is_passed_over(endpoint: ServiceEndpoint, install: Callable[[str, str], None]) -> None:
    install("primp.py", "raise ImportError('libssl.so.1.1: no such file')")
    with intercept(endpoint):
        assert socket.gethostbyname(HOST) == "127.82.70.1"


class KeptAway(MetaPathFinder):
    def find_spec(self, name: str, *rest: object) -> None:
        if name.startswith("websockets"):
            raise ModuleNotFoundError(name)


def by_a_finder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [KeptAway(), *sys.meta_path])


def by_nothing_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "websockets", None)


@pytest.mark.parametrize("keep_away", [by_a_finder, by_nothing_in_its_place])
def test_library_that_a_test_keeps_away_is_led_in_the_next(
    endpoint: ServiceEndpoint, install: Callable[[str, str], None], keep_away: Callable[[pytest.MonkeyPatch], None]
) -> None:
    install("websockets/sync/client.py", "def connect_http_proxy(): ...")
    with pytest.MonkeyPatch.context() as away:
        keep_away(away)
        with intercept(endpoint):
            assert "websockets.sync" not in sys.modules
    with intercept(endpoint):
        # Whoever imports it only now has it led.
        client = import_module("websockets.sync.client")
        led = client.connect_http_proxy
    assert client.connect_http_proxy is not led


def test_libraries_are_looked_for_once(endpoint: ServiceEndpoint) -> None:
    looked: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name == "find_spec":
            looked.append(frame.f_code.co_filename)

    with intercept(endpoint):
        pass
    sys.setprofile(note)
    try:
        with intercept(endpoint):
            pass
    finally:
        sys.setprofile(None)
    assert looked == []


def test_environment_keeps_the_exceptions_of_proxies_that_are_there() -> None:
    kept = direct_env({"NO_PROXY": "corp.example, 10.0.0.1"}, "http://mock:8787")
    assert kept == dict.fromkeys(("NO_PROXY", "no_proxy"), "corp.example,10.0.0.1,localhost,127.0.0.1,::1,mock")
    assert direct_env({"no_proxy": "*"}, "http://mock:8787")["NO_PROXY"] == "*"


@pytest.mark.slow(is_covering=True)
def test_answer_through_the_service_has_the_services_addresses(hosts: Runflow) -> None:
    body = {"input": {"image_url": "https://cdn.example.com/a.png"}}
    url = f"https://{HOST}/v1/models/runflow/background-removal/runs"
    run = requests.post(url, json=body, headers=hosts.headers, timeout=20).json()
    hosts.clock.run_until_idle()
    done = requests.get(f"https://{HOST}/v1/runs/{run['id']}", headers=hosts.headers, timeout=20).json()
    assert requests.get(done["output"]["image_urls"][0], timeout=20).status_code == 200
    assert json.dumps(done).count("127.0.0.1") == 0

"""Libraries that speak HTTP or WebSocket in ways of their own: under runflow_hosts each ends at the fake, or is refused."""

import asyncio
import io

import pycurl
import pytest
from pycurl import Curl, CurlMulti

HOST = "api.runflow.io"
PATH = "/v1/auth/me"
PROXY = "http://proxy.invalid:3128"


def by_httplib2(url, headers, proxy):
    import httplib2

    info = httplib2.proxy_info_from_url(proxy) if proxy else None
    return httplib2.Http(proxy_info=info).request(url, headers=headers)[0].status


def by_tornado(url, headers, proxy):
    from tornado.httpclient import AsyncHTTPClient

    async def get():
        return (await AsyncHTTPClient(force_instance=True).fetch(url, headers=headers)).code

    return asyncio.run(get())


def by_tornado_on_curl(url, headers, proxy):
    from tornado.curl_httpclient import CurlAsyncHTTPClient

    async def get():
        place = {"proxy_host": "proxy.invalid", "proxy_port": 3128} if proxy else {}
        return (await CurlAsyncHTTPClient(force_instance=True).fetch(url, headers=headers, **place)).code

    return asyncio.run(get())


def by_pycurl(url, headers, proxy):
    import pycurl

    got, handle = io.BytesIO(), pycurl.Curl()
    handle.setopt(pycurl.URL, url)
    handle.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in headers.items()])
    handle.setopt(pycurl.WRITEDATA, got)
    if proxy:
        handle.setopt(pycurl.PROXY, proxy)
    handle.perform()
    return handle.getinfo(pycurl.RESPONSE_CODE)


def by_curl_cffi(url, headers, proxy):
    from curl_cffi import requests

    return requests.get(url, headers=headers, proxy=proxy).status_code


def by_curl_cffi_async(url, headers, proxy):
    from curl_cffi.requests import AsyncSession

    async def get():
        async with AsyncSession() as session:
            return (await session.get(url, headers=headers, proxy=proxy)).status_code

    return asyncio.run(get())


def by_websockets(url, headers, proxy):
    import websockets
    from websockets.asyncio.client import connect

    async def get():
        place = {"proxy": proxy} if proxy else {}
        try:
            async with connect(url.replace("http", "ws", 1), additional_headers=headers, **place):
                return 101
        except websockets.InvalidStatus as error:
            return error.response.status_code

    return asyncio.run(get())


def by_websockets_sync(url, headers, proxy):
    import websockets
    from websockets.sync.client import connect

    place = {"proxy": proxy} if proxy else {}
    try:
        with connect(url.replace("http", "ws", 1), additional_headers=headers, **place):
            return 101
    except websockets.InvalidStatus as error:
        return error.response.status_code


def by_websocket_client(url, headers, proxy):
    import websocket

    place = {"http_proxy_host": "proxy.invalid", "http_proxy_port": 3128, "proxy_type": "http"} if proxy else {}
    try:
        websocket.create_connection(url.replace("http", "ws", 1), header=headers, timeout=20, **place)
    except websocket.WebSocketBadStatusException as error:
        return error.status_code
    return 101


def by_aiohttp_websocket(url, headers, proxy):
    import aiohttp

    async def get():
        async with aiohttp.ClientSession() as session:
            try:
                async with session.ws_connect(url, headers=headers, proxy=proxy):
                    return 101
            except aiohttp.WSServerHandshakeError as error:
                return error.status

    return asyncio.run(get())


CLIENTS = [
    by_httplib2,
    by_tornado,
    by_tornado_on_curl,
    by_pycurl,
    by_curl_cffi,
    by_curl_cffi_async,
    by_websockets,
    by_websockets_sync,
    by_websocket_client,
    by_aiohttp_websocket,
]


@pytest.mark.parametrize("proxy", [None, PROXY, "environment"])
@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("client", CLIENTS)
def test_client_reaches_the_fake(client, scheme, proxy, monkeypatch, request):
    if proxy == "environment":
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, PROXY)
        proxy = None
    runflow = request.getfixturevalue("runflow_hosts")
    assert client(f"{scheme}://{HOST}{PATH}", runflow.headers, proxy) in (200, 400, 404, 405, 426, 101)
    assert len(runflow.journal) == 1


MADE_BEFORE = pycurl.Curl()


class Grown(pycurl.Curl):
    """A class of somebody's own."""


def by_handle(handle, multi=None, **further):
    for name, value in further.items():
        handle.setopt(getattr(pycurl, name), value)
    handle.setopt(pycurl.URL, f"https://{HOST}{PATH}")
    handle.setopt(pycurl.WRITEDATA, io.BytesIO())
    if multi is None:
        handle.perform()
    else:
        multi.add_handle(handle)
        while multi.perform()[1]:
            multi.select(1.0)
        multi.remove_handle(handle)
    return handle.getinfo(pycurl.RESPONSE_CODE)


def reset(handle):
    handle.reset()
    return handle


HANDLES = {
    "made before": lambda: by_handle(MADE_BEFORE),
    "of a kept class": lambda: by_handle(Curl()),
    "of a class of one's own": lambda: by_handle(Grown()),
    "reset": lambda: by_handle(reset(pycurl.Curl())),
    "duplicated": lambda: by_handle(pycurl.Curl().duphandle()),
    "with authorities of its own": lambda: by_handle(pycurl.Curl(), CAINFO=certifi_file()),
    "with a proxy for everything": lambda: by_handle(pycurl.Curl(), PROXY=PROXY, NOPROXY=""),
    "among several": lambda: by_handle(pycurl.Curl(), pycurl.CurlMulti()),
    "among several of a kept class": lambda: by_handle(reset(Curl()), CurlMulti()),
}


def certifi_file():
    import certifi

    return certifi.where()


@pytest.mark.parametrize("handle", HANDLES)
@pytest.mark.parametrize("time", ["first", "again"])
def test_handle_of_libcurl_reaches_the_fake(handle, time, runflow_hosts):
    assert HANDLES[handle]() == 401
    assert Curl.__module__ == "pycurl"


def test_handles_of_libcurl_are_as_before():
    assert type(Curl()) is type(MADE_BEFORE)
    for handle in (MADE_BEFORE, Grown()):
        # Nobody listens there, and nobody is asked where the service is.
        with pytest.raises(pycurl.error) as caught:
            by_handle(handle, RESOLVE=[f"{HOST}:443:127.0.0.9"])
        assert caught.value.args[0] == pycurl.E_COULDNT_CONNECT


CHANNELS = {
    "plain": lambda grpc: grpc.insecure_channel(f"{HOST}:443"),
    "named by a scheme": lambda grpc: grpc.insecure_channel(f"dns:///{HOST}:443"),
    "named by a scheme alone": lambda grpc: grpc.insecure_channel(f"dns:{HOST}"),
    "secure": lambda grpc: grpc.secure_channel(HOST, grpc.ssl_channel_credentials()),
    "asynchronous": lambda grpc: grpc.aio.insecure_channel(f"{HOST}:443"),
}


@pytest.mark.parametrize("channel", CHANNELS)
def test_channel_of_grpc_is_refused(channel, runflow_hosts):
    import grpc

    with pytest.raises(ConnectionRefusedError, match=r"runflow-mock: .*gRPC"):
        CHANNELS[channel](grpc)
    with grpc.insecure_channel("127.0.0.1:9") as other:
        assert other is not None


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "socks5h://127.0.0.1:9", "socks4a://127.0.0.1:9"])
def test_proxy_of_socks_is_passed_by(proxy, runflow_hosts):
    import requests

    url = f"https://{HOST}{PATH}"
    assert requests.get(url, headers=runflow_hosts.headers, proxies={"https": proxy}, timeout=20).status_code == 200


def by_pyreqwest(url):
    from pyreqwest.client import SyncClientBuilder

    return SyncClientBuilder().build().get(url).build().send()


def by_pyreqwest_built_for_the_service(url):
    from pyreqwest.client import ClientBuilder

    return ClientBuilder().base_url(url)


FOREIGN = {
    "httpr": lambda url: __import__("httpr").get(url),
    "a client of httpr": lambda url: __import__("httpr").Client().post(url, json={}),
    "primp": lambda url: __import__("primp").get(url),
    "a client of primp": lambda url: __import__("primp").Client().request("GET", url),
    "a client of primp for the service": lambda url: __import__("primp").Client(base_url=url).get("/"),
    "a client of primp with coroutines": lambda url: __import__("primp").AsyncClient().get(url),
    "pyreqwest": by_pyreqwest,
    "a builder of pyreqwest": by_pyreqwest_built_for_the_service,
    "a call of pyreqwest": lambda url: __import__("pyreqwest.simple.sync_request", fromlist=["*"]).pyreqwest_get(url),
    "rnet": lambda url: __import__("rnet").get(url),
    "a WebSocket of rnet": lambda url: __import__("rnet").websocket(url.replace("http", "ws", 1)),
    "a client of rnet": lambda url: __import__("rnet").BlockingClient().post(url, json={}),
    "a client of rnet that waits in a module of its own": lambda url: __import__("rnet.blocking", fromlist=["*"]).BlockingClient().get(url),
    "a client of rnet with coroutines": lambda url: __import__("rnet").Client().get(url),
    "a session of tls_client": lambda url: __import__("tls_client").Session().get(url),
    "a session of tls_client, by its method": lambda url: __import__("tls_client").Session().execute_request("GET", url),
    "wreq": lambda url: __import__("wreq.blocking", fromlist=["*"]).get(url),
    "a client of wreq": lambda url: __import__("wreq.blocking", fromlist=["*"]).Client().get(url),
    "a client of wreq with coroutines": lambda url: __import__("wreq").Client().get(url),
}


@pytest.mark.parametrize("way", FOREIGN)
def test_request_by_code_in_another_language_is_refused(way, runflow_hosts):
    with pytest.raises(ConnectionRefusedError, match=r"runflow-mock: .* which opens connections by itself"):
        FOREIGN[way](f"https://{HOST}{PATH}")


def test_request_by_code_in_another_language_to_somebody_else_is_sent(runflow_hosts):
    import primp

    assert primp.Client().get(f"{runflow_hosts.base_url}{PATH}", headers=runflow_hosts.headers).status_code == 200


def test_clients_in_another_language_are_as_before():
    import primp
    import rnet
    import tls_client
    import wreq.blocking

    assert (type(primp.get).__name__, type(primp.Client.get).__name__) == ("builtin_function_or_method", "method_descriptor")
    assert type(wreq.blocking.Client.get).__name__ == "method_descriptor"
    assert type(rnet.Client.get).__name__ == "method_descriptor"
    assert tls_client.Session.get.__module__.partition(".")[0] == "tls_client"

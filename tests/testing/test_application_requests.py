"""A callback reaches an application without a socket as over one: environ and scope say what a server would say."""

from collections.abc import Callable
from typing import Any
from wsgiref.validate import validator

import pytest
from orders_in_process import create_and_wait

from runflow_mock.testing.runflow import Runflow

Start = Callable[..., Callable[[bytes], object]]


@pytest.mark.filterwarnings("ignore::wsgiref.validate.WSGIWarning")
@pytest.mark.parametrize("url", ["http://localhost", "http://localhost/hooks?a=b", "https://localhost/hooks"])
def test_environ_is_what_the_specification_asks_for(runflow: Runflow, url: str) -> None:
    def shop(environ: dict[str, Any], start_response: Start) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b""]

    runflow.deliver_to(validator(shop), url)
    assert (set(create_and_wait(runflow, callback_url=url)), runflow.exceptions) == ({200}, ())


@pytest.mark.parametrize(
    ("url", "host", "server", "path", "query"),
    [
        ("http://localhost", "localhost", ("localhost", 80), "/", ""),
        ("https://localhost/hooks?a=%20&b", "localhost", ("localhost", 443), "/hooks", "a=%20&b"),
        ("http://localhost:80/h%C3%B6/ö?ü=1", "localhost", ("localhost", 80), "/h%C3%B6/%C3%B6", "%C3%BC=1"),
        ("http://[::1]:9/hooks", "[::1]:9", ("::1", 9), "/hooks", ""),
    ],
)
def test_address_is_written_as_over_a_socket(runflow: Runflow, url: str, host: str, server: tuple[str, int], path: str, query: str) -> None:
    scopes, environs = list[dict[str, Any]](), list[dict[str, Any]]()

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scopes.append(scope)
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

    def wsgi(environ: dict[str, Any], start_response: Start) -> list[bytes]:
        environs.append(environ)
        start_response("204 No Content", [])
        return []

    for receiver in (asgi, wsgi):
        runflow.deliver_to(receiver, url)
        assert set(create_and_wait(runflow, callback_url=url)) == {204}
    (scope,), (environ,) = scopes, environs
    assert (scope["raw_path"].decode(), scope["query_string"].decode(), scope["server"]) == (path, query, server)
    assert (dict(scope["headers"])[b"host"].decode(), environ["HTTP_HOST"]) == (host, host)
    assert environ["PATH_INFO"].encode("latin-1").decode() == scope["path"]
    assert (environ["SCRIPT_NAME"], environ["QUERY_STRING"], environ["SERVER_PROTOCOL"]) == ("", query, "HTTP/1.1")
    assert (environ["SERVER_NAME"], int(environ["SERVER_PORT"])) == server

"""A callback as an application under test is given it: the scope of ASGI, the environ of WSGI. Both say what a server would make of it."""

import sys
from io import BytesIO
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from runflow_mock.runtime.outgoing_connections import read_url
from runflow_mock.runtime.sender import OutgoingRequest
from runflow_mock.testing.application_answers import ErrorStream

_CLIENT = "127.0.0.1"


def scope_of(request: OutgoingRequest, state: dict[str, Any]) -> dict[str, Any]:
    """Returns the scope for an application whose lifespan has this state."""
    place, authority, target = read_url(request.url)
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https" if place.is_secure else "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in _headers_of(request, authority)],
        "client": (_CLIENT, 0),
        "server": (place.host, place.port),
        "state": state.copy(),
        "extensions": {},
    }


def environ_of(request: OutgoingRequest) -> dict[str, Any]:
    """Returns the environ; what an application writes into its errors goes where the test's own go."""
    place, authority, target = read_url(request.url)
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": place.host,
        "SERVER_PORT": str(place.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": _CLIENT,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if place.is_secure else "http",
        "wsgi.input": BytesIO(request.body),
        "wsgi.errors": ErrorStream(sys.stderr),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in _headers_of(request, authority):
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return environ


def _headers_of(request: OutgoingRequest, authority: str) -> list[tuple[str, str]]:
    """Returns the headers of a callback as they arrive, those of the connection included."""
    given = list(request.headers.items())
    names = {name.lower() for name, _ in given}
    host = [] if "host" in names else [("Host", authority)]
    return [*host, *given, *([] if "content-length" in names else [("Content-Length", str(len(request.body)))])]

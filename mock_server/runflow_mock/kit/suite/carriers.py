"""Carriers: how a request of the suite reaches the server under test, over HTTP or in this process.

The suite knows a server by its carrier alone, so that a test can put a bug between the two.
"""

import os
import re
import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Protocol
from urllib.parse import parse_qsl

import msgspec
import urllib3
from msgspec.structs import replace

from runflow_mock.domain.documents import try_document
from runflow_mock.runtime.answers import read_body
from runflow_mock.runtime.deadlines import timed_pool, within
from runflow_mock.runtime.downloads import Downloads, Unreachable
from runflow_mock.testing.direct_calls import Message
from runflow_mock.testing.in_process import InProcess, Scope
from runflow_mock.user_files import read_file

SECONDS_MAX = 60.0
ANSWER_SECONDS_MAX = 180.0
ANSWER_BYTES_MAX = 256 * 1024 * 1024
FILE_BYTES_MAX = 64 * 1024 * 1024
# As OpenSSL finds an authority in a folder: by a digest of its name.
HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")
# In what callers and models put into records there are none, and how deep records stand.
WITHOUT_RECORDS = frozenset(("input", "output", "metadata", "paths", "components", "workflow_json", "input_attributes"))
# And in what they say of a workflow; elsewhere there are records under some of these names.
WITHOUT_RECORDS_OF_WORKFLOWS = WITHOUT_RECORDS | {"environment", "models", "custom_nodes", "graph", "resources", "outputs"}
RECORDS_DEPTH_MAX = 4
_NESTING = (dict, list)
IN_PROCESS_URL = "http://localhost"


class Answer(msgspec.Struct, frozen=True, dict=True):
    """A request and what came back; names of headers are in lower case.

    `moment` counts what was written and how often the clock was moved before: of one tenant, answers of the same moment tell of the same
    world. It is nothing where time passes by itself. `is_provoked` says that a rule of the fake was asked for this status.
    """

    method: str
    target: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    sent_headers: Mapping[str, str] = {}
    sent_body: bytes = b""
    moment: int | None = None
    is_provoked: bool = False

    @property
    def path(self) -> str:
        """The target without the query."""
        return self.target.partition("?")[0]

    @cached_property
    def json(self) -> Any:
        """The body as JSON, or nothing when it is not JSON."""
        return try_document(self.body)

    @cached_property
    def sent(self) -> Any:
        """The body of the request as JSON, or nothing when it is not JSON."""
        return try_document(self.sent_body)

    @cached_property
    def objects(self) -> tuple[dict[str, Any], ...]:
        """The objects in the body, from the outside in, but not what a caller or a model put there."""
        return tuple(_objects(self.json, 0))

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The parameters in the query, each with its last value."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    def with_body(self, body: bytes) -> "Answer":
        """Returns the same answer with another body, and the length of that."""
        length = {"content-length": str(len(body))} if "content-length" in self.headers else {}
        return replace(self, body=body, headers={**self.headers, **length})

    @cached_property
    def evidence(self) -> str:
        """The exchange in one line."""
        return f"{self.method} {self.target[:200]} -> {self.status} {self.body[:300].decode(errors='replace')}"


NoAnswer = urllib3.exceptions.HTTPError
"""What a carrier raises where nothing, or nothing that HTTP knows, is answered."""


class Carrier(Protocol):
    """Carries a request to the server under test."""

    @property
    def url(self) -> str: ...

    def carry(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer: ...

    def close(self) -> None: ...


class HttpCarrier:
    """Carries requests over HTTP; connections are kept, and nothing is repeated."""

    def __init__(self, url: str, answer_seconds_max: float = ANSWER_SECONDS_MAX, answer_bytes_max: int = ANSWER_BYTES_MAX) -> None:
        self.url = url.rstrip("/")
        self._answer_seconds_max = answer_seconds_max
        self._answer_bytes_max = answer_bytes_max
        self._pool = timed_pool(timeout=SECONDS_MAX)
        self._bundle: Any = None
        self._downloads = Downloads()

    @property
    def authorities(self) -> str | bool:
        """The file of those that are trusted here, for a client that knows them by other names, or that it may trust the usual ones."""
        paths = ssl.get_default_verify_paths()
        folders = filter(None, os.environ.get(paths.openssl_capath_env, "").split(os.pathsep))
        named = [content for folder in folders for content in _authorities_in(Path(folder))]
        if not named:
            return paths.cafile or True
        # Python trusts a file and folders at once, and such a client one file or one folder.
        if self._bundle is None:
            self._bundle = NamedTemporaryFile(prefix="runflow-mock-", suffix=".pem")  # noqa: SIM115 - it lives as long as the carrier
            usual = [] if paths.cafile is None else list(_readable([Path(paths.cafile)]))
            self._bundle.write(b"\n".join((*usual, *named)))
            self._bundle.flush()
        return str(self._bundle.name)

    def carry(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Returns the answer to a request.

        Raises:
            NoAnswer: there is none, or it does not end within its time and bytes.
        """
        # A body that is shorter than was announced is handed through, which takes reading piece by piece: a law says what is wrong with it.
        how: dict[str, Any] = {"redirect": False, "preload_content": False, "enforce_content_length": False}
        with within(self._answer_seconds_max):
            response = self._pool.request(method, self.url + target, headers=dict(headers), body=body, **how)
            content = read_body(response, self._answer_bytes_max + 1)
        if len(content) > self._answer_bytes_max:
            raise NoAnswer(f"the answer has more than {self._answer_bytes_max} bytes")
        response.release_conn()
        return Answer(method, target, response.status, _by_name(response.headers.items()), content)

    def fetch(self, url: str) -> Answer:
        """Returns what stands at an address of another host that an answer gave, at most `FILE_BYTES_MAX` of it.

        Raises:
            ValueError: nothing answers, or a server elsewhere leads into this machine or its network.
        """
        try:
            got = self._downloads.open(url, FILE_BYTES_MAX, led_by=self.url)
        except Unreachable as error:
            raise ValueError(f"an address in an answer is not opened: {error}") from None
        return Answer("GET", url, got.status, got.headers, got.body)

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()
        if self._bundle is not None:
            self._bundle.close()


class AppCarrier:
    """Carries requests to a fake in this process."""

    url = IN_PROCESS_URL

    def __init__(self, app: InProcess) -> None:
        self._app = app

    def carry(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Returns the answer to a request."""
        sent = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        answered = self._app.call(method, target, sent, body or b"")
        if answered.error is not None:
            raise answered.error
        start, *rest = answered.messages
        told = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"])
        return Answer(method, target, start["status"], _by_name(told), b"".join(message.get("body", b"") for message in rest))

    def close(self) -> None:
        """Does nothing: the fake belongs to whoever started it."""


class CarrierExchanger:
    """Lets the control client speak through a carrier."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]:
        """Returns status and body of the answer to a request."""
        answer = self._carrier.carry(method, path, headers, body)
        return answer.status, answer.body

    def close(self) -> None:
        """Does nothing: the carrier belongs to the target."""


class CarrierApp:
    """A carrier as an ASGI application, for generators that call one."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    async def __call__(self, scope: Scope, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        """Answers a request."""
        assert scope["type"] == "http", f"the suite sends HTTP, not {scope['type']}"
        body, is_more = b"", True
        while is_more:
            message = await receive()
            body, is_more = body + message.get("body", b""), message.get("more_body", False)
        path: bytes = scope.get("raw_path") or scope["path"].encode()
        target = (path.partition(b"?")[0] + (b"?" + scope["query_string"] if scope["query_string"] else b"")).decode("latin-1")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        answer = self._carrier.carry(scope["method"], target, headers, body)
        told = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": told})
        await send({"type": "http.response.body", "body": answer.body})


def _objects(content: Any, depth: int) -> Iterator[dict[str, Any]]:
    if isinstance(content, dict) and depth < RECORDS_DEPTH_MAX:
        yield content
        without = WITHOUT_RECORDS_OF_WORKFLOWS if "workflow_json" in content else WITHOUT_RECORDS
        for name, part in content.items():
            if isinstance(part, _NESTING) and name not in without:
                yield from _objects(part, depth + 1)
    elif isinstance(content, list):
        for part in content:
            if isinstance(part, _NESTING):
                yield from _objects(part, depth)


def _by_name(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Returns headers by their names; what comes in several lines of one name is one list. Source: RFC 9110, 5.2."""
    told: dict[str, str] = {}
    for name, value in fields:
        key = name.lower()
        told[key] = f"{told[key]}, {value}" if key in told else value
    return told


def _authorities_in(folder: Path) -> Iterator[bytes]:
    """Yields what stands in the files of a folder in which OpenSSL would find an authority; what is no folder is passed over."""
    with suppress(OSError):
        yield from _readable(file for file in sorted(folder.iterdir()) if HASHED.fullmatch(file.name))


def _readable(files: Iterable[Path]) -> Iterator[bytes]:
    """Yields what stands in files of authorities; OpenSSL passes over those that it cannot read, as links to nowhere."""
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for file in files:
        with suppress(OSError):
            content = read_file(file)
            trusting.load_verify_locations(file)
            yield content

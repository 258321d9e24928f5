"""The way out: loopback asks no resolver, redirects lead no nearer, and nothing else in the package opens an address."""

import ast
import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from hosts import listening
from sources import modules, nodes

from runflow_mock.kit.skills.copies import find_copies
from runflow_mock.openapi.foreign_documents import DocumentError
from runflow_mock.runtime.downloads import Downloads, Got, Unreachable
from runflow_mock.runtime.foreign_documents import load_contract
from runflow_mock.runtime.outgoing import addresses_of, refuses_redirect
from runflow_mock.wire.skills import SKILLS_SCHEMA

NETWORK = ("aiohttp", "http.client", "urllib3", "urllib.request", "requests", "httpx", "socket", "ssl", "asyncio.streams", "webbrowser")
"""What one can open an address with."""

# What is below `testing` are clients that a user's own test calls, and none that a request or a file could send anywhere.
OPENERS = {
    "runtime/outgoing.py": "decides",
    "runtime/downloads.py": "documents that the user of a command names",
    "runtime/deadlines.py": "connections that end in time, for whoever opens them",
    "runtime/answers.py": "reads what was answered",
    "runtime/outgoing_connections.py": "callbacks, to where the policy lets them",
    "runtime/sender.py": "callbacks, and which authorities they trust",
    "runtime/certificates.py": "makes TLS contexts",
    "kit/probes/carriers.py": "the receiver that a command names",
    "kit/probes/other_protocols.py": "the receiver that a command names, to say what it speaks",
    "kit/probes/effects.py": "what a command names to ask the receiver's application",
    "cli/verify_receiver.py": "the receiver that the command names",
    "kit/suite/carriers.py": "the server that a command names",
    "cli/report.py": "the sandbox that a command names",
    "cli/doctor.py": "the sandbox that a command names",
    "cli/healthcheck.py": "the sandbox that a command names",
    "cli/serve.py": "the browser of whoever starts the server, at the server's own page",
    "web/connections.py": "what came in",
    "web/secure_connections.py": "what came in, over TLS",
    "web/server.py": "listens",
}


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "app.localhost", "a.b.localhost"])
def test_loopback_asks_no_resolver(name: str) -> None:
    assert asyncio.run(addresses_of(name, 9)) == ("127.0.0.1", "::1")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1", "192.0.2.1"])
def test_address_leads_to_itself(address: str) -> None:
    assert asyncio.run(addresses_of(address, 9)) == (address,)


@pytest.mark.parametrize(
    ("source", "target", "is_followed"),
    [
        ("https://a.example/x", "https://b.example/y", True),
        ("http://127.0.0.1:1/x", "http://127.0.0.1:2/y", True),
        ("http://localhost/x", "http://10.0.0.1/y", True),
        ("https://a.example/x", "http://127.0.0.1/y", False),
        ("https://a.example/x", "http://LOCALHOST/y", False),
        ("https://a.example/x", "http://169.254.169.254/latest", False),
        ("https://a.example/x", "http://[::1]/y", False),
        ("https://a.example/x", "http://intranet/y", False),
        ("https://a.example/x", "http://[", False),
        ("https://a.example/x", "http://127.1/y", False),
        ("https://a.example/x", "http://0x7f.0.0.1/y", False),
        ("https://a.example/x", "http://0177.0.0.1/y", False),
        ("https://a.example/x", "http://2130706433/y", False),
        ("https://a.example/x", "http://127.0.0.1./y", False),
        ("https://a.example/x", "http://x.localhost./y", False),
        ("https://a.example/x", "http://[::ffff:10.0.0.1]/y", False),
        ("https://a.example/x", "http://[64:ff9b::7f00:1]/y", False),
        ("https://a.example/x", "http://[2002:7f00:1::]/y", False),
        ("https://a.example/x", "http://[fe80::1%25eth0]/y", False),
        ("https://a.example/x", "http://user:pw@10.1/y", False),
        ("https://a.example/x", "http://8.8.8.8/y", True),
        ("https://a.example/x", "http://[2606:4700::1]/y", True),
        ("http://127.0.0.1/x", "file:///etc/hostname", False),
    ],
)
def test_redirect_leads_no_nearer(source: str, target: str, is_followed: bool) -> None:
    assert (refuses_redirect(source, target) is None) is is_followed


class Leading(BaseHTTPRequestHandler):
    """Redirects as often as the path says, then answers."""

    def do_GET(self) -> None:
        rest = self.path.strip("/")
        self.send_response(200 if rest == "0" else 302)
        if rest != "0":
            self.send_header("Location", "file:///etc/hostname" if rest == "file" else f"/{int(rest) - 1}")
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"here")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base's
        """Says nothing."""


def test_download_follows_a_few_redirects_and_says_where_it_ended() -> None:
    with listening(Leading) as port:
        here = f"http://127.0.0.1:{port}"
        assert Downloads().get(f"{here}/3", bytes_max=4) == (f"{here}/0", b"here")
        with pytest.raises(Unreachable, match="more than 5 times"):
            Downloads().get(f"{here}/9", bytes_max=4)
        with pytest.raises(Unreachable, match="no http address"):
            Downloads().get(f"{here}/file", bytes_max=4)
        with pytest.raises(Unreachable, match="more than 3 bytes"):
            Downloads().get(f"{here}/0", bytes_max=3)


class Names:
    """A resolver of a few names, each of which has its addresses in turn, and a network in which every address answers the same."""

    def __init__(self, answer: Got | None = None, **addresses: tuple[str, ...]) -> None:
        self._addresses = {f"{name}.example": list(found) for name, found in addresses.items()}
        self._answer = answer or Got(200, {}, b"here")
        self.opened: list[str] = []

    def resolve(self, host: str, port: int) -> tuple[str, ...]:
        return (self._addresses[host].pop(0),) if host in self._addresses else (host,)

    def ask(self, url: str, address: str, bytes_max: int, trusted: object, seconds_max: float) -> Got:
        self.opened.append(address)
        return self._answer

    @property
    def downloads(self) -> Downloads:
        return Downloads(resolve=self.resolve, ask=self.ask)


@pytest.mark.parametrize("near", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:192.168.0.1", "fe80::1%eth0", "0.0.0.0"])
def test_name_that_leads_near_is_not_followed_from_elsewhere(near: str) -> None:
    names = Names(Got(302, {"location": "http://near.example/x"}, b""), far=("93.184.216.34",), near=(near,))
    with pytest.raises(Unreachable, match=r"leads into this machine or its network \(http://near\.example/x\)"):
        names.downloads.get("http://far.example/x", bytes_max=9)
    assert names.opened == ["93.184.216.34"]


def test_redirect_to_what_is_no_address_is_told() -> None:
    names = Names(Got(302, {"location": "http://[::1"}, b""), far=("93.184.216.34",))
    with pytest.raises(Unreachable, match=r"^http://far\.example/x leads to 'http://\[::1', which is no address$"):
        names.downloads.get("http://far.example/x", bytes_max=9)


@pytest.mark.parametrize(("place", "port"), [("", 80), (":0", 0), (":8080", 8080)])
def test_download_looks_for_the_port_that_is_named(place: str, port: int) -> None:
    asked: list[int] = []

    def resolve(host: str, port: int) -> tuple[str, ...]:
        asked.append(port)
        return ("93.184.216.34",)

    Downloads(resolve=resolve, ask=Names().ask).get(f"http://far.example{place}/x", bytes_max=9)
    assert asked == [port]


class Passing:
    """A clock that every question to a name or an address moves on by so many seconds."""

    def __init__(self, *, look_up: float = 0.0, answer: float = 0.0) -> None:
        self.now = 0.0
        self.given: list[float] = []
        self._costs = (look_up, answer)

    def resolve(self, host: str, port: int) -> tuple[str, ...]:
        self.now += self._costs[0]
        return ("93.184.216.34",)

    def ask(self, url: str, address: str, bytes_max: int, trusted: object, seconds_max: float) -> Got:
        self.given.append(seconds_max)
        self.now += self._costs[1]
        if self._costs[1] > seconds_max:
            raise TimeoutError
        place = int(url.rpartition("/")[2])
        return Got(302, {"location": f"/{place - 1}"}, b"") if place else Got(200, {}, b"here")

    @property
    def downloads(self) -> Downloads:
        return Downloads(resolve=self.resolve, ask=self.ask, seconds_max=10.0, clock=lambda: self.now)


def test_redirects_and_the_look_up_of_a_name_have_the_time_of_a_download_together() -> None:
    passing = Passing(look_up=1.0, answer=4.0)
    with pytest.raises(Unreachable, match=r"^http://far\.example/3 does not answer: it took longer than 10 s, with what led to it$"):
        passing.downloads.get("http://far.example/3", bytes_max=9)
    assert passing.given == [9.0, 5.0, 1.0]


def test_what_a_download_leads_to_has_what_is_left_of_its_time() -> None:
    passing = Passing(answer=4.0)
    downloads = passing.downloads
    assert [downloads.get(f"http://far.example/{number}", bytes_max=9).body for number in (0, 0)] == [b"here", b"here"]
    with pytest.raises(Unreachable, match="took longer than 10 s"):
        downloads.get("http://far.example/0", bytes_max=9, led_by="http://far.example/0")
    assert downloads.open("http://far.example/0", 9).body == b"here"
    assert passing.given == [10.0, 6.0, 2.0, 10.0]


def test_name_that_is_never_looked_up_keeps_nobody_waiting() -> None:
    is_over = threading.Event()

    def resolve(host: str, port: int) -> tuple[str, ...]:
        is_over.wait(60)
        return ()

    try:
        with pytest.raises(Unreachable, match=r"took longer than 0\.05 s"):
            Downloads(resolve=resolve, seconds_max=0.05).get("http://far.example/", bytes_max=9)
    finally:
        is_over.set()


def test_name_of_the_own_network_leads_on_within_it() -> None:
    names = Names(wiki=("10.0.0.1",), files=("10.0.0.2",))
    assert names.downloads.get("http://files.example/x", bytes_max=9, led_by="http://wiki.example/").body == b"here"
    assert names.opened == ["10.0.0.2"]


def test_name_that_changes_its_address_on_the_way_stays_what_it_was() -> None:
    names = Names(far=("93.184.216.34", "127.0.0.1"))
    downloads = names.downloads
    for _ in range(2):
        downloads.get("http://far.example/x", bytes_max=9)
    assert names.opened == ["93.184.216.34"] * 2


def test_document_and_the_files_beside_it_are_where_its_name_led_first() -> None:
    document = b'{"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {"/v1/runs": {"$ref": "beside.json"}}}'
    names = Names(Got(200, {}, document), far=("93.184.216.34", "127.0.0.1"))
    with pytest.raises(DocumentError):
        load_contract("http://far.example/openapi.json", downloads=names.downloads)
    assert names.opened == ["93.184.216.34"] * 2


def test_host_that_is_asked_by_its_address_hears_its_name() -> None:
    heard = list[str]()

    class Hearing(Leading):
        def do_GET(self) -> None:
            heard.append(self.headers["Host"])
            super().do_GET()

    with listening(Hearing) as port:
        found = Downloads(resolve=lambda *_: ("127.0.0.1",)).get(f"http://somewhere.example:{port}/0", bytes_max=9)
    assert (found.body, heard) == (b"here", [f"somewhere.example:{port}"])


@pytest.mark.parametrize("place", ["http://127.0.0.1:6379/x", "http://near.example/x", "http://127.1/x", "file:///etc/hostname"])
def test_index_of_somebody_elsewhere_lists_nothing_near(place: str, tmp_path: Path) -> None:
    entry = {"name": "runflow", "type": "skill-md", "url": place, "digest": "sha256:" + "0" * 64}
    index = json.dumps({"$schema": SKILLS_SCHEMA, "skills": [entry]}).encode()
    names = Names(Got(200, {}, index), far=("93.184.216.34",), near=("127.0.0.1",))
    with pytest.raises(Unreachable, match="is not followed: it leads"):
        find_copies("http://far.example/index.json", tmp_path, tmp_path, names.downloads)
    assert names.opened == ["93.184.216.34"]


def imported(tree: ast.Module) -> set[str]:
    names = set[str]()
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update((node.module, *(f"{node.module}.{alias.name}" for alias in node.names)))
        elif isinstance(node, ast.Attribute) and node.attr in ("open_connection", "create_connection", "urlopen", "getaddrinfo"):
            names.add("socket")
    return names


@pytest.mark.slow(is_covering=True)
def test_nothing_else_in_the_package_can_open_an_address() -> None:
    found = set[str]()
    for path, module in modules().items():
        if any(name == known or name.startswith(known + ".") for name in imported(module) for known in NETWORK):
            found.add(path)
    assert {name for name in found if not name.startswith("testing/")} == set(OPENERS)


@pytest.mark.slow(is_covering=True)
def test_schemas_are_compiled_at_one_place_that_opens_nothing() -> None:
    makers = ("Validator", "Registry", "validator_for", "validate", "is_valid", "dereference", "bundle")
    found = {
        (path, node.attr)
        for path, module in modules().items()
        for node in nodes(module)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "jsonschema_rs"
        if node.attr.endswith(makers)
    }
    assert found <= {
        ("openapi/schemas.py", "Draft202012Validator"),
        ("openapi/schemas.py", "Registry"),
        ("openapi/contracts.py", "Registry"),
    }


def test_index_that_lists_what_is_no_address_is_told(tmp_path: Path) -> None:
    entry = {"name": "runflow", "type": "skill-md", "url": "//[x", "digest": "sha256:" + "0" * 64}
    index = json.dumps({"$schema": SKILLS_SCHEMA, "skills": [entry]}).encode()
    names = Names(Got(200, {}, index), far=("93.184.216.34",))
    with pytest.raises(Unreachable, match=r"leads to '//\[x', which is no address"):
        find_copies("http://far.example/index.json", tmp_path, tmp_path, names.downloads)

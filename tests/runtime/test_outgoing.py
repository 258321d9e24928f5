"""The way out: loopback asks no resolver, redirects lead no nearer, and nothing else in the package opens an address."""

import ast
import asyncio
from http.server import BaseHTTPRequestHandler

import pytest
from hosts import listening
from sources import modules, nodes

from runflow_mock.runtime.downloads import Unreachable, download
from runflow_mock.runtime.outgoing import addresses_of, refuses_redirect

NETWORK = ("aiohttp", "http.client", "urllib3", "urllib.request", "requests", "httpx", "socket", "ssl", "asyncio.streams", "webbrowser")
"""What one can open an address with."""

# What is below `testing` are clients that a user's own test calls, and none that a request or a file could send anywhere.
OPENERS = {
    "runtime/outgoing.py": "decides",
    "runtime/downloads.py": "documents that the user of a command names",
    "runtime/outgoing_connections.py": "callbacks, to where the policy lets them",
    "runtime/sender.py": "callbacks, and which authorities they trust",
    "runtime/certificates.py": "makes TLS contexts",
    "kit/probes/carriers.py": "the receiver that a command names",
    "kit/probes/effects.py": "what a command names to ask the receiver's application",
    "cli/verify_receiver.py": "the receiver that the command names",
    "kit/suite/carriers.py": "the server that a command names",
    "kit/suite/stages.py": "the server that a command names",
    "cli/report.py": "the sandbox that a command names",
    "cli/doctor.py": "the sandbox that a command names",
    "cli/healthcheck.py": "the sandbox that a command names",
    "cli/serve.py": "the browser of whoever starts the server, at the server's own page",
    "web/connections.py": "what came in",
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
        assert download(f"{here}/3", bytes_max=4) == (f"{here}/0", b"here")
        with pytest.raises(Unreachable, match="more than 5 times"):
            download(f"{here}/9", bytes_max=4)
        with pytest.raises(Unreachable, match="no http address"):
            download(f"{here}/file", bytes_max=4)
        with pytest.raises(Unreachable, match="more than 3 bytes"):
            download(f"{here}/0", bytes_max=3)


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


def test_nothing_else_in_the_package_can_open_an_address() -> None:
    found = set[str]()
    for path, module in modules().items():
        if any(name == known or name.startswith(known + ".") for name in imported(module) for known in NETWORK):
            found.add(path)
    assert {name for name in found if not name.startswith("testing/")} == set(OPENERS)


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

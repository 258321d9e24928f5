"""Which host a call of a library in another language asks is read as that library reads it, and nothing else it is given counts."""

from types import SimpleNamespace

import pytest

from runflow_mock.testing.interception.asked_hosts import host_asked
from runflow_mock.testing.interception.routes import name_of

HOST = "api.runflow.io"


@pytest.mark.parametrize(
    "url",
    [
        "https:/api.runflow.io/x",
        r"https:\\api.runflow.io/x",
        "https://api%2Erunflow.io",
        " HTTPS:me@api.runflow.io.",
        "//api.run\nflow.io:443",
        "wss://api。runflow.io",
    ],
)
def test_address_is_read_as_a_library_in_rust_reads_it(url: str) -> None:
    assert name_of(host_asked((object(), "GET", url), {})) == HOST


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (("http://a.example/hook", f"https://{HOST}"), {}),
        (("GET", "http://a.example"), {"data": f"https://{HOST}", "proxy": f"http://{HOST}"}),
        ((SimpleNamespace(base_url=f"https://{HOST}"), "http://a.example"), {}),
        ((), {"url": f"http://a.example/https://{HOST}"}),
    ],
    ids=["second", "named", "of the client", "path"],
)
def test_what_is_sent_to_somebody_else_may_name_the_service(given: tuple[object, ...], named: dict[str, str]) -> None:
    assert host_asked(given, named) == "a.example"

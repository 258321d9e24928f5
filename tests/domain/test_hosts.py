import pytest

from runflow_mock.domain.hosts import objection_to_address, objection_to_name


@pytest.mark.parametrize(
    "host", ["a", "a.", "a.example", "_a", "-a", "10.0.0.1", "::1", "a" * 63, "bücher.example", ".".join(["a" * 62] * 4) + "."]
)
def test_name_that_some_resolver_may_take_is_left_to_it(host: str) -> None:
    assert objection_to_name(host) is None


@pytest.mark.parametrize(
    ("host", "told"),
    [
        *((host, "with something between its dots") for host in ("", ".", "a..b", ".a", "a..")),
        ("a" * 64, "of at most 63 characters between two dots, not 64"),
        ("a." * 126 + "ab", "of at most 253 characters, not 254"),
        ("ü" * 64, "that can be said in ASCII"),
        ("ü..b", "with something between its dots"),
    ],
)
def test_name_that_no_resolver_can_take_is_refused(host: str, told: str) -> None:
    assert objection_to_name(host) == f"must have a host {told}"


@pytest.mark.parametrize(
    "url", ["http://a", "HTTPS://a:65535/x?y#z", "http://[::1]:8787", "http://a:", "http://user:pw@[::1]", "http://a/ü"]
)
def test_address_at_which_something_may_be_reached_is_taken(url: str) -> None:
    assert objection_to_address(url) is None


@pytest.mark.parametrize(
    ("url", "told"),
    [
        *((url, "must begin with http:// or https://") for url in ("", "a", "a:1", "//a", "ftp://a", "javascript:alert(1)")),
        *((url, "must name a host") for url in ("http://", "http:///x", "http://:80", "http://u@")),
        *((f"http://a{end}", "must have a port from 1 to 65535, in digits 0 to 9") for end in (":0", ":65536", ":-1", ":٣", ":x", ":1:1")),
        *((f"http://{host}", "must have a host that can be read: an address of IPv6 stands in brackets, as in [::1]")
            for host in ("[", "[::1", "::1]", "[::1]x", "x[::1]", "[x]")),
        *((f"http://a{end}", "must not have spaces, control characters or halves of characters")
            for end in (" ", "\t", "\n", "\x1b[31m", "\x00", "\x7f", "\x9b", "\udce9")),
        ("http://a..b", "must have a host with something between its dots"),
    ],
)  # fmt: skip
def test_address_at_which_nothing_can_be_reached_is_refused(url: str, told: str) -> None:
    assert objection_to_address(url) == told

import pytest

from runflow_mock.domain.callback_policy import CallbackPolicy, Rewrite, is_loopback, objection, origin_of, target_of

OPEN = CallbackPolicy(hosts=frozenset({"web"}), rewrites=(Rewrite("https://app.example", "http://web:8000"),))
STRICT = CallbackPolicy(hosts=frozenset({"web"}), is_strict=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example/hook",
        "https://203.0.113.7:8443/hook?x=1",
        "HTTPS://app.example",
        f"https://{'a' * 63}.{'.'.join(['b'] * 95)}",
        "https://a.-b-.example",
    ],
)
def test_https_is_accepted_everywhere(url: str) -> None:
    assert objection(OPEN, url) is None
    assert objection(STRICT, url) is None


@pytest.mark.parametrize("url", ["http://localhost:9000/hook", "http://127.0.0.1:9000", "http://[::1]/hook", "http://web/hook"])
def test_plain_http_is_accepted_for_local_hosts_unless_strict(url: str) -> None:
    assert objection(OPEN, url) is None
    assert objection(STRICT, url) == "callback_url must be HTTPS"


@pytest.mark.parametrize("url", ["http://app.example/hook", "ftp://localhost/hook", "http://localhost.evil.example/", "ws://web/"])
def test_any_other_scheme_or_host_must_be_https(url: str) -> None:
    assert objection(OPEN, url) == "callback_url must be HTTPS"


HOST = "must have a host of letters, digits, dots and hyphens, with none of these at its ends, or [::1], not "
PORT = "must have a port from 1 to 65535, not "


@pytest.mark.parametrize(
    ("url", "told"),
    [
        *((url, "must be an absolute URL") for url in ("", "hook", "/hook", "https://", "https:///hook", "javascript:1")),
        *(
            (url, "must be an absolute URL")
            for url in ("/cb?next=https://shop.example/x", "hook?u=http://a.b/", "://a.example", "/x#a://u:p@b")
        ),
        *((url, "must not have spaces or control characters") for url in (" https://a/", "https://a b/", "https://a\n/", "http://a/\x7f")),
        *((f"https://a:{port}/", f"{PORT}{port!r}") for port in ("0", "x", "", "65536", "99999")),
        ("https://[::1]:0?x", f"{PORT}'0'"),
        *(
            (f"https://{host}/x", f"{HOST}{host!r}")
            for host in ("localhost.", "localhost.:1", "[::1", "[fe80::1]:1", "-a", "\uff4cocalhost")
        ),
        *((f"https://a:443{end}/", f"must have one port, not '443{end}'") for end in (":443", ":", ":x")),
        *((f"https://{host}/", "must have a host with something between its dots") for host in ("a..b", "a.b..c:1")),
        (f"https://x.{'a' * 64}.example/", "must have a host of at most 63 characters between two dots, not 64"),
        (f"https://{'.'.join(['a' * 63] * 4)}/", "must have a host of at most 253 characters, not 255"),
        ("ftp://user:pw@a.example/", "must not carry credentials (user:password@)"),
    ],
)
def test_what_keeps_an_address_from_being_called_is_told(url: str, told: str) -> None:
    assert objection(OPEN, url) == f"callback_url {told}"
    assert target_of(OPEN, url) is None


@pytest.mark.parametrize("url", ["http://localhost:9000/hook", "https://127.0.0.1/", "http://web:8000/hook?x=1"])
def test_loopback_and_named_hosts_are_called_as_they_are(url: str) -> None:
    assert target_of(OPEN, url) == url


@pytest.mark.parametrize(
    "url", ["https://example.com/hook", "http://169.254.169.254/latest", "http://localhost@evil.example/", "http://web.evil.example/"]
)
def test_no_other_host_is_ever_called(url: str) -> None:
    assert target_of(OPEN, url) is None


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://app.example", "http://web:8000"),
        ("https://app.example/hook?x=1", "http://web:8000/hook?x=1"),
        ("https://app.example?x=1", "http://web:8000?x=1"),
    ],
)
def test_rewritten_origin_goes_elsewhere(url: str, target: str) -> None:
    assert target_of(OPEN, url) == target


@pytest.mark.parametrize(
    ("origin", "url", "target"),
    [
        ("https://app.example", "https://app.example:443/hook", "http://web:8000/hook"),
        ("https://app.example:443", "https://APP.example/hook?x=1", "http://web:8000/hook?x=1"),
        ("https://app.example:443", "https://app.example:443", "http://web:8000"),
        ("http://web", "http://web:80/?x=:80", "http://web:8000/?x=:80"),
        ("https://app.example:8443", "https://app.example:8443#x", "http://web:8000#x"),
        ("https://app.example", "https://app.example:80/", None),
        ("https://app.example:80", "https://app.example/", None),
        ("http://app.example", "https://app.example:80/", None),
    ],
)
def test_usual_port_need_not_be_written(origin: str, url: str, target: str | None) -> None:
    policy = CallbackPolicy(hosts=frozenset(("db",)), rewrites=(Rewrite(origin, "http://web:8000"),))
    assert target_of(policy, url) == target


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://app.example", "https://app.example:443"),
        ("HTTPS://APP.example:443?x=1", "https://app.example:443"),
        ("http://[::1]:9000/hook", "http://[::1]:9000"),
        ("http://app.example/hook", "http://app.example:80"),
        ("app.example/hook", None),
        ("https://user@app.example", None),
    ],
)
def test_origin_is_spelled_in_one_way(url: str, origin: str | None) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize("url", ["https://app.example.evil/", "https://app.example:444/", "https://app.example@evil.example/"])
def test_rewriting_takes_whole_origins_only(url: str) -> None:
    assert target_of(OPEN, url) is None


@pytest.mark.parametrize("host", ["localhost", "app.localhost", "127.0.0.1", "127.8.9.10", "::1"])
def test_loopback_hosts(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.example", "notlocalhost", "0.0.0.0", "10.0.0.1", "::", "", "127.0.0.1.nip.io"])
def test_other_hosts_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("url", ["http://LOCALHOST:9/x", "http://App.LocalHost/x", "HTTP://localhost/x"])
def test_hosts_have_no_case(url: str) -> None:
    assert objection(CallbackPolicy(), url) is None
    assert target_of(CallbackPolicy(), url) == url
    named = CallbackPolicy(hosts=frozenset(("web",)), rewrites=(Rewrite("https://App.example", "http://web:8000"),))
    assert objection(named, "http://WEB:8000/x") is None
    assert target_of(named, "HTTPS://APP.example/Cb?x=1") == "http://web:8000/Cb?x=1"


@pytest.mark.parametrize(
    "url", ["https://user:pw@x.example/cb", "https://user:@x.example", "http://a:b@localhost:9/?x=@", "https://user@x.example/cb"]
)
def test_credentials_in_an_address_are_named(url: str) -> None:
    assert objection(CallbackPolicy(), url) == "callback_url must not carry credentials (user:password@)"

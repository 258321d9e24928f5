"""Addresses of callbacks: the patterns of the contract and the policy of the fake say the same of every text."""

import re

import pytest
from contract import document
from hypothesis import example, given
from hypothesis import strategies as st

from runflow_mock.domain.callback_policy import URL_CHARACTERS_MAX, CallbackPolicy, objection

SCHEMES = ("https://", "http://", "HTTPS://", "ftp://", "//", "")
HOSTS = ("localhost", "app.example", "127.0.0.1", "127.1", "[::1]", "[::2]", "a", "A", "0", "_", "-", ".", "*", "[", "]")
LABELS = ("a" * 62, "b" * 63, "-", "_", "c", ".")
RESTS = (":", ":0", ":80", ":65535", ":65536", ":080", "@", "/", "?", "#", "%20", " ", "\t", "\x7f", "\\", "é", "\u2028")
PIECES = st.sampled_from((*SCHEMES, *HOSTS, *RESTS))
NAMES = st.lists(st.sampled_from(LABELS), max_size=5).map(lambda pieces: f"https://{''.join(pieces)}".removesuffix("."))
URLS = (
    st.builds("".join, st.lists(PIECES, max_size=6))
    | st.text(max_size=20).map("https://a".__add__)
    | NAMES.filter(lambda url: len(url) < 253)
)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("name", ["HttpsUrl", "CallbackUrl"])
@given(url=URLS)
@example(url="https://0*")
@example(url="http://-a.localhost/")
@example(url="https://app.example@evil.example/")
@example(url="https://[::2]/")
@example(url="https://a..b/")
@example(url=f"https://{'a' * 64}/")
@example(url=f"https://{'a' * 63}.{'b' * 63}.c/")
@example(url=f"http://{'a' * 64}.localhost/")
@example(url=f"http://{'a' * 63}.localhost/")
def test_policy_and_contract_accept_the_same_addresses(name: str, url: str) -> None:
    schema = document()["components"]["schemas"][name]
    for key, policy in (("pattern", CallbackPolicy()), ("x-strict-pattern", CallbackPolicy(is_strict=True))):
        assert (objection(policy, url) is None) is (re.search(schema[key].replace("$", "\\Z"), url) is not None)


@pytest.mark.parametrize("name", ["HttpsUrl", "CallbackUrl"])
def test_limit_of_addresses_is_the_contracts(name: str) -> None:
    assert document()["components"]["schemas"][name]["maxLength"] == URL_CHARACTERS_MAX


@pytest.mark.parametrize("url", ["https://0*", "https://-a/", "https://a./", "http://-a.localhost/", "https://[::2]/"])
def test_host_that_is_none_is_refused(url: str) -> None:
    assert "callback_url must have a host of letters" in str(objection(CallbackPolicy(), url))


@pytest.mark.parametrize("url", ["https://app.example@evil.example/", "https://user:password@app.example/"])
def test_credentials_before_a_host_are_refused_as_what_they_are(url: str) -> None:
    assert objection(CallbackPolicy(), url) == "callback_url must not carry credentials (user:password@)"

from base64 import b64encode

import pytest
from exchanges import create, exchange
from msgspec.structs import replace

from runflow_mock.domain.exchanges import (
    BODY_BYTES_MAX,
    HOLDS_BEARER,
    HOLDS_KEY,
    KEPT_BYTES_MAX,
    REDACTED,
    SENT_TWICE,
    SHOWN_HEADERS,
    digest_of_key,
    redact_headers,
    scrubbed,
    without_cookies,
    without_credentials,
)
from runflow_mock.domain.scrubbing import Scrubber


@pytest.mark.parametrize("name", ["Authorization", "authorization", "Cookie", "X-Api-Key", "Proxy-Authorization", "x-new-secret"])
def test_header_that_is_not_listed_shows_its_name_only(name: str) -> None:
    assert redact_headers(((name.encode(), b"Bearer rf_live_mock_test"),)) == {name: REDACTED}


@pytest.mark.parametrize("name", ["content-type", "Content-Type", "Idempotency-Key", "User-Agent", "X-Request-Id"])
def test_listed_header_is_shown_in_any_case(name: str) -> None:
    assert redact_headers(((name.encode(), b"value"),)) == {name: "value"}


def test_bytes_beyond_ascii_are_shown_as_latin_1() -> None:
    assert redact_headers(((b"user-agent", b"caf\xe9"),)) == {"user-agent": "café"}


def test_no_listed_header_carries_a_credential() -> None:
    assert not {name for name in SHOWN_HEADERS if "auth" in name or "cookie" in name or "signature" in name}


@pytest.mark.parametrize(
    ("length", "status", "fault", "is_lost"),
    [("2", 201, "rule", False), ("9", 201, "rule", True), ("1", 201, "rule", True), ("9", 201, None, False), ("2", 0, "rule", True)],
)
def test_answer_is_lost_when_it_is_not_whole(length: str, status: int, fault: str | None, is_lost: bool) -> None:
    assert create(status, answer={}, told={"content-length": length}, fault=fault).is_lost is is_lost


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"locale=de; session=s3cret", b"locale=de; session=[redacted]"),
        (b"locale=" + b"x" * 65, b"locale=[redacted]"),
        (b"s3cret", b"[redacted]"),
        (b"locale=a=b;;x", b"locale=a=b; [redacted]; [redacted]"),
    ],
)
def test_of_cookies_only_those_that_are_judged_are_kept(sent: bytes, kept: bytes) -> None:
    assert without_credentials([(b"cookie", sent)], frozenset((b"locale",))) == ((b"cookie", kept),)
    assert without_credentials([(b"cookie", sent)]) == ((b"cookie", b"[redacted]"),)


BEARER = (b"authorization", b"Bearer rf_live_mock_test")


@pytest.mark.parametrize(
    ("name", "sent", "kept"),
    [
        (b"x-api-key", b"rf_live_mock_test", SENT_TWICE),
        (b"cookie", b"locale=de; token=rf_live_mock_test", SENT_TWICE),
        (b"proxy-authorization", b"Bearer rf_live_mock_test", SENT_TWICE),
        (b"x-api-key", b"of the company's gateway", b"[redacted]"),
        (b"x-api-key", b"", b""),
    ],
)
def test_of_a_further_credential_it_is_kept_whether_it_is_the_same(name: bytes, sent: bytes, kept: bytes) -> None:
    assert without_credentials([(name, sent), BEARER])[0] == (name, kept)
    # Where a document asks for it there it belongs there.
    assert without_credentials([(name, sent), BEARER], secret=frozenset((name,)))[0] == (name, sent and b"[redacted]")


@pytest.mark.parametrize("key", ["rf_live_mock_test", b64encode(b"rf_live_mock_test").decode(), "rf_svc_mock_test"[::-1]])
def test_of_a_credential_that_looks_like_a_key_it_is_kept_that_it_does(key: str) -> None:
    """To files goes no other one that it could be like."""
    for name in (b"cookie", b"x-api-key", b"proxy-authorization"):
        assert without_credentials([(name, f"session={key}".encode())]) == ((name, HOLDS_KEY),)
    # By a document that describes cookies their names are kept as well.
    sent, known = [(b"cookie", f"session={key}; locale=de".encode())], frozenset((b"locale",))
    assert without_credentials(sent, known) == ((b"cookie", b"session=" + HOLDS_KEY + b"; locale=de"),)


@pytest.mark.parametrize(
    "kept", [HOLDS_KEY, SENT_TWICE, b"session=" + HOLDS_KEY, b"a=[redacted]; session=" + HOLDS_KEY + b"; " + SENT_TWICE, b"[redacted]"]
)
def test_exchange_without_cookies_says_still_what_was_in_them(kept: bytes) -> None:
    """It is judged again after a restart, and the verdict is the same."""
    judged = exchange(headers={"cookie": kept.decode()})
    assert without_cookies(judged) == judged


def test_cookie_that_lacks_its_name_is_judged_as_others_are() -> None:
    sent = b"locale=de; rf_live_mock_test; of nobody"
    assert without_credentials([(b"cookie", sent)], frozenset((b"locale",))) == ((b"cookie", b"locale=de; " + HOLDS_KEY + b"; [redacted]"),)


def test_further_credential_is_like_none_where_there_is_no_other_or_one_that_is_no_secret() -> None:
    assert without_credentials([(b"x-api-key", b"test")]) == ((b"x-api-key", b"[redacted]"),)
    assert without_credentials([(b"authorization", b"Bearer test"), (b"x-api-key", b"test")])[1] == (b"x-api-key", b"[redacted]")


def test_of_an_idempotency_key_it_is_kept_whether_it_holds_the_credential() -> None:
    (_, digest), _ = without_credentials([(b"idempotency-key", b"order-7"), BEARER])
    (_, held), _ = without_credentials([(b"idempotency-key", b"order-7-of-rf_live_mock_test"), BEARER])
    assert (digest, held) == (
        digest_of_key("order-7").encode(),
        digest_of_key("order-7-of-rf_live_mock_test").encode() + HOLDS_BEARER,
    )


def test_usual_exchange_is_found_clean_at_one_look() -> None:
    sent = {"authorization": "[redacted]", "idempotency-key": "sha256:0a", "cookie": "[redacted]", "x-api-key": "[redacted]"}
    usual = exchange(headers=sent)
    assert scrubbed(usual, Scrubber()) is usual


@pytest.mark.parametrize("name", ["authorization", "x-other"])
def test_secret_in_a_header_is_masked_whatever_its_name(name: str) -> None:
    kept = scrubbed(exchange(headers={name: "Bearer rf_live_" + "a" * 32}), Scrubber()).request_header(name)
    assert kept is not None
    assert kept.startswith("Bearer rf_live_redacted")


def test_of_an_exchange_only_what_looks_suspicious_is_looked_into() -> None:
    looked: list[bytes] = []

    class Looking(Scrubber):
        def scrub(self, data: bytes) -> bytes:
            looked.append(data)
            return super().scrub(data)

    sent = exchange("POST", "/v1/runs", body={"max_tokens": 1}, answer={"id": "1"}, headers={"x-one": "1", "x-two": "2"})
    assert scrubbed(sent, Looking()) == sent
    assert looked == [sent.request_body, sent.response_body]


def test_no_part_of_a_secret_is_left_before_the_cut_of_a_long_body() -> None:
    start = b"x" * (BODY_BYTES_MAX - 10)
    kept = (start + b"rf_live_REALLYREAL123" + b"y" * 9_000)[:KEPT_BYTES_MAX]
    assert len(kept) < BODY_BYTES_MAX + 9_000
    read = scrubbed(replace(exchange(), request_body=kept, response_body=b"z" * len(kept)), Scrubber())
    assert (read.request_body, read.response_body) == (start + b"rf_live_re", b"z" * BODY_BYTES_MAX)


@pytest.mark.parametrize("beyond", [0, 1])
def test_body_is_cut_when_it_is_longer_than_the_journal_shows(beyond: int) -> None:
    kept = replace(exchange(), response_body=(b"x" * (BODY_BYTES_MAX + beyond))[:KEPT_BYTES_MAX])
    assert len(kept.response_body) == BODY_BYTES_MAX + beyond
    assert len(scrubbed(kept, Scrubber()).response_body) == BODY_BYTES_MAX


def test_target_is_a_path_and_a_query() -> None:
    found = exchange(target="/v1/runs?q=a%20b&limit=1")
    assert (found.path, found.query) == ("/v1/runs", "q=a%20b&limit=1")


def test_of_a_repeated_header_the_first_counts() -> None:
    assert exchange(headers={"X": "1", "x": "2"}).request_header("x") == "1"
    assert exchange().response_header("retry-after") is None


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"Basic dXNlcjpwYXNz", b"Basic [redacted]"),
        (b"Basic dXNlcg", b"[redacted]"),
        (b"Basic abcde", b"[redacted]"),
    ],
    ids=["a pair", "no pair", "no base64"],
)
def test_scheme_is_kept_where_the_credential_has_its_form(sent: bytes, kept: bytes) -> None:
    assert without_credentials([(b"authorization", sent)]) == ((b"authorization", kept),)


def test_secret_in_a_cookie_that_was_kept_is_found_whatever_stands_behind_it() -> None:
    secret = "rf_whsec_of_somebody_who_puts_it_into_cookies"
    kept = exchange(headers={"cookie": f"theme={secret}; sid=[redacted]"})
    scrubber = Scrubber()
    scrubber.learn(secret)
    assert secret.removeprefix("rf_whsec_").encode() not in scrubbed(kept, scrubber).request_headers[0][1]

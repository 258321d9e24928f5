import pytest

from runflow_mock.domain.exchanges import REDACTED, SHOWN_HEADERS, redact_headers


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

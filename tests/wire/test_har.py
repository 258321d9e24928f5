from base64 import b64decode
from typing import Any, cast

from exchanges import exchange

from runflow_mock.domain.findings import Findings
from runflow_mock.wire.har import represent_entry, represent_har


def content_of(answer: bytes) -> dict[str, Any]:
    har = cast("dict[str, Any]", represent_har([represent_entry(exchange(answer=answer), Findings())], "1.0"))
    return cast("dict[str, Any]", har["log"]["entries"][0]["response"]["content"])


def test_answer_that_is_no_text_is_shown_as_base64() -> None:
    content = content_of(b"\x89PNG\xff")
    assert (content["encoding"], b64decode(content["text"]), content["size"]) == ("base64", b"\x89PNG\xff", 5)


def test_answer_that_is_text_is_shown_as_it_is() -> None:
    assert content_of(b'{"a":1}')["text"] == '{"a":1}'
    assert "encoding" not in content_of(b"{}")

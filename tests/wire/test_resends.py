import json

import pytest

from runflow_mock.wire.control import ControlError, decode_resend


@pytest.mark.parametrize("asked", [{}, {"url": "http://a.example"}, {"body": '{"a": 1}'}])
def test_resend_tells_whether_anything_is_changed(asked: dict[str, str]) -> None:
    assert decode_resend(json.dumps(asked).encode()).is_changed == bool(asked)


@pytest.mark.parametrize("body", ["[]", "{", "7", "", "\ud800", "[" * 100_000])
def test_body_of_a_resend_must_be_a_json_object(body: str) -> None:
    with pytest.raises(ControlError, match="body"):
        decode_resend(json.dumps({"body": body}).encode())

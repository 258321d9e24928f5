"""Bodies as the journal shows them: fields that hold secrets are hidden, however their names are written."""

import pytest

from runflow_mock.wire.journal import represent_body


@pytest.mark.parametrize("raw", [b'{"a":[{"token":"abc"}]}', rb'{"a":[{"tok\u0065n":"abc"}]}', rb'{"a":[{"\u0074oken" :"abc"}]}'])
def test_field_that_names_a_secret_is_hidden(raw: bytes) -> None:
    assert represent_body(raw) == {"a": [{"token": "[redacted]"}]}


def test_body_without_such_a_field_is_shown_as_it_is() -> None:
    assert represent_body(b'{"a":["token","key"],"b":1.5}') == {"a": ["token", "key"], "b": 1.5}

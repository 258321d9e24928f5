"""Bodies of small commands: what cannot be one is refused with its place."""

from collections.abc import Callable
from typing import Any

import pytest

from runflow_mock.wire.assets import decode_confirm_upload
from runflow_mock.wire.problems import Problem
from runflow_mock.wire.secrets import decode_update_secret
from runflow_mock.wire.workflows import decode_update_workflow


@pytest.mark.parametrize(
    ("decode", "body"),
    [
        (decode_confirm_upload, {"folder_id": 7}),
        (decode_confirm_upload, {"folder_id": "no uuid"}),
        (decode_update_secret, {"label": 7}),
        (decode_update_secret, {"is_current": "yes"}),
        (decode_update_workflow, {"name": 7}),
        (decode_update_workflow, {"workflow_json": []}),
    ],
)
def test_body_that_cannot_be_meant_is_refused_with_its_place(decode: Callable[[dict[str, Any], str], object], body: dict[str, Any]) -> None:
    with pytest.raises(Problem) as raised:
        decode(body, "019b76da-a800-7000-8001-585649daa5c4")
    assert (raised.value.status, [error.loc for error in raised.value.fields or ()]) == (422, [("body", *body)])

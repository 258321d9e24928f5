from typing import Any

import msgspec
import pytest
from records import a_run

from runflow_mock.domain.dialects import Dialect, dialect_of
from runflow_mock.domain.documents import Document
from runflow_mock.wire.new_runs import NODES, write_new_run
from runflow_mock.wire.runs import represent_run

DIALECTS = (
    dialect_of("seed", {}),
    dialect_of("seed", {}, is_strict=True),
    dialect_of("docs", {}),
    dialect_of("docs", {"run_error": "present", "status_spelling": "uk"}),
)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"client_ref": 'a "quoted" %(id)b \\ \u2028', "callback_url": "https://example.com/%20?a=%s"},
        {"metadata": Document(b'{"share":"50 %","id":"%(id)b"}'), "input": Document(b'{"prompt":"100%"}')},
    ],
)
def test_new_run_is_written_as_any_other_run(dialect: Dialect, given: dict[str, Any]) -> None:
    run = a_run(**given)
    assert write_new_run(run, dialect) == msgspec.json.encode(represent_run(run, NODES, dialect))

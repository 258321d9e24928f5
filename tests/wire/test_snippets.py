from runflow_mock.domain.documents import Json
from runflow_mock.wire.snippets import attempt_as_curl, differences

SENT: dict[str, Json] = {"headers": {"Runflow-Signature": "v1=1", "X-Same": "1"}, "body": "{}", "status_code": 500, "error": None}


def test_attempt_is_a_command_that_sends_the_same_bytes() -> None:
    command = attempt_as_curl("http://a.example/hook", SENT)
    assert command.startswith("curl -sS -X POST http://a.example/hook")
    assert all(part in command for part in ("Runflow-Signature: v1=1", "X-Same: 1", "--data-raw '{}'"))


def test_attempts_differ_in_what_is_not_the_same() -> None:
    now: dict[str, Json] = {"headers": {"Runflow-Signature": "v1=2", "X-Same": "1"}, "body": "{}", "status_code": None, "error": "timeout"}
    assert differences(SENT, now) == [["header Runflow-Signature", "v1=1", "v1=2"], ["answer", 500, "timeout"]]
    assert differences(SENT, SENT) == []


def test_attempt_without_headers_differs_in_all_of_them() -> None:
    bare: dict[str, Json] = {**SENT, "headers": None}
    assert differences(SENT, bare) == [["header Runflow-Signature", "v1=1", None], ["header X-Same", "1", None]]

"""The command line prints nothing secret, and nothing that a terminal would obey."""

import json
from io import StringIO
from pathlib import Path

import click
import pytest
from commands import call

from runflow_mock.cli.streams import clean_streams
from runflow_mock.runtime.observers import Log
from runflow_mock.testing.receiver import CallbackReceiver, Reply
from runflow_mock.wire.timeline import Step

ATTACK = "\x1b]0;owned\x07\x1b[2J\u202e"


def test_file_of_somebody_else_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    skill = tmp_path / "SKILL.md"
    skill.write_text(
        f"---\nname: x\n---\n# {ATTACK}\n\n`GET /v1/{ATTACK}nowhere`\n\n```bash\ncurl https://api.runflow.io/v1/{ATTACK}\n```\n"
    )
    told = call("skill", "check", str(skill))
    assert "\\x1b" in told.out + told.err
    assert not {"\x1b", "\x07", "\u202e"} & set(told.out + told.err)


def test_key_in_an_argument_or_file_is_not_in_the_error_about_it(tmp_path: Path) -> None:
    (tmp_path / "rf_live_REALLYREAL123.yaml").write_text("models: 1")
    told = call("serve", "--port", "0", "--catalog", str(tmp_path / "rf_live_REALLYREAL123.yaml"))
    assert told.code == 2
    assert "REALLYREAL" not in told.err
    assert "rf_live_redacted" in told.err


def test_secret_of_the_environment_is_printed_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    with clean_streams({"RUNFLOW_MOCK_ADMIN_TOKEN": "operators-own", "RUNFLOW_API_KEY": "the-real-thing", "HOME": "home-is-no-secret"}):
        print("operators-own the-real-thing home-is-no-secret")  # noqa: T201 - what is printed is the matter
    assert capsys.readouterr().out == "redacted***** redacted****** home-is-no-secret\n"


SECRET = "s3cr3t-of-ours-9f8e"
COMMANDS = [
    ("doctor", "--url", f"http://127.0.0.1:9/{SECRET}", "--key", SECRET),
    ("verify", "--base-url", f"http://127.0.0.1:9/?k={SECRET}", f"--api-key={SECRET}"),
    ("verify-receiver", f"http://127.0.0.1:9/?token={SECRET}", "--secret", SECRET),
    ("serve", "--keys", f"demo:t3st-key-of-0urs,t:{SECRET} t3st-key-of-0urs"),
    ("serve", "--callback-rewrite", f"https://a:{SECRET}@x=nowhere"),
    ("serve", "--openapi", f"http://user:{SECRET}@127.0.0.1:9/x.json"),
    ("healthcheck", "--url", f"http://user:{SECRET}@127.0.0.1:9"),
]


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: str(arguments[0]))
def test_secret_in_an_argument_is_not_in_what_is_told_of_it(arguments: tuple[str, ...]) -> None:
    told = call(*arguments)
    assert told.code in (1, 2)
    assert "redacted" in told.err + told.out
    assert SECRET not in told.err + told.out


def test_secret_in_an_argument_is_in_no_file_that_is_written(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.xml"
    with CallbackReceiver(*[Reply(500, body=SECRET.encode())] * 99) as receiver:
        told = call("verify-receiver", receiver.url, "--secret", SECRET, "--junit", str(sheet))
    assert told.code in (1, 2), told.err
    assert sheet.exists(), told.err
    assert SECRET not in sheet.read_text() + told.out + told.err


def test_bytes_are_printed_as_texts_are(capsys: pytest.CaptureFixture[str]) -> None:
    with clean_streams({"RUNFLOW_API_KEY": "the-real-thing"}):
        click.echo(b'{"a": "the-real-thing \xc2\x85\x1b"}')
    assert capsys.readouterr().out == '{"a": "redacted****** \\u0085\\x1b"}\n'


def test_trace_in_the_log_has_no_line_that_looks_like_one() -> None:
    stream = StringIO()
    Log(stream).problem("a\n2026-01-01T00:00:00Z  test  GET /v1/runs -> 200\n::error::b")
    assert stream.getvalue().splitlines()[1:] == ["    2026-01-01T00:00:00Z  test  GET /v1/runs -> 200", "    \\u003a:error::b"]


def test_env_prints_the_key_that_it_is_given() -> None:
    assert SECRET in call("env", "--key", SECRET).out
    assert json.loads(call("env", "--key", SECRET, "--json").out)["RUNFLOW_API_KEY"] == SECRET


def test_log_shows_what_a_rule_says_and_does_not_obey_it() -> None:
    stream = StringIO()
    step: Step = {"at": "now", "kind": "run", "id": "r", "from": "running", "to": "failed", "failure_code": ATTACK}
    Log(stream).steps("test", [step])
    assert "\\x1b]0;owned\\x07" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()

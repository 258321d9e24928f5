"""`runflow-mock calibrate` on captures that were made over HTTP from servers of both dialects."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from captured import Captured, in_process, over_http
from commands import Told, call, sandbox
from steps import ABSENT

from runflow_mock.domain.dialects import BUNDLES, SWITCHES
from runflow_mock.runtime.profiles import load_profile

RUN = {"id": "1", "status_code": "canceled"}


@pytest.fixture(scope="module", params=["seed", "docs"])
def spoken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, str]]:
    """A dialect, a folder with captures of a server that speaks it, and the secret of its callbacks."""
    with over_http(dialect=request.param) as captured:
        yield request.param, captured.write(tmp_path_factory.mktemp(request.param)), captured.secret


def calibrate(*arguments: str | Path) -> Told:
    return call("calibrate", *map(str, arguments))


def told(*arguments: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(calibrate(*arguments, "--json").out)
    return found


def saved(folder: Path, value: Any, name: str = "capture.json") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(value if isinstance(value, str) else json.dumps(value))
    return folder / name


def values_of(dialect: str) -> dict[str, str]:
    return {switch: getattr(BUNDLES[dialect], switch) for switch in SWITCHES}


def verdict_of(switch: str, dialect: str) -> str:
    return "either" if getattr(BUNDLES["seed"], switch) == getattr(BUNDLES["docs"], switch) else dialect


def test_every_switch_is_told_with_verdict_and_place(spoken: tuple[str, Path, str]) -> None:
    dialect, folder, secret = spoken
    result = calibrate(folder, "--secret", secret)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    rows = {line.split()[0]: line.split()[1:3] for line in lines if line.split() and line.split()[0] in SWITCHES}
    assert rows == {switch: [verdict_of(switch, dialect), value] for switch, value in values_of(dialect).items()}
    assert "    errors/402.json: body.code" in lines
    assert "    errors/404.har: log.entries[1].body.code" in lines


def test_answer_for_programs_says_the_same(spoken: tuple[str, Path, str]) -> None:
    dialect, folder, secret = spoken
    found = told(folder, "--secret", secret)
    assert {each["switch"]: (each["verdict"], each["value"]) for each in found["switches"]} == {
        switch: (verdict_of(switch, dialect), value) for switch, value in values_of(dialect).items()
    }
    assert all(seen["evidence"] for each in found["switches"] for seen in each["seen"])
    assert (found["files"], found["captures"], found["notes"], found["written"]) == (16, 17, [], [])


@pytest.mark.slow(is_covering=True)
def test_profile_says_what_was_found_and_from_what(spoken: tuple[str, Path, str], tmp_path: Path) -> None:
    dialect, folder, secret = spoken
    file = tmp_path / "deep" / "profile.yaml"
    assert calibrate(folder, "--secret", secret, "--write", file).code == 0
    profile = load_profile(file)
    assert (profile.dialect, profile.switches, profile.undecided) == (dialect, values_of(dialect), {})
    assert len(profile.sources) == 16
    assert all(len(source.sha256) == 64 for source in profile.sources)
    assert calibrate(folder, "--secret", secret, "--write", tmp_path / "profile.json").code == 0
    assert load_profile(tmp_path / "profile.json") == profile


@pytest.mark.slow(is_covering=True)
def test_redacted_copies_make_the_same_profile_without_the_secret(spoken: tuple[str, Path, str], tmp_path: Path) -> None:
    dialect, folder, secret = spoken
    assert calibrate(folder, "--secret", secret, "--redact", tmp_path / "redacted").code == 0
    result = calibrate(tmp_path / "redacted", "--write", tmp_path / "profile.yaml")
    profile = load_profile(tmp_path / "profile.yaml")
    assert (result.code, profile.dialect, profile.switches) == (0, dialect, values_of(dialect))


@pytest.mark.slow(is_covering=True)
def test_redacting_again_changes_nothing(spoken: tuple[str, Path, str], tmp_path: Path) -> None:
    _, folder, secret = spoken
    calibrate(folder, "--secret", secret, "--redact", tmp_path / "once")
    calibrate(tmp_path / "once", "--redact", tmp_path / "twice")
    files = [file.relative_to(tmp_path / "once") for file in (tmp_path / "once").rglob("*.json")]
    assert len(files) == 16
    assert all((tmp_path / "once" / file).read_bytes() == (tmp_path / "twice" / file).read_bytes() for file in files)


@pytest.mark.slow(is_covering=True)
def test_profile_makes_a_server_whose_captures_make_it_again(tmp_path: Path) -> None:
    switches = {**values_of("docs"), "signature": "timestamped", "status_spelling": "uk"}
    with over_http(switches=switches) as captured:
        calibrate(captured.write(tmp_path / "theirs"), "--write", tmp_path / "profile.yaml")
    profile = load_profile(tmp_path / "profile.yaml")
    assert profile.switches == switches
    with sandbox("--profile", str(tmp_path / "profile.yaml")) as running:
        headers = {"Authorization": f"Bearer {running.ready['key']}"}
        assert httpx.get(f"{running.url}/v1/runs/{ABSENT}", headers=headers).json()["code"] == "RUN_NOT_FOUND"
        assert "cancelled" in httpx.get(f"{running.url}/v1/runs/statuses", headers=headers).text
    with over_http(dialect=profile.dialect, switches=profile.switches) as captured:
        calibrate(captured.write(tmp_path / "ours"), "--write", tmp_path / "again.yaml")
    assert load_profile(tmp_path / "again.yaml").switches == switches


PLANTED = {
    "key": "rf_live_9f86d081884c7d659a2feaa0c55ad015",
    "secret": "rf_whsec_a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "other secret": "hunter2hunter2",
    "signature": "3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea",
    "organization": "0198c0de-aaaa-7bbb-8ccc-dddddddddddd",
    "account": "acct_42_shoes_and_more",
    "number": "48151623",
    "e-mail": "alice@example.com",
    "person": "Alice Liddell",
    "host": "media.shoes-and-more.example",
    "token": "X-Amz-Signature=deadbeefcafe",
    "cookie": "session=tWeedleDum",
    "cursor": "eyJhY2NvdW50IjoiNDIifQ",
}


def planted_captures() -> Captured:
    """Captures of a server, and the same with secrets in every place in which one may stand."""
    p, captured = PLANTED, in_process(dialect="docs")
    url = f"https://{p['host']}/a.png?{p['token']}"
    headers = {
        "Authorization": f"Bearer {p['key']}", "Cookie": p["cookie"], "X-Organization-Id": p["organization"], "X-Api-Key": p["key"],
        "Host": p["host"], "User-Agent": p["person"], "Runflow-Request-Id": p["organization"], "Content-Type": f"text/{p['e-mail']}",
        "Retry-After": p["person"], "X-RateLimit-Policy": p["account"], p["key"]: "1",
    }  # fmt: skip
    record = {
        "id": p["organization"], "organization_id": p["organization"], "account": p["account"], "org": int(p["number"]),
        "cost": p["number"],
        "output": {"outputs": [{"url": url}], p["key"]: p["person"]}, "input": {p["e-mail"]: url}, "metadata": {p["person"]: p["key"]},
        "created_by": {"email": p["e-mail"], "name": p["person"]}, "status_code": "canceled", "failure_message": f"{p['person']} at {url}",
        p["key"]: 1, "error": {"code": p["key"]}, "callback_url": url, "created_at": p["person"], "failure_code": p["e-mail"],
    }  # fmt: skip
    payload = {
        "event": "run.failed",
        "run_id": p["organization"],
        "output": {**record},
        "created_at": "2026-01-01T00:00:00+00:00",
        **record,
    }
    error = {"code": p["key"], "message": f"{p['e-mail']} of {p['organization']}", "errors": [{"loc": [p["e-mail"]], "msg": p["person"]}]}
    delivery = {"payload_bytes": json.dumps(payload), "attempt_count": 1, "callback_url": url, "signing_secret_id": p["organization"]}
    request = {"method": "GET", "url": f"https://api.runflow.io/v1/runs/{p['account']}?{p['token']}", "headers": []}
    entry = {
        "request": request,
        "response": {"status": 404, "headers": [{"name": p["key"], "value": p["key"]}], "content": {"text": json.dumps(error)}},
    }
    callback = {"headers": {**headers, "Runflow-Signature": p["signature"]}, "body": json.dumps(payload), "secret": p["other secret"]}
    files: dict[str, Any] = {
        "run.json": record,
        "page.json": {"items": [record], "next": p["cursor"], p["key"]: p["cursor"]},
        "error.json": {"status": 402, "headers": headers, "body": error},
        "unread.json": {"status": 200, "headers": headers, "body": f"Bearer {p['key']} {p['e-mail']}"},
        "secret.json": {"id": p["organization"], "secret": p["secret"], "plain_secret": p["secret"], "api_key": p["key"]},
        "callback.json": callback,
        "odd-signature.json": {**callback, "headers": {**headers, "Runflow-Signature": f"{p['account']}={p['signature']}"}},
        "history.json": [delivery],
        "browser.har": {"log": {"entries": [entry]}},
    }
    return Captured({**captured.files, **{f"planted/{name}": json.dumps(each).encode() for name, each in files.items()}}, captured.secret)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("form", ["--json", "--markdown"])
def test_no_secret_survives_anywhere(tmp_path: Path, form: str) -> None:
    captured = planted_captures()
    outputs = tmp_path / "outputs"
    more = ("--json",) if form == "--json" else ("--markdown", outputs / "report.md")
    written = ("--write", outputs / "profile.yaml", "--redact", outputs / "redacted")
    result = calibrate(captured.write(tmp_path / "captures"), "--secret", captured.secret, *more, *written)
    assert result.code == 1, result.err
    texts = {"terminal": result.out + result.err, **{str(file): file.read_text() for file in outputs.rglob("*") if file.is_file()}}
    assert len(texts) >= 12 + 9 + 2
    secrets = [*PLANTED.values(), captured.secret, captured.secret.removeprefix("whsec_"), "rf_live_"]
    assert [(name, secret) for name, text in texts.items() for secret in secrets if secret in text] == []
    again = {each["switch"]: each["value"] for each in told(outputs / "redacted")["switches"]}
    assert again == {each["switch"]: each["value"] for each in told(tmp_path / "captures", "--secret", captured.secret)["switches"]}


@pytest.mark.slow(is_covering=True)
def test_secret_that_is_given_wrong_is_not_told(tmp_path: Path) -> None:
    folder = in_process().write(tmp_path / "captures")
    (folder / "secret.http").unlink()
    result = calibrate(folder, "--secret", "hunter2hunter2", "--write", tmp_path / "p.yaml", "--redact", tmp_path / "r")
    assert result.code == 1
    assert "which no secret at hand reproduces: is it the one of this delivery, and the body raw?" in result.out
    assert "hunter2" not in result.out + "".join(file.read_text() for file in (tmp_path / "r").rglob("*.json"))
    assert load_profile(tmp_path / "p.yaml").undecided == {"signature": "neither", "secret_prefix": "not seen"}


def test_what_neither_source_describes_is_to_be_reported(tmp_path: Path) -> None:
    file = saved(tmp_path, {"status": 402, "body": {"code": "PAYMENT_REQUIRED", "message": "no"}})
    result = calibrate(file, "--write", tmp_path / "profile.yaml", "--markdown", tmp_path / "report.md")
    assert result.code == 1
    assert "please report: no dialect has error_codes like this: 402 PAYMENT_REQUIRED" in result.out
    assert "| error_codes | neither |  | 402 PAYMENT_REQUIRED | capture.json: body.code |" in (tmp_path / "report.md").read_text()
    profile = load_profile(tmp_path / "profile.yaml")
    assert (profile.switches, profile.undecided["error_codes"], profile.undecided["signature"]) == ({}, "neither", "not seen")


def test_captures_that_contradict_each_other_are_told_with_both_places(tmp_path: Path) -> None:
    saved(tmp_path / "c", RUN, "us.json")
    saved(tmp_path / "c", {**RUN, "status_code": "cancelled"}, "uk.json")
    result = calibrate(tmp_path / "c")
    assert result.code == 1
    told = "contradictory: status_spelling is us by canceled (us.json: body.status_code); uk by cancelled (uk.json: body.status_code)"
    assert told in result.out


def test_value_of_no_bundle_is_told_as_one_that_serve_speaks(tmp_path: Path) -> None:
    limits = {f"X-RateLimit-{name}": "1" for name in ("Limit", "Remaining", "Reset")}
    file = saved(tmp_path, {"status": 429, "headers": {"Retry-After": "7", **limits}})
    result = calibrate(file, "--write", tmp_path / "profile.yaml")
    assert (result.code, load_profile(tmp_path / "profile.yaml").switches) == (0, {"rate_limit_headers": "full"})
    assert "rate_limit_headers is full, which neither bundle speaks and serve can" in result.out


def test_where_no_switch_shows_there_is_no_profile(tmp_path: Path) -> None:
    result = calibrate(saved(tmp_path, {"id": "1", "status_code": "queued"}), "--write", tmp_path / "profile.yaml")
    assert (result.code, (tmp_path / "profile.yaml").exists()) == (3, False)
    assert "rate_limit_headers  not seen\n    needs a 429 with its headers" in result.out
    assert "no capture shows a switch" in result.out


def test_file_that_cannot_be_understood_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    file = saved(tmp_path, RUN)
    odd = saved(tmp_path, {"a": 1}, "odd.json")
    result = calibrate(file, odd, "--write", tmp_path / "profile.yaml", "--redact", tmp_path / "redacted", "--markdown", tmp_path / "r.md")
    assert (result.code, result.out) == (2, "")
    assert f"runflow-mock: {odd} cannot be understood: it has a, and so is no " in result.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["capture.json", "odd.json"]


def test_profile_that_lies_beside_its_captures_is_passed_over(tmp_path: Path) -> None:
    saved(tmp_path, RUN)
    for name in ("profile.yaml", "profile.json"):
        assert calibrate(tmp_path, "--write", tmp_path / name).code == 0
    assert calibrate(tmp_path, "--write", tmp_path / "profile.yaml").out.startswith("1 capture in 1 file")


def test_files_are_asked_for() -> None:
    assert calibrate().code == 2


def test_nothing_is_written_over_captures_or_over_what_is_no_profile(tmp_path: Path) -> None:
    file = saved(tmp_path / "captures", RUN)
    before = file.read_bytes()
    assert "is there already and no profile" in calibrate(file, "--write", file).err
    assert "is one of the captures" in calibrate(file, "--redact", tmp_path / "captures").err
    assert "is one of the captures" in calibrate(file, "--markdown", file).err
    assert file.read_bytes() == before
    for _ in range(2):
        assert calibrate(file, "--write", tmp_path / "profile.yaml").code == 0


def test_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    file = saved(tmp_path, RUN)
    result = calibrate(file, "--redact", file / "below")
    assert (result.code, "cannot be written" in result.err) == (2, True)


def test_notes_tell_what_the_contract_does_not_know(tmp_path: Path) -> None:
    run = {"id": ABSENT, "status_code": "hibernating", "failure_code": None, "priority_lane": 3, "created_at": "2026-01-01T00:00:00+00:00"}
    saved(tmp_path / "c", {"items": [run, run], "first": None, "next": None, "previous": None}, "page.json")
    answer = {"status": 418, "body": {"code": "TEAPOT", "message": "no"}}
    saved(tmp_path / "c", {"request": {"method": "GET", "path": "/v1/dreams/1"}, "response": answer}, "odd.json")
    result = calibrate(tmp_path / "c")
    start = "beyond the contract: "
    assert [line.removeprefix(start) for line in result.out.splitlines() if line.startswith(start)] == [
        "GET [another path]: path (route): the contract has no such operation (odd.json: path)",
        "418: body.code (error-code): TEAPOT is none of the words that are known: documented for a 418: none (odd.json: body.code)",
        "RunList: body.items.status_code (enum): hibernating is none of the words that are known: "
        'the value is not one of "queued", "dispatching" or 6 other candidates '
        "(page.json: body.items[0].status_code, 2 times)",
        'RunList: body.items.created_at (pattern): the value does not match "Z$" (page.json: body.items[0].created_at, 2 times)',
        "RunList: body.items.priority_lane (unknown-field): the contract does not know this field "
        "(page.json: body.items[0].priority_lane, 2 times)",
    ]


def test_document_of_the_users_judges_in_place_of_ours(tmp_path: Path) -> None:
    file = saved(tmp_path, {"event": "run.failed", "run_id": "1", "output": None})
    paths = {"/v1/health": {"get": {"operationId": "health", "responses": {"200": {"description": "up"}}}}}
    document = saved(tmp_path, {"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": paths}, "openapi.json")
    assert told(file)["notes"] != []
    assert told(file, "--openapi", document)["notes"] == []

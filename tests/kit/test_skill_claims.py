"""What a SKILL.md says is held against the document and the fake: what is true is held, and every planted mistake is found at its line."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from skill_texts import GOOD, PLANTS, planted

from runflow_mock.kit.pins.digests import Pin, digest_of
from runflow_mock.kit.pins.files import write_pin
from runflow_mock.kit.skills.claims import Judged, Standing
from runflow_mock.kit.skills.judging import check_skill, contradictions
from runflow_mock.kit.skills.shells import read_command
from runflow_mock.openapi.contracts import Contract
from runflow_mock.runtime.skills import load_skill
from runflow_mock.testing import assert_skill


def found(text: str, contract: Contract | None = None) -> list[tuple[int, str]]:
    return [(each.claim.line, str(each.claim.says)) for each in contradictions(check_skill(text, contract))]


def told(text: str) -> dict[str, Judged]:
    """What came of each claim, by its words."""
    return {str(each.claim.says): each for each in check_skill(text)}


@pytest.mark.slow(is_covering=True)
def test_true_text_has_no_contradiction() -> None:
    assert found(GOOD) == []


@pytest.mark.slow(is_covering=True)
def test_own_skill_has_no_contradiction_and_is_understood() -> None:
    judged = check_skill(load_skill(None).body.decode())
    assert contradictions(judged) == ()
    unknown = [str(each.claim.says) for each in judged if each.standing is Standing.UNKNOWN]
    assert (len(judged) >= 29, unknown) == (True, [])


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("kind", PLANTS)
def test_planted_mistake_is_found_at_its_line(kind: str) -> None:
    text, line = planted(PLANTS[kind])
    assert found(text) == [(line, PLANTS[kind].claim)]


@pytest.mark.parametrize("path", ["/v1/products/{sku}", "/v1/orders", "/v1/customers/42/addresses"])
def test_path_of_another_backend_is_unknown(path: str) -> None:
    (each,) = check_skill(f"---\nname: shop\n---\n# Shop\n\nAsk our own backend: `GET {path}`.\n")
    assert (each.standing, "another backend" in each.reason) == (Standing.UNKNOWN, True)


@pytest.mark.parametrize("path", ["/v1/runz/{id}", "/v1/run/{id}", "/v1/jobs", "https://api.runflow.io/v1/products/{sku}"])
def test_path_that_is_meant_for_this_api_is_contradicted(path: str) -> None:
    judged = check_skill(f"---\nname: shop\n---\n# Shop\n\nAsk it: `GET {path}`.\n")
    assert [claim.standing for claim in judged if "has no path" in claim.reason] == [Standing.CONTRADICTED]


@pytest.mark.slow(is_covering=True)
def test_reason_says_what_is_there_instead() -> None:
    text, _ = planted(PLANTS["path"])
    (each,) = contradictions(check_skill(text))
    assert each.claim.sentence.startswith("Poll `GET /v1/jobs/{id}` until")
    assert each.reason == "the document has no path /v1/jobs/{id}; the nearest is GET /v1/runs/{id}"


def test_request_that_the_document_allows_and_the_fake_refuses_is_found() -> None:
    text = GOOD.replace('"prompt": "a red shoe", ', '"prompt": 7, ')
    (each,) = contradictions(check_skill(text))
    assert (each.claim.line, str(each.claim.says)) == (30, "body of POST /v1/models/openai/gpt-image-2/edit/runs")
    assert each.reason.startswith("the sandbox answers 422: body/input/prompt: ")


@pytest.mark.slow(is_covering=True)
def test_what_the_fake_was_asked_is_told() -> None:
    judged = told(GOOD)
    assert judged["body of POST /v1/models/openai/gpt-image-2/edit/runs"].reason.endswith("the sandbox answers 201")
    assert judged["GET /v1/runs/{run_id}"].reason == "get_run; the sandbox answers 200"
    assert judged["status 402"].reason == "declared; the sandbox answers so to a run on an empty balance"


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("Read https://www.runflow.io/pricing first.", "https://www.runflow.io/pricing"),
        ("See https://status.runflow.io.", "https://status.runflow.io/"),
        ("Keep it in `/etc/runflow`.", "/etc/runflow"),
        ("`POST /v1/...` creates.", "POST /v1/..."),
        ("`GET /v1/models/{owner}/{slug}/stats` counts.", "GET /v1/models/{owner}/{slug}/stats"),
        ("Retry at most 5 times.", "limit 5 times of something"),
        ("The text is `{a, b}`.", "keys a, b"),
        ("    curl -X POST 'https://api.runflow.io/v1/runs\n", "curl -X POST 'https://api.runflow.io/v1/runs"),
    ],
)
def test_what_was_not_understood_or_nobody_knows_is_unknown(text: str, claim: str) -> None:
    assert told(text)[claim].standing is Standing.UNKNOWN


@pytest.mark.parametrize(
    ("answer", "standing"),
    [
        ("{ id, status_code }", Standing.HELD),
        ("{ id, no_such_field }", Standing.CONTRADICTED),
    ],
)
def test_keys_of_an_answer_are_those_of_the_document(answer: str, standing: Standing) -> None:
    (judged,) = [each for each in check_skill(f"    GET /v1/runs/{{id}}\n    → {answer}\n") if str(each.claim.says).startswith("keys")]
    assert judged.standing is standing


def test_page_that_the_fake_lacks_says_nothing_about_its_keys() -> None:
    text = "    GET https://www.runflow.io/blog.json\n    → { a, b }\n"
    assert [each.standing for each in check_skill(text)] == [Standing.UNKNOWN, Standing.UNKNOWN]


def test_text_without_claims_has_none() -> None:
    assert check_skill("# Title\n\nJust words.\n") == ()


def test_document_of_the_user_outranks_ours() -> None:
    document: dict[str, Any] = {"openapi": "3.1.0", "paths": {"/v1/jobs/{id}": {"get": {"responses": {"200": {"description": "a job"}}}}}}
    assert found("`GET /v1/jobs/{id}` and `GET /v1/runs/{id}`", Contract(document)) == [(1, "GET /v1/runs/{id}")]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own in which the test stands, and a home with nothing in it."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def installed(project: Path, body: bytes) -> Path:
    file = project / ".agents" / "skills" / "runflow" / "SKILL.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body)
    return file


def pinned(project: Path, body: bytes) -> None:
    """A project in which these bytes are pinned."""
    pin = Pin(url="SKILL.md", bytes=len(body), digest=digest_of(body), date=date(2026, 1, 2), source="file", reason="reviewed")
    write_pin(project / "runflow.lock", "skill", pin)


@pytest.mark.slow(is_covering=True)
def test_assertion_holds_for_the_pinned_bytes(project: Path) -> None:
    pinned(project, GOOD.encode())
    file = installed(project, GOOD.encode())
    assert_skill()
    assert_skill(file)
    assert_skill(str(project))


@pytest.mark.slow(is_covering=True)
def test_assertion_says_what_is_wrong(project: Path) -> None:
    pinned(project, GOOD.encode())
    text, line = planted(PLANTS["path"])
    file = installed(project, text.encode())
    with pytest.raises(AssertionError) as caught:
        assert_skill(file)
    told = str(caught.value)
    assert told.startswith(f"{file}: not the pinned bytes")
    assert f"line {line}: contradicted: GET /v1/jobs/{{id}}" in told


def test_assertion_without_a_copy_fails(project: Path) -> None:
    with pytest.raises(AssertionError, match=r"no copy of the Runflow skill in .*project"):
        assert_skill()


FRONT = "---\nname: runflow\ndescription: x\n---\n# It\n\n"
URL = "https://api.runflow.io/v1/models/runflow/background-removal"
BODY = '{"input": {"image_url": "https://cdn.example.com/a.png"}}'
COMMANDS = {
    "PowerShell": f'curl.exe -X POST `\n  "{URL}/runs" `\n  -H "Authorization: Bearer $env:KEY" `\n  -d \'{BODY}\'\n',
    "cmd": f'curl -X POST ^\n  "{URL}/runs" ^\n  -d "{BODY.replace(chr(34), chr(92) + chr(34))}"\n',
    "quotes of ANSI": f"curl {URL}/runs \\\n  -d $'{BODY}'\n",
}


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("shell", COMMANDS)
def test_command_of_another_shell_is_read_and_what_is_wrong_in_it_found(shell: str) -> None:
    whole = f"{FRONT}```\n{COMMANDS[shell]}```\n"
    assert found(whole) == []
    assert [str(each.claim.says) for each in check_skill(whole) if each.standing is Standing.HELD][:1] == [f"POST {URL}/runs"]
    assert found(whole.replace("/runs", "/runz")) == [(8, f"POST {URL}/runz")]
    assert [line for line, _ in found(whole.replace("input", "inputs"))] != []


@pytest.mark.parametrize(
    "sentence",
    [
        "There is no `GET /v1/runz/{id}`; read `GET /v1/runs/{id}`.",
        "Read `GET /v1/runs/{id}`, not `GET /v1/runz/{id}`.",
        "Read it instead of the `/v1/runz` of old.",
        "~~`GET /v1/runz/{id}`~~",
        "`GET /v1/runz/{id}` was renamed.",
        "`GET /v1/runz/{id}` does not exist.",
        "Its path (formerly `/v1/runz`) is another.",
        "`GET /v1/runz/{id}` does not exist any more, use a callback.",
        "`GET /v1/runz/{id}` has been removed in v2.",
        "`GET /v1/runz/{id}` was renamed to `GET /v1/runs/{id}`.",
        "`GET /v1/runz/{id}` no longer exists.",
        "There is no `GET /v1/runz/{id}`",
        "`GET /v1/runz/{id}` was removed last year.",
        "`GET /v1/runz/{id}` has been removed since 2 May 2025.",
        "`GET /v1/runz/{id}` was finally removed from the API two years ago.",
        "`GET /v1/runz/{id}` is gone as of v2; read runs.",
        "`GET /v1/runz/{id}` was shut down for good.",
        "`GET /v1/runz/{id}` has meanwhile been replaced by `GET /v1/runs/{id}`.",
        "`GET /v1/runz/{id}` never existed.",
        "`GET /v1/runz/{id}` is no longer part of the API.",
        "`GET /v1/runz/{id}` isn't a real endpoint.",
        "`GET /v1/runz/{id}` no longer exists since the spring release.",
        "Without `GET /v1/runz/{id}`, which was removed, poll runs.",
        "Do not look for `GET /v1/runz/{id}`: it does not exist.",
        "`GET /v1/runz/{id}` (removed last year)",
        "`GET /v1/runz/{id}` — removed in 2024.",
        "| `GET /v1/runz/{id}` | removed |",
        "We have since removed the old `GET /v1/runz/{id}`.",
        "`DELETE /v1/runz/{id}` was removed in v2.",
        "`DELETE /v1/runz/{id}`: it is gone.",
        "| `DELETE /v1/runz/{id}` | discontinued |",
        "| `DELETE /v1/runz/{id}` | removed in v2 |",
        "`PUT /v1/runz/{id}`: replaced by `/v1/runs`.",
        "`DELETE /v1/runz/{id}` (deleted last year)",
        "There used to be a `GET /v1/runz/{id}`.",
    ],
)
def test_endpoint_that_is_said_not_to_be_there_is_unknown(sentence: str) -> None:
    judged = check_skill(f"{FRONT}{sentence}\n")
    assert contradictions(judged) == ()
    assert [each.standing for each in judged if "runz" in str(each.claim.says)] == [Standing.UNKNOWN]


@pytest.mark.parametrize(
    "sentence",
    [
        "Use `GET /v1/runz/{id}` instead of a loop.",
        "It is not slow: `GET /v1/runz/{id}` answers at once.",
        "`GET /v1/runz/{id}` does not wait.",
        "“GET /v1/runz/{id}”",
        "The call that made it was `POST /v1/runz`.",
        "Never `DELETE /v1/runz/{id}` twice.",
        "Cancel: not `POST /v1/runs/{id}/stop` in bulk.",
        "`GET /v1/runz/{id}` does not exist before the run is created.",
        "`GET /v1/runz/{id}` was renamed in the SDK to read_run.",
        "`GET /v1/runz/{id}` no longer needs a key.",
        "There is no `GET /v1/runs/{id}/stop`, only `GET /v1/runs/{id}/sto`.",
        "There is no `/v1/runz/{id}`, so poll `/v1/runz` instead.",
        "There is no `DELETE /v1/runz`, but `GET /v1/runz`.",
        "`GET /v1/runz/{id}` was removed from the rate limit last year.",
        "`GET /v1/runz/{id}` returns runs that were removed last year.",
        "`GET /v1/runz/{id}` is not available to free accounts.",
        "`GET /v1/runz/{id}` has been there since 2025.",
        "`GET /v1/runz/{id}` was shut down for an hour last year.",
        "`GET /v1/runz/{id}`: deleted runs are not shown.",
        "| DELETE /v1/runz/{id} | deleted |",
        "| `DELETE /v1/runz/{id}` | removed |",
        "`DELETE /v1/runz/{id}`: deleted.",
        "Call `DELETE /v1/runz/{id}` (deleted: 204).",
        "Call `DELETE /v1/runz/{id}` — removed.",
        "`PUT /v1/runz/{id}`: replaced.",
        "`GET /v1/runz/{id}` was never removed.",
        "`GET /v1/runz/{id}` was removed and then added again.",
    ],
)
def test_endpoint_beside_another_denial_is_contradicted(sentence: str) -> None:
    assert [line for line, _ in found(f"{FRONT}{sentence}\n")] == [7]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("a '\"$'\"$COST\"'\"'\n", ["a", '"$$COST"']),
        (r"a $'\u00e9\x41\xc3\xa9\101\n\'\\\z\U0001f389'" + "\n", ["a", "éAéA\n'\\\\z🎉"]),
        (r"a $'\Uffffffff\ud800'" + "\n", ["a", r"\Uffffffff?"]),
        ("a 'b ^\n c' 'd \\\n e'\n", ["a", "b ^\n c", "d \\\n e"]),
        ('a "b \\\nc" \\\n d\n', ["a", "b c", "d"]),
        ("a \\' b ^\n c '\n'\n", ["a", "'", "b", "c", "\n"]),
    ],
    ids=[
        "dollar at the end of quotes",
        "escapes",
        "no characters",
        "ends of lines in quotes",
        "a line that goes on in quotes",
        "no quotes",
    ],
)
def test_words_of_a_command_are_those_of_its_shell(command: str, words: list[str]) -> None:
    assert read_command(command, 0).words == words


def test_quotes_of_print_are_no_part_of_a_path() -> None:
    judged = check_skill(f"{FRONT}“GET /v1/models”, ‘GET /v1/models’ and «GET /v1/models».\n")  # noqa: RUF001 - as people write
    assert [(str(each.claim.says), each.standing) for each in judged] == [("GET /v1/models", Standing.HELD)] * 3

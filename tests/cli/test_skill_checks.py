import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from blocks import texts_of
from commands import ROOT, Told, call
from shelves import shelf
from skill_texts import GOOD, PLANTS, planted

from runflow_mock.kit.pins.digests import digest_of
from runflow_mock.kit.pins.files import packaged_lock, read_lock
from runflow_mock.runtime.certificates import ca_file
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.skills import load_skill
from runflow_mock.testing.server import RunningServer, serve
from runflow_mock.wire.skills import SKILLS_SCHEMA

pytest_plugins = ["pytester"]

AGENTS = ".agents/skills/runflow/SKILL.md"
CLAUDE = ".claude/skills/runflow/SKILL.md"
OWN = load_skill(None).body
BODY = GOOD.encode()
WRONG, WRONG_LINE = planted(PLANTS["path"])
INDEX = "/.well-known/agent-skills/index.json"
SERVED = "/.well-known/agent-skills/runflow/SKILL.md"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own, in which the command line stands, and a home without anything in it."""
    for name in ("home", "project"):
        (tmp_path / name).mkdir()
    (tmp_path / "project" / ".git").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def put(file: Path, body: bytes = BODY) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body)
    return file


def pinned(project: Path, body: bytes = BODY) -> Path:
    """A project in which these bytes are pinned."""
    told = call("skill", "pin", str(put(project / "pinned.md", body)), "--reason", "reviewed")
    assert told.code == 0, told.err
    return project


def verify(*arguments: str) -> Told:
    return call("skill", "verify", *arguments)


def compared(*arguments: str, code: int = 0) -> dict[str, Any]:
    """What the command tells programs."""
    told = verify("--json", *arguments)
    assert told.code == code, told
    found: dict[str, Any] = json.loads(told.out)
    assert found["exit_code"] == code
    return found


@pytest.mark.slow(is_covering=True)
def test_installed_copies_are_found_from_below_and_in_the_home(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pinned(project)
    files = [put(project / AGENTS), put(project / CLAUDE), put(project.parent / "home" / CLAUDE)]
    put(project / "src" / "deep" / "x")
    monkeypatch.chdir(project / "src" / "deep")
    assert [copy["place"] for copy in compared()["copies"]] == [str(file) for file in files]


@pytest.mark.slow(is_covering=True)
def test_equal_bytes_are_told_with_their_pin(project: Path) -> None:
    pinned(project)
    put(project / AGENTS)
    told = verify()
    assert told.code == 0
    assert told.out.startswith(f"{project / AGENTS}: equal to the pin of ")
    assert " 0 contradicted, " in told.out


@pytest.mark.slow(is_covering=True)
def test_pin_that_ships_is_the_default_and_says_what_it_is(project: Path) -> None:
    told = verify(str(put(project / "SKILL.md")))
    assert told.code == 1
    assert "SKILL.md: not the pinned bytes; look at what changed, then pin it on purpose: runflow-mock skill pin" in told.out
    pin = packaged_lock().pins["skill"]
    assert (
        f"pinned: {pin.digest}, 5429 bytes, captured copy, not compared with the live host, 2026-11-22, in the lock that ships" in told.out
    )
    assert f"here:   {digest_of(BODY)}, {len(BODY)} bytes" in told.out


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    ("body", "difference"),
    [
        (BODY.replace(b"\n", b"\r\n"), "CRLF line endings"),
        (b"\xef\xbb\xbf" + BODY, "a byte order mark (BOM)"),
        (BODY + b"\n", "more than one newline at the end"),
        (BODY[:-1], "a missing newline at the end"),
    ],
)
def test_change_by_a_program_is_named_as_such(project: Path, body: bytes, difference: str) -> None:
    pinned(project)
    told = verify(str(put(project / "SKILL.md", body)))
    assert told.code == 1
    assert f"SKILL.md: equal but for {difference}\n" in told.out


@pytest.mark.slow(is_covering=True)
def test_mismatch_comes_with_what_is_contradicted_and_its_line(project: Path) -> None:
    pinned(project)
    told = verify(str(put(project / "SKILL.md", WRONG.encode())))
    assert told.code == 1
    assert f"line {WRONG_LINE}: contradicted: GET /v1/jobs/{{id}} (the document has no path /v1/jobs/{{id}}; the nearest is " in told.out
    assert "    Poll `GET /v1/jobs/{id}` until" in told.out


@pytest.mark.slow(is_covering=True)
def test_pinned_bytes_are_enough_whatever_they_say(project: Path) -> None:
    pinned(project, WRONG.encode())
    (copy,) = compared(str(put(project / "SKILL.md", WRONG.encode())))["copies"]
    assert (copy["matches"], [(each["line"], each["claim"]) for each in copy["contradictions"]]) == (
        True,
        [(WRONG_LINE, "GET /v1/jobs/{id}")],
    )


@pytest.mark.slow(is_covering=True)
def test_one_changed_copy_of_several_is_enough(project: Path) -> None:
    pinned(project)
    put(project / AGENTS)
    put(project / CLAUDE, BODY + b"more\n")
    assert [copy["matches"] for copy in compared(code=1)["copies"]] == [True, False]


@pytest.mark.slow(is_covering=True)
def test_own_skill_is_recognised(project: Path) -> None:
    call("skill", "install", "--sandbox")
    told = verify()
    assert (told.code, told.out.count("runflow-mock's own sandbox skill, unchanged; not the one that Runflow publishes")) == (0, 2)
    assert all(copy["sandbox"] for copy in compared()["copies"])


@pytest.mark.slow(is_covering=True)
def test_own_skill_is_not_what_somebody_else_has_pinned(project: Path) -> None:
    pinned(project)
    put(project / AGENTS, OWN)
    (copy,) = compared(code=1)["copies"]
    assert (copy["sandbox"], copy["matches"]) == (True, False)


@pytest.mark.slow(is_covering=True)
def test_own_skill_that_was_changed_is_recognised(project: Path) -> None:
    turned = verify(str(put(project / "a.md", OWN.replace(b"\n", b"\r\n"))))
    assert (turned.code, "own sandbox skill, equal but for CRLF line endings" in turned.out) == (1, True)
    older = verify(str(put(project / "b.md", OWN + b"An older sentence.\n")))
    assert (older.code, "another version of runflow-mock's own sandbox skill; runflow-mock skill install" in older.out) == (1, True)


@pytest.mark.slow(is_covering=True)
def test_folder_is_searched_for_copies(project: Path) -> None:
    pinned(project)
    files = [put(project / "other" / path) for path in (AGENTS, "runflow/SKILL.md", "SKILL.md")]
    assert [copy["place"] for copy in compared(str(project / "other"))["copies"]] == [str(file) for file in files]


@pytest.mark.parametrize("arguments", [(), (".",)])
def test_nothing_to_compare_is_no_success(project: Path, arguments: tuple[str, ...]) -> None:
    told = verify(*arguments)
    assert (told.code, told.err) == (3, "runflow-mock: no copy of the skill was found; give the path or the address of one\n")


def test_path_that_is_not_there_is_wrong_usage(project: Path) -> None:
    told = verify("absent.md")
    assert told.code == 2
    assert "absent.md cannot be read: No such file or directory" in told.err


def test_file_that_is_far_too_big_is_no_skill(project: Path) -> None:
    told = verify(str(put(project / "big.md", b"x" * (1024 * 1024 + 1))))
    assert (told.code, "big.md cannot be read: it has more than 1048576 bytes" in told.err) == (2, True)


def test_lock_that_is_broken_is_told(project: Path) -> None:
    put(project / "runflow.lock", b"{")
    told = verify(str(put(project / "SKILL.md")))
    assert told.code == 2
    assert "runflow.lock is no lock" in told.err


def test_document_of_the_user_judges_what_the_text_says(project: Path) -> None:
    document = {"openapi": "3.1.0", "paths": {"/v1/jobs/{id}": {"get": {"responses": {"200": {"description": "a job"}}}}}}
    put(project / "openapi.json", json.dumps(document).encode())
    (copy,) = compared(str(put(project / "SKILL.md", b"`GET /v1/jobs/{id}`")), "--openapi", "openapi.json", code=1)["copies"]
    assert (copy["claims"]["held"], copy["contradictions"]) == (1, [])


@pytest.mark.slow(is_covering=True)
def test_copy_at_an_address_is_downloaded(project: Path) -> None:
    pinned(project)
    with shelf({"/SKILL.md": BODY, "/moved": "/SKILL.md", "/other": BODY + b"x"}) as url:
        assert compared(f"{url}/SKILL.md")["copies"][0]["place"] == f"{url}/SKILL.md"
        assert compared(f"{url}/moved")["copies"][0]["matches"]
        assert not compared(f"{url}/other", code=1)["copies"][0]["matches"]


def test_address_where_nothing_usable_answers_has_a_code_of_its_own(project: Path) -> None:
    with shelf({"/round": "/round", "/big": b"x" * (1024 * 1024 + 1)}) as url:
        for path, why in (("/absent", "answers 404"), ("/round", "redirects more than 5 times"), ("/big", "has more than 1048576 bytes")):
            told = verify(f"{url}{path}")
            assert (told.code, f"{url}{path} {why}" in told.err) == (4, True), told
    told = verify(f"{url}/SKILL.md")
    assert (told.code, told.err.startswith(f"runflow-mock: {url}/SKILL.md does not answer: ")) == (4, True)


def entry(**fields: Any) -> dict[str, Any]:
    return {"name": "runflow", "type": "skill-md", "description": "d", "url": "runflow/SKILL.md", "digest": digest_of(BODY), **fields}


def index(*entries: Any, schema: str | None = SKILLS_SCHEMA) -> bytes:
    return json.dumps({**({} if schema is None else {"$schema": schema}), "skills": entries}).encode()


def verify_index(body: bytes, code: int = 0) -> dict[str, Any]:
    pages = {INDEX: body, SERVED: BODY, "/other.md": b"another skill", "/all.zip": b"PK"}
    with shelf(pages) as url:
        return compared(f"{url}{INDEX}", code=code)


@pytest.mark.slow(is_covering=True)
def test_digests_of_an_index_are_checked_against_the_bytes(project: Path) -> None:
    pinned(project)
    assert verify_index(index(entry()))["copies"][0]["matches"]
    (copy,) = verify_index(index(entry(digest=digest_of(b"x"))), code=1)["copies"]
    assert copy["says"] == f"not what its index says, {digest_of(b'x')}"


@pytest.mark.slow(is_covering=True)
def test_skill_of_another_name_and_archive_are_compared_with_the_index_alone(project: Path) -> None:
    pinned(project)
    other = entry(name="other", url="/other.md", digest=digest_of(b"another skill"))
    archive = entry(name="all", type="archive", url="/all.zip", digest=digest_of(b"PK"))
    copies = verify_index(index(other, archive, entry()))["copies"]
    assert [copy["says"] for copy in copies[:2]] == ["as its index says; no pin is about it"] * 2
    with shelf({INDEX: index(other), "/other.md": b"another skill"}) as url:
        assert verify(f"{url}{INDEX}").out == f"{url}/other.md: as its index says; no pin is about it\n"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (index(entry(), schema=None), "has no $schema and is not processed; known is "),
        (index(entry(), schema="https://example.com/9.9"), "has the $schema 'https://example.com/9.9' and is not processed"),
        (index(entry(type="plugin")), "skill 'runflow' of {url} is skipped: its type 'plugin' is none of skill-md, archive"),
        (index({"name": "runflow"}), "skill 0 of {url} is skipped: Object missing required field `type`"),
    ],
)
def test_what_cannot_be_used_of_an_index_is_told_and_skipped(project: Path, body: bytes, told: str) -> None:
    found = verify_index(body, code=3)
    (warning,) = found["warnings"]
    assert told.replace("{url}", "") in warning or told.partition("{url}")[2] in warning
    assert found["copies"] == []


def test_warnings_are_told_to_people_too(project: Path) -> None:
    with shelf({INDEX: index(entry(), schema=None)}) as url:
        told = verify(f"{url}{INDEX}")
    assert told.code == 3
    assert told.err.startswith(f"warning: {url}{INDEX} has no $schema and is not processed")


def test_digest_that_no_bytes_can_have_is_a_mismatch(project: Path) -> None:
    pinned(project)
    found = verify_index(index(entry(digest="sha256:ABC")), code=1)
    assert "the digest 'sha256:ABC' is none that bytes can have" in found["warnings"][0]


@pytest.fixture(scope="module")
def server(state: Path) -> Iterator[RunningServer]:
    with serve(Config(port=0, tls_port=0, state=state)) as running:
        yield running


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_sandbox_serves_its_own_skill_as_its_index_says(project: Path, server: RunningServer, state: Path, scheme: str) -> None:
    url = str({"http": server.url, "https": server.tls_url}[scheme])
    (copy,) = compared(f"{url}{INDEX}", "--state", str(state))["copies"]
    assert (copy["place"], copy["sandbox"], copy["contradictions"]) == (f"{url}{SERVED}", True, [])


@pytest.mark.slow(is_covering=True)
def test_https_without_the_authority_is_not_trusted(project: Path, server: RunningServer) -> None:
    told = verify(f"{server.tls_url}{INDEX}", "--state", str(project))
    assert (told.code, "certificate verify failed" in told.err) == (4, True)


def test_local_authority_that_vouches_for_nobody_is_told_as_what_it_is(project: Path, server: RunningServer, tmp_path: Path) -> None:
    for content, why in ((b"", "NO_CERTIFICATE_OR_CRL_FOUND"), (b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n", "")):
        ca_file(tmp_path).parent.mkdir(exist_ok=True)
        ca_file(tmp_path).write_bytes(content)
        told = verify(f"{server.tls_url}{INDEX}", "--state", str(tmp_path))
        assert (told.code, "cannot be read" in told.err, "remove it" in told.err, why in told.err) == (4, True, True, True)


@pytest.mark.slow(is_covering=True)
def test_pin_is_written_at_the_root_of_the_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(project / AGENTS)
    put(project / "src" / "x")
    monkeypatch.chdir(project / "src")
    told = call("skill", "pin", "--reason", "reviewed by two", "--json")
    assert json.loads(told.out) == {
        "lock": str(project / "runflow.lock"), "name": "skill", "url": AGENTS, "bytes": len(BODY), "digest": digest_of(BODY),
    }  # fmt: skip
    pin = read_lock(project / "runflow.lock").pins["skill"]
    assert (pin.reason, pin.source, pin.digest) == ("reviewed by two", "file", digest_of(BODY))
    assert verify().code == 0


def test_what_is_downloaded_is_pinned_by_its_address(project: Path) -> None:
    with shelf({"/SKILL.md": BODY}) as url:
        told = call("skill", "pin", f"{url}/SKILL.md", "--reason", "new version")
    assert told.out == f"pinned {url}/SKILL.md in {project / 'runflow.lock'}: {digest_of(BODY)}, {len(BODY)} bytes\n"
    assert read_lock(project / "runflow.lock").pins["skill"].source == "downloaded"


def test_file_beyond_the_project_is_pinned_by_its_whole_path(project: Path) -> None:
    file = put(project.parent / "elsewhere.md")
    call("skill", "pin", str(file), "--reason", "r")
    assert read_lock(project / "runflow.lock").pins["skill"].url == file.as_posix()


def test_reason_has_to_be_given(project: Path) -> None:
    told = call("skill", "pin", str(put(project / "SKILL.md")))
    assert (told.code, "Missing option '--reason'" in told.err) == (2, True)


def test_which_of_two_copies_to_pin_has_to_be_said(project: Path) -> None:
    put(project / AGENTS)
    put(project / CLAUDE, WRONG.encode())
    told = call("skill", "pin", "--reason", "r")
    assert (told.code, "these copies differ: " in told.err) == (2, True)
    assert not (project / "runflow.lock").exists()


def test_nothing_to_pin_is_told(project: Path) -> None:
    told = call("skill", "pin", "--reason", "r")
    assert (told.code, "no copy of the skill was found" in told.err) == (3, True)


@pytest.mark.slow(is_covering=True)
def test_every_claim_is_listed_with_what_came_of_it(project: Path) -> None:
    told = call("skill", "check", str(put(project / "SKILL.md", WRONG.encode())))
    assert told.code == 1
    assert "line 9: held: https://www.runflow.io/api (the sandbox answers 200)" in told.out
    assert f"line {WRONG_LINE}: contradicted: GET /v1/jobs/{{id}} (" in told.out
    assert told.out.rstrip().splitlines()[-1].strip().endswith(" unknown")


@pytest.mark.slow(is_covering=True)
def test_claims_are_told_to_programs(project: Path) -> None:
    told = call("skill", "check", str(put(project / "SKILL.md")), "--json")
    (copy,) = json.loads(told.out)["copies"]
    first = copy["claims"][0]
    assert (told.code, first.pop("sentence").startswith("Finished workflows are listed at https://www.runflow.io/api, and")) == (0, True)
    assert first == {
        "line": 9, "kind": "endpoint", "claim": "https://www.runflow.io/api", "standing": "held", "reason": "the sandbox answers 200",
    }  # fmt: skip


def test_text_that_says_nothing_is_no_success(project: Path) -> None:
    assert call("skill", "check", str(put(project / "SKILL.md", b"# Title\n"))).code == 3


PAGE = ROOT / "docs" / "pins.md"


@pytest.mark.slow(is_covering=True)
def test_commands_that_the_page_shows_work(project: Path) -> None:
    put(project / AGENTS)
    shown = re.findall(r"^runflow-mock (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    # The first compares with the pin that ships, before this text is pinned.
    assert [call(*shlex.split(line)).code for line in shown] == [1, 0, 0]
    assert verify().code == 0


@pytest.mark.slow
def test_snippet_that_the_page_shows_is_a_test(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    (snippet,) = texts_of(PAGE, "python")
    pytester.makepyfile(snippet)
    put(pytester.path / AGENTS, OWN)
    monkeypatch.chdir(pytester.path)
    arguments = ("-pno:asyncio", "-pno:randomly", "-pno:xdist")
    pytester.runpytest_inprocess(*arguments).assert_outcomes(passed=1)
    put(pytester.path / AGENTS, OWN + b"more")
    pytester.runpytest_inprocess(*arguments).assert_outcomes(failed=1)

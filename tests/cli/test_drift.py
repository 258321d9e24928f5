"""`runflow-mock drift`, as a user calls it in a project of their own."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from commands import call
from contract import DOCUMENT as CONTRACT
from doors import MANUAL
from foreign import OWN
from msgspec.structs import replace
from worlds import catalog

from runflow_mock.kit.drift.drifts import CHANGES
from runflow_mock.testing.server import RunningServer, serve


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serve(replace(MANUAL, port=0), catalog=catalog()) as running:
        yield running


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without a pin."""
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath(".git").mkdir()
    return tmp_path


def ours() -> Any:
    return json.loads(CONTRACT.read_text())


def with_new_status(document: Any) -> Any:
    document["components"]["schemas"]["RunStatus"]["enum"].append("resting")
    return document


def with_gift(document: Any) -> Any:
    document["components"]["schemas"]["ModelRunCreate"]["properties"]["gift"] = {"type": "boolean"}
    return document


def without_cost(document: Any) -> Any:
    document["components"]["schemas"]["Run"]["required"] = ["weather"]
    return document


def write(name: str, document: Any) -> str:
    Path(name).write_text(json.dumps(document))
    return name


def drift(*arguments: str, play: str = "--no-play") -> tuple[int, Any]:
    told = call("drift", "--json", play, *arguments)
    assert told.err == ""
    return told.code, json.loads(told.out)


@pytest.mark.slow(is_covering=True)
def test_same_document_has_not_moved() -> None:
    told = call("drift", "--against", str(CONTRACT))
    assert (told.code, told.out.splitlines()[-1]) == (0, "nothing moved: both are the same")
    assert "a reconstruction, not compared with the live one" in told.out


@pytest.mark.slow(is_covering=True)
def test_other_texts_have_not_moved_anything_for_clients() -> None:
    document = ours()
    document["info"]["description"] = "Something else."
    told = call("drift", "--against", write("newer.json", document))
    assert (told.code, told.out.splitlines()[-1].partition(":")[0]) == (0, "nothing moved for clients")


@pytest.mark.slow(is_covering=True)
def test_new_status_is_risky_and_told_once_for_all_operations() -> None:
    told = call("drift", "--against", write("newer.json", with_new_status(ours())))
    assert told.code == 1
    assert "risky    response  GET /v1/runs/{id}" in told.out
    assert '"resting" new [value-added]' in told.out
    assert told.out.splitlines()[-1].startswith("0 breaking, ")


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(("fail_on", "code"), [("breaking", 0), ("risky", 0), ("additive", 1)])
def test_user_says_what_is_bad_enough(fail_on: str, code: int) -> None:
    found, told = drift("--against", write("newer.json", with_gift(ours())), "--fail-on", fail_on)
    assert (found, told["exit_code"]) == (code, code)
    assert {(each["change"], each["where"], each["side"]) for each in told["drifts"]} == {("field-added", "body.gift", "request")}


@pytest.mark.slow(is_covering=True)
def test_answers_of_the_fake_are_held_against_the_newer_document() -> None:
    source = write("own.json", OWN)
    _, told = drift("--against", source, play="--play")
    assert told["answers"] == [{"kind": "answer", "operation": "readRun", "says": ': "weather" is a required property'}]
    assert drift("--against", source)[1]["answers"] == []


@pytest.mark.slow(is_covering=True)
def test_document_of_a_server_is_compared(server: RunningServer) -> None:
    code, told = drift("--against", f"{server.url}/v1/openapi.json")
    assert (code, told["kind"], told["same"]) == (0, "openapi", True)


def test_catalog_of_a_server_is_compared(server: RunningServer) -> None:
    code, told = drift("--against", f"{server.url}/models-catalog.json")
    assert (code, told["kind"], told["drifts"]) == (0, "catalog", [])
    assert "much is inferred" in told["pinned"]


@pytest.mark.parametrize(("path", "says"), [("http://127.0.0.1:9/openapi.json", "does not answer"), ("{}/v1/nothing", "answers 401")])
def test_address_that_does_not_answer_has_an_exit_code_of_its_own(server: RunningServer, path: str, says: str) -> None:
    told = call("drift", "--against", path.format(server.url))
    assert (told.code, says in told.err) == (4, True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "newer.json cannot be read"),
        ('{"swagger": "2.0"}', "newer.json is a document of Swagger 2.0"),
        ('{"a": 1}', "newer.json is neither an OpenAPI document nor a catalog"),
        ("{: oops", "newer.json: it is neither JSON nor YAML: line 1"),
        ('{"models": [{"id": "x"}]}', "newer.json, model {'id': 'x'}: "),
        ('{"openapi": "3.1.0", "paths": {"/x": {"get": {"$ref": "#/gone"}}}}', "newer.json: #/paths/~1x/get: $ref '#/gone' leads nowhere"),
    ],
)
def test_what_cannot_be_compared_is_told(text: str | None, says: str) -> None:
    if text is not None:
        Path("newer.json").write_text(text)
    told = call("drift", "--against", "newer.json")
    assert (told.code, says in told.err) == (2, True), told.err


@pytest.mark.slow(is_covering=True)
def test_report_is_written_for_an_issue() -> None:
    document = with_gift(with_new_status(ours()))
    del document["paths"]["/v1/runs/{id}"], document["paths"]["/v1/batches"]
    assert call("drift", "--against", write("newer.json", document), "--markdown", "drift.md").code == 1
    text = Path("drift.md").read_text()
    assert text.startswith("# Drift of the Runflow API\n\n**")
    assert text.index("## Breaking") < text.index("## Risky") < text.index("## Additive")
    assert "| operation | GET /v1/runs/{id} | its path is gone | `operation-removed` |  |" in text
    assert "our document has it only inferred, so that it may never have been there | `guess-removed` |" in text
    assert len(text) < 65_536


@pytest.mark.slow(is_covering=True)
def test_pin_is_written_on_purpose_and_compared_with_from_then_on(project: Path) -> None:
    older = write("older.json", with_new_status(ours()))
    told = call("drift", "--against", older, "--no-play", "--pin", "--reason", "looked at it")
    assert (told.code, told.out.splitlines()[-1]) == (0, f"pinned in {project / 'runflow.lock'}")
    pin = json.loads((project / "runflow.lock").read_text())["pins"]["openapi"]
    assert (pin["url"], pin["source"], pin["reason"], len(pin["operations"])) == (older, older, "looked at it", 89)
    assert drift("--against", older)[1]["same"] is True
    code, found = drift("--against", write("newer.json", with_gift(with_new_status(ours()))))
    assert (code, found["counts"]["risky"]) == (0, 0)
    assert found["pinned"].startswith("older.json as pinned in ")


@pytest.mark.slow(is_covering=True)
def test_fake_is_told_to_be_like_the_one_or_the_other() -> None:
    call("drift", "--against", write("older.json", with_new_status(ours())), "--pin", "--no-play")
    document = without_cost(ours())
    del document["paths"]["/v1/batches"]["get"]
    _, found = drift("--against", write("newer.json", document))
    told = {(each["change"], each["where"].rpartition(".")[2]): each["fake"] for each in found["drifts"]}
    assert told["value-removed", "status_code"] == "as the newer"
    assert told["field-added-required", "weather"] == "as pinned"
    assert told["guess-removed", ""] == "as pinned"


@pytest.mark.slow(is_covering=True)
def test_pin_of_an_address_keeps_a_copy(server: RunningServer, project: Path) -> None:
    call("drift", "--against", f"{server.url}/v1/openapi.json", "--pin", "--no-play")
    call("drift", "--against", f"{server.url}/models-catalog.json", "--pin", "--no-play")
    pins = json.loads((project / "runflow.lock").read_text())["pins"]
    assert {name: pin["url"] for name, pin in pins.items()} == {"openapi": "runflow.openapi.json", "catalog": "runflow.catalog.json"}
    assert (project / "runflow.openapi.json").read_bytes() == CONTRACT.read_bytes()
    listed = json.loads((project / "runflow.catalog.json").read_text())
    listed[0]["active"] = not listed[0]["active"]
    code, found = drift("--against", write("newer.json", listed))
    assert (code, [each["change"] for each in found["drifts"]]) in [(1, ["model-deactivated"]), (0, ["model-activated"])]


@pytest.mark.slow(is_covering=True)
def test_copy_that_is_not_what_was_pinned_is_refused(project: Path) -> None:
    call("drift", "--against", write("older.json", ours()), "--pin", "--no-play")
    write("older.json", with_gift(ours()))
    told = call("drift", "--against", write("newer.json", with_new_status(ours())))
    assert (told.code, "older.json is not what " in told.err) == (2, True)


@pytest.mark.slow(is_covering=True)
def test_without_a_copy_the_digests_name_the_operations(project: Path) -> None:
    call("drift", "--against", write("older.json", ours()), "--pin", "--no-play")
    lock = json.loads((project / "runflow.lock").read_text())
    lock["pins"]["openapi"]["url"] = "https://api.example.com/openapi.json"
    (project / "runflow.lock").write_text(json.dumps(lock))
    document = deepcopy(ours())
    del document["paths"]["/v1/health"]
    code, found = drift("--against", write("newer.json", with_gift(document)))
    told = {(each["subject"], each["change"]) for each in found["drifts"]}
    assert code == 1
    assert told >= {("get_health", "operation-removed"), ("create_run", "operation-changed")}
    assert ("list_runs", "operation-changed") not in told


@pytest.mark.slow(is_covering=True)
def test_lock_that_is_none_is_told(project: Path) -> None:
    (project / "runflow.lock").write_text("{")
    told = call("drift", "--against", write("newer.json", with_gift(ours())))
    assert (told.code, "runflow.lock is no lock" in told.err) == (2, True)


def test_every_change_has_a_meaning() -> None:
    assert all(change.meaning for change in CHANGES.values())

"""A user's own document on the command line: what is wrong is told in one line each, and nothing ends in a traceback."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from documents import PLAIN

from runflow_mock.cli import main
from runflow_mock.openapi.references import SourceError
from runflow_mock.runtime.foreign_documents import Folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """The exit code of a command, and what it wrote."""
    try:
        main(arguments)
    except SystemExit as ended:
        code = ended.code
    told = capsys.readouterr()
    return (code if isinstance(code, int) else 0), told.out, told.err


def write(document: Any, name: str = "own.json") -> str:
    Path(name).write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return name


GET: dict[str, Any] = {"operationId": "list_models", "responses": {"200": {"description": "Well."}}}
COMMANDS = (("contract", "check"), ("drift", "--no-play", "--against"), ("serve", "--port", "0", "--openapi"))

UNUSABLE = {
    "swagger": ('{"swagger": "2.0", "paths": {}}', "own.json is a document of Swagger 2.0"),
    "nested": ("[" * 3_000, "own.json: it is nested deeper than 200 levels"),
    "deep schema": ('{"openapi": "3.1.0", "paths": {"/x": ' + '{"a": ' * 3_000 + "1" + "}" * 3_000 + "}}", "own.json: it is nested deeper"),
    "itself": ("openapi: 3.1.0\npaths: &g {x-self: *g}", "own.json: line 2, column 20: *g leads to itself"),
    "aliases": (
        "\n".join(["a: &a0 [1,1,1,1,1,1,1,1,1]"] + [f"b{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]),
        "own.json: line",
    ),
    "neither": ("{", "own.json: it is neither JSON nor YAML: line"),
    "text": ("hello", "own.json is "),
    "binary": ("\x00\x01", "own.json: it is neither JSON nor YAML"),
    "no paths": ('{"openapi": "3.1.0"}', "own.json declares no paths"),
    "alone elsewhere": (
        '{"openapi": "3.1.0", "paths": {"/v1/models": {"get": {"$ref": "ops.yaml"}}}}',
        "own.json: #/paths/~1v1~1models/get: $ref 'ops.yaml': ops.yaml cannot be read: No such file or directory",
    ),
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("case", UNUSABLE)
def test_document_that_cannot_be_used_is_told_in_one_line(case: str, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    text, says = UNUSABLE[case]
    code, out, err = ran(capsys, *command, write(text))
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(f"runflow-mock: {says}")


@pytest.mark.slow(is_covering=True)
def test_files_beside_the_document_are_read_and_no_others(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "secret.yaml"
    (inside / "parts").mkdir(parents=True)
    outside.write_text("operationId: stolen\n")
    (inside / "link.yaml").symlink_to(outside)
    (inside / "parts" / "ops.yaml").write_text("list: {responses: {200: {$ref: '../answers.yaml#/ok'}}}\n")
    (inside / "answers.yaml").write_text("ok: {description: Well.}\n")
    elsewhere = {
        "/a": "../secret.yaml",
        "/b": "link.yaml",
        "/c": str(outside),
        "/d": "https://x.example/y.yaml",
        "/e": "//x.example/y.yaml",
        "/f": "http://[::1/y.yaml",
        "/g": "//[x",
    }
    paths = {path: {"get": {"$ref": reference}} for path, reference in elsewhere.items()}
    paths["/v1/models"] = {"get": {"$ref": "parts/ops.yaml#/list"}}
    (inside / "own.json").write_text(json.dumps({"openapi": "3.1.0", "paths": paths}))
    _, out, err = ran(capsys, "contract", "check", "--json", "inside/own.json")
    told = json.loads(out)["problems"]
    assert [line.split(": ")[1] for line in told] == [f"#/paths/~1{path[1:]}/get" for path in elsewhere]
    assert [("outside the folder" in line, "at an address" in line) for line in told] == [(True, False)] * 3 + [(False, True)] * 4
    assert len(err.splitlines()) == len(told)
    assert "stolen" not in out + err


@pytest.mark.skipif(sys.platform == "win32", reason="has no such files")
def test_pipe_beside_the_document_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ops.yaml")
    with pytest.raises(SourceError, match=r"^ops.yaml cannot be read: it is a pipe or a device$"):
        Folder(tmp_path / "own.json").read("ops.yaml")


@pytest.mark.skipif(sys.platform == "win32", reason="makes no links for everybody")
def test_link_that_leads_to_itself_or_out_to_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "ring.yaml").symlink_to("ring.yaml")
    (tmp_path / "nowhere.yaml").symlink_to(tmp_path.parent / "nothing.yaml")
    folder = Folder(tmp_path / "own.json")
    with pytest.raises(SourceError, match=r"^ring.yaml cannot be read: "):
        folder.read("ring.yaml")
    for name in ("nowhere.yaml", "../nothing.yaml"):
        with pytest.raises(SourceError, match=r"^it is outside the folder of the document; "):
            folder.read(name)


@pytest.mark.slow(is_covering=True)
def test_document_to_which_a_file_refers_back_is_read_once(capsys: pytest.CaptureFixture[str]) -> None:
    Path("more").mkdir()
    write({"List": {"items": {"$ref": "../own.json#/components/schemas/Run"}}}, "more/lists.json")
    body = {"description": "Well.", "content": {"application/json": {"schema": {"$ref": "more/lists.json#/List"}}}}
    document = {"openapi": "3.1.0", "info": {}, "paths": {"/x": {"get": {"responses": {"200": body}}}}}
    own = write({**document, "components": {"schemas": {"Run": {"pattern": "("}}}})
    _, _, err = ran(capsys, "contract", "check", own)
    assert [line for line in err.splitlines() if "pattern" in line] == [
        "runflow-mock: own.json: #/components/schemas/Run/pattern: pattern '(' is no regular expression that is understood"
    ]


@pytest.mark.slow(is_covering=True)
def test_name_that_comes_twice_is_told_with_its_file_and_the_rest_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    write("get: {responses: {200: {description: Well.}}}\nget: {responses: {201: {description: Well.}}}\n", "item.yaml")
    write("openapi: 3.1.0\npaths:\n  /v1/models: {$ref: item.yaml}\n  /v1/runs: {}\n  /v1/runs: {get: {}}\n", "own.yaml")
    _, out, err = ran(capsys, "contract", "check", "own.yaml")
    assert "/v1/runs" in out
    assert err.splitlines() == [
        "runflow-mock: own.yaml: line 5, column 3: '/v1/runs' comes twice in one object; the last one counts",
        "runflow-mock: item.yaml: line 2, column 1: 'get' comes twice in one object; the last one counts",
    ]


@pytest.mark.slow(is_covering=True)
def test_what_is_not_understood_is_told_and_the_rest_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    odd = {"type": "number", "minimum": 0, "exclusiveMinimum": True}
    operation = {**GET, "parameters": [{"name": "p", "in": "query", "schema": odd}]}
    code, out, err = ran(capsys, "contract", "check", write({"openapi": "3.1.0", "paths": {"/v1/models": {"get": operation}}}))
    assert code == 1
    assert "not in the document: GET /v1/runs" in out
    assert err.splitlines() == [
        "runflow-mock: own.json: #/paths/~1v1~1models/get/parameters/0/schema/exclusiveMinimum: "
        'exclusiveMinimum is not understood: true is not of type "number"'
    ]


@pytest.mark.slow(is_covering=True)
def test_operation_that_cannot_be_read_has_not_moved(capsys: pytest.CaptureFixture[str]) -> None:
    """It is neither gone nor empty: nobody knows, and that is said."""
    ours = json.loads((Path(__file__).parents[2] / "contracts" / "openapi.json").read_text())
    ours["paths"]["/v1/health"]["get"] = {"$ref": "ops.yaml"}
    ours["paths"]["/v1/runs/{id}"] = {"$ref": "gone.yaml"}
    code, out, _ = ran(capsys, "drift", "--no-play", "--json", "--against", write(ours))
    told = json.loads(out)
    assert (code, told["drifts"]) == (0, [])
    assert [note.split(": ")[1] for note in told["notes"]] == ["#/paths/~1v1~1health/get", "#/paths/~1v1~1runs~1{id}"]


def split(extra: str = "") -> str:
    """The small document in two files."""
    whole = json.loads(json.dumps(PLAIN))
    write({"schemas": {**whole["components"].pop("schemas")}}, "schemas.json")
    text = json.dumps(whole).replace("#/components/schemas/", "schemas.json#/schemas/")
    Path("schemas.json").write_text(Path("schemas.json").read_text().replace("#/components/schemas/", "#/schemas/") + extra)
    return write(text)


def test_document_in_several_files_is_compared_and_pinned_as_a_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(capsys, "drift", "--no-play", "--pin", "--against", split())[0] == 0
    code, out, err = ran(capsys, "drift", "--no-play", "--against", "own.json")
    assert (code, err, out.splitlines()[-1]) == (0, "", "nothing moved: both are the same")
    schemas = json.loads(Path("schemas.json").read_text())
    schemas["schemas"]["Order"]["required"].append("note")
    write(schemas, "schemas.json")
    code, out, _ = ran(capsys, "drift", "--no-play", "--fail-on", "additive", "--against", "own.json")
    assert (code, "field-required" in out) == (1, True)


def test_split_document_is_the_same_as_the_whole_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(capsys, "drift", "--no-play", "--pin", "--against", write(PLAIN, "whole.json"))[0] == 0
    assert ran(capsys, "drift", "--no-play", "--json", "--against", split())[0] == 0


def test_large_document_says_that_it_is_being_read(capsys: pytest.CaptureFixture[str]) -> None:
    document = {"openapi": "3.1.0", "info": {"description": "x" * 900_000}, "paths": {"/v1/models": {"get": GET}}}
    _, _, err = ran(capsys, "drift", "--no-play", "--against", write(document))
    assert err.splitlines() == ["runflow-mock: own.json: reading 0.9 MB; this can take some seconds"]

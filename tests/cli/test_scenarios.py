import json
from pathlib import Path

import httpx
import pytest
from commands import sandbox
from doors import Door
from steps import finished_run, ok

from runflow_mock.cli import main
from runflow_mock.runtime.scenarios import scenario_names

GOOD = "name: mine\nfaults:\n  - what: {kind: fail}\n"
BAD = "name: mine\nfaults:\n  - what: {kind: explode}\n"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of `runflow-mock scenarios`."""
    with pytest.raises(SystemExit) as stopped:
        main(["scenarios", *arguments])
    out, err = capsys.readouterr()
    assert isinstance(stopped.value.code, int)
    return stopped.value.code, out, err


@pytest.mark.slow(is_covering=True)
def test_list_names_every_scenario_with_its_beginning(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "list")
    assert (code, [line.split()[0] for line in out.splitlines()]) == (0, list(scenario_names()))
    assert all(line.endswith(".") for line in out.splitlines())
    listed = json.loads(run(capsys, "list", "--json")[1])
    assert [each["name"] for each in listed] == list(scenario_names())


def test_show_gives_the_file_or_its_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD)
    assert run(capsys, "show", str(file)) == (0, GOOD, "")
    assert json.loads(run(capsys, "show", "happy-path", "--json")[1])["name"] == "happy-path"


def test_unknown_scenario_is_told_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "show", "sad-path")
    assert code == 2
    assert all(name in err for name in ("sad-path", *scenario_names()))


def test_files_are_checked_and_each_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    good, bad, absent = tmp_path / "good.yaml", tmp_path / "bad.yaml", tmp_path / "absent.yaml"
    good.write_text(GOOD)
    bad.write_text(BAD)
    assert run(capsys, "validate", str(good)) == (0, f"{good}: good\n", "")
    code, out, err = run(capsys, "validate", str(good), str(bad), str(absent))
    assert (code, out) == (2, f"{good}: good\n")
    assert f"{bad}:3:12: faults[0].what.kind 'explode' does not exist" in err
    assert f"{absent} cannot be read" in err


def test_check_is_told_as_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_bytes(b"\xff")
    (told,) = json.loads(run(capsys, "validate", str(file), "--json")[1])
    assert (told["file"], told["good"], told["line"]) == (str(file), False, None)
    file.write_text(BAD)
    (told,) = json.loads(run(capsys, "validate", str(file), "--json")[1])
    assert (told["line"], told["column"]) == (3, 12)


@pytest.mark.slow
def test_every_new_tenant_of_a_server_begins_with_its_scenario(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD)
    with sandbox("--scenario", str(file)) as running:
        told = httpx.get(f"{running.url}/_mock/scenario", headers={"Authorization": f"Bearer {running.ready['key']}"}).json()
    assert told["name"] == "mine"


@pytest.mark.slow
def test_whole_scenario_comes_in_a_variable() -> None:
    with sandbox(env={"RUNFLOW_MOCK_SCENARIO_INLINE": GOOD}) as running:
        told = httpx.get(f"{running.url}/_mock/scenario", headers={"Authorization": f"Bearer {running.ready['key']}"}).json()
    assert told["name"] == "mine"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--scenario", "sad-path"), "did you mean happy-path? Choose one of"),
        (("--scenario-inline", BAD), "scenario-inline:3:12: faults[0].what.kind 'explode'"),
        (("--scenario", "happy-path", "--scenario-inline", GOOD), "give one of them"),
    ],
)
def test_unusable_scenario_stops_the_start_with_exit_code_2(
    arguments: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["serve", "--port", "0", *arguments])
    assert stopped.value.code == 2
    assert named in capsys.readouterr().err


@pytest.mark.slow
def test_watched_file_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD)
    with sandbox("--scenario", str(file), "--watch") as running, httpx.Client(base_url=running.url) as client:
        client.headers["Authorization"] = f"Bearer {running.ready['key']}"
        assert client.get("/_mock/scenario").json()["name"] == "mine"
        file.write_text("name: another\n")
        told = (client.get("/_mock/scenario").json()["name"] for _ in range(100_000))
        assert next(name for name in told if name != "mine") == "another"


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("form", ["yaml", "json"])
def test_scenario_that_a_test_leaves_behind_is_replayed_and_played(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / f"failed.{form}"
    with Door(client_time="virtual") as door:
        ok(door.request("PUT", "/_mock/scenario", json={"scenario": {"name": "failed", "faults": [{"what": {"kind": "fail"}}]}}))
        ended = finished_run(door)
        file.write_bytes(door.get(f"/_mock/scenario/export?history=true&format={form}").content)
    with pytest.raises(SystemExit) as stopped:
        main(["replay", str(file), "--json"])
    assert (stopped.value.code, json.loads(capsys.readouterr().out)["equal"]) == (0, True)
    with Door(scenario=str(file)) as door:
        assert finished_run(door)["id"] == ended["id"]
        assert "history" not in ok(door.get("/_mock/scenario"))["source"]


def test_scenario_in_which_nothing_happened_cannot_be_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD)
    with pytest.raises(SystemExit) as stopped:
        main(["replay", str(file)])
    assert stopped.value.code == 2
    assert "GET /_mock/scenario/export?history=true" in capsys.readouterr().err

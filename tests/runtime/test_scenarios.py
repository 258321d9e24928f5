import asyncio
import errno
import os
import sys
from pathlib import Path

import pytest
from doors import Door
from steps import finished_run, ok
from worlds import catalog

from runflow_mock.domain.scenarios import Scenario
from runflow_mock.runtime.config import ConfigError
from runflow_mock.runtime.scenarios import ScenarioWatch, find_scenario_file, load_scenario, scenario_names
from runflow_mock.wire.scenarios import ScenarioFileError

FAILING = "faults: [{what: {kind: fail}}]\n"
PLAIN = "name: plain\n"


class Notes:
    """Notes what it is told to play, and what it is warned of."""

    def __init__(self) -> None:
        self.catalog = catalog()
        self.played: list[str] = []
        self.warnings: list[str] = []

    def play(self, scenario: Scenario) -> None:
        self.played.append(scenario.name)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def looked(watch: ScenarioWatch) -> bool:
    return asyncio.run(watch.look())


def write(file: Path, text: str) -> None:
    """Writes a file so that it has another time each time."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(text)
    os.utime(file, ns=(before + 1_000_000_000, before + 1_000_000_000))


def test_file_without_a_name_gives_its_own(tmp_path: Path) -> None:
    file = tmp_path / "My Story_2.yaml"
    file.write_text("{}")
    assert load_scenario(file, catalog()).name == "my-story-2"


def test_name_that_ships_comes_before_a_file_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "happy-path").write_text(PLAIN)
    (tmp_path / "other").write_text(PLAIN)
    assert load_scenario(find_scenario_file("happy-path"), catalog()).name == "happy-path"
    assert load_scenario(find_scenario_file("other"), catalog()).name == "plain"


def test_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_scenario(tmp_path, catalog())
    with pytest.raises(ConfigError, match=f"choose one of {scenario_names()[0]}"):
        find_scenario_file(str(tmp_path / "absent.yaml"))


def test_file_is_played_anew_when_it_has_changed(tmp_path: Path) -> None:
    file, notes = tmp_path / "story.yaml", Notes()
    write(file, PLAIN)
    watch = ScenarioWatch(file, notes)
    assert looked(watch) is False
    write(file, "name: second\n")
    assert (looked(watch), looked(watch)) == (True, False)
    assert notes.played == ["second"]


def test_file_that_became_bad_or_went_away_is_told_and_changes_nothing(tmp_path: Path) -> None:
    file, notes = tmp_path / "story.yaml", Notes()
    write(file, PLAIN)
    watch = ScenarioWatch(file, notes)
    write(file, "fautls: []\n")
    assert looked(watch) is False
    file.unlink()
    assert looked(watch) is False
    assert notes.played == []
    assert [f"{file}:1:1" in warning or "cannot be read" in warning for warning in notes.warnings] == [True, True]
    write(file, PLAIN)
    assert looked(watch) is True


@pytest.mark.skipif(sys.platform == "win32", reason="has no such files")
def test_pipe_or_folder_in_the_place_of_the_file_is_told_and_nobody_waits_for_it(tmp_path: Path) -> None:
    file, notes = tmp_path / "story.yaml", Notes()
    write(file, PLAIN)
    watch = ScenarioWatch(file, notes)
    file.unlink()
    os.mkfifo(file)
    assert looked(watch) is False
    file.unlink()
    file.mkdir()
    assert looked(watch) is False
    assert (notes.played, notes.warnings) == ([], [f"the scenario stays as it was: scenario file {file} is no file"] * 2)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such paths")
def test_path_that_cannot_be_looked_at_is_told_and_looked_at_again(tmp_path: Path) -> None:
    file, notes = tmp_path / "story.yaml", Notes()
    write(file, PLAIN)
    watch = ScenarioWatch(file, notes)
    file.unlink()
    # As a folder that may not be entered, and so whoever runs the test.
    file.symlink_to("x" * 300)
    assert looked(watch) is False
    assert notes.warnings == [f"the scenario stays as it was: scenario file {file} cannot be read: {os.strerror(errno.ENAMETOOLONG)}"]
    file.unlink()
    write(file, PLAIN)
    assert looked(watch) is True


def test_others_have_their_turn_while_the_file_is_read(tmp_path: Path) -> None:
    file, notes = tmp_path / "story.yaml", Notes()
    write(file, PLAIN)
    watch = ScenarioWatch(file, notes)
    write(file, "name: second\n")

    async def turns() -> list[str]:
        look = asyncio.create_task(watch.look())
        await asyncio.sleep(0)
        seen = [*notes.played]
        assert await look
        return seen

    assert (asyncio.run(turns()), notes.played) == ([], ["second"])


def test_tenants_made_from_the_file_begin_anew_and_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "story.yaml"
    write(file, FAILING)
    with Door(scenario=str(file)) as door:
        watch = ScenarioWatch(file, door.runtime)
        other = ok(door.post("/_mock/tenants", {"scenario": "happy-path"}), 201)["key"]
        assert finished_run(door)["status_code"] == "failed"
        write(file, PLAIN)
        assert looked(watch) is True
        assert ok(door.get("/_mock/scenario"))["name"] == "plain"
        assert ok(door.get("/v1/runs"))["items"] == []
        assert finished_run(door)["status_code"] == "succeeded"
        assert ok(door.get("/_mock/scenario", key=other))["name"] == "happy-path"


def test_every_tenant_that_nobody_configured_begins_with_the_usual_scenario() -> None:
    with Door(scenario_inline=FAILING) as door:
        assert finished_run(door)["status_code"] == "failed"
        made = ok(door.post("/_mock/tenants", {"name": "asked"}), 201)
        assert len(ok(door.get("/_mock/faults", key=made["key"]))["items"]) == 1


def test_unusable_scenario_keeps_the_server_from_starting() -> None:
    with pytest.raises(ScenarioFileError, match="scenario-inline:1:1: fautls"):
        Door(scenario_inline="fautls: []")

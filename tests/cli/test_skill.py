import json
from pathlib import Path

import pytest
from commands import call

from runflow_mock.runtime.skills import load_skill
from runflow_mock.wire.skills import SIGNATURE

AGENTS = ".agents/skills/runflow/SKILL.md"
CLAUDE = ".claude/skills/runflow/SKILL.md"
OWN = load_skill(None).body


def install(project: Path, *arguments: str) -> dict[str, str]:
    """What was done with each file, by its path in the project."""
    told = call("skill", "install", "--sandbox", "--dir", str(project), "--json", *arguments)
    assert told.code == 0, told.err
    return {str(Path(file["path"]).relative_to(project)): file["action"] for file in json.loads(told.out)["files"]}


def test_skill_is_written_where_agents_look(tmp_path: Path) -> None:
    assert install(tmp_path) == {AGENTS: "written", CLAUDE: "written"}
    assert [(tmp_path / path).read_bytes() for path in (AGENTS, CLAUDE)] == [OWN, OWN]


@pytest.mark.parametrize(("place", "path"), [("agents", AGENTS), ("claude", CLAUDE)])
def test_one_place_can_be_chosen(tmp_path: Path, place: str, path: str) -> None:
    assert install(tmp_path, "--for", place, "--for", place) == {path: "written"}
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [tmp_path / path]


def test_second_time_changes_nothing(tmp_path: Path) -> None:
    install(tmp_path)
    assert install(tmp_path) == {AGENTS: "kept", CLAUDE: "kept"}


def test_older_version_of_our_own_is_replaced(tmp_path: Path) -> None:
    install(tmp_path)
    (tmp_path / AGENTS).write_bytes(OWN + b"\nAn older sentence.\n")
    assert install(tmp_path) == {AGENTS: "replaced", CLAUDE: "kept"}
    assert (tmp_path / AGENTS).read_bytes() == OWN


def test_file_of_somebody_else_stops_everything(tmp_path: Path) -> None:
    foreign = tmp_path / CLAUDE
    foreign.parent.mkdir(parents=True)
    foreign.write_text("# The publisher's skill\n")
    told = call("skill", "install", "--sandbox", "--dir", str(tmp_path))
    assert told.code == 2
    assert f"{foreign} is not runflow-mock's; replace it with --force" in told.err
    assert foreign.read_text() == "# The publisher's skill\n"
    assert not (tmp_path / AGENTS).exists()


def test_force_replaces_it(tmp_path: Path) -> None:
    (tmp_path / CLAUDE).parent.mkdir(parents=True)
    (tmp_path / CLAUDE).write_text("# The publisher's skill\n")
    assert install(tmp_path, "--force") == {AGENTS: "written", CLAUDE: "replaced"}


def test_which_skill_has_to_be_said(tmp_path: Path) -> None:
    told = call("skill", "install", "--dir", str(tmp_path))
    assert told.code == 2
    assert "--sandbox installs runflow-mock's own" in told.err


@pytest.mark.parametrize("blocker", [".agents", AGENTS])
def test_file_in_the_way_of_a_folder_is_named(tmp_path: Path, blocker: str) -> None:
    if blocker == AGENTS:
        (tmp_path / AGENTS).mkdir(parents=True)
    else:
        (tmp_path / blocker).write_text("")
    told = call("skill", "install", "--sandbox", "--dir", str(tmp_path))
    assert told.code == 2
    assert f"{tmp_path / AGENTS} cannot be " in told.err


def test_our_text_is_known_by_its_signature() -> None:
    assert SIGNATURE in OWN

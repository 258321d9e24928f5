"""Artifacts: what a failing test leaves behind, in a folder that version control passes over by itself."""

import re
from hashlib import sha256
from pathlib import Path
from shlex import quote

from runflow_mock.runtime.files import write_whole
from runflow_mock.testing.fake_files import real_files
from runflow_mock.testing.nodes import slug

NAME_MAX = 100

_IGNORED = "# Made by runflow-mock: what failing tests left to be replayed.\n*\n"


def save_scenario(folder: Path, node_id: str, scenario: str, here: Path) -> str:
    """Writes a scenario and returns how it is replayed, or why there is nothing to be replayed: a test report has to say something.

    `here` is the folder in which the tests were started, and in which the command will be.
    """
    path = folder / f"{_name(node_id)}.yaml"
    try:
        with real_files():
            if not folder.exists():
                folder.mkdir(parents=True)
                (folder / ".gitignore").write_text(_IGNORED, encoding="utf-8")
            write_whole(path, scenario.encode())
    except OSError as error:
        return f"nothing to replay: {error}; --runflow-artifacts names another folder"
    return f"runflow-mock replay {quote(str(path.relative_to(here) if path.is_relative_to(here) else path))}"


def _name(node_id: str) -> str:
    """Returns the name of a test's file, which no other test has: what a name does not say of the node id, a digest does."""
    name = slug(node_id, NAME_MAX)
    if name == re.sub("::|[/.]", "_", node_id):
        return name
    return f"{name}_{sha256(node_id.encode(errors='surrogatepass')).hexdigest()[:12]}"

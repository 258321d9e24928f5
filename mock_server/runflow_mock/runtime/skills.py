"""Reads the skill that is handed to agents: the packaged one, or the file that the user names."""

from functools import cache
from pathlib import Path

from runflow_mock.resources import data_folder
from runflow_mock.user_files import read_file
from runflow_mock.wire.skills import SKILL_BYTES_MAX, Skill, SkillError, read_skill


@cache
def load_skill(path: Path | None) -> Skill:
    """Returns the skill in a file, or the packaged one; it is read once, so that index and file agree as long as the server runs.

    Raises:
        SkillError: the file cannot be read, or is no skill.
    """
    file = data_folder("fixtures") / "skill" / "SKILL.md" if path is None else path
    try:
        body = read_file(file, SKILL_BYTES_MAX)
    except OSError as error:
        raise SkillError(f"skill file {file} cannot be read: {error.strerror}") from None
    return read_skill(str(file), body)

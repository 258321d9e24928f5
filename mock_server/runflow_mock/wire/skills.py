"""The skill that the sandbox hands to agents: the packaged one, or a file of the user's, served byte for byte.

Source: `www.skills`. A skill's front matter names and describes it; the index repeats both and gives the digest of the bytes.
"""

import re
from functools import cache
from hashlib import sha256
from pathlib import Path

import msgspec

from runflow_mock.wire.resources import data_folder

SKILL_PATH = "/.well-known/agent-skills/runflow/SKILL.md"
DESCRIPTION_MAX = 1024
SKILL_BYTES_MAX = 1024 * 1024

_FRONT_MATTER = re.compile(r"\A---\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class SkillError(ValueError):
    """A skill file that cannot be served; the message names it and what is wrong."""


class Skill(msgspec.Struct, frozen=True):
    """One skill: what its front matter says, and its exact bytes."""

    name: str
    description: str
    body: bytes

    @property
    def digest(self) -> str:
        """The digest of the bytes in the form of the index."""
        return f"sha256:{sha256(self.body).hexdigest()}"


class _FrontMatter(msgspec.Struct):
    name: str
    description: str


@cache
def load_skill(path: Path | None) -> Skill:
    """Returns the skill in a file, or the packaged one; it is read once, so that index and file agree as long as the server runs.

    Raises:
        SkillError: the file cannot be read, or has no front matter with a proper name and description.
    """
    file = data_folder("fixtures") / "skill" / "SKILL.md" if path is None else path
    try:
        body = file.read_bytes()
    except OSError as error:
        raise SkillError(f"skill file {file} cannot be read: {error.strerror}") from None
    if len(body) > SKILL_BYTES_MAX:
        raise SkillError(f"skill file {file} has {len(body)} bytes; the limit is {SKILL_BYTES_MAX}")
    front = _front_matter(file, body)
    if not (_NAME.fullmatch(front.name) and len(front.name) <= 64):
        raise SkillError(f"skill file {file}: the name {front.name[:80]!r} must be 1 to 64 characters of a-z, 0-9 and single hyphens")
    if not 0 < len(front.description) <= DESCRIPTION_MAX:
        raise SkillError(f"skill file {file}: the description must have 1 to {DESCRIPTION_MAX} characters")
    return Skill(front.name, front.description, body)


def _front_matter(file: Path, body: bytes) -> _FrontMatter:
    # Front matter is YAML, with folded texts; the parser is only loaded when somebody asks for the skill.
    import yaml

    try:
        found = _FRONT_MATTER.match(body.decode())
        if found is None:
            raise SkillError(f"skill file {file} does not begin with front matter between two lines of ---")
        return msgspec.convert(yaml.safe_load(found[1]), _FrontMatter)
    except (UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise SkillError(f"skill file {file}: the front matter is not valid: {error}") from None

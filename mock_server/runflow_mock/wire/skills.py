"""The skill that the sandbox hands to agents: the packaged one, or a file of the user's, served byte for byte.

Source: `www.skills`. A skill's front matter names and describes it; the index repeats both and gives the digest of the bytes.
"""

import re
from hashlib import sha256

import msgspec

from runflow_mock.decoders import convert

SKILLS_SCHEMA = "https://schemas.agentskills.io/discovery/0.2.0/schema.json"
SKILL_PATH = "/.well-known/agent-skills/runflow/SKILL.md"
SIGNATURE = b"This text is written by runflow-mock"
"""What every version of our own text says, and no other."""
NAME_MAX = 64
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


def read_skill(name: str, body: bytes) -> Skill:
    """Returns the skill in the bytes of a file, whose name is only used to tell what is wrong.

    Raises:
        SkillError: there is no front matter with a proper name and description.
    """
    front = _front_matter(name, body)
    if not (_NAME.fullmatch(front.name) and len(front.name) <= NAME_MAX):
        raise SkillError(f"skill file {name}: the name {front.name[:80]!r} must be up to {NAME_MAX} characters of a-z, 0-9, single hyphens")
    if not 0 < len(front.description) <= DESCRIPTION_MAX:
        raise SkillError(f"skill file {name}: the description must have 1 to {DESCRIPTION_MAX} characters")
    return Skill(front.name, front.description, body)


def _front_matter(name: str, body: bytes) -> _FrontMatter:
    # A server that shows nobody its skill starts without what reads YAML.
    from runflow_mock.openapi.texts import read_text

    try:
        found = _FRONT_MATTER.match(body.decode())
        if found is None:
            raise SkillError(f"skill file {name} does not begin with front matter between two lines of ---")
        # The line before it, so that an error says in which line of the file it is.
        return convert(read_text(b"\n" + found[1].encode()), _FrontMatter)
    except SkillError:
        raise
    except ValueError as error:
        raise SkillError(f"skill file {name}: the front matter is not valid: {' '.join(str(error).split())}") from None

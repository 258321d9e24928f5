from hashlib import sha256
from pathlib import Path

import pytest

from runflow_mock.runtime.skills import load_skill
from runflow_mock.wire.skills import DESCRIPTION_MAX, NAME_MAX, SKILL_BYTES_MAX, Skill, SkillError, read_skill

FOLDED = b"---\nname: own-skill\ndescription: First line\n  and its second.\n---\n\n# Body\n"


def skill(name: str = "own", description: str = "What it does.") -> bytes:
    return f"---\nname: {name}\ndescription: {description}\n---\n".encode()


def test_folded_description_is_one_text_and_the_bytes_stay() -> None:
    assert read_skill("x", FOLDED) == Skill("own-skill", "First line and its second.", FOLDED)


# As such files of others begin.
REAL = """\
---
name: pdf-tools
description: >-
  Reads, fills and merges PDF files: use it when somebody
  names a .pdf, "a form" or #1 of a list.
license: Proprietary. LICENSE.txt has complete terms
allowed-tools: Read, Write, Bash(git:*)
version: 1.0
updated: 2026-05-01
user-invocable: yes
metadata: {author: acme, tags: [pdf, "forms"], 1: one}
---

# PDF
"""


def test_front_matter_of_others_is_read_past_what_is_not_needed_here() -> None:
    said = 'Reads, fills and merges PDF files: use it when somebody names a .pdf, "a form" or #1 of a list.'
    assert read_skill("x", REAL.encode()) == Skill("pdf-tools", said, REAL.encode())


def test_words_and_dates_are_texts_as_they_are_written() -> None:
    assert read_skill("x", skill("on", "2026-05-01")).name == "on"


def test_error_says_the_line_of_the_file() -> None:
    with pytest.raises(SkillError, match=r"skill file x: the front matter is not valid: .*line 4, column \d+: "):
        read_skill("x", b"---\nname: a\ndescription: b\nc: d: e\n---\n")


def test_front_matter_that_grows_is_refused_by_its_place() -> None:
    grows = "a0: &a0 {k: v}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12))
    with pytest.raises(SkillError, match="skill file x: the front matter is not valid: line 8, column "):
        read_skill("x", f"---\n{grows}---\n".encode())


def test_lines_may_end_as_on_windows() -> None:
    assert read_skill("x", FOLDED.replace(b"\n", b"\r\n")).description == "First line and its second."


def test_digest_is_of_the_exact_bytes() -> None:
    assert read_skill("x", FOLDED).digest == "sha256:" + sha256(FOLDED).hexdigest()


@pytest.mark.parametrize("name", ["a", "a-b-1", "x" * NAME_MAX])
def test_name_of_the_convention_is_taken(name: str) -> None:
    assert read_skill("x", skill(name)).name == name


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"# No front matter\n",
        b"---\nname: a\n",
        b"---\nname: a\n---\n",
        b"---\nname: [a\ndescription: b\n---\n",
        b"---\nname: a\ndescription: \xff\n---\n",
        skill("x" * (NAME_MAX + 1)),
        skill("Upper"),
        skill("double--hyphen"),
        skill(description="''"),
        skill(description="x" * (DESCRIPTION_MAX + 1)),
    ],
)
def test_anything_else_is_refused_by_the_name_of_the_file(body: bytes) -> None:
    with pytest.raises(SkillError, match="skill file broken"):
        read_skill("broken", body)


def test_description_may_reach_its_limit() -> None:
    assert len(read_skill("x", skill(description="x" * DESCRIPTION_MAX)).description) == DESCRIPTION_MAX


def test_packaged_skill_says_that_it_is_the_sandbox_and_unofficial() -> None:
    packaged = load_skill(None)
    assert packaged.name == "runflow"
    assert "unofficial" in packaged.description.lower()
    assert "runflow-mock" in packaged.body.decode()


def test_file_that_is_too_long_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(skill() + b"x" * SKILL_BYTES_MAX)
    with pytest.raises(SkillError, match=f"cannot be read: it has more than {SKILL_BYTES_MAX} bytes"):
        load_skill(tmp_path / "a.md")


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SkillError, match="cannot be read"):
        load_skill(tmp_path / "absent.md")

"""What pages tell people to install is there today: the package is on no index, and no line asks one for it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import ROOT

SHOWN = (".md", ".yml", ".yaml", ".py", ".ts", ".sh")
FOLDERS = ("docs", "examples", "action", "contracts", "deploy", "mock_server", ".github")
BY_NAME = re.compile(r"runflow-mock([=<>~!].*)?")


def asked_of_an_index(text: str) -> list[str]:
    """The lines that would get the package from an index; an extra comes by name, once the package itself is there."""
    lines = re.findall(r"pip install ((?:[^\n`#;\"]|\"[^\"\n]*\")+)", text)
    return [line for line in lines if any(BY_NAME.fullmatch(word.strip("'\"().,;")) for word in line.split())]


def texts() -> Iterator[tuple[str, str]]:
    """Every file that people read or copy, with its place; the changelog says what was."""
    found = [*ROOT.glob("*.md"), *(file for folder in FOLDERS for file in (ROOT / folder).rglob("*"))]
    for file in found:
        if file.suffix in SHOWN and "node_modules" not in file.parts and file.name != "CHANGELOG.md":
            yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")


@pytest.mark.slow(is_covering=True)
def test_nothing_that_is_shown_asks_an_index_for_the_package() -> None:
    assert [(place, line) for place, text in texts() for line in asked_of_an_index(text)] == []


@pytest.mark.parametrize(
    "line",
    ["pip install runflow-mock", "pip install 'runflow-mock==0.1.0'", "pip install pytest runflow-mock\n", "`pip install runflow-mock`"],
)
def test_line_that_asks_an_index_is_found(line: str) -> None:
    assert asked_of_an_index(line)


@pytest.mark.slow(is_covering=True)
def test_extras_that_pages_name_are_those_of_the_package() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extras = {extra for _, text in texts() for extra in re.findall(r"runflow-mock\[(\w+)\]", text)}
    assert extras == {"cluster", "contracts"}
    assert all(re.search(rf"^{extra} = \[", project, re.MULTILINE) for extra in extras)


@pytest.mark.slow(is_covering=True)
def test_archives_that_examples_install_are_those_of_the_page() -> None:
    page = (ROOT / "docs" / "how-to" / "install.md").read_text(encoding="utf-8")
    lines = {found for place, text in texts() if Path(place).parts[0] == "examples" for found in re.findall(r"pip install https\S+", text)}
    assert lines
    assert [line for line in lines if line not in page] == []

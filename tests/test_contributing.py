"""The recipes of CONTRIBUTING lead to files that are there, and a new resource to no more of them than it says."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mock_server" / "runflow_mock"
RECIPES = (ROOT / "CONTRIBUTING.md").read_text().partition("## How to add\n")[2].partition("\n## ")[0]
PLACES = sorted(set(re.findall(r"`(?:python )?([a-z_*<>/]+/[a-z_*<>]*(?:\.[a-z]+)?)`", RECIPES)))
RESOURCE_FILES_MAX = 9


@pytest.mark.parametrize("place", PLACES)
def test_place_that_a_recipe_names_is_there(place: str) -> None:
    pattern = place.replace("<noun>", "webhooks").rstrip("/")
    assert list(ROOT.glob(pattern)) or list(PACKAGE.glob(pattern))


def test_resource_touches_few_files() -> None:
    listed = re.findall(r"^\d+\. `([^`]+)`", RECIPES, re.MULTILINE)
    assert 0 < len(listed) == len(set(listed)) <= RESOURCE_FILES_MAX
    assert set(listed) <= set(PLACES)

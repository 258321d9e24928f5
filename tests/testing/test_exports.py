"""What `runflow_mock.testing` exports: every type that a fixture returns, so that tests can name it."""

import ast
import re
from pathlib import Path

import pytest

from runflow_mock import pytest_plugin, testing


def _fixtures() -> dict[str, set[str]]:
    """The names in the return type of each fixture."""
    tree = ast.parse(Path(pytest_plugin.__file__).read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {
        node.name: set(re.findall(r"[A-Z]\w+", ast.unparse(node.returns)))
        for node in functions
        if node.returns is not None and any("fixture" in ast.unparse(decorator) for decorator in node.decorator_list)
    }


OF_OTHERS = {"Iterator", "Mapping", "Callable", "AbstractContextManager"}
FIXTURES = _fixtures()


@pytest.mark.parametrize("fixture", FIXTURES)
def test_type_of_a_fixture_is_exported(fixture: str) -> None:
    assert FIXTURES[fixture] - OF_OTHERS <= set(testing.__all__)


@pytest.mark.parametrize("fixture", FIXTURES)
def test_fixture_says_what_it_returns(fixture: str) -> None:
    assert FIXTURES[fixture]


def _classes() -> dict[str, ast.ClassDef]:
    """The public classes below `runflow_mock.testing`, by their names."""
    files = Path(testing.__file__).parent.rglob("*.py")
    parts = (part for file in files for part in ast.parse(file.read_text(encoding="utf-8")).body)
    return {part.name: part for part in parts if isinstance(part, ast.ClassDef) and not part.name.startswith("_")}


def _handed_out(owner: ast.ClassDef) -> set[str]:
    """The names in what the public members of a class return, and in its fields."""
    returned = (part.returns for part in owner.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and part.name[0] != "_")
    fields = (part.annotation for part in owner.body if isinstance(part, ast.AnnAssign))
    return {name for told in (*returned, *fields) if told is not None for name in re.findall(r"\b[A-Z]\w+", ast.unparse(told))}


def _reached(classes: dict[str, ast.ClassDef]) -> set[str]:
    """The classes that a test holds in its hands, beginning with what fixtures return, over everything that those give."""
    reached, next_ones = set[str](), set.union(*FIXTURES.values(), {"Control"})
    while next_ones:
        reached |= next_ones
        next_ones = {name for owner in next_ones if owner in classes for name in _handed_out(classes[owner])} - reached
    return reached & set(classes)


# How our own parts reach the fake: nothing that a test would name.
OF_OURS = {"Answered", "AsgiApplication", "Dialer", "Ends", "Exceptions", "Exchanger", "Stream", "WsgiApplication"}
CLASSES = _classes()


@pytest.mark.parametrize("name", sorted(_reached(CLASSES) - OF_OURS))
def test_record_that_a_fixture_hands_out_is_exported(name: str) -> None:
    assert name in testing.__all__


def test_what_is_handed_out_is_found() -> None:
    assert {"Runflow", "Ledger", "LedgerEntry", "Exchange", "Violation", "Stub", "Transport"} <= _reached(CLASSES)


@pytest.mark.parametrize("name", testing.__all__)
def test_exported_name_leads_to_what_is_called_so(name: str) -> None:
    assert getattr(testing, name).__name__ == name


def test_name_that_is_not_exported_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"runflow_mock\.testing.*'Nothing'"):
        getattr(testing, "Nothing")  # noqa: B009 - the name is not there, and a type checker would say so of an attribute

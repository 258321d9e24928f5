"""What `runflow_mock.testing` exports: every type that a fixture returns, so that tests can name it."""

import ast
import re
from pathlib import Path

import pytest

from runflow_mock import pytest_plugin, testing
from runflow_mock.testing import Control, Runflow


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


@pytest.mark.parametrize("owner", [Runflow, Control])
def test_record_that_a_fixture_hands_out_is_exported(owner: type) -> None:
    """`Control` says what its verbs return in records; those that tests are given are there to be named."""
    assert owner.__name__ in testing.__all__
    assert {"Attempt", "Delivery", "Exchange", "Ledger", "Rule", "Step", "Violation"} <= set(testing.__all__)


@pytest.mark.parametrize("name", testing.__all__)
def test_exported_name_leads_to_what_is_called_so(name: str) -> None:
    assert getattr(testing, name).__name__ == name


def test_name_that_is_not_exported_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"runflow_mock\.testing.*'Nothing'"):
        getattr(testing, "Nothing")  # noqa: B009 - the name is not there, and a type checker would say so of an attribute

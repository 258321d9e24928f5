"""The source of the package, parsed once for all tests that look at it."""

import ast
import gc
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import runflow_mock

PACKAGE = Path(runflow_mock.__file__).parent


@cache
def modules() -> Mapping[str, ast.Module]:
    """Returns every module by its path in the package, as `domain/runs.py`."""
    # Half a million nodes that stay: the collector would look through them so often that it takes two thirds of the time.
    gc.disable()
    try:
        return {
            file.relative_to(PACKAGE).as_posix(): ast.parse(file.read_text(encoding="utf-8"), str(file))
            for file in sorted(PACKAGE.rglob("*.py"))
        }
    finally:
        gc.freeze()
        gc.enable()


@cache
def nodes(module: ast.Module) -> tuple[ast.AST, ...]:
    """Returns every node of a module."""
    return tuple(ast.walk(module))

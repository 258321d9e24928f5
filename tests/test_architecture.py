"""Proves the floors: what may import what, what the lower floors must not touch, and how long things may be.

The rules are functions over parsed modules, so that each can also be shown a planted violation that it must find.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from sources import modules, nodes

ROOT = Path(__file__).parent.parent / "mock_server"
PACKAGE = "runflow_mock"
FLOORS = {
    "version": 0,
    "resources": 0,
    "user_files": 0,
    "domain": 1,
    "decoders": 2,
    "packaged": 3,
    "media": 4,
    "openapi": 4,
    "engine": 5,
    "wire": 5,
    "runtime": 6,
    "web": 7,
    "testing": 8,
    "kit": 9,
    "cli": 10,
    "pytest_plugin": 10,
    "__main__": 10,
}
# The face of a package: it gathers what people import from it, wherever that stands.
FACES = {
    "runflow_mock": {"runflow_mock.version", "runflow_mock.runtime.config", "runflow_mock.web.app"},
    "runflow_mock.testing": {"runflow_mock.kit.skills.asserting"},
}
# The version stands in the package itself, which imports nothing.
GROUND = -1
READS_FILES = {"runflow_mock.resources", "runflow_mock.user_files", "runflow_mock.wire.catalog"}
READS_YAML = {"runflow_mock.openapi.yaml_values"}
STARTS_A_SERVER = ("runflow_mock.testing.server", "runflow_mock.testing.in_process")
# A lock is how threads of the floors above read a record for the first time.
HAS_A_LOCK = "runflow_mock.decoders"
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

WORLDLY_MODULES = frozenset(
    {
        *("asyncio", "concurrent", "multiprocessing", "queue", "sched", "select", "selectors", "signal", "subprocess", "threading"),
        *("glob", "importlib", "inspect", "locale", "logging", "os", "pkgutil", "platform", "shutil", "sqlite3", "sys", "tempfile"),
        *("http", "socket", "socketserver", "ssl", "urllib.request", "getpass", "random", "secrets", "time"),
        *("aiohttp", "click", "httpx", "requests", "rich", "starlette", "uvicorn"),
    }
)
FILE_MODULES = frozenset({"pathlib"})
LOCK_MODULES = frozenset({"threading"})
CLOCKS_AND_ENTROPY = frozenset(
    {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "uuid.uuid1", "uuid.uuid4", "uuid1", "uuid4"}
)
BUILT_IN_IO = frozenset({"open", "input", "print"})
# Buffers are memory; whatever else `io` offers is not.
BUFFERS = frozenset({"BytesIO", "StringIO"})
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Modules = Mapping[str, ast.Module]


@cache
def _project() -> dict[str, ast.Module]:
    return {
        f"{PACKAGE}/{path}".removesuffix(".py").removesuffix("/__init__").replace("/", "."): module for path, module in modules().items()
    }


def _planted(**sources: str) -> dict[str, ast.Module]:
    """Modules of a small package of the same name; `engine__runs` stands for `runflow_mock.engine.runs`."""
    return {f"{PACKAGE}.{name.replace('__', '.')}": ast.parse(source) for name, source in sources.items()}


def _area(name: str) -> str:
    return [*name.split("."), ""][1]


def _floor(name: str) -> int:
    return FLOORS[_area(name)] if _area(name) else GROUND


def _imports(name: str, modules: Modules) -> Iterator[str]:
    """The names of the modules that a module imports anywhere in its text; `from package import module` counts as that module."""
    for node in nodes(modules[name]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively in line {node.lineno}"
            assert node.module is not None
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in modules else node.module


def _own_imports(name: str, modules: Modules) -> list[str]:
    return [found for found in _imports(name, modules) if found.split(".")[0] == PACKAGE]


def wrong_imports(modules: Modules) -> list[str]:
    """Imports that point up, or across between `engine` and `wire`, or from the kit into `web`."""
    wrong = []
    for name in modules:
        for found in _own_imports(name, modules):
            here, there = _floor(name), _floor(found)
            across = here == there and _area(name) != _area(found)
            skips_http = _area(name) in ("testing", "kit") and _area(found) == "web" and name not in STARTS_A_SERVER
            gathers = found in FACES.get(name, ())
            if (there > here and not gathers) or (across and here < FLOORS["cli"]) or skips_http:
                wrong.append(f"{name} -> {found}")
    return wrong


def cycle(modules: Modules) -> list[str]:
    """The modules of one import cycle, or nothing."""
    graph = {name: set(_own_imports(name, modules)) - {name} for name in modules}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [str(name) for name in error.args[1]]
    return []


def _low(modules: Modules) -> dict[str, ast.Module]:
    return {name: module for name, module in modules.items() if _area(name) and _floor(name) < FLOORS["runtime"]}


def worldly(modules: Modules) -> list[str]:
    """What everything below `runtime` must not have: async code, I/O, clocks, entropy."""
    wrong = []
    for name, module in _low(modules).items():
        allowed = FILE_MODULES if name in READS_FILES else LOCK_MODULES if name == HAS_A_LOCK else frozenset[str]()
        for found in _imports(name, modules):
            parents = {".".join(found.split(".")[: length + 1]) for length in range(found.count(".") + 1)}
            if parents & ((WORLDLY_MODULES | FILE_MODULES) - allowed):
                wrong.append(f"{name} imports {found}")
        wrong.extend(f"{name} {fault} in line {node.lineno}" for node in nodes(module) for fault in _faults(node))  # type: ignore[attr-defined]
    return wrong


def _faults(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await):
        yield "is asynchronous"
    elif isinstance(node, ast.Name | ast.Attribute) and _spelled(node) in CLOCKS_AND_ENTROPY:
        yield f"uses {_spelled(node)}"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BUILT_IN_IO:
        yield f"calls {node.func.id}"
    elif isinstance(node, ast.Import) and any(alias.name == "io" for alias in node.names):
        yield "imports io as a whole"
    elif isinstance(node, ast.ImportFrom):
        names = {alias.name for alias in node.names}
        if (node.module == "io" and not names <= BUFFERS) or (node.module == "uuid" and names & {"uuid1", "uuid4"}):
            yield f"imports {', '.join(sorted(names))} from {node.module}"


def _spelled(node: ast.Name | ast.Attribute) -> str:
    """A name with its last qualifier, such as `datetime.now`."""
    if isinstance(node, ast.Name):
        return node.id
    owner = node.value
    qualifier = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    return f"{qualifier}.{node.attr}"


def unbounded(modules: Modules) -> list[str]:
    """Where YAML is read, but by the two readers that take the parser's events one by one and stop at a limit."""
    return [
        f"{name} reads YAML in line {node.lineno}"
        for name, module in modules.items()
        for node in nodes(module)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "yaml"
        and re.fullmatch(r"\w*load\w*|\w*compose\w*|parse|scan", node.attr)
        and not (name in READS_YAML and node.attr == "parse")
    ]


def foreign(modules: Modules) -> list[str]:
    """What the domain imports besides the standard library, msgspec and itself."""
    allowed = {*sys.stdlib_module_names, "msgspec"}
    return [
        f"{name} imports {found}"
        for name in modules
        if _area(name) == "domain"
        for found in _imports(name, modules)
        if found.split(".")[0] not in allowed and _area(found) != "domain"
    ]


def undocumented(modules: Modules) -> list[str]:
    """Public modules, classes and functions without a docstring."""
    missing = [name for name, module in modules.items() if not ast.get_docstring(module)]
    for name, module in modules.items():
        named = (node for node in module.body if isinstance(node, FunctionNode | ast.ClassDef))
        missing.extend(f"{name}.{node.name}" for node in named if not node.name.startswith("_") and not ast.get_docstring(node))
    return missing


def long_functions(modules: Modules) -> list[str]:
    """Functions beyond the limit, with their length."""
    functions = ((name, node) for name, module in modules.items() for node in nodes(module) if isinstance(node, FunctionNode))
    lengths = ((f"{name}.{node.name}", (node.end_lineno or 0) - node.lineno + 1) for name, node in functions)
    return [f"{name}: {length} lines" for name, length in lengths if length > FUNCTION_LINES_MAX]


@pytest.fixture(scope="module", autouse=True)
def _read_once() -> None:
    """Parsing the project takes longer than any of the tests may."""
    for module in _project().values():
        nodes(module)


def test_project_is_found() -> None:
    areas = {_area(name) for name in _project()}
    assert areas >= {"domain", "engine", "wire", "runtime", "web", "openapi", "media", "testing", "kit", "cli"}
    assert areas - {""} <= set(FLOORS), "a new part of the package needs a floor"
    assert len(_project()) > 80


@pytest.mark.slow(is_covering=True)
def test_imports_point_down_only() -> None:
    assert wrong_imports(_project()) == []


@pytest.mark.slow(is_covering=True)
def test_no_module_imports_itself_by_a_detour() -> None:
    assert cycle(_project()) == []


def test_lower_floors_know_no_world_outside() -> None:
    assert worldly(_project()) == []


@pytest.mark.slow(is_covering=True)
def test_yaml_is_read_by_readers_that_are_bounded() -> None:
    assert unbounded(_project()) == []


def test_domain_stands_on_the_standard_library_and_msgspec() -> None:
    assert foreign(_project()) == []


def test_public_names_are_documented() -> None:
    assert undocumented(_project()) == []


def test_files_are_short() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in (ROOT / PACKAGE).rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length > FILE_LINES_MAX} == {}


@pytest.mark.slow(is_covering=True)
def test_functions_are_short() -> None:
    assert long_functions(_project()) == []


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("domain__runs", "engine.world"),
        ("domain__runs", "wire.runs"),
        ("engine__runs", "wire.runs"),
        ("wire__runs", "engine.world"),
        ("engine__runs", "runtime.runtime"),
        ("runtime__runtime", "web.app"),
        ("web__app", "testing.server"),
        ("testing__receiver", "web.app"),
        ("testing__client", "cli.serve"),
        ("web__app", "kit.sheets.junit"),
        ("runtime__judging", "kit.drift.comparing"),
        ("openapi__contracts", "wire.runs"),
        ("testing__client", "kit.skills.asserting"),
        ("kit__matrix__trials", "web.app"),
    ],
)
def test_import_in_the_wrong_direction_is_found(place: str, found: str) -> None:
    target = f"{PACKAGE}.{found}"
    package, _, module = target.rpartition(".")
    other = found.replace(".", "__")
    for statement in (f"import {target}", f"from {target} import x", f"from {package} import {module}", f"def f():\n    import {target}"):
        planted = _planted(**{place: statement, other: ""})
        assert wrong_imports(planted) == [f"{PACKAGE}.{place.replace('__', '.')} -> {target}"], statement


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("testing__server", "web.app"),
        ("web__app", "wire.runs"),
        ("engine__world", "domain.runs"),
        ("wire__runs", "openapi.contracts"),
        ("kit__drift__comparing", "openapi.contracts"),
        ("kit__suite__runner", "testing.client"),
    ],
)
def test_import_downwards_is_allowed(place: str, found: str) -> None:
    assert wrong_imports(_planted(**{place: f"from {PACKAGE}.{found} import x", found.replace(".", "__"): ""})) == []


def test_cycle_is_found_inside_a_floor_and_in_functions() -> None:
    planted = _planted(
        domain__a=f"from {PACKAGE}.domain import b",
        domain__b=f"def f():\n    from {PACKAGE}.domain.c import x",
        domain__c=f"import {PACKAGE}.domain.a",
    )
    assert set(cycle(planted)) == {f"{PACKAGE}.domain.{name}" for name in "abc"}


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "import os.path",
        "from urllib.request import urlopen",
        "def f():\n    import random",
        "from secrets import token_hex",
        "from asyncio import sleep",
        "from pathlib import Path",
        "from uuid import uuid4",
        "import uuid\nx = uuid.uuid4()",
        "from datetime import datetime\nx = datetime.now(None)",
        "import datetime\nx = datetime.datetime.utcnow",
        "from datetime import date\nx = date.today()",
        "x = open('file')",
        "print('x')",
        "import io",
        "from io import BytesIO, open",
        "async def f(): ...",
        "async def f():\n    await g()",
    ],
)
@pytest.mark.parametrize("place", ["domain__runs", "engine__runs", "wire__runs"])
def test_way_to_the_world_outside_is_found(place: str, source: str) -> None:
    assert worldly(_planted(**{place: source}))


def test_upper_floors_and_readers_of_packaged_files_may_do_so() -> None:
    assert worldly(_planted(runtime__sender="import asyncio", resources="from pathlib import Path")) == []
    assert worldly(_planted(domain__runs=f"from {PACKAGE}.domain.secrets import x\nfrom urllib.parse import urlsplit\nimport uuid")) == []
    assert worldly(_planted(media__files="from io import BytesIO\ninput = 1\nx = BytesIO(input)")) == []


@pytest.mark.parametrize("source", ["yaml.safe_load(raw)", "yaml.load(raw, Loader=Safe)", "yaml.compose(raw)", "yaml.parse(raw)"])
def test_unbounded_reading_of_yaml_is_found(source: str) -> None:
    assert unbounded(_planted(wire__catalog=f"import yaml\nx = {source}"))


@pytest.mark.parametrize("source", ["import yaml", "from jsonschema_rs import x", f"from {PACKAGE}.wire.runs import x"])
def test_foreign_import_of_the_domain_is_found(source: str) -> None:
    assert foreign(_planted(domain__runs=source))


def test_missing_docstring_and_long_function_are_found() -> None:
    body = "def f():\n" + "    x = 1\n" * FUNCTION_LINES_MAX
    planted = _planted(domain__runs=body + "class Run: ...\ndef _private(): ...")
    assert undocumented(planted) == [f"{PACKAGE}.domain.runs", f"{PACKAGE}.domain.runs.f", f"{PACKAGE}.domain.runs.Run"]
    assert long_functions(planted) == [f"{PACKAGE}.domain.runs.f: 71 lines"]


def test_what_tests_share_has_one_name_each() -> None:
    """Folders of the path and `tests/clients`, which the bench puts before them: of two with one name nobody knows which is meant."""
    folders = [Path(__file__).parent / name for name in ("support", "seeds", "clients")] + [Path(__file__).parent.parent / "docs"]
    names = [file.stem for folder in folders for file in folder.glob("*.py") if file.stem != "__init__"]
    assert sorted(names) == sorted(set(names))

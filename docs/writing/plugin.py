"""The pytest plugin: its fixtures, options, marker, and the handles that fixtures give."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from textwrap import fill

import pytest

from runflow_mock import pytest_plugin
from runflow_mock.testing import receiver, runflow
from writing.markdown import block, table

HANDLES = (
    ("runflow", runflow.Runflow),
    ("runflow.clock", runflow.TenantClock),
    ("runflow.faults", runflow.TenantFaults),
    ("runflow.runs, runflow.batches", runflow.TenantRecords),
    ("runflow.deliveries", runflow.TenantDeliveries),
    ("runflow.journal", runflow.TenantJournal),
    ("runflow.stub(…)", runflow.Stub),
    ("runflow_receiver", receiver.CallbackReceiver),
    ("runflow_receiver.deliveries[i]", receiver.Received),
)


STARS: Mapping[object, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


def fixtures() -> str:
    """Returns the fixtures in the order of the module."""
    return table(("fixture", "scope", "what it gives"), ((f"`{name}`", scope, says) for name, scope, says in fixtures_of_plugin()))


def fixtures_of_plugin() -> Iterator[tuple[str, str, str]]:
    """Yields name, scope and docstring of every fixture."""
    for name, value in vars(pytest_plugin).items():
        function = getattr(value, "_get_wrapped_function", None)
        if function is not None:
            yield name, str(value._fixture_function_marker.scope), inspect.getdoc(function()) or ""


def options() -> str:
    """Returns the options with their twins in the ini file."""
    parser = pytest.Parser(_ispytest=True)
    pytest_plugin.pytest_addoption(parser)
    rows = []
    for option in parser.getgroup("runflow").options:
        (long,) = option.names()
        ini = long.removeprefix("--").replace("-", "_")
        default = parser._inidict[ini][2]
        rows.append((f"`{long}`", f"`{ini}`", f"`{default}`" if default else "", str(option.attrs()["help"])))
    return table(("option", "in the ini file", "default", "meaning"), rows)


def marker() -> str:
    """Returns the marker as pytest explains it."""
    signature, _, says = pytest_plugin.MARKER.partition(": ")
    name, _, parameters = signature.removesuffix(")").partition("(")
    lines = fill(parameters, 80, initial_indent="    ", subsequent_indent="    ")
    shown = block("text", f"@pytest.mark.{name}(\n{lines}\n)")
    return f"{shown}\n{says[0].upper()}{says[1:]}.\n"


def handles() -> str:
    """Returns what a test can do with what fixtures give it."""
    return "\n".join(_handle(name, kind) for name, kind in HANDLES)


def _handle(name: str, kind: type) -> str:
    rows = []
    for member, value in vars(kind).items():
        if member.startswith("_"):
            continue
        if isinstance(value, property):
            rows.append((f"`.{member}`", _summary(value)))
        elif inspect.isfunction(value):
            rows.append((f"`.{member}{_signature(value)}`", _summary(value)))
    return f"### `{name}`\n\n{_summary(kind)}\n\n{table(('member', 'what it is or does'), rows)}"


def _summary(thing: object) -> str:
    return " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())


def _signature(function: object) -> str:
    assert callable(function)
    parameters = [parameter for name, parameter in inspect.signature(function).parameters.items() if name != "self"]
    shown = [_parameter(parameter) for parameter in parameters]
    by_name = [index for index, parameter in enumerate(parameters) if parameter.kind is inspect.Parameter.KEYWORD_ONLY]
    if by_name and not any(parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in parameters):
        shown.insert(by_name[0], "*")
    return f"({', '.join(shown)})"


def _parameter(parameter: inspect.Parameter) -> str:
    star = STARS.get(parameter.kind, "")
    default = "" if parameter.default is inspect.Parameter.empty else f"={parameter.default!r}"
    return f"{star}{parameter.name}{default}"

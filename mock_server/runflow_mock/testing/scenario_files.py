"""Scenario files of a test suite: read where the tests run, because the server that plays them may stand elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runflow_mock.domain.scenarios import name_of_file
from runflow_mock.openapi.yaml_values import YamlError
from runflow_mock.runtime.config import ConfigError
from runflow_mock.runtime.text_files import read_text_file
from runflow_mock.wire.marked_yaml import read_yaml

_SUFFIXES = frozenset((".yaml", ".yml", ".json"))


class ScenarioUnreadable(ValueError):
    """A scenario file that cannot be read; the message names the file, and the place in it."""


def scenario_body(scenario: str | Path | Mapping[str, Any]) -> str | Mapping[str, Any]:
    """Returns a scenario as the control API takes it: a name, or the content of a file as `serve --scenario` would read it.

    A text that ends like the name of a file is one. Paths are relative to the working directory.

    Raises:
        ScenarioUnreadable: there is no such file, or none that holds a scenario.
    """
    if isinstance(scenario, str) and Path(scenario).suffix in _SUFFIXES:
        scenario = Path(scenario)
    return _read(scenario) if isinstance(scenario, Path) else scenario


def _read(file: Path) -> Mapping[str, Any]:
    try:
        value = read_yaml(read_text_file(file, "scenario file")).value
    except ConfigError as error:
        raise ScenarioUnreadable(f"{error}; looked for in {Path.cwd()}") from None
    except YamlError as error:
        raise ScenarioUnreadable(f"{file}:{error.mark.line}:{error.mark.column}: {error.message}") from None
    if not isinstance(value, dict):
        raise ScenarioUnreadable(f"{file}: a scenario is an object, with keys such as faults")
    return {"name": name_of_file(file.stem), **value}

"""Options that several commands share; nothing heavy is imported here, so that small commands start fast."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

ENVIRONMENT_PREFIX = "RUNFLOW_MOCK_"
DecoratedT = TypeVar("DecoratedT", bound=Callable[..., object])


def option(name: str, **settings: Any) -> Callable[[DecoratedT], DecoratedT]:
    """Returns a click option whose variable is the environment prefix and its name."""
    variable = ENVIRONMENT_PREFIX + name.partition("/")[0].lstrip("-").upper().replace("-", "_")
    default = settings.get("default")
    shown = default is not None and not callable(default)
    return click.option(name, **{"envvar": variable, "show_envvar": True, "show_default": shown, **settings})


def state_option() -> Callable[[DecoratedT], DecoratedT]:
    """Returns the option that names the folder with what outlives a process: the local CA."""
    return option(
        "--state",
        default=default_state,
        show_default="your user's state folder",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder for what outlives the sandbox: the local CA.",
    )


def json_option(text: str) -> Callable[[DecoratedT], DecoratedT]:
    """Returns the option that asks for JSON in place of words."""
    return click.option("--json", "as_json", is_flag=True, help=text)


def default_state() -> Path:
    """Returns the folder in which programs of this user keep what outlives them: the XDG state folder, or its like on Windows."""
    if sys.platform == "win32":
        home = os.environ.get("LOCALAPPDATA")
        return (Path(home) if home else Path.home() / "AppData" / "Local") / "runflow-mock"
    given = os.environ.get("XDG_STATE_HOME", "")
    # The specification says that relative paths are to be ignored.
    return (Path(given) if given.startswith("/") else Path.home() / ".local" / "state") / "runflow-mock"

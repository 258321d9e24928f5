"""Options that several commands share; nothing heavy is imported here, so that small commands start fast."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

ENVIRONMENT_PREFIX = "RUNFLOW_MOCK_"
DecoratedT = TypeVar("DecoratedT", bound=Callable[..., object])


# More than any machine holds: numbers beyond cannot be kept in a snapshot.
COUNT_MAX = 1_000_000_000_000
# The exit code of what compares with something that cannot be fetched: neither equal nor different.
UNREACHABLE = 4


# Python reads digits of all scripts, lines between digits and spaces around them; whoever gave those has mistyped something.
_WHOLE = re.compile(r"[+-]?[0-9]+", re.ASCII)
_FIGURE = re.compile(r"[!-^`-~]+", re.ASCII)


class WholeNumber(click.IntRange):
    """A whole number within a range, as `click.IntRange` has it, written in digits 0 to 9."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns the number, or ends the command."""
        if isinstance(value, str) and not _WHOLE.fullmatch(value):
            self.fail(f"{value[:80]!r} is not a whole number in digits 0 to 9", param, ctx)
        return super().convert(value, param, ctx)


class Figure(click.FloatRange):
    """A number within a range, as `click.FloatRange` has it, but for what is no number and so within every range, and for other digits."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns the number, or ends the command."""
        if isinstance(value, str) and not _FIGURE.fullmatch(value):
            self.fail(f"{value[:80]!r} is not a number in digits 0 to 9", param, ctx)
        figure = super().convert(value, param, ctx)
        if figure != figure or figure in (float("inf"), float("-inf")):  # noqa: PLR0124 - what is no number differs from itself
            self.fail(f"{value} is no number", param, ctx)
        return figure


class Secret(click.types.StringParamType):
    """A secret of callbacks that a tenant can have. What is refused is not repeated."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns the secret, or ends the command."""
        from runflow_mock.domain.secrets import objection_to_material

        objection = objection_to_material(value)
        if objection is not None:
            self.fail(f"it {objection}", param, ctx)
        return value


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


def url_option() -> Callable[[DecoratedT], DecoratedT]:
    """Returns the option that names the sandbox; left out, it is the one that `serve` starts with the same environment."""
    return option("--url", default=default_url, show_default="where `serve` listens", callback=_base_url, help="Address of the sandbox.")


def json_option(text: str) -> Callable[[DecoratedT], DecoratedT]:
    """Returns the option that asks for JSON in place of words."""
    return click.option("--json", "as_json", is_flag=True, help=text)


def tell(line: str) -> None:
    """Tells people what goes on, or what is odd, beside what a command answers."""
    click.echo(f"runflow-mock: {line}", err=True)


def make_parent(file: Path) -> None:
    """Makes the folder of a file that is to be written, with those that it lies in.

    Raises:
        UsageError: a file stands where the folder should be.
        NotWritten: it cannot be made.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise click.UsageError(f"{file} cannot be written: {error.strerror}") from None
    except OSError as error:
        from runflow_mock.runtime.files import NotWritten

        raise NotWritten({file: error.strerror or str(error)}) from None


def default_url() -> str:
    """Returns where a sandbox listens that was started with this environment and without options."""
    host = os.environ.get(ENVIRONMENT_PREFIX + "HOST", "127.0.0.1")
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - read, not bound
    return f"http://{name}:{os.environ.get(ENVIRONMENT_PREFIX + 'PORT', '8787')}"


def default_state() -> Path:
    """Returns the folder in which programs of this user keep what outlives them: the XDG state folder, or its like on Windows."""
    if sys.platform == "win32":
        home = os.environ.get("LOCALAPPDATA")
        return (Path(home) if home else Path.home() / "AppData" / "Local") / "runflow-mock"
    given = os.environ.get("XDG_STATE_HOME", "")
    # The specification says that relative paths are to be ignored.
    return (Path(given) if given.startswith("/") else Path.home() / ".local" / "state") / "runflow-mock"


def document_option(text: str) -> Callable[[DecoratedT], DecoratedT]:
    """Returns the option that names an OpenAPI document of the user's."""
    return option("--openapi", default=None, metavar="FILE|URL", callback=checked_source, help=text)


def checked_url(context: click.Context, parameter: click.Parameter, url: str | None) -> str | None:
    """Returns an address as it was given, if it can be one; click calls this on an option."""
    if url is None:
        return None
    from runflow_mock.domain.hosts import objection_to_address

    objection = objection_to_address(url)
    if objection is not None:
        raise click.BadParameter(f"{url!r} is not an address such as http://127.0.0.1:8787: it {objection}", context, parameter)
    return url


def checked_source(context: click.Context, parameter: click.Parameter, source: str | None) -> str | None:
    """Returns a file or an address as it was given, if an address can be one; click calls this on an option or an argument."""
    if source is None:
        return None
    from runflow_mock.runtime.downloads import is_address

    return checked_url(context, parameter, source) if is_address(source) else source


def _base_url(context: click.Context, parameter: click.Parameter, url: str) -> str:
    """Returns an address without a trailing slash, if it can be one."""
    checked_url(context, parameter, url)
    return url.rstrip("/")

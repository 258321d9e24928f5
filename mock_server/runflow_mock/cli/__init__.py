"""Floor 5: the command line. Each command is a module that is imported when it is called."""

import gc
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from runflow_mock import __version__
from runflow_mock.runtime.config import ConfigError

COMMANDS = {"serve": "Start the sandbox.", "demo": "Tell the whole story on real HTTP."}


class Commands(click.Group):
    """The commands, each loaded from the module of its name: `--help` costs no imports of servers."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names in the order in which people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns a command, or nothing when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"runflow_mock.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="runflow-mock")
def group() -> None:
    """A faithful local fake of the Runflow API. Unofficial, not affiliated with Runflow."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line, or the given arguments; what cannot be used is told in one line, with exit code 2."""
    # Nothing that is imported becomes garbage: to look for some while a command is loaded only costs time.
    gc.disable()
    try:
        group(arguments, prog_name="runflow-mock")
    except (ConfigError, ValueError) as error:
        click.echo(f"runflow-mock: {error}", err=True)
        sys.exit(2)
    finally:
        gc.enable()

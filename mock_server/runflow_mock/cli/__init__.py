"""The command line. Each command is a module that is imported when it is called."""

import errno
import gc
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import NamedTuple

import click

from runflow_mock.cli.stopping import ended_by_signals
from runflow_mock.cli.streams import clean_streams, hold_descriptors
from runflow_mock.domain.scrubbing import Scrubber
from runflow_mock.version import __version__


class Entry(NamedTuple):
    """A command before it is loaded: the module of this package whose `command` it is, and what it does in one sentence."""

    module: str
    summary: str


# One line per command, in the order in which people meet them. The summary is the first line of the command's docstring.
COMMANDS: Mapping[str, Entry] = {
    "serve": Entry("serve", "Start the sandbox."),
    "env": Entry("env", "Print the variables that lead a client to the sandbox."),
    "ca": Entry("ca", "Print the local CA and how to trust it."),
    "scenarios": Entry("scenarios", "List, show and check scenarios."),
    "listen": Entry("listen", "Show callbacks as they come, verify and forward them."),
    "trigger": Entry("trigger", "Send a signed sample of an event."),
    "doctor": Entry("doctor", "Tell why a callback did not arrive."),
    "skill": Entry("skill", "Hand the skill to coding agents, and check what they have."),
    "healthcheck": Entry("healthcheck", "Tell whether the sandbox is up."),
    "demo": Entry("demo", "Show a whole story over real HTTP."),
    "verify": Entry("verify", "Check a server against the contract."),
    "contract": Entry("contract", "Compare the contract with a document of yours."),
    "drift": Entry("drift", "Tell what changed between the pinned contract and a newer one."),
    "report": Entry("report", "Tell how a client behaved, rule by rule."),
    "verify-client": Entry("verify_client", "Run a client through a matrix of situations."),
    "verify-receiver": Entry("verify_receiver", "Probe a webhook handler."),
    "calibrate": Entry("calibrate", "Say from captures how the real service speaks."),
    "kept": Entry("kept", "List, show, export, import and remove kept tenants."),
    "replay": Entry("replay", "Repeat a history and compare it byte for byte."),
}


class Commands(click.Group):
    """The commands, each loaded when it is called: `--help` costs no imports of servers."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names in the order in which people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns a command, or nothing when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"{__name__}.{COMMANDS[cmd_name].module}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Returns the command that the arguments name, and what is left of them; an unknown one is told with those that there are."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"there is no command {args[0]!r}; choose one of {', '.join(COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


def _tell_version(context: click.Context, parameter: click.Parameter, is_asked: bool) -> None:
    if is_asked:
        from runflow_mock.packaged import contract_date

        click.echo(f"runflow-mock {__version__} (contract {contract_date()})")
        context.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_tell_version,
    help="Print the version, and the date of the contract.",
)
def group() -> None:
    """A faithful local fake of the Runflow API. Unofficial, not affiliated with Runflow."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line, or the given arguments; what cannot be used is told in one line, with exit code 2."""
    hold_descriptors()
    # Nothing that is imported becomes garbage: to look for some while a command is loaded only costs time.
    gc.disable()
    try:
        given = sys.argv[1:] if arguments is None else list(arguments)
        with ended_by_signals(ends_process=arguments is None), clean_streams(arguments=given) as scrubber:
            _run(given, scrubber)
    finally:
        gc.enable()


def _run(arguments: Sequence[str], scrubber: Scrubber) -> None:
    code, told = _called(arguments, scrubber)
    if told is not None:
        click.echo(f"runflow-mock: {told}", err=True)
    try:
        # What is still on its way is written now, while somebody can be told that it cannot be.
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        if told is None:
            click.echo(f"runflow-mock: {_why(error)}", err=True)
        # What could not be written must not be tried again when the process ends, where it would be told once more.
        with suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
        # Whatever the command has found out, it has not told it.
        code = code or 1
    sys.exit(code)


def _called(arguments: Sequence[str], scrubber: Scrubber) -> tuple[str | int | None, str | None]:
    """Returns the exit code of a command, and what is still to be told."""
    try:
        group(arguments, prog_name="runflow-mock", obj=scrubber)
    except SystemExit as ended:
        return ended.code, None
    except (ValueError, RecursionError) as error:
        return 2, str(error) if isinstance(error, ValueError) else "what was given is nested too deeply, or contains itself"
    except MemoryError:
        return 1, "there is not enough memory for what was given"
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            # No file can have such a name: that is what was given, and nothing that failed.
            return 2, f"{str(error.filename)[:200]!r} is no name of a file: {error.strerror}"
        return 1, _why(error)
    return 0, None


def _why(error: OSError) -> str:
    return "the standard output is closed" if error.errno == errno.EBADF else error.strerror or str(error)

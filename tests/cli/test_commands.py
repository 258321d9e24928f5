"""What holds for every command of the table."""

import re
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from commands import call
from contract import document

from runflow_mock import __version__
from runflow_mock.cli import COMMANDS, group, main
from runflow_mock.cli.options import Figure, WholeNumber

SERVERS = ("starlette", "uvicorn", "aiohttp", "PIL", "cryptography", "trustme", "rich", "msgspec")

# How what may be a file or an address is called.
METAVARS = ("FILE|URL", "[PATH|URL|DIR]")
SOURCES = {
    **{name: ["--openapi"] for name in ("serve", "trigger", "verify", "verify-client", "verify-receiver", "calibrate")},
    "skill": ["source", "--openapi", "source", "--openapi", "source"],
    "contract": ["source"],
    "drift": ["--against"],
}
"""The sources of each command, and of those below it, by what they are called."""
NUMBERED = {"serve": 20, "listen": 2, "trigger": 1, "healthcheck": 1, "verify": 2, "verify-client": 2, "verify-receiver": 1}
"""How many numbers each command takes."""


def _command(name: str) -> click.Command:
    found = group.get_command(click.Context(group), name)
    assert found is not None
    return found


def _leaves(command: click.Command, *names: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yields the commands that do something, each with the words that call it."""
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _leaves(inner, *names, name)
    else:
        yield names, command


@pytest.mark.parametrize("name", COMMANDS)
def test_command_loads_and_says_what_the_table_says(name: str) -> None:
    first_line = (_command(name).help or "").partition("\n")[0]
    assert first_line == COMMANDS[name].summary


@pytest.mark.parametrize("name", COMMANDS)
def test_every_parameter_of_a_command_is_explained(name: str) -> None:
    unexplained = [parameter.name for parameter in _command(name).params if isinstance(parameter, click.Option) and not parameter.help]
    assert unexplained == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_answer_programs(name: str) -> None:
    command = _command(name)
    leaves = command.commands.values() if isinstance(command, click.Group) else [command]
    assert [leaf.name for leaf in leaves if not any("--json" in parameter.opts for parameter in leaf.params)] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_numbers_are_those_of_digits_0_to_9(name: str) -> None:
    kinds = (click.types.IntParamType, click.types.FloatParamType)
    numbers = [each for _, leaf in _leaves(_command(name), name) for each in leaf.params if isinstance(each.type, kinds)]
    assert [each.name for each in numbers if not isinstance(each.type, WholeNumber | Figure)] == []
    assert len(numbers) == NUMBERED.get(name, 0)


@pytest.mark.parametrize("seed", ["٣", "1_0", " 1", "1.0"])
def test_seed_of_verify_is_a_whole_number(seed: str) -> None:
    told = call("verify", "--base-url", "http://127.0.0.1:9", "--seed", seed)
    assert (told.code, "Invalid value for '--seed'" in told.err) == (2, True)


@pytest.mark.parametrize("name", COMMANDS)
def test_address_that_can_be_none_is_told_with_the_parameter_for_it(name: str) -> None:
    """`drift` took it for one at which nobody answers, and ended with 4."""
    sources = [(words, each) for words, leaf in _leaves(_command(name), name) for each in leaf.params if each.metavar in METAVARS]
    assert [parameter.opts[0] for _, parameter in sources] == SOURCES.get(name, [])
    for words, parameter in sources:
        option = parameter.opts[:1] if isinstance(parameter, click.Option) else []
        told = call(*words, *option, "http://[")
        named = f"Invalid value for '{''.join(option) or parameter.metavar}'"
        assert (told.code, named in told.err, "'http://[' is not an address" in told.err) == (2, True, True)


@pytest.mark.parametrize("name", COMMANDS)
def test_number_of_a_range_has_one(name: str) -> None:
    options = [each for _, leaf in _leaves(_command(name), name) for each in leaf.params]
    unbounded = [each for each in options if isinstance(each.type, click.IntRange) and each.type.min is each.type.max is None]
    assert [each.name for each in unbounded if "RANGE" in each.make_metavar(click.Context(_command(name)))] == []


def test_version_is_semantic_and_names_the_contract() -> None:
    told = call("--version")
    assert re.fullmatch(r"runflow-mock \d+\.\d+\.\d+ \(contract \d{4}-\d{2}-\d{2}\)\n", told.out)
    assert told.out == f"runflow-mock {__version__} (contract {document()['info']['version'].replace('.', '-')})\n"


@pytest.mark.slow(is_covering=True)
def test_help_lists_every_command_without_loading_any() -> None:
    script = "import sys; from runflow_mock.cli import main\ntry: main(['--help'])\nfinally: print(*sys.modules, file=sys.stderr)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert set(COMMANDS) <= set(result.stdout.split())
    assert {module for module in result.stderr.split() if module.split(".")[0] in SERVERS} == set()


def test_unknown_command_is_told_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["sevre"])
    assert stopped.value.code == 2
    assert f"there is no command 'sevre'; choose one of {', '.join(COMMANDS)}" in capsys.readouterr().err

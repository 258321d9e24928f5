"""The command line: every command with its options, variables and exit codes, and the table of all variables."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from runflow_mock.cli import COMMANDS, group
from writing.markdown import block, table

_CODES = re.compile(r"Exit codes?: (.*?)(?:$|(?<=[a-z`])\. )", re.DOTALL)


def commands() -> str:
    """Returns a section for each command."""
    summary = table(("command", "what it does"), ((f"[`{name}`](#{_anchor(name)})", entry.summary) for name, entry in COMMANDS.items()))
    return summary + "\n" + "\n".join(_section(name, command) for name, command in leaves())


def variables() -> str:
    """Returns the variables that stand for options, and the commands that read them."""
    found: dict[str, tuple[list[str], str]] = {}
    for name, command in leaves():
        for parameter in _options(command):
            if isinstance(parameter.envvar, str):
                readers, _ = found.setdefault(parameter.envvar, ([], parameter.help or ""))
                readers.append(name)
    rows = ((f"`{variable}`", ", ".join(f"`{name}`" for name in readers), _text(says)) for variable, (readers, says) in found.items())
    return table(("variable", "read by", "meaning"), rows)


def leaves() -> Iterator[tuple[str, click.Command]]:
    """Yields the commands that do something, each by its whole name."""
    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", command.commands[inner]) for inner in command.commands)
        else:
            yield name, command


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"runflow-mock {name}")
    usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
    text = "\n\n".join(_text(part) for part in (command.help or "").split("\n\n"))
    rows = [(_spelling(option), _default(option, context), _meaning(option)) for option in _options(command)]
    # Exit codes have a paragraph of their own.
    parts = [f"## `{name}`\n", re.sub(r" ?Exit codes?: ", "\n\n**Exit codes:** ", text).strip() + "\n", block("text", usage)]
    if rows:
        parts.append(table(("option", "default", "meaning"), rows))
    return "\n".join(parts)


def _options(command: click.Command) -> list[click.Option]:
    return [parameter for parameter in command.params if isinstance(parameter, click.Option) and not parameter.hidden]


def _spelling(option: click.Option) -> str:
    names = [*option.opts, *option.secondary_opts]
    value = "" if option.is_flag or option.count else f" {option.make_metavar(click.Context(click.Command('it')))}"
    return " / ".join(f"`{name}{value}`" for name in names).replace("|", ",")


def _meaning(option: click.Option) -> str:
    variable = f" *Variable:* `{option.envvar}`" if isinstance(option.envvar, str) else ""
    return _text(option.help or "") + variable


def _default(option: click.Option, context: click.Context) -> str:
    if option.required:
        return "required"
    if isinstance(option.show_default, str):
        return _text(option.show_default)
    value = option.get_default(context, call=False)
    if option.is_flag and not option.secondary_opts:
        return "off"
    if value is None or callable(value) or value in ("", (), []) or not isinstance(value, str | int | float | bool):
        return ""
    return ("on" if value else "off") if isinstance(value, bool) else f"`{value}`"


def _text(text: str) -> str:
    """Returns a text of click's as Markdown: one line, with what would be an element shown as it is."""
    return " ".join(text.replace("\b", "").split()).replace("<", "&lt;").replace("*", "\\*")


def _anchor(name: str) -> str:
    first = next(whole for whole, _ in leaves() if whole.split()[0] == name)
    return first.replace(" ", "-")

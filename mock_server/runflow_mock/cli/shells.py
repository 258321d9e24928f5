"""Lines that set variables, for those shells that people evaluate them in."""

from collections.abc import Callable, Mapping

import click


def _sh(name: str, value: str) -> str:
    quoted = value.replace("'", "'\\''")
    return f"export {name}='{quoted}'"


def _fish(name: str, value: str) -> str:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"set -gx {name} '{quoted}'"


def _powershell(name: str, value: str) -> str:
    quoted = value.replace("'", "''")
    return f"$env:{name} = '{quoted}'"


SHELLS: Mapping[str, Callable[[str, str], str]] = {"sh": _sh, "fish": _fish, "powershell": _powershell}
shell_option = click.option("--shell", default="sh", type=click.Choice(list(SHELLS)), show_default=True, help="Shell to write lines for.")


def write_exports(variables: Mapping[str, str], shell: str) -> str:
    """Returns one line per variable that sets it in a shell."""
    return "".join(f"{SHELLS[shell](name, value)}\n" for name, value in variables.items())

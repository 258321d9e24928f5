"""`runflow-mock env`: the variables by which a client finds the sandbox."""

import json
from pathlib import Path

import click

from runflow_mock.cli.ca import trust_variables
from runflow_mock.cli.options import json_option, state_option, url_option
from runflow_mock.cli.shells import shell_option, write_exports
from runflow_mock.domain.principals import KEY_PREFIX, SANDBOX
from runflow_mock.runtime.certificates import make_authority
from runflow_mock.runtime.config import environment_for_client


@click.command()
@url_option()
@click.option("--key", default=KEY_PREFIX + SANDBOX, show_default=True, help="Key of the client: any rf_live_mock_NAME is a tenant.")
@state_option()
@shell_option
@json_option("Print the variables as one JSON object.")
def command(*, url: str, key: str, state: Path, shell: str, as_json: bool) -> None:
    """Print the variables that lead a client to the sandbox.

    For an https address they make clients trust the local CA as well. Use it as: eval "$(runflow-mock env)". Exit codes: 0, 2 wrong usage.
    """
    trust = trust_variables(make_authority(state).resolve()) if url.startswith("https://") else {}
    variables = {**environment_for_client(url, key), **trust}
    click.echo(json.dumps(variables) if as_json else write_exports(variables, shell), nl=as_json)

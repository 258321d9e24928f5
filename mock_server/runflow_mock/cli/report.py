"""`runflow-mock report`: what a running sandbox has seen of a client, rule by rule."""

import sys
from pathlib import Path

import click
import urllib3

from runflow_mock.cli.options import url_option
from runflow_mock.cli.sheets import Outputs, sheet_options
from runflow_mock.kit.sheets.records import summary_of
from runflow_mock.kit.sheets.reports import sheet_of
from runflow_mock.testing.client import ClientError
from runflow_mock.testing.control import Control


@click.command()
@url_option()
@click.option("--key", envvar="RUNFLOW_API_KEY", show_envvar=True, required=True, help="The tenant's API key.")
@sheet_options
def command(*, url: str, key: str, as_json: bool, junit_file: Path | None, markdown_file: Path | None) -> None:
    """Tell how a client behaved, rule by rule.

    Each rule is held, broken or not exercised, with what shows it. Exit codes: 0 all rules held, 1 a rule was broken, 2 wrong usage or an
    error of the sandbox, 3 nothing exercised.
    """
    control = Control(url, key)
    try:
        control.client.check_server()
        report = control.report()
        known = {exchange.id: exchange.operation for exchange in control.journal(limit=1000) if exchange.operation is not None}
    except ClientError as error:
        raise click.UsageError(f"{url} refuses the report: {error}; --key takes the key of a tenant of this sandbox") from None
    except urllib3.exceptions.HTTPError as error:
        raise click.UsageError(f"{url} does not answer: {error}; start a sandbox with runflow-mock serve, or give --url") from None
    finally:
        control.close()
    sheet = sheet_of(report, known)
    Outputs(as_json=as_json, junit_file=junit_file, markdown_file=markdown_file).write(summary_of(sheet))
    sys.exit(sheet.exit_code)

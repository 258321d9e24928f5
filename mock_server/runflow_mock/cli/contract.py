"""`runflow-mock contract check`: says where the fake and a user's own OpenAPI document disagree."""

import sys

import click
import msgspec

from runflow_mock.cli.options import checked_source, json_option, tell
from runflow_mock.kit.suite.carriers import AppCarrier
from runflow_mock.kit.suite.comparing import as_json as told
from runflow_mock.kit.suite.comparing import compare
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.runtime.foreign_documents import load_contract
from runflow_mock.testing.in_process import InProcess


@click.group()
def command() -> None:
    """Compare the contract with a document of yours."""


@command.command()
@click.argument("source", metavar="FILE|URL", callback=checked_source)
@json_option("Print one JSON object.")
def check(*, source: str, as_json: bool) -> None:
    """List where the fake and a document disagree.

    FILE|URL is an OpenAPI 3.1 document. Operations, statuses of success and required fields are compared; then the fake is called, and
    its answers are checked against the document. Files that it refers to are read where they are in its folder or below. What in it
    cannot be understood is told on stderr with its place, and the rest is compared. Exit codes: 0 they agree, 1 they do not, 2 the
    document cannot be used.
    """
    theirs = load_contract(source, tell)
    app = InProcess()
    try:
        found = list(compare(packaged_contract(), theirs, Target(AppCarrier(app), None)))
    finally:
        app.stop()
    if as_json:
        click.echo(msgspec.json.encode({**told(found), "problems": [str(problem) for problem in theirs.problems]}).decode())
    else:
        for each in found:
            click.echo(f"{each.kind}: {each.operation}: {each.says}")
        click.echo(f"{len(found)} disagreements" if found else "The fake and the document agree.")
    sys.exit(1 if found else 0)

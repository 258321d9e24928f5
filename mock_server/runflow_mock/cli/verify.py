"""`runflow-mock verify`: holds any server against the contract."""

import sys
import time
from pathlib import Path
from typing import Any

import click

from runflow_mock.cli.dialects import dialect_options_or, read_said
from runflow_mock.cli.options import Figure, WholeNumber, checked_url, document_option, json_option, tell
from runflow_mock.cli.sheets import WRITTEN, Outputs
from runflow_mock.cli.streams import written_at_the_end
from runflow_mock.kit.suite.calls import check_call
from runflow_mock.kit.suite.carriers import HttpCarrier, NoAnswer
from runflow_mock.kit.suite.generating import EFFORTS, effort_of, require_generator
from runflow_mock.kit.suite.pairs import unseen
from runflow_mock.kit.suite.recordings import recording
from runflow_mock.kit.suite.reports import summary_of
from runflow_mock.kit.suite.runner import declared_operations, plan, verify
from runflow_mock.kit.suite.suite_tenants import Target, TargetError
from runflow_mock.kit.suite.tallies import Tally
from runflow_mock.openapi.promises import as_documented
from runflow_mock.runtime.foreign_documents import load_document


@click.command()
@click.option("--base-url", required=True, callback=checked_url, help="Where the server is, without /v1.")
@click.option(
    "--api-key", default=None, envvar="RUNFLOW_API_KEY", show_envvar=True, help="Key to use where the suite gets none of its own."
)
@document_option("Document that judges in place of the packaged one.")
@dialect_options_or("the profile's, or the server's", "Dialect of the tenants that the suite makes.")
@click.option("--allow-spend", default=0.0, type=Figure(min=0), metavar="USD", help="Create runs on a server that is no fake.")
@click.option("--effort", default="quick", type=click.Choice(sorted(EFFORTS)), show_default=True, help="How many requests are made up.")
@click.option(
    "--seed", default=None, type=WholeNumber(), metavar="INTEGER", help="Make up other requests than usual, the same for the same seed."
)
@click.option("--junit", "junit_file", default=None, type=WRITTEN, help="Write a JUnit report.")
@click.option("--markdown", "markdown_file", default=None, type=WRITTEN, help="Write a summary with the table of operations and statuses.")
@click.option("--har", "har_file", default=None, type=WRITTEN, help="Write the generated exchanges as an HTTP archive.")
@json_option("Print one JSON object.")
def command(*, base_url: str, api_key: str | None, openapi: str | None, as_json: bool, junit_file: Path | None, **options: Any) -> None:
    """Check a server against the contract.

    A fake is tested in tenants made for that. Any other server is only read, twice a second; requests that create something need
    --allow-spend, and the plan is printed first. Exit codes: 0 all rules held, 1 a rule was broken, 2 wrong usage or an error of the
    suite, 3 nothing exercised.
    """
    effort, said = effort_of(options["effort"], options["seed"]), read_said(options)
    try:
        require_generator()
        document = load_document(openapi, tell)
        target = Target(HttpCarrier(base_url), api_key, dialect=said.dialect, switches=said.switches, spend_usd=options["allow_spend"])
        _say(f"{base_url} is {_kind(target)}; seed {effort.seed}{'' if effort.is_random else ', the same requests every time'}", as_json)
        check_call(target)
        if not target.is_mock:
            document = as_documented(document)
        if any(said) and not target.has_control:
            _say("--dialect, --profile and --switches are about tenants that the suite makes: this server speaks as it does", as_json)
        if target.spend_usd and not target.has_control:
            for line in plan(target):
                _say(line, as_json)
        with written_at_the_end() as files, recording(options["har_file"], files) as keep:
            started = time.monotonic()
            total = verify(target, document, effort, lambda name, tally: _tell(name, tally, started, as_json), keep)
            declared = declared_operations(document)
            summary = summary_of(total, declared, f"Contract suite against {base_url}", unseen(total, declared, target))
            outputs = Outputs(as_json=as_json, junit_file=junit_file, markdown_file=options["markdown_file"])
            files.update(outputs.files(summary))
            outputs.show(summary)
    except (TargetError, NoAnswer) as error:
        tell(str(error) if isinstance(error, TargetError) else f"{base_url} does not answer any more ({error})")
        sys.exit(2)
    sys.exit(total.exit_code)


def _kind(target: Target) -> str:
    if target.has_control:
        return "a fake with the control API"
    return "a fake that makes no tenants for the suite" if target.is_mock else "no fake"


def _tell(name: str, tally: Tally, started: float, as_json: bool) -> None:
    _say(f"{name}: {tally.cases} cases, {len(tally.broken)} broken, {time.monotonic() - started:.0f} s", as_json)


def _say(text: str, as_json: bool) -> None:
    click.echo(text, err=as_json)

"""`runflow-mock verify-client -- COMMAND…`: runs any client through a matrix of situations, and tells which rules it keeps."""

import gc
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import click

from runflow_mock.cli.dialects import dialect_options, read_speech
from runflow_mock.cli.options import Figure, Secret, WholeNumber, document_option, tell
from runflow_mock.cli.sheets import READ, Outputs, expected_option, load_expected, sheet_options
from runflow_mock.kit.matrix.cells import select
from runflow_mock.kit.matrix.clients import CommandRunner
from runflow_mock.kit.matrix.expectations import load_expectations
from runflow_mock.kit.matrix.given_secrets import given_secrets
from runflow_mock.kit.matrix.judging import judge_trials, places_of
from runflow_mock.kit.matrix.running import run_matrix
from runflow_mock.kit.matrix.trials import MatrixJob, Trial
from runflow_mock.kit.sheets.records import expecting, summary_of
from runflow_mock.runtime.config import Config, read_rewrites
from runflow_mock.runtime.foreign_documents import load_contract
from runflow_mock.testing.proxy import Proxy
from runflow_mock.testing.server import serve

CALLBACK_SECRET = "rf_whsec_verify_client"  # noqa: S105 - a dummy


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
@click.option("--full", "is_full", is_flag=True, help="Every cell, not only each value once and the pairs that interact.")
@click.option("--only", multiple=True, metavar="CELL", help="Only this cell, and its control; repeatable.")
@click.option("--jobs", default=6, type=WholeNumber(1, 32), show_default=True, help="Cells at a time; 1 for a receiver that they share.")
@click.option(
    "--timeout",
    "seconds_max",
    default=80.0,
    type=Figure(1, 3600),
    show_default=True,
    help="Seconds for one cell; up to five times that (300 at most) for a client that is still trying.",
)
@click.option("--expect", "expect_file", default=None, type=READ, help="YAML: how the command ends in a cell, {exit: 3, output: REGEX}.")
@click.option("--receiver", default="", metavar="ORIGIN=URL", help="Send callbacks for https://ORIGIN to a receiver on this machine.")
@click.option("--callback-secret", default=CALLBACK_SECRET, type=Secret(), help="Secret of callbacks, if the command has one of its own.")
@dialect_options
@document_option("Document that judges in place of the packaged one.")
@expected_option
@sheet_options
def command(*, arguments: tuple[str, ...], expected_file: Path | None, as_json: bool, **options: Any) -> None:
    """Run a client through a matrix of situations.

    COMMAND does one piece of work, such as one order, and ends with exit code 0 if that went well. It is started once for each cell, in a
    tenant of its own, with RUNFLOW_API_KEY, RUNFLOW_BASE_URL, RUNFLOW_API_BASE, RUNFLOW_CALLBACK_SECRET, RUNFLOW_MOCK_CELL and the
    variables of a proxy for clients that have the service's host written into them. Exit codes: 0 all rules held, 1 a rule was broken or
    an expected failure is stale, 2 wrong usage or an error of ours, 3 nothing exercised.
    """
    gc.enable()
    cells = select(is_full=options["is_full"], only=options["only"])
    expected = load_expectations(options["expect_file"])
    may_be_broken = load_expected(expected_file, places_of(cells))
    contract = None if options["openapi"] is None else load_contract(options["openapi"], tell)
    speech = read_speech(options)
    config = Config(
        port=0,
        speed=1.0,
        dialect=speech.dialect,
        switches=speech.switches,
        callback_rewrites=read_rewrites(options["receiver"]),
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(config, contract=contract) as server,
        Proxy(server.url, Path(folder)) as proxy,
        Proxy(server.url, Path(folder)) as distrusted,
    ):
        job = MatrixJob(
            client=CommandRunner(arguments, options["seconds_max"]),
            url=server.url,
            env=proxy.env,
            env_of_distrust=distrusted.env_of_distrust,
            secure_connections=lambda cell: (distrusted if cell.distrusts else proxy).secure_connections,
            callback_secret=options["callback_secret"],
            seconds_max=options["seconds_max"],
            say=partial(click.echo, err=True),
            given_secrets=partial(given_secrets, server.runtime),
        )
        trials = run_matrix(cells, job, expected, _tell, jobs=options["jobs"])
    sheet = expecting(judge_trials(cells, trials, expected), may_be_broken)
    outputs = Outputs(as_json=as_json, junit_file=options["junit_file"], markdown_file=options["markdown_file"])
    outputs.write(
        summary_of(sheet),
        matrix=[
            {
                "cell": trial.cell.name,
                "exit_code": trial.exit_code,
                "seconds": trial.seconds,
                "exchanges": trial.exchanges,
                "met": trial.is_met,
                "way": "callback" if trial.asks_for_callback else "polling",
                "output": trial.output,
            }
            for trial in trials.values()
        ],
    )
    sys.exit(sheet.exit_code)


def _tell(trial: Trial) -> None:
    click.echo(f"{trial.cell.name}: {trial.told}{'' if trial.is_met else ', situation not met'}", err=True)

"""`runflow-mock verify-receiver URL`: probes a webhook handler, and tells which rules it keeps."""

import gc
import sys
from contextlib import closing
from pathlib import Path

import click

from runflow_mock.cli.options import checked_url
from runflow_mock.cli.sheets import Outputs, expected_option, sheet_options, with_expected
from runflow_mock.domain.dialects import BUNDLES
from runflow_mock.kit.probes.carriers import Carrier
from runflow_mock.kit.probes.probe_steps import ProbeKit
from runflow_mock.kit.probes.sample_callbacks import Sender
from runflow_mock.kit.probes.verdicts import verify_receiver
from runflow_mock.kit.sheets.records import Row


@click.command()
@click.argument("url", callback=checked_url)
@click.option("--secret", envvar="RUNFLOW_MOCK_CALLBACK_SECRET", show_envvar=True, required=True, help="Secret that the receiver expects.")
@click.option("--previous-secret", default=None, help="Secret before it, which the receiver still takes during a rotation.")
@click.option("--dialect", default="seed", type=click.Choice(list(BUNDLES)), show_default=True, help="Whose form of message and signature.")
@click.option(
    "--effects", "effects_url", default=None, callback=checked_url, help="Address that answers with how often the receiver acted."
)
@click.option("--answer-within", default=10.0, type=click.FloatRange(0.05, 60), show_default=True, help="Seconds that an answer may take.")
@expected_option
@sheet_options
def command(
    *,
    url: str,
    secret: str,
    previous_secret: str | None,
    dialect: str,
    effects_url: str | None,
    answer_within: float,
    expected_file: Path | None,
    as_json: bool,
    junit_file: Path | None,
    markdown_file: Path | None,
) -> None:
    """Probe a webhook handler.

    Each probe differs from a genuine callback in one thing: forged, stale, unsigned, repeated, reordered, slow, in part, under the secret
    before, or odd. Exit codes: 0 all rules held, 1 a rule was broken or an expected failure is stale, 2 wrong usage or an error of ours, 3
    nothing exercised.
    """
    gc.enable()

    def tell(row: Row) -> None:
        click.echo(f"{row.judgement.value:13}  {row.subject}: {row.rule}", err=True)

    with Sender(secret, dialect) as sender, closing(Carrier(url, seconds_max=answer_within + 0.5, effects_url=effects_url)) as carrier:
        sheet = verify_receiver(ProbeKit(sender, carrier, previous_secret), url, tell, answer_seconds_max=answer_within)
    sheet = with_expected(sheet, expected_file)
    Outputs(as_json=as_json, junit_file=junit_file, markdown_file=markdown_file).write(sheet)
    sys.exit(sheet.exit_code)

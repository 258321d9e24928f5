"""`runflow-mock drift`: what moved between the pinned document or catalog and a newer one."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from runflow_mock.cli.options import UNREACHABLE, checked_source, json_option, tell
from runflow_mock.cli.sheets import WRITTEN, Outputs
from runflow_mock.kit.drift.comparing import compare_with_pin, load_newer
from runflow_mock.kit.drift.drifts import Grade
from runflow_mock.kit.drift.pinning import REASON, pin_newer
from runflow_mock.kit.drift.texts import summary_of
from runflow_mock.runtime.foreign_documents import UnreachableError

GRADES = [grade.value for grade in Grade]


@click.command()
@click.option("--against", required=True, metavar="FILE|URL", callback=checked_source, help="The newer OpenAPI document or catalog.")
@click.option("--fail-on", default="risky", type=click.Choice(GRADES), show_default=True, help="What ends with exit code 1.")
@click.option("--play/--no-play", "plays", default=True, show_default=True, help="Check answers of the fake against a newer document.")
@click.option("--pin", "is_pinned", is_flag=True, help="Pin the newer one in runflow.lock, and keep a copy beside it.")
@click.option("--reason", default=REASON, show_default=True, help="Why it is pinned, for whoever reads the lock.")
@click.option("--markdown", "markdown_file", default=None, type=WRITTEN, help="Write a Markdown report, fit for an issue.")
@json_option("Print one JSON object.")
def command(*, against: str, fail_on: str, plays: bool, is_pinned: bool, reason: str, markdown_file: Path | None, as_json: bool) -> None:
    """Tell what changed between the pinned contract and a newer one.

    FILE|URL is an OpenAPI document or a catalog, such as models-catalog.json. It is compared with what runflow.lock pins in this project,
    or else with what ships with runflow-mock. Each difference is breaking, risky or additive for a client. Exit codes: 0 nothing as bad as
    --fail-on, or --pin has pinned it, 1 something is, 2 wrong usage or a document that cannot be used, 4 the address does not answer.
    """
    here = Path.cwd()
    try:
        newer = load_newer(against, tell)
    except UnreachableError as error:
        tell(str(error))
        sys.exit(UNREACHABLE)
    comparison = compare_with_pin(newer, here, plays=plays)
    lock = pin_newer(newer, here, datetime.now(UTC).date(), reason) if is_pinned else None
    grade = Grade(fail_on)
    Outputs(as_json=as_json, markdown_file=markdown_file).write(summary_of(comparison, grade, lock))
    sys.exit(0 if lock is not None else comparison.exit_code(grade))

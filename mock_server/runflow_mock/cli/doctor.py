"""`runflow-mock doctor`: tells why a callback did not arrive."""

import sys
from collections.abc import Iterator, Sequence

import click
import urllib3

from runflow_mock.cli.options import json_option, url_option
from runflow_mock.cli.sheets import Outputs
from runflow_mock.domain.principals import KEY_PREFIX, SANDBOX
from runflow_mock.kit.sheets.summaries import Line, Summary
from runflow_mock.testing.client import Client, ClientError
from runflow_mock.testing.diagnosis import Finding, diagnose


@click.command()
@click.argument("identifier", required=False, metavar="[ID]")
@url_option()
@click.option("--key", default=KEY_PREFIX + SANDBOX, envvar="RUNFLOW_API_KEY", show_envvar=True, help="Key that created the run or batch.")
@json_option("Print one JSON line with healthy and findings: about, says, way_out, is_problem.")
def command(*, identifier: str | None, url: str, key: str, as_json: bool) -> None:
    """Tell why a callback did not arrive.

    ID is a run, batch, evaluation or delivery; without one all are looked at. The sandbox is only read: its clock does not move. Exit
    codes: 0 nothing keeps callbacks from arriving, 1 something does or the sandbox cannot be asked, 2 wrong usage.
    """
    findings = _findings(url, key, identifier)
    is_healthy = not any(finding.is_problem for finding in findings)
    summary = Summary(title="callbacks", lines=tuple(_lines(findings)), json={"healthy": is_healthy, "findings": findings})
    Outputs(as_json=as_json).show(summary)
    sys.exit(0 if is_healthy else 1)


def _lines(findings: Sequence[Finding]) -> Iterator[Line]:
    for finding in findings:
        yield Line("x " if finding.is_problem else "- ", f"{finding.about}: {finding.says}")
        if finding.way_out:
            yield Line("    ", finding.way_out)
    if not any(finding.is_problem for finding in findings):
        yield Line("Nothing keeps callbacks from arriving.")


def _findings(url: str, key: str, identifier: str | None) -> list[Finding]:
    client = Client(url, key)
    try:
        client.check_server()
        return diagnose(client, identifier)
    except ClientError as error:
        return [
            Finding(f"sandbox at {url}", str(error), "give the sandbox with --url, and with --key the key that created the run or batch")
        ]
    except urllib3.exceptions.HTTPError as error:
        return [Finding(f"sandbox at {url}", f"no answer ({error})", "start it with `runflow-mock serve`, or say where it is with --url")]
    finally:
        client.close()

"""`runflow-mock doctor`: tells why a callback did not arrive."""

import sys

import click
import msgspec
import urllib3
from rich.console import Console
from rich.markup import escape

from runflow_mock.cli.options import json_option, url_option
from runflow_mock.domain.principals import KEY_PREFIX, SANDBOX
from runflow_mock.domain.printing import on_one_line
from runflow_mock.testing.client import Client, ClientError
from runflow_mock.testing.diagnosis import Finding, diagnose


@click.command()
@click.argument("identifier", required=False, metavar="[ID]")
@url_option()
@click.option("--key", default=KEY_PREFIX + SANDBOX, envvar="RUNFLOW_API_KEY", show_envvar=True, help="Key that created the run or batch.")
@json_option("Print one JSON line with healthy and findings: about, says, way_out, is_problem.")
def command(*, identifier: str | None, url: str, key: str, as_json: bool) -> None:
    """Tell why a callback did not arrive.

    ID is a run, batch, evaluation or delivery; without one all are looked at. The sandbox is only read: time stands where it stood. Exit
    codes: 0 nothing keeps callbacks from arriving, 1 something does or the sandbox cannot be asked, 2 wrong usage.
    """
    findings = _findings(url, key, identifier)
    is_healthy = not any(finding.is_problem for finding in findings)
    if as_json:
        click.echo(msgspec.json.encode({"healthy": is_healthy, "findings": findings}).decode())
    else:
        console = Console(highlight=False, soft_wrap=True)
        for finding in findings:
            mark = "[red]x[/]" if finding.is_problem else "[green]-[/]"
            way_out = f"\n    {escape(finding.way_out)}" if finding.way_out else ""
            console.print(f"{mark} {escape(on_one_line(finding.about))}: {escape(on_one_line(finding.says))}{way_out}")
        if is_healthy:
            console.print("[green]Nothing keeps callbacks from arriving.[/]")
    sys.exit(0 if is_healthy else 1)


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

"""`runflow-mock healthcheck`: is the sandbox up? Made for containers, which ask every few seconds: it imports next to nothing."""

import http.client
import json
import ssl
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import click

from runflow_mock.cli.options import Figure, json_option, state_option, url_option

PATH = "/_mock/health"


class Unhealthy(Exception):
    """The sandbox is not there, or is something else; the message says which."""


class Health(NamedTuple):
    """What the sandbox says of itself: `ok`, or `degraded` after an error in the background."""

    status: str
    background_errors: int


@click.command()
@url_option()
@state_option()
@click.option("--timeout", default=3.0, type=Figure(0.1, 60), show_default=True, help="Seconds to wait for an answer.")
@json_option("Print one JSON line with healthy, url, and status or reason.")
def command(*, url: str, state: Path, timeout: float, as_json: bool) -> None:
    """Tell whether the sandbox is up.

    An https address is checked against the local CA. A sandbox that reports errors in the background is up, and they are told.
    Exit codes: 0 it is up, 1 it is not, 2 wrong usage.
    """
    try:
        health = check(url, state, timeout)
    except Unhealthy as error:
        click.echo(json.dumps({"healthy": False, "url": url, "reason": str(error)}) if as_json else f"runflow-mock at {url}: {error}")
        sys.exit(1)
    more = f", {health.background_errors} errors in the background: see {url}{PATH}" if health.background_errors else ""
    line = {"healthy": True, "url": url, "status": health.status, "background_errors": health.background_errors}
    click.echo(json.dumps(line) if as_json else f"runflow-mock at {url}: {health.status}{more}")


def check(url: str, state: Path, seconds_max: float) -> Health:
    """Returns the health of the sandbox at an address.

    Raises:
        Unhealthy: nothing answers there, or not as a sandbox would.
    """
    connection = _connection(url, state, seconds_max)
    try:
        connection.request("GET", urlsplit(url).path + PATH)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise Unhealthy(f"no answer ({error or type(error).__name__}); is `runflow-mock serve` running there?") from None
    finally:
        connection.close()
    try:
        told = json.loads(body)
        return Health(told["status"], len(told["background_errors"]))
    except (ValueError, KeyError, TypeError):
        message = body[:200].decode(errors="replace")
        raise Unhealthy(f"{PATH} answered {response.status} and is no sandbox's health: {message!r}") from None


def _connection(url: str, state: Path, seconds_max: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    assert parts.hostname is not None
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=seconds_max)
    from runflow_mock.runtime.certificates import ca_file

    trusted = ca_file(state)
    try:
        context = ssl.create_default_context(cafile=str(trusted))
    except OSError as error:
        raise Unhealthy(f"the local CA {trusted} cannot be read ({error.strerror}); `runflow-mock ca` makes it") from None
    return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=seconds_max, context=context)

"""The server of a session: what the fixture `runflow_server` returns."""

import re
from typing import NamedTuple

from urllib3.exceptions import HTTPError

from runflow_mock.domain.ports import PORT_OF_SCHEME
from runflow_mock.testing.client import Client, ClientError, Exchanger, HttpExchanger

WAY_OUT = "start one with `runflow-mock serve`, or leave --runflow-url, runflow_url and RUNFLOW_MOCK_URL out, and each session has its own"
_UNCLEAR = "in a name or a password write / as %2F, ? as %3F and # as %23, and an @ behind the host as %40"
# `user:password@` where a host follows, or would.
_CREDENTIALS = re.compile(r"(?:(?<=://)|\A(?![^/]*://))[^/?#]*@")


class NoServer(Exception):
    """No fake answers at the address that was given for one."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"runflow_server: no runflow-mock is at {url!r}: {why}; {WAY_OUT}")


class RunflowServer(NamedTuple):
    """The server of the session: its address, and whether it runs elsewhere; one in this process is also asked without a connection."""

    url: str
    is_external: bool
    calls: Exchanger | None = None


def server_at(url: str) -> RunflowServer:
    """Returns a server that runs elsewhere, which is asked whether it is one.

    Raises:
        NoServer: it is none, or nothing answers.
    """
    # Many read what is told, and a password in the address is not needed for the question.
    bare = _CREDENTIALS.sub("", url)
    if "@" in bare:
        # The password has a / in it, and what would be taken for the host is a part of it.
        raise NoServer(f"...{bare[bare.rindex('@') :]}", _UNCLEAR)
    if url.partition("://")[0].lower() not in PORT_OF_SCHEME:
        raise NoServer(bare, "an address begins with http:// or https://")
    try:
        client = Client(bare, None, HttpExchanger(bare))
    except ValueError as error:
        raise NoServer(bare, str(error)) from None
    try:
        client.check_server()
    except (ClientError, HTTPError) as error:
        raise NoServer(bare, str(error)) from None
    finally:
        client.close()
    return RunflowServer(url.rstrip("/"), is_external=True)

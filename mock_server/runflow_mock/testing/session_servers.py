"""What the fixture `runflow_server` returns."""

from typing import NamedTuple

from runflow_mock.testing.client import Exchanger


class RunflowServer(NamedTuple):
    """The server of the session: its address, and whether it runs elsewhere; one in this process is also asked without a connection."""

    url: str
    is_external: bool
    calls: Exchanger | None = None

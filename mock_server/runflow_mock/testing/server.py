"""The fake in a thread of this process, on a port of its own: for tests, and for the demo."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

from runflow_mock.domain.models import Catalog
from runflow_mock.openapi.contracts import Contract
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.observers import Observer
from runflow_mock.runtime.runtime import Runtime, Sleep
from runflow_mock.testing.direct_calls import DirectCalls
from runflow_mock.testing.loop_threads import ReadyExecutor
from runflow_mock.web.app import create_app
from runflow_mock.web.calls import in_messages
from runflow_mock.web.control import operations  # noqa: F401 - loaded before a test replaces clocks or sockets
from runflow_mock.web.server import Server, bind, open_secure, url_of

START_SECONDS_MAX = 10.0


class RunningServer:
    """A server at work: where it is, and what is behind it; with https also there, and with the authority to trust.

    `calls` reaches it without a connection.
    """

    def __init__(self, url: str, runtime: Runtime, calls: DirectCalls, tls_url: str | None = None, ca_file: Path | None = None) -> None:
        self.calls = calls
        self.url = url
        self.runtime = runtime
        self.tls_url = tls_url
        self.ca_file = ca_file


@contextmanager
def serve(
    config: Config,
    *,
    catalog: Catalog | None = None,
    contract: Contract | None = None,
    observer: Observer | None = None,
    sleep: Sleep = asyncio.sleep,
) -> Iterator[RunningServer]:
    """Runs the fake while the context lasts; the ports of the configuration count, 0 picks a free one. Faults that take time `sleep`.

    A `contract` of the user's judges what is in the journal, in place of the packaged one.

    Raises:
        ConfigError: an address is taken, or https cannot be had.
        CatalogError: a catalog file cannot be used.
        TimeoutError: the server did not start.
    """
    app = create_app(config, catalog=catalog, contract=contract, observer=observer, sleep=sleep)
    with bind(config.host, config.port) as bound, open_secure(config, datetime.now(UTC)) as secure:
        ready = threading.Event()
        loops: list[asyncio.AbstractEventLoop] = []

        def begin() -> None:
            loops.append(asyncio.get_running_loop())
            loops[0].set_default_executor(ReadyExecutor())
            ready.set()

        server = Server(app, begin, secure, app.state.runtime.bounds)
        thread = Thread(target=server.run, kwargs={"sockets": [bound]}, name="runflow-mock", daemon=True)
        thread.start()
        tls = () if secure is None else (url_of(secure.bound, "https"), secure.ca_file)
        try:
            if not ready.wait(START_SECONDS_MAX):
                raise TimeoutError(f"the server did not start within {START_SECONDS_MAX:g} s")
            yield RunningServer(url_of(bound), app.state.runtime, DirectCalls(app, loops[0], in_messages(app.at_once)), *tls)
        finally:
            server.should_exit = True
            thread.join(START_SECONDS_MAX)

"""The fake in a thread of this process, on a port of its own: for tests, and for the demo."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from runflow_mock.domain.models import Catalog
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.observers import Observer
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.web.app import create_app
from runflow_mock.web.server import Server, bind, url_of

START_SECONDS_MAX = 10.0


class RunningServer:
    """A server at work: where it is, and what is behind it."""

    def __init__(self, url: str, runtime: Runtime) -> None:
        self.url = url
        self.runtime = runtime


@contextmanager
def serve(config: Config, *, catalog: Catalog | None = None, observer: Observer | None = None) -> Iterator[RunningServer]:
    """Runs the fake while the context lasts; the port of the configuration counts, 0 picks a free one.

    Raises:
        ConfigError: the address is taken.
        CatalogError: a catalog file cannot be used.
        TimeoutError: the server did not start.
    """
    app = create_app(config, catalog=catalog, observer=observer)
    bound = bind(config.host, config.port)
    ready = threading.Event()
    server = Server(app, ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="runflow-mock", daemon=True)
    thread.start()
    try:
        if not ready.wait(START_SECONDS_MAX):
            raise TimeoutError(f"the server did not start within {START_SECONDS_MAX:g} s")
        yield RunningServer(url_of(bound), app.state.runtime)
    finally:
        server.should_exit = True
        thread.join(START_SECONDS_MAX)
        bound.close()

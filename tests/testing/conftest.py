from collections.abc import Iterator

# Loaded before any session in a session is: httpx keeps the errors of the httpcore that it meets first, and that session's is forgotten.
import httpcore  # noqa: F401 - see above
import pytest
from answers import ANSWERS

from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.testing.in_process import InProcess, open_tenant_in
from runflow_mock.testing.interception import ServiceEndpoint, intercept
from runflow_mock.testing.runflow import Runflow, open_tenant
from runflow_mock.testing.server import serve


@pytest.fixture(scope="package")
def url() -> Iterator[str]:
    """A server on loopback, shared by the tests of this folder."""
    with serve(Config(port=0, clock=ClockMode.AUTO, speed=1.0), observer=ANSWERS) as server:
        yield server.url


@pytest.fixture
def tenant(url: str) -> Iterator[Runflow]:
    """A tenant of its own for one test; time stands."""
    with open_tenant(url, clock="manual") as opened:
        yield opened
        opened.control.delete_tenant(opened.tenant)


@pytest.fixture(scope="module")
def endpoint(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceEndpoint]:
    """Where the service's hosts lead for the tests of a module."""
    opened = ServiceEndpoint(url, tmp_path_factory.mktemp("endpoint"))
    yield opened
    opened.stop()


@pytest.fixture
def hosts(tenant: Runflow, endpoint: ServiceEndpoint) -> Iterator[Runflow]:
    """A tenant of its own for one test, with everything that is aimed at the service led to its fake."""
    with intercept(endpoint):
        yield tenant


@pytest.fixture(scope="module")
def app() -> Iterator[InProcess]:
    """A fake in this process, shared by the tests of a module."""
    opened = InProcess()
    yield opened
    opened.stop()


@pytest.fixture
def runflow(app: InProcess) -> Iterator[Runflow]:
    """A tenant of its own without a socket; time stands."""
    with open_tenant_in(app, clock="manual") as opened:
        yield opened
        opened.control.delete_tenant(opened.tenant)

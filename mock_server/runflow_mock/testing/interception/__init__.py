"""Clients that have https://api.runflow.io written into them: their requests reach the fake without a change of the client.

Names of the service lead to this machine, whoever asks for them, and TLS for those names ends at an authority of the test's own. So a
client is caught below its HTTP library, whichever that is, and sees what it would see in production: a host, a certificate, an answer.
Proxies are passed by. What leads to the service in another way, by a function that somebody kept or through a proxy that nobody knows, is
refused with an error that names runflow-mock. Nothing is caught in other processes: see `testing.proxy`.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from runflow_mock.testing.interception.endpoints import ServiceEndpoint
from runflow_mock.testing.interception.libraries import lead_libraries
from runflow_mock.testing.interception.names import lead_names
from runflow_mock.testing.interception.nets import spread_net
from runflow_mock.testing.interception.patches import Patches
from runflow_mock.testing.interception.routes import RefusedWayOut, Route
from runflow_mock.testing.interception.tls import lead_tls
from runflow_mock.wire.sites import HOSTS

__all__ = ["SERVICE_HOSTS", "RefusedWayOut", "ServiceEndpoint", "intercept"]

SERVICE_HOSTS = tuple(HOSTS)
"""The names of the service."""


@contextmanager
def intercept(endpoint: ServiceEndpoint) -> Iterator[None]:
    """Leads every way of this process to the service to an endpoint, for as long as the context lasts.

    What is put in place looks whether the context still lasts, so that it does no harm where another tool puts it back later.
    """
    route = Route(endpoint)
    with ExitStack() as stack:
        stack.callback(endpoint.hang_up)
        stack.callback(route.close)
        patches = stack.enter_context(Patches())
        lead_names(patches, route)
        lead_tls(patches, route)
        lead_libraries(patches, route)
        stack.enter_context(spread_net(patches, route))
        yield

"""TLS: a client that asks for a name of the service speaks it with the endpoint's authority, whatever it trusts otherwise."""

from collections.abc import Callable
from typing import Any

from runflow_mock.testing.interception.endpoints import context_class
from runflow_mock.testing.interception.patches import Patches
from runflow_mock.testing.interception.routes import RefusedWayOut, Route, name_of, peer_of


def lead_tls(patches: Patches, route: Route) -> None:
    """Exchanges the context of a client at the moment at which it names the service; the client's own is not touched."""
    for name in ("wrap_socket", "wrap_bio"):
        patches.put(context_class(), name, lambda usual: _wrapping(usual, route))


def _wrapping(usual: Callable[..., Any], route: Route) -> Callable[..., Any]:
    def wrap(self: Any, *given: Any, **options: Any) -> Any:
        name = options.get("server_hostname")
        if not options.get("server_side") and route.leads(name):
            # One that is not connected yet is looked at when it is.
            peer = peer_of(given[0] if given else options.get("sock"))
            if isinstance(peer, tuple) and not route.is_end(peer):
                raise RefusedWayOut(name_of(name), f"spoken TLS with {peer[0]}, an address that was found in another way")
            options.pop("session", None)
            return usual(route.context, *given, **options)
        return usual(self, *given, **options)

    return wrap

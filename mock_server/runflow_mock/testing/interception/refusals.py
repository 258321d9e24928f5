"""Libraries that open connections by code in other languages: nobody can lead their requests, so that those to the service are refused."""

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from runflow_mock.testing.interception.patches import Patches
from runflow_mock.testing.interception.routes import RefusedWayOut, Route

# In Rust, but for tls_client, which is in Go; of each the modules in which its users find it.
FOREIGN = {
    "httpr": ("httpr",),
    "primp": ("primp",),
    "pyreqwest": ("pyreqwest.client", "pyreqwest.simple.request", "pyreqwest.simple.sync_request"),
    "rnet": ("rnet",),
    "tls_client": ("tls_client",),
    "wreq": ("wreq", "wreq.blocking"),
}
# A builder may be given the service once, and its client paths alone.
_ASKING = re.compile(r"(pyreqwest_)?(base_url|delete|execute_request|get|head|options|patch|post|put|request|stream|trace|websocket)")
_ASKERS = re.compile(r"Client|Session")


def refuse_foreign_requests(patches: Patches, route: Route, library: Any) -> None:
    """Refuses requests of a library to the service before anything is looked up, by its functions, its clients and what builds them."""
    name = library.__name__
    for module in map(import_module, FOREIGN[name]):
        kinds = (value for word, value in vars(module).items() if isinstance(value, type) and _ASKERS.search(word))
        for owner in (module, *kinds):
            for word in dir(owner):
                if _ASKING.fullmatch(word) and callable(getattr(owner, word)):
                    patches.put(owner, word, lambda usual: _refusing(usual, route, name))


def refuse_channels(patches: Patches, route: Route, grpc: Any) -> None:
    """Refuses a channel of gRPC to the service, which speaks none, when it is made."""

    def make(usual: Callable[..., Any]) -> Callable[..., Any]:
        def begin(self: Any, target: Any, *rest: Any, **options: Any) -> None:
            host = next((part for part in re.split("[/:,]", str(target)) if route.leads(part)), None)
            if host is not None:
                raise RefusedWayOut(host, "gone there by a channel of gRPC")
            usual(self, target, *rest, **options)

        return begin

    for module in ("grpc._channel", "grpc.aio._channel"):
        patches.put(import_module(module).Channel, "__init__", make)


def _refusing(usual: Callable[..., Any], route: Route, name: str) -> Callable[..., Any]:
    def ask(*given: Any, **named: Any) -> Any:
        of_client = getattr(given[0], "base_url", None) if given else None
        for value in (of_client, *given, *named.values()):
            # Each has a kind of URL of its own.
            if isinstance(value, str) or type(value).__name__ == "Url":
                host = _host_of(str(value))
                if route.leads(host):
                    raise RefusedWayOut(str(host), f"gone there by {name}, which opens connections by itself")
        return usual(*given, **named)

    return ask


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None

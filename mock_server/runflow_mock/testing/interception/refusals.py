"""Libraries that open connections by code in other languages: nobody can lead their requests, so that those to the service are refused."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import Any

from runflow_mock.testing.interception.asked_hosts import host_asked
from runflow_mock.testing.interception.patches import Patches
from runflow_mock.testing.interception.routes import RefusedWayOut, Route

# In Rust, but for tls_client, which is in Go; of each the modules in which users of some version find it.
FOREIGN = {
    "httpr": ("httpr",),
    "primp": ("primp",),
    "pyreqwest": ("pyreqwest.client", "pyreqwest.simple.request", "pyreqwest.simple.sync_request"),
    "rnet": ("rnet", "rnet.blocking"),
    "tls_client": ("tls_client",),
    "wreq": ("wreq", "wreq.blocking"),
}
# A builder may be given the service once, and its client paths alone.
_ASKING = re.compile(r"(pyreqwest_)?(base_url|delete|execute_request|get|head|options|patch|post|put|request|stream|trace|websocket)")
_ASKERS = re.compile(r"Client|Session")


def refuse_foreign_requests(patches: Patches, route: Route, library: Any) -> None:
    """Refuses requests of a library to the service before anything is looked up, by its functions, its clients and what builds them."""
    name = library.__name__

    def make(usual: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*given: Any, **named: Any) -> Any:
            host = host_asked(given, named)
            if route.leads(host):
                raise RefusedWayOut(host, f"gone there by {name}, which opens connections by itself")
            return usual(*given, **named)

        return ask

    modules = tuple(_modules_of(name))
    patches.put_everywhere([getattr(module, word) for module in modules for word in _asking_words(module)], make)
    for module in modules:
        for kind in (value for word, value in vars(module).items() if isinstance(value, type) and _ASKERS.search(word)):
            for word in _asking_words(kind):
                patches.put(kind, word, make)


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


def _modules_of(name: str) -> Iterator[ModuleType]:
    for each in FOREIGN[name]:
        # Not every version has all of them.
        with suppress(ModuleNotFoundError):
            yield import_module(each)


def _asking_words(owner: object) -> list[str]:
    return [word for word in dir(owner) if _ASKING.fullmatch(word) and callable(getattr(owner, word))]

"""libcurl, which asks nobody: each handle is told the ways to the endpoint, whoever has made it, and again each time it is performed."""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, partial
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

from runflow_mock.testing.interception.patches import Patches
from runflow_mock.testing.interception.routes import Route
from runflow_mock.wire.sites import HOSTS

# A handle that somebody keeps from one test to the next goes where the interception leads that is open then.
_OPEN: list[Route] = []


def lead_pycurl(patches: Patches, route: Route, pycurl: Any) -> None:
    """Exchanges the classes of handles wherever somebody has them; their own methods are written in C, and cannot be."""
    _OPEN.append(route)
    patches.at_end(lambda: _OPEN.remove(route))
    curl, multi = pycurl.Curl, pycurl.CurlMulti
    if isinstance(getattr(curl, "__init__", None), FunctionType):
        # Another tool, such as pytest-recording, has put a class of Python's in its place, which nobody can exchange in its module.
        patches.put(curl, "__init__", partial(_telling_then, pycurl))
        return
    led = _led_classes(curl, multi, pycurl)
    users = tuple(_users_of(pycurl, (pycurl, curl, multi)))
    for module in (pycurl, *users):
        for name in [name for name, value in vars(module).items() if value is curl or value is multi]:
            patches.put(module, name, lambda usual: led[usual])
    for kind in curl.__subclasses__():
        if kind is not led[curl]:
            for name, make in _METHODS.items():
                patches.put(kind, name, partial(make, pycurl))
    if users:
        _lead_those_there_are(patches, pycurl, (curl, led[curl]))


def lead_curl_cffi(patches: Patches, route: Route, curl_cffi: Any) -> None:
    """A handle gets the ways to the endpoint each time before it is performed; a list of its own kind is made by hand."""
    options, curl = curl_cffi.CurlOpt, import_module("curl_cffi.curl")

    def make(usual: Callable[..., Any]) -> Callable[..., Any]:
        def ensure_cacert(self: Any) -> Any:
            usual(self)
            if route.is_open:
                ways = curl.ffi.NULL
                for way in _ways(route):
                    ways = curl.lib.curl_slist_append(ways, way.encode())
                # libcurl reads the list while the handle is performed.
                self._runflow_mock_ways = ways
                curl.lib._curl_easy_setopt(self._curl, options.CONNECT_TO, ways)
                self.setopt(options.NOPROXY, ",".join(HOSTS).encode())
                self.setopt(options.CAINFO, route.bundle)

        return ensure_cacert

    patches.put(curl_cffi.Curl, "_ensure_cacert", make)


def _ways(route: Route) -> list[str]:
    """Returns for libcurl which host and port lead where."""
    plain = ":".join(map(str, route.plain_address))
    return [way for name in HOSTS for way in (f"{name}:443:127.0.0.1:{route.secure_port}", f"{name}:80:{plain}")]


def _tell(handle: Any, pycurl: Any) -> None:
    """Tells a handle where the ways to the service lead now; what the code that has made it said of proxies and authorities counts less."""
    if _OPEN:
        handle.setopt(pycurl.CONNECT_TO, _ways(_OPEN[-1]))
        handle.setopt(pycurl.NOPROXY, ",".join(HOSTS))
        handle.setopt(pycurl.CAINFO, _OPEN[-1].bundle)
    else:
        handle.unsetopt(pycurl.CONNECT_TO)


@cache
def _led_classes(curl: type, multi: type, pycurl: Any) -> dict[type, type]:
    """Returns for each class of pycurl's one whose handles are told; there is one of each, so that kept ones go on."""
    handles = {name: make(pycurl, getattr(curl, name)) for name, make in _METHODS.items() if hasattr(curl, name)}
    multis = {"add_handle": _adding(pycurl, getattr(multi, "add_handle"))}  # noqa: B009 - pycurl has no types
    named = {"__module__": pycurl.__name__}
    return {curl: type("Curl", (curl,), named | handles), multi: type("CurlMulti", (multi,), named | multis)}


def _telling_first(pycurl: Any, usual: Callable[..., Any]) -> Callable[..., Any]:
    def perform(self: Any, *given: Any) -> Any:
        _tell(self, pycurl)
        return usual(self, *given)

    return perform


def _telling_then(pycurl: Any, usual: Callable[..., None]) -> Callable[..., None]:
    def begin(self: Any, *given: Any, **options: Any) -> None:
        usual(self, *given, **options)
        if _OPEN:
            _tell(self, pycurl)

    return begin


def _adding(pycurl: Any, usual: Callable[..., Any]) -> Callable[..., Any]:
    def add_handle(self: Any, handle: Any) -> Any:
        _tell(handle, pycurl)
        return usual(self, handle)

    return add_handle


_METHODS = {
    "__init__": _telling_then,
    "reset": _telling_then,
    "perform": _telling_first,
    "perform_rb": _telling_first,
    "perform_rs": _telling_first,
}


def _users_of(library: ModuleType, parts: tuple[object, ...]) -> Iterator[ModuleType]:
    """Yields the modules that have a library, or a part of it, among their names."""
    for module in tuple(sys.modules.values()):
        if isinstance(module, ModuleType) and module.__name__.partition(".")[0] != library.__name__:
            found = tuple(vars(module).values())
            if any(value is part for part in parts for value in found):
                yield module


def _lead_those_there_are(patches: Patches, pycurl: Any, kinds: tuple[type, ...]) -> None:
    """Leads handles that somebody has already made; one that is closed goes nowhere."""

    def forget(handle: Any) -> None:
        # One that is closed by now needs nothing more.
        with suppress(pycurl.error):
            handle.unsetopt(pycurl.CONNECT_TO)

    for kept in gc.get_objects():
        if type(kept) in kinds:
            with suppress(pycurl.error):
                _tell(kept, pycurl)
                patches.at_end(partial(forget, kept))

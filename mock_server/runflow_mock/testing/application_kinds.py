"""Kinds of applications: whether one under test is called as ASGI or as WSGI, and what is no application, told before anything is sent."""

import inspect
from urllib.parse import SplitResult, urlsplit

from runflow_mock.domain.callback_policy import URL_CHARACTERS_MAX, CallbackPolicy, objection
from runflow_mock.domain.ports import PORT_OF_SCHEME, port_of

# In process callbacks go to any host.
_ANYWHERE = CallbackPolicy(is_open=True)
_AFTER_HOST = ("", "/", "?", "#")
# Their applications speak neither ASGI nor WSGI; aiohttp's can be called, and makes nothing.
_SERVED_BY_THEMSELVES = frozenset(("aiohttp", "tornado"))


class NotAnApplication(TypeError):
    """What was handed over cannot be called as an application."""

    def __init__(self, app: object, way_out: str) -> None:
        super().__init__(f"deliver_to takes an ASGI or WSGI application, not {_named(app)}; {way_out}")


def is_asgi(app: object) -> bool:
    """Tells whether an application is called with scope, receive and send; otherwise with environ and start_response.

    Raises:
        NotAnApplication: neither can be.
    """
    if isinstance(app, str):
        raise NotAnApplication(app, "import it and hand over the object: deliver_to(app, 'http://localhost')")
    if not _SERVED_BY_THEMSELVES.isdisjoint(kind.__module__.partition(".")[0] for kind in type(app).__mro__):
        raise NotAnApplication(app, "which a server of its own runs: let that listen, and take the fixture runflow")
    if not callable(app):
        raise NotAnApplication(app, _way_out_of(app))
    # A class is called to make one of it, which may be how WSGI calls it; it is no coroutine even if those that it makes are.
    if not inspect.isclass(app) and (inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__)):
        return True
    try:
        signature = inspect.signature(app)
    except (TypeError, ValueError):
        # Written in another language: WSGI is older.
        return False
    if _takes(signature, 2):
        return False
    if _takes(signature, 3) and not inspect.isclass(app):
        return True
    if _takes(signature, 0):
        raise NotAnApplication(app, "it makes one: call it, and hand over what it returns")
    if "scope" in signature.parameters and _takes(signature, 1):
        raise NotAnApplication(app, "which is one of ASGI 2: hand over asgiref.compatibility.guarantee_single_callable(app)")
    raise NotAnApplication(app, "which takes (scope, receive, send) or (environ, start_response)")


def is_test_client(app: object) -> bool:
    """Tells whether something is a test client of Starlette's, which runs the lifespan of its application on an event loop of its own."""
    return not callable(app) and hasattr(app, "portal") and hasattr(app, "app_state") and callable(getattr(app, "app", None))


def check_prefix(prefix: object) -> None:
    """Raises unless some text begins the URL of a callback.

    Raises:
        TypeError: it is no text; whoever has both the wrong way round meets this.
        ValueError: no URL begins so.
    """
    if not isinstance(prefix, str):
        raise TypeError(f"deliver_to takes the application first, then the beginning of the callbacks' URL, not {_named(prefix)}")
    scheme, _, rest = prefix.partition("://") if "://" in prefix else ("", "", prefix)
    is_web = scheme.lower() in PORT_OF_SCHEME
    names_host = rest[:1] not in _AFTER_HOST
    if not is_web or not names_host:
        begun = f"{scheme.lower() if is_web else 'http'}://"
        meant = begun + ("" if names_host else "localhost") + rest
        example = next(each for each in (meant, meant.partition("#")[0], f"{begun}localhost") if _refusal(each) is None)
        raise ValueError(
            f"deliver_to delivers callbacks whose URL begins with a prefix, and none begins with {_named(prefix)}; say {example!r}"
        )
    refused = _refusal(prefix)
    if refused is not None:
        raise ValueError(f"deliver_to cannot deliver to {_named(prefix)}: {refused}")


def leads_to(url: str, prefix: str) -> bool:
    """Tells whether a URL has the scheme, host and port of a prefix, however they are written, and goes on as it does."""
    asked, given = urlsplit(url), urlsplit(prefix)
    return _origin(asked) == _origin(given) and _rest(asked).startswith(_rest(given))


def narrowness(prefix: str) -> int:
    """Returns how much a prefix says beyond scheme, host and port: of those that a URL begins with, the longest path is the narrowest."""
    return len(_rest(urlsplit(prefix)))


def _refusal(prefix: str) -> str | None:
    """Returns why no callback that is sent has a URL that begins so, or nothing when one has."""
    if len(prefix) > URL_CHARACTERS_MAX:
        return f"a callback's URL has at most {URL_CHARACTERS_MAX} characters, not {len(prefix)}"
    refused = objection(_ANYWHERE, prefix, "a callback's URL")
    if refused is None and "#" in prefix:
        return "what follows # is not sent: leave it out"
    return refused


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, port_of(parts.scheme, parts.port)


def _rest(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


def _way_out_of(app: object) -> str:
    if app is None:
        return "a factory that returns nothing has perhaps made it"
    if is_test_client(app):
        return "whose application is not running: hand it over within its `with`, or hand over its .app"
    return "hand over its .app" if callable(getattr(app, "app", None)) else "hand over what a server such as uvicorn would run"


def _named(value: object) -> str:
    """Returns a value in few words; what it says of itself may be long, or fail."""
    if value is None or isinstance(value, str):
        return repr(value)[:80]
    name = getattr(value, "__name__", None)
    return f"the {type(value).__name__} {name}" if isinstance(name, str) else f"a {type(value).__name__}"

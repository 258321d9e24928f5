"""Asked hosts: which host a call of a library in Rust or Go asks, as that library reads its arguments."""

import re
from typing import Any
from urllib.parse import unquote

# As the URL standard reads it, which Rust does: any number of slashes of either kind, and lines and tabs are not there.
_HOST = re.compile(r"(?:(?:https?|wss?):[/\\]*|[/\\]{2,})(?:[^/\\?#]*@)?(?P<host>[^/\\?#:]*)", re.IGNORECASE)
_DROPPED = str.maketrans("", "", "\t\n\r")
_STRIPPED = "".join(map(chr, range(33)))


def host_asked(given: tuple[Any, ...], named: dict[str, Any]) -> str:
    """Returns the host that a call asks; its address comes first, or after the method, and what it says beside its client's counts."""
    of_client = getattr(given[0], "base_url", None) if given else None
    texts = [value for value in given if _is_address(value)][:2]
    addresses = (*texts, named.get("url"), named.get("uri"), of_client)
    return next((host for value in addresses if _is_address(value) and (host := _host_of(str(value)))), "")


def _is_address(value: object) -> bool:
    # Each library has a kind of URL of its own.
    return isinstance(value, str) or type(value).__name__ == "Url"


def _host_of(url: str) -> str:
    found = _HOST.match(url.translate(_DROPPED).strip(_STRIPPED))
    return "" if found is None else unquote(found["host"])

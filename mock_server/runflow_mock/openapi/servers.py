"""Servers: where the paths of a document are below its servers, at all three places where servers stand.

An operation's own servers win over those of its path, and these over those of the document. Variables have their defaults; of several
servers, and of the values that a variable may have, each is a way to the same operation.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice, product
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from runflow_mock.domain.documents import list_of, object_of

BASES_MAX = 20
HOSTS_MAX = 1_000

# The scheme and the host of an address, which variables may be a part of.
_HEAD = re.compile(r"[^/]*//[^/]+")
_VARIABLE = re.compile(r"\{([^{}]*)\}")

Object = Mapping[str, Any]


def bases_of(*owners: Object) -> tuple[str, ...]:
    """Returns what paths begin with, given an operation, its path item and the document; the first one is the usual one."""
    servers: list[Any] = next((owner["servers"] for owner in owners if isinstance(owner.get("servers"), list) and owner["servers"]), [])
    found = dict.fromkeys(islice((base for server in servers for base in _bases(server)), BASES_MAX))
    return tuple(found) or ("",)


def undeclared_variables(server: object) -> tuple[str, ...]:
    """Returns the variables in a server's address for which it declares no value."""
    if not isinstance(server, dict):
        return ()
    variables = _variables(server)
    return tuple(name for name in _VARIABLE.findall(str(server.get("url", ""))) if name not in variables)


def origins_of(owner: Object) -> tuple[str, ...]:
    """Returns the addresses of all servers without their paths, the usual one first; `/` is the host from which a document came."""
    return tuple(dict.fromkeys(origin for server in list_of(owner.get("servers")) for origin in _origins(object_of(server)))) or ("/",)


def _origins(server: Object) -> Iterator[str]:
    # What stands in the path makes no other host, however many values it may have.
    head = _HEAD.match(str(server.get("url") or ""))
    for url in _addresses({**server, "url": head[0]}, HOSTS_MAX) if head is not None else ("/",):
        parts = _split(url)
        yield f"{parts.scheme}://{parts.netloc}" if parts is not None and parts.scheme and parts.netloc else "/"


def _bases(server: object) -> Iterator[str]:
    for url in _addresses(server) if isinstance(server, dict) else ():
        parts = _split(url)
        path = "" if parts is None else unquote(parts.path).strip("/")
        # What stands for anything is left out: the paths below it are those that the document writes.
        words = [word for word in path.split("/") if word not in ("", ".")]
        yield "" if any(_VARIABLE.search(word) for word in words) else "".join(f"/{word}" for word in words)


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _addresses(server: Object, at_most: int = BASES_MAX) -> Iterator[str]:
    """Yields a server's addresses, the one of the defaults first."""
    url, variables = str(server.get("url") or ""), _variables(server)
    names = [name for name in dict.fromkeys(_VARIABLE.findall(url)) if name in variables]
    for values in islice(product(*(variables[name] for name in names)), at_most):
        chosen = dict(zip(names, values, strict=True))
        yield _VARIABLE.sub(lambda match, chosen=chosen: chosen.get(match[1], match[0]), url)  # type: ignore[misc]


def _variables(server: Object) -> dict[str, list[str]]:
    """Returns the values that each variable may have, the default first."""
    found: dict[str, list[str]] = {}
    for name, variable in object_of(server.get("variables")).items():
        if isinstance(variable, dict):
            values = [variable.get("default"), *list_of(variable.get("enum"))]
            known = list(dict.fromkeys(str(value) for value in values if isinstance(value, str | int | float)))
            if known:
                found[str(name)] = known
    return found

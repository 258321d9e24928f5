"""Descriptors: how many files and sockets this process may have open at once, and what follows from that for the bounds of the server.

A process without a free descriptor cannot even refuse a connection: clients see resets, and nobody is told. So the bounds stay below.
"""

from msgspec.structs import replace

from runflow_mock.runtime.bounds import BoundsMax
from runflow_mock.runtime.config import ConfigError

RESERVED = 32
"""How many descriptors are for files, listeners, the log, and the connection that is just being refused."""
DESCRIPTORS_MIN = 16
"""With fewer than these there is none for the event loop, a listener and a client."""
# Three of four are for clients, the rest is for callbacks.
_PARTS, _OF_CLIENTS = 4, 3


def allow_descriptors(bounds: BoundsMax) -> int | None:
    """Returns how many descriptors there may be, after asking for as many as the bounds need; nothing where nobody limits them.

    Raises:
        ConfigError: they are too few for any server.
    """
    try:
        import resource
    except ImportError:  # Windows counts handles otherwise, and has enough.
        return None
    wanted = bounds.connections_max + bounds.callback_sockets_max + RESERVED
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft < DESCRIPTORS_MIN:
        raise ConfigError(f"{soft} descriptors are allowed (ulimit -n), and a server takes {DESCRIPTORS_MIN} at least: allow more")
    return soft


def bounds_within(bounds: BoundsMax, allowed: int) -> BoundsMax:
    """Returns the bounds that can be kept with so many descriptors."""
    free = max(allowed - RESERVED, _PARTS)
    of_clients = free * _OF_CLIENTS // _PARTS
    return replace(
        bounds,
        connections_max=min(bounds.connections_max, of_clients),
        callback_sockets_max=min(bounds.callback_sockets_max, free - of_clients),
    )

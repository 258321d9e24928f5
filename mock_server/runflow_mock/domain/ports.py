"""Ports: where a URL leads that names none."""

PORT_MAX = 65_535
PORT_OF_SCHEME = {"http": 80, "https": 443}


def port_of(scheme: str, named: int | None) -> int:
    """Returns the port to which a URL of this scheme leads; 0 is a port that was named, at which nothing can listen."""
    return PORT_OF_SCHEME[scheme] if named is None else named

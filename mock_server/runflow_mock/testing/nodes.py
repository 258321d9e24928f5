"""Names and seeds of tenants, by the test that they are for."""

import os
import re
from hashlib import sha256

import pytest

SEED_SHOWN_MAX = 800
"""How many characters of a name a seed shows: less than a tenant's seed may have."""


def tenant_name(text: str) -> str:
    """Returns a name that says what it is for, and that no other test, worker or run has."""
    return f"{slug(text, 46)}_{os.urandom(8).hex()}"


def seed_of(item: pytest.Item, tenants: int = 0) -> str:
    """Returns the seed of a test that has so many tenants: one for each node id and parameter, and the same on every machine and worker.

    A test that is run again makes other records, as one against the service would, and so does a further tenant of it.
    """
    again = getattr(item, "execution_count", 1)
    name = node_id(item) if again <= 1 else f"{node_id(item)} run {again}"
    return seed_from(f"{name} tenant {tenants + 1}" if tenants else name)


def seed_from(name: str) -> str:
    """Returns a name as a seed: a parameter may be longer than a seed, or have what no text has that is sent."""
    shown = name[:SEED_SHOWN_MAX].encode(errors="replace").decode()
    return name if shown == name else f"{shown} {sha256(name.encode(errors='surrogatepass')).hexdigest()[:12]}"


def node_id(item: pytest.Item) -> str:
    """Returns the node id without the group that xdist writes into it."""
    if "@" not in item.nodeid:
        # Hardly any test is in a group, and to look for markers is to look at everything above it.
        return item.nodeid
    group = next(item.iter_markers("xdist_group"), None)
    name = None if group is None else group.kwargs.get("name", group.args[0] if group.args else "default")
    return item.nodeid.removesuffix(f"@{name}") if name is not None else item.nodeid


def is_report_to_come() -> bool:
    """Tells whether a test, or a fixture before it, is at work, so that what is raised is still to be reported."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").endswith(("(setup)", "(call)"))


def slug(text: str, length: int) -> str:
    """Returns text as a part of names of files and tenants."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[-length:].strip("_") or "test"

"""Hosts: which names and which addresses nothing can ever be reached by, so that they are refused where they are given.

Only what is certain is refused: what the form of a domain name rules out, for every resolver there is (RFC 1035, 2.3.4). A name that is odd
may still stand in somebody's `/etc/hosts`.
"""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from runflow_mock.domain.ports import PORT_MAX, PORT_OF_SCHEME

LABEL_CHARACTERS_MAX = 63
NAME_CHARACTERS_MAX = 253

# Also what a terminal takes for a command, and halves of characters, which nothing can send.
_UNSAYABLE = re.compile(r"[\x00- \x7f-\x9f\ud800-\udfff]")
# Which `urlsplit` drops without a word.
_BESIDE_BRACKETS = re.compile(r"\][^:]|[^@]\[")


def objection_to_name(host: str) -> str | None:
    """Returns why no resolver can take the name of a host, or nothing where one may; an address of IPv6 is none of its business."""
    if ":" in host:
        return None
    try:
        labels = [label if label.isascii() else label.encode("idna").decode() for label in host.removesuffix(".").split(".")]
    except UnicodeError:
        return "must have a host that can be said in ASCII"
    if not all(labels):
        return "must have a host with something between its dots"
    longest = max(map(len, labels))
    if longest > LABEL_CHARACTERS_MAX:
        return f"must have a host of at most {LABEL_CHARACTERS_MAX} characters between two dots, not {longest}"
    whole = sum(map(len, labels)) + len(labels) - 1
    return f"must have a host of at most {NAME_CHARACTERS_MAX} characters, not {whole}" if whole > NAME_CHARACTERS_MAX else None


def objection_to_address(url: str, schemes: Collection[str] = PORT_OF_SCHEME) -> str | None:
    """Returns why nothing can be reached at an address of one of these schemes, or nothing where that may be."""
    if _UNSAYABLE.search(url):
        return "must not have spaces, control characters or halves of characters"
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = None
    if parts is None or _BESIDE_BRACKETS.search(parts.netloc):
        return "must have a host that can be read: an address of IPv6 stands in brackets, as in [::1]"
    if parts.scheme not in schemes:
        return f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}"
    if not parts.hostname:
        return "must name a host"
    try:
        is_port = parts.port != 0
    except ValueError:
        is_port = False
    return objection_to_name(parts.hostname) if is_port else f"must have a port from 1 to {PORT_MAX}, in digits 0 to 9"

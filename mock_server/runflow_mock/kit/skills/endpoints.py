"""Endpoints in texts: methods with paths, addresses of the service's hosts, and paths alone."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, urlsplit

import msgspec

from runflow_mock.kit.skills.claims import Endpoint
from runflow_mock.wire.sites import HOSTS

DOMAIN = "runflow.io"
API_PREFIX = "/v1"

_METHOD = r"(?:GET|POST|PUT|PATCH|DELETE|HEAD)"
_VARIABLE = r"\$\{?\w+\}?|\{\{?\w*(?i:base|url|host)\w*\}?\}"
_STRING = r"(?:[^\s`'\"\u201c\u201d\u2018\u2019\u00ab\u00bb<>()\[\]|,]|<[\w-]+>)"
_TARGET = rf"(?:https?://{_STRING}+|(?:{_VARIABLE})?/{_STRING}*)"
_REQUEST = re.compile(rf"(?<![\w-])(?P<methods>{_METHOD}(?:\s*[/|,]\s*{_METHOD})*)\s+[`'\"]?(?P<target>{_TARGET})")
_ADDRESS = re.compile(rf"(?P<target>https?://(?:[\w-]+\.)*{re.escape(DOMAIN)}(?::\d+)?(?:/{_STRING}*)?)")
# A path stands in backticks, or is one that can only be the API's.
_PATH = re.compile(rf"(?P<quote>`)?(?<![\w./:}}])(?P<target>(?:{_VARIABLE})?(?(quote)/{_STRING}*(?=`)|{API_PREFIX}/{_STRING}+))")
_TRAILING = ".,;:!?*_"
_LOCAL = ("127.0.0.1", "localhost", "::1")
_PLACEHOLDERS = (
    re.compile(r"<([\w-]+)>"),
    re.compile(r"\$\{(\w+)\}"),
    re.compile(r"\$(\w+)"),
    re.compile(r"(?<=/):(\w+)"),
)


class Mention(msgspec.Struct, frozen=True):
    """An endpoint and where it stands in a text."""

    start: int
    end: int
    endpoint: Endpoint


def find_endpoints(text: str) -> list[Mention]:
    """Returns the endpoints in a text in their order; what is part of a longer mention is not told again."""
    found: list[Mention] = []
    for pattern in (_REQUEST, _ADDRESS, _PATH):
        found += _mentions(pattern, blanked(text, [(mention.start, mention.end) for mention in found]))
    return sorted(found, key=lambda mention: mention.start)


def blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Returns a text in which what was read already is blank: lines and places stay."""
    letters = list(text)
    for start, end in spans:
        letters[start:end] = [letter if letter == "\n" else " " for letter in letters[start:end]]
    return "".join(letters)


def read_target(target: str, method: str | None = None) -> Endpoint | None:
    """Returns the endpoint that an address or a path leads to; nothing for hosts that are not the service's, and for what is no path."""
    target = re.sub(rf"^(?:{_VARIABLE})(?=/)", "", target.rstrip(_TRAILING) if not target.endswith("...") else target)
    for placeholder in _PLACEHOLDERS:
        target = placeholder.sub(r"{\1}", target)
    try:
        parts = urlsplit(target)
        host = parts.hostname
    except ValueError:
        return None
    if host is not None and not (host in _LOCAL or host == DOMAIN or host.endswith(f".{DOMAIN}")):
        return None
    if host is None and not parts.path.startswith("/"):
        return None
    query = tuple(dict.fromkeys(name for name, _ in parse_qsl(parts.query, keep_blank_values=True)))
    return Endpoint(path=parts.path or "/", method=method, host=None if host in _LOCAL else host, query=query)


def is_of_api(endpoint: Endpoint) -> bool:
    """Tells whether an endpoint is one of the API, not of a site beside it."""
    if endpoint.host is not None and HOSTS.get(endpoint.host) != "api":
        return False
    return endpoint.host is not None or endpoint.path == API_PREFIX or endpoint.path.startswith(f"{API_PREFIX}/")


def _mentions(pattern: re.Pattern[str], text: str) -> Iterator[Mention]:
    for match in pattern.finditer(text):
        methods: list[str | None] = [*re.findall(_METHOD, match.groupdict().get("methods") or "")]
        for method in methods or [None]:
            endpoint = read_target(match["target"], method)
            if endpoint is not None:
                yield Mention(match.start(), match.end(), endpoint)

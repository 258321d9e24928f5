"""Exchanges: what the journal keeps of a request and its answer, raw; whatever is shown of it is redacted when it is read."""

import re
from base64 import b64decode
from binascii import Error as BinasciiError
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from urllib.parse import unquote_plus

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.key_forms import KEYS, shows
from runflow_mock.domain.known_secrets import KNOWN_MIN
from runflow_mock.domain.scrubbing import MARGIN, Scrubber, mask

BODY_BYTES_MAX = 64 * 1024
# What is kept of a body until it is read: so much more than is shown then that no part of a secret is left before the cut.
KEPT_BYTES_MAX = BODY_BYTES_MAX + MARGIN
# Cookies that are longer may be somebody's session, whatever they are called.
COOKIE_BYTES_MAX = 64

# Only these headers are ever shown in full; of the others the name alone. An allow-list cannot miss a new secret.
SHOWN_HEADERS = frozenset(
    (
        "accept",
        "accept-encoding",
        "allow",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "idempotency-key",
        "retry-after",
        "runflow-mock-fault",
        "runflow-mock-fault-label",
        "transfer-encoding",
        "user-agent",
        "x-organization-id",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "x-request-id",
    )
)
REDACTED = "[redacted]"
SECRET_FIELDS = frozenset(("secret", "plain_secret", "callback_secret", "key", "admin_key", "api_key", "token"))

Headers = tuple[tuple[bytes, bytes], ...]

# These are not even kept: a real key that was sent by mistake must not stay in memory.
_CREDENTIALS = frozenset((b"authorization", b"cookie", b"proxy-authorization", b"x-api-key"))
# What is kept of a further one that is the one of the Authorization header: who knows no secret can tell that it was sent twice.
SENT_TWICE = b"as in Authorization [redacted]"
# The same of one that looks like a key where there is no such header, as of a cookie that goes to files.
HOLDS_KEY = b"holds a key [redacted]"
_MARKS = frozenset((SENT_TWICE, HOLDS_KEY))
# What stands behind the digest of an Idempotency-Key that holds it; the whole is judged as a key is.
HOLDS_BEARER = b"-holds-Authorization"
# Names that look like those of secrets and are none: nearly every exchange has one, and to look closely at all of them takes long.
_KNOWN_NAMES = _CREDENTIALS | {b"idempotency-key"}

_TOKEN = re.compile(rb"[^\s,]+")
_ANYTHING = re.compile(rb"\S.*")
_BEARER = re.compile(rb"Bearer [^\s,]+")

KEPT_SCHEMES: Mapping[str, re.Pattern[bytes]] = {
    **dict.fromkeys(("digest", "hoba", "mutual", "negotiate", "scram-sha-1", "scram-sha-256", "vapid"), _ANYTHING),
    # A pair with a colon in it, in base64.
    "basic": re.compile(rb"[A-Za-z0-9+/]+={0,2}"),
    "bearer": _TOKEN,
    "dpop": _TOKEN,
}
"""The schemes of HTTP of which the word is kept that begins an Authorization header, each with the form of what follows."""

# Those that a scrubber looks into, and those that change nothing.
_READ_ENCODINGS = frozenset(("", "identity", "gzip", "x-gzip"))


class Exchange(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One request and its answer; bodies beyond `BODY_BYTES_MAX` are cut when it is read, see `KEPT_BYTES_MAX`.

    `fault` names the rule that interfered, if one did. Of an answer that a rule has distorted it keeps what left; `status` is 0 where no
    head did. `is_stubbed` says that a rule has answered in place of the API, at a path that the rule itself names. `commits` is how many
    the tenant's world had seen when the answer was ready, which places the exchange among them.
    """

    id: str
    number: int
    at: datetime
    wall: float
    operation: str | None
    method: str
    target: str
    request_headers: Headers
    request_body: bytes
    status: int
    response_headers: Headers
    response_body: bytes
    elapsed_ms: float
    fault: str | None = None
    is_stubbed: bool = False
    commits: int = 0

    @property
    def path(self) -> str:
        """The path, percent-encoded as it was sent."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query, as it was sent."""
        return self.target.partition("?")[2]

    @property
    def began(self) -> float:
        """The wall seconds at which the request came; `wall` is when its answer left."""
        return self.wall - self.elapsed_ms / 1000

    @property
    def is_lost(self) -> bool:
        """Whether no whole answer reached the client: none at all, or one that ended before or after its declared length."""
        if self.status == 0 or self.fault is None or self.method == "HEAD" or len(self.response_body) >= BODY_BYTES_MAX:
            return self.status == 0
        declared = self.response_header("content-length")
        return declared is not None and declared != str(len(self.response_body))

    def request_header(self, name: str) -> str | None:
        """Returns a header of the request, given in lower case; of a repeated one the first counts."""
        return _header(self.request_headers, name)

    def response_header(self, name: str) -> str | None:
        """Returns a header of the answer, given in lower case; of a repeated one the first counts."""
        return _header(self.response_headers, name)


def without_credentials(
    headers: Collection[tuple[bytes, bytes]], cookies: frozenset[bytes] | None = None, secret: frozenset[bytes] = frozenset()
) -> Headers:
    """Returns request headers as the journal may keep them: no credentials, and of an Idempotency-Key what tells it from others.

    That a credential was sent, and under which scheme, may be judged; `secret` are the names of further ones. Of `cookies`, which whoever
    judges knows by name, the values are kept to be judged, and the names of all others; nothing shows them.
    """
    kept: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        # The usual case first: every request passes here.
        if name not in _KNOWN_NAMES and name not in secret:
            kept.append((name, value))
        elif name == b"cookie" and cookies is not None:
            kept.append((name, _without_other_cookies(value, cookies)))
        elif name == b"authorization":
            # What nearly every client sends: there is nothing to be told apart.
            kept.append((name, b"Bearer [redacted]" if _BEARER.fullmatch(value) is not None else _scheme_of(value)))
        elif name in secret:
            kept.append((name, value and b"[redacted]"))
        elif name in _CREDENTIALS:
            mark = SENT_TWICE if _holds_bearer(value, headers) else _marked(value)
            kept.append((name, value and mark))
        else:
            digest = digest_of_key(value.decode("latin-1")).encode()
            kept.append((name, digest + HOLDS_BEARER if _holds_bearer(value, headers) else digest))
    return tuple(kept)


def without_values(target: str, names: frozenset[str]) -> str:
    """Returns the path and query of a request without the values of some parameters; that they have one may be judged."""
    path, mark, query = target.partition("?")
    pairs = [part.partition("=") for part in query.split("&")]
    kept = (f"{name}={REDACTED}" if value and unquote_plus(name) in names else f"{name}{equals}{value}" for name, equals, value in pairs)
    return f"{path}{mark}{'&'.join(kept)}"


def _holds_bearer(value: bytes, headers: Collection[tuple[bytes, bytes]]) -> bool:
    """Whether a header holds the token that the Authorization header has."""
    sent = (value for name, value in headers if name == b"authorization" and _BEARER.fullmatch(value) is not None)
    token = next(sent, b"").removeprefix(b"Bearer ")
    return len(token) >= KNOWN_MIN and token in value


def _scheme_of(value: bytes) -> bytes:
    """Returns an Authorization header without its credential: the word of its scheme, where that is known and its form is kept."""
    word, _, credential = value.partition(b" ")
    name, credential = word.decode("latin-1").lower(), credential.strip()
    form = KEPT_SCHEMES.get(name)
    if form is None or form.fullmatch(credential) is None or (name == "basic" and not _is_pair(credential)):
        return value and b"[redacted]"
    return word + b" [redacted]"


def _is_pair(credential: bytes) -> bool:
    try:
        return b":" in b64decode(credential + b"=" * (-len(credential) % 4))
    except BinasciiError:
        return False


def _without_other_cookies(header: bytes, known: frozenset[bytes]) -> bytes:
    """Returns a Cookie header with the names of all cookies, and the values of those that are known and short enough to be no secret."""
    kept = list[bytes]()
    for part in header.split(b";"):
        name, equals, value = part.strip().partition(b"=")
        if not equals:
            # It may be a value that lacks its name.
            kept.append(_marked(name))
        elif name in known and len(value) <= COOKIE_BYTES_MAX:
            kept.append(part.strip())
        else:
            kept.append(name + b"=" + (value and _marked(value)))
    return b"; ".join(kept)


def _marked(value: bytes) -> bytes:
    """Returns what is kept of a credential: whether it looks like a key. What says so already stays: it has come by here before."""
    return value if value in _MARKS else HOLDS_KEY if shows(value, KEYS) else b"[redacted]"


def without_cookies(exchange: Exchange) -> Exchange:
    """Returns an exchange without the values of cookies, which are judged where they came and go no further: nobody writes them down."""
    if all(name != b"cookie" for name, _ in exchange.request_headers):
        return exchange
    headers = exchange.request_headers
    return replace(
        exchange,
        request_headers=tuple(
            (name, _without_other_cookies(value, frozenset()) if name == b"cookie" else value) for name, value in headers
        ),
    )


def digest_of_key(key: str) -> str:
    """Returns what is kept of an Idempotency-Key: anybody might put anything into one."""
    return f"sha256:{sha256(key.encode('latin-1', errors='replace')).hexdigest()[:32]}"


def scrubbed(exchange: Exchange, scrubber: Scrubber) -> Exchange:
    """Returns an exchange without the secrets in whatever somebody else wrote of it, its bodies cut."""
    exchange = _without_secrets(exchange, scrubber)
    asked, told = exchange.request_body, exchange.response_body
    if len(asked) <= BODY_BYTES_MAX and len(told) <= BODY_BYTES_MAX:
        return exchange
    return replace(exchange, request_body=asked[:BODY_BYTES_MAX], response_body=told[:BODY_BYTES_MAX])


def _without_secrets(exchange: Exchange, scrubber: Scrubber) -> Exchange:
    # Nobody can tell what is in bytes of an encoding that is not understood here; a request that has one is refused anyway.
    is_read = (exchange.request_header("content-encoding") or "").strip().lower() in _READ_ENCODINGS
    lines = f"{exchange.method} {exchange.target} {exchange.fault}".encode(errors="surrogatepass")
    heads = tuple(_looked_at((*exchange.request_headers, *exchange.response_headers)))
    if is_read and scrubber.is_clean(lines, exchange.request_body, exchange.response_body, *heads):
        return exchange
    found = exchange
    # Nearly always it is one of them that needs the closer look, and mostly the target: to look at all fields by themselves costs far more.
    if not scrubber.is_clean(lines):
        method, target = scrubber.scrub_text(exchange.method), scrubber.scrub_text(exchange.target)
        found = replace(found, method=method, target=target, fault=None if exchange.fault is None else scrubber.scrub_text(exchange.fault))
    if not is_read or not scrubber.is_clean(exchange.request_body, exchange.response_body):
        found = replace(
            found,
            request_body=scrubber.scrub(exchange.request_body) if is_read else mask(len(exchange.request_body)),
            response_body=scrubber.scrub(exchange.response_body),
        )
    if not scrubber.is_clean(*heads):
        asked, told = _scrubbed(exchange.request_headers, scrubber), _scrubbed(exchange.response_headers, scrubber)
        found = replace(found, request_headers=asked, response_headers=told)
    return found


def _looked_at(headers: Headers) -> Iterator[bytes]:
    """Yields what may hold secrets in headers: of a credential the word is left that says its kind."""
    for name, value in headers:
        if name not in _KNOWN_NAMES:
            yield name
            yield value
        # Of cookies some may have been kept for judging, whatever became of the last.
        elif name == b"cookie" or not value.endswith(b"[redacted]"):
            yield value


def _scrubbed(headers: Headers, scrubber: Scrubber) -> Headers:
    return tuple([(scrubber.scrub(name), scrubber.scrub(value)) for name, value in headers])


def redact_headers(headers: Headers) -> dict[str, str]:
    """Returns headers with the values of all that are not on the allow-list replaced."""
    shown = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
    return {name: value if name.lower() in SHOWN_HEADERS else REDACTED for name, value in shown}


def _header(headers: Headers, name: str) -> str | None:
    wanted = name.encode()
    return next((value.decode("latin-1") for known, value in headers if known.lower() == wanted), None)

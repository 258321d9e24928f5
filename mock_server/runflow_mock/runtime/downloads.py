"""Downloads: bytes at an address, whoever serves it; an https address may be a sandbox's, whose authority is trusted as well."""

import ssl
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from time import monotonic
from typing import NamedTuple
from urllib.parse import urljoin

import urllib3

from runflow_mock.domain.ports import port_of
from runflow_mock.runtime.answers import read_body
from runflow_mock.runtime.deadlines import SecureTimedPool, TimedPool, in_time, within
from runflow_mock.runtime.outgoing import Destination, Resolve, destination_of, refuses_destination, refuses_redirect, system_addresses

REDIRECTS_MAX = 5
SECONDS_MAX = 30.0
ANSWER_SECONDS_MAX = 120.0
"""How long one byte may be waited for, and a whole download, with the look-up of its name, its redirects, and what it leads to."""


class Unreachable(Exception):
    """Nothing usable answers at an address; the message names it and why."""


class Downloaded(NamedTuple):
    """Where a download came from in the end, after redirects, and its bytes."""

    url: str
    body: bytes


class Got(NamedTuple):
    """What one address answered: status, headers, and the first bytes of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Ask = Callable[[str, str, int, ssl.SSLContext | None, float], Got]
"""Asks for a URL at one address of its host: so many bytes at most, with what is trusted, and within so many seconds.

Raises:
    HTTPError: nothing answers.
"""


def is_address(source: str) -> bool:
    """Tells whether a source is an address and not a path."""
    return source.startswith(("http://", "https://"))


def joined(base: str, reference: str) -> str:
    """Returns where what stands at an address leads to.

    Raises:
        Unreachable: that is no address.
    """
    try:
        return urljoin(base, reference)
    except ValueError:
        raise Unreachable(f"{base} leads to {reference[:200]!r}, which is no address") from None


class Downloads:
    """Downloads that lead to one another, and have their time together.

    Each host is looked up once, so that none becomes another one on the way.
    """

    def __init__(
        self,
        authority: Path | None = None,
        *,
        resolve: Resolve = system_addresses,
        ask: Ask | None = None,
        seconds_max: float = ANSWER_SECONDS_MAX,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Takes the certificate of an authority that is trusted beside the usual ones, if the file is there."""
        self._authority = authority
        self._resolve = resolve
        self._ask = ask or ask_over_http
        self._seconds_max = seconds_max
        self._seconds_left = seconds_max
        self._clock = clock
        self._known: dict[tuple[str, int], Destination] = {}

    def get(self, url: str, *, bytes_max: int, led_by: str | None = None) -> Downloaded:
        """Returns the bytes at an address.

        Args:
            url: an http or https address; redirects are followed.
            bytes_max: how many there may be.
            led_by: the address of what names this one, where no user does: what is elsewhere leads nowhere near.

        Raises:
            Unreachable: nothing answers in time, or not with 200, or with more bytes, or it is not opened.
        """
        ends = self._clock() + self._seconds_left
        try:
            return self._follow(url, bytes_max, led_by, ends)
        finally:
            self._seconds_left = max(0.0, ends - self._clock())

    def _follow(self, url: str, bytes_max: int, led_by: str | None, ends: float) -> Downloaded:
        at, source = url, led_by
        for _ in range(REDIRECTS_MAX + 1):
            got = self._open(at, bytes_max + 1, source, url, ends)
            location = got.headers.get("location") if got.status in urllib3.BaseHTTPResponse.REDIRECT_STATUSES else None
            if not location:
                break
            at, source = joined(at, location), at
        else:
            raise Unreachable(f"{url} redirects more than {REDIRECTS_MAX} times; give the address where it ends")
        if got.status != 200:
            raise Unreachable(f"{url} answers {got.status}; give an address that answers 200")
        if len(got.body) > bytes_max:
            raise Unreachable(f"{url} has more than {bytes_max} bytes, which is too much")
        return Downloaded(at, got.body)

    def open(self, url: str, bytes_max: int, *, led_by: str | None = None) -> Got:
        """Returns what stands at an address itself, and no more bytes than that; it has the whole time for itself.

        Raises:
            Unreachable: nothing answers in time, or it is not opened, because what led to it is elsewhere and it is near.
        """
        return self._open(url, bytes_max, led_by, url, self._clock() + self._seconds_max)

    def _open(self, url: str, bytes_max: int, led_by: str | None, told: str, ends: float) -> Got:
        """Returns what stands at an address until `ends`; `told` is what messages call the address."""
        try:
            objection = None if led_by is None else refuses_redirect(led_by, url)
            destination = None if objection is not None else self._destination(url, ends)
            if led_by is not None and destination is not None and destination.is_near:
                objection = refuses_destination(self._destination(led_by, ends), destination, url)
            if destination is None or objection is not None:
                raise Unreachable(f"{told} is not followed: {objection}")
            return self._get(url, destination, bytes_max, ends)
        except (urllib3.exceptions.HTTPError, OSError, UnicodeError) as error:
            late = f"it took longer than {self._seconds_max:g} s, with what led to it"
            raise Unreachable(f"{told} does not answer: {late if self._clock() >= ends else error}") from None

    def _destination(self, url: str, ends: float) -> Destination:
        parts = urllib3.util.parse_url(url)
        place = (parts.host or "").strip("[]"), port_of(parts.scheme or "http", parts.port)
        if place not in self._known:
            look_up = partial(destination_of, *place, self._resolve)
            self._known[place] = in_time(look_up, ends - self._clock())
        return self._known[place]

    def _get(self, url: str, destination: Destination, bytes_max: int, ends: float) -> Got:
        """Returns what the first address of a host answers that takes connections."""
        failure: Exception | None = None
        for address in destination.addresses:
            try:
                return self._ask(url, address, bytes_max, _trusting(url, self._authority), max(0.0, ends - self._clock()))
            except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
                failure = failure or error
        raise failure or OSError("its name has no address")


def ask_over_http(url: str, address: str, bytes_max: int, trusted: ssl.SSLContext | None, seconds_max: float = ANSWER_SECONDS_MAX) -> Got:
    """Returns what is answered at an address, as by `Ask`, within its time."""
    with within(seconds_max), _pool_of(url, address, trusted) as pool:
        return _ask(pool, url, bytes_max)


def _pool_of(url: str, address: str, trusted: ssl.SSLContext | None) -> urllib3.HTTPConnectionPool:
    parts = urllib3.util.parse_url(url)
    port = port_of(parts.scheme or "http", parts.port)
    if trusted is None:
        return TimedPool(address, port, timeout=SECONDS_MAX, retries=False)
    # The certificate must be that of the name, wherever the name leads.
    name = (parts.host or "").strip("[]").rstrip(".")
    return SecureTimedPool(address, port, timeout=SECONDS_MAX, retries=False, ssl_context=trusted, server_hostname=name)


def _ask(pool: urllib3.HTTPConnectionPool, url: str, bytes_max: int) -> Got:
    parts = urllib3.util.parse_url(url)
    headers = {"Host": f"{parts.host}:{parts.port}" if parts.port is not None else f"{parts.host}"}
    response = pool.urlopen("GET", parts.request_uri, headers=headers, preload_content=False, redirect=False)
    body = read_body(response, bytes_max)
    response.close()
    return Got(response.status, {name.lower(): value for name, value in response.headers.items()}, body)


def _trusting(url: str, authority: Path | None) -> ssl.SSLContext | None:
    """Returns what an https connection trusts; nothing for plain http, because reading all authorities takes a while.

    Raises:
        Unreachable: there is a local authority, and it vouches for nobody.
    """
    if not url.lower().startswith("https://"):
        return None
    context = ssl.create_default_context()
    if authority is not None and authority.is_file():
        try:
            context.load_verify_locations(authority)
        except OSError as error:
            why = getattr(error, "reason", None) or error.strerror
            raise Unreachable(f"the certificate of the local CA, {authority}, cannot be read ({why}); remove it") from None
    return context

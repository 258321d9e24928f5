"""Downloads: bytes at an address, whoever serves it; an https address may be a sandbox's, whose authority is trusted as well."""

import ssl
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin

import urllib3

from runflow_mock.runtime.outgoing import refuses_redirect

REDIRECTS_MAX = 5
SECONDS_MAX = 30.0


class Unreachable(Exception):
    """Nothing usable answers at an address; the message names it and why."""


class Downloaded(NamedTuple):
    """Where a download came from in the end, after redirects, and its bytes."""

    url: str
    body: bytes


def is_address(source: str) -> bool:
    """Tells whether a source is an address and not a path."""
    return source.startswith(("http://", "https://"))


def download(url: str, *, bytes_max: int, authority: Path | None = None) -> Downloaded:
    """Returns the bytes at an address.

    Args:
        url: an http or https address; redirects are followed.
        bytes_max: how many there may be.
        authority: the certificate of an authority that is trusted beside the usual ones, if the file is there.

    Raises:
        Unreachable: nothing answers, or not with 200, or with more bytes.
    """
    at = url
    for _ in range(REDIRECTS_MAX + 1):
        status, location, body = _get(at, url, bytes_max, authority)
        if location is None:
            break
        following = urljoin(at, location)
        objection = refuses_redirect(at, following)
        if objection is not None:
            raise Unreachable(f"{url} is not followed: {objection}")
        at = following
    else:
        raise Unreachable(f"{url} redirects more than {REDIRECTS_MAX} times; give the address where it ends")
    if status != 200:
        raise Unreachable(f"{url} answers {status}; give an address that answers 200")
    if len(body) > bytes_max:
        raise Unreachable(f"{url} has more than {bytes_max} bytes, which is too much")
    return Downloaded(at, body)


def _get(at: str, url: str, bytes_max: int, authority: Path | None) -> tuple[int, str | None, bytes]:
    """Returns status, the address of a redirect, and the first bytes of what is at an address; `url` is what messages call it."""
    try:
        with urllib3.PoolManager(timeout=SECONDS_MAX, retries=False, ssl_context=_trusting(at, authority)) as pool:
            response = pool.request("GET", at, preload_content=False, redirect=False)
            body = response.read(bytes_max + 1)
            response.close()
    except urllib3.exceptions.HTTPError as error:
        raise Unreachable(f"{url} does not answer: {error}") from None
    return response.status, response.get_redirect_location() or None, body


def _trusting(url: str, authority: Path | None) -> ssl.SSLContext | None:
    """Returns what an https connection trusts; nothing for plain http, because reading all authorities takes a while."""
    if not url.startswith("https://"):
        return None
    context = ssl.create_default_context()
    if authority is not None and authority.is_file():
        context.load_verify_locations(authority)
    return context

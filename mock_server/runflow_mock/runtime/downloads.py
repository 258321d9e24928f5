"""Downloads: bytes at an address, whoever serves it; an https address may be a sandbox's, whose authority is trusted as well."""

import ssl
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin

import urllib3

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
    retries = urllib3.Retry(total=REDIRECTS_MAX, connect=0, read=0, redirect=REDIRECTS_MAX, status=0)
    try:
        with urllib3.PoolManager(timeout=SECONDS_MAX, retries=retries, ssl_context=_trusting(url, authority)) as pool:
            response = pool.request("GET", url, preload_content=False)
            body = response.read(bytes_max + 1)
            response.close()
    except urllib3.exceptions.HTTPError as error:
        raise Unreachable(f"{url} does not answer: {error}") from None
    if response.status != 200:
        raise Unreachable(f"{url} answers {response.status}; give an address that answers 200")
    if len(body) > bytes_max:
        raise Unreachable(f"{url} has more than {bytes_max} bytes, which is too much")
    # What urllib3 tells of where it came from may be relative.
    return Downloaded(urljoin(url, response.url or ""), body)


def _trusting(url: str, authority: Path | None) -> ssl.SSLContext | None:
    """Returns what an https connection trusts; nothing for plain http, because reading all authorities takes a while."""
    if not url.startswith("https://"):
        return None
    context = ssl.create_default_context()
    if authority is not None and authority.is_file():
        context.load_verify_locations(authority)
    return context

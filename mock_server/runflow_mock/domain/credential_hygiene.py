"""Credential hygiene: where a client sends its key, and how it uses addresses that need none.

Theory. Files, outputs and uploads live at signed addresses: whoever has the address may use it, until it expires. They are somebody
else's hosts in production, so that a key that is sent along is given away; and so is one in an address, which ends in every log, and one
in a `callback_url`, `client_ref` or `metadata`, which are shown to whoever reads the record. The secret of callbacks is one as well:
whoever has it signs what it likes.

Source: `outputs.no-credential`, `outputs.lifetime`, `assets.upload`, `assets.url-lifetime`.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from urllib.parse import parse_qsl

from runflow_mock.domain.exchanges import HOLDS_BEARER, HOLDS_KEY, SENT_TWICE, Exchange
from runflow_mock.domain.key_forms import KEYS, SECRETS, shows
from runflow_mock.domain.verdicts import Observation
from runflow_mock.domain.whole_numbers import whole_number

SIGNED_PREFIXES = ("/media/", "/files/", "/_upload/")

_WEBHOOKS = "/v1/webhooks"
# What the journal keeps of a header that holds a key, where it does not keep that.
_MARKS = (SENT_TWICE, HOLDS_KEY, HOLDS_BEARER)


def keeps_key_from_files(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether signed addresses are used without the key, in whatever header."""
    for exchange in _signed(exchanges):
        is_named = exchange.request_header("authorization") is not None or exchange.request_header("x-api-key") is not None
        is_sent = is_named or any(_holds_key(value, exchange, "headers") for _, value in exchange.request_headers)
        told = "with a credential" if is_sent else "without a credential"
        yield Observation(not is_sent, (exchange.id,), f"{exchange.method} {exchange.path[:120]} was sent {told}")


def keeps_key_from_addresses(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether the key stays out of paths and queries, and out of what ends in logs as they do: bodies and other headers.

    Of the headers that credentials belong into, and of an Idempotency-Key, the journal keeps whether they hold the one of the
    Authorization header, or what looks like a key. A header that is sent to files with it is the other rule's.
    """
    for exchange in exchanges:
        is_signed = exchange.path.startswith(SIGNED_PREFIXES)
        places = {
            "address": (exchange.target.encode(errors="surrogatepass"),),
            "body": (exchange.request_body,),
            "headers": () if is_signed else tuple([value for _, value in exchange.request_headers]),
        }
        # Hardly any request holds one: all of it at once is looked at in the time that a header takes.
        places = places if _may_hold_key(*chain.from_iterable(places.values())) else {}
        shown = [place for place, parts in places.items() if any(_holds_key(part, exchange, place) for part in parts)]
        told = f"{exchange.method} {exchange.path[:120]} holds a key in its {' and '.join(shown)}" if shown else "the address holds no key"
        yield Observation(not shown, (exchange.id,), told)


def _may_hold_key(*parts: bytes) -> bool:
    # What stands between them is in nothing that is looked for.
    together = b"\r".join(parts)
    return shows(together, KEYS, SECRETS) or any(mark in together for mark in _MARKS)


def _holds_key(part: bytes, exchange: Exchange, place: str) -> bool:
    if place == "headers" and any(mark in part for mark in _MARKS):
        return True
    # Whoever makes a webhook says there with which secret it is signed.
    return shows(part, KEYS) if place == "body" and exchange.path.startswith(_WEBHOOKS) else shows(part, KEYS, SECRETS)


def uses_addresses_in_time(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether signed addresses are used before they expire, on the tenant's clock."""
    for exchange in _signed(exchanges):
        expires = whole_number(dict(parse_qsl(exchange.query)).get("expires"))
        if expires is None:
            continue
        left = expires - exchange.at.timestamp()
        told = f"{left:.0f} s before" if left > 0 else f"{-left:.0f} s after"
        yield Observation(left > 0, (exchange.id,), f"{exchange.path[:120]} was used {told} it expired", round(left, 3))


def _signed(exchanges: Sequence[Exchange]) -> Iterator[Exchange]:
    return (exchange for exchange in exchanges if exchange.path.startswith(SIGNED_PREFIXES))

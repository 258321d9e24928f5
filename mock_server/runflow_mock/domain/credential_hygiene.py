"""Credential hygiene: where a client sends its key, and how it uses addresses that need none.

Theory. Files, outputs and uploads live at signed addresses: whoever has the address may use it, until it expires. They are somebody
else's hosts in production, so that a key that is sent along is given away; and so is one in an address, which ends in every log, and one
in a `callback_url`, `client_ref` or `metadata`, which are shown to whoever reads the record. The secret of callbacks is one as well:
whoever has it signs what it likes.

Source: `outputs.no-credential`, `outputs.lifetime`, `assets.upload`, `assets.url-lifetime`.
"""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qsl

from runflow_mock.domain.disguises import in_base32, in_base64
from runflow_mock.domain.exchanges import HOLDS_BEARER, SENT_TWICE, Exchange
from runflow_mock.domain.verdicts import Observation
from runflow_mock.domain.whole_numbers import whole_number

SIGNED_PREFIXES = ("/media/", "/files/", "/_upload/")

_KEY = re.compile(rb"rf_(?:live|svc)_\w|rfk_\w")
_SECRET = re.compile(rb"whsec_\w")
# What base64 has that holds them, and, in small letters, base32 and hexadecimal digits. `rfk_` is too short: what is random has it there
# by chance.
_KEYS, _SECRETS = (b"rf_live_", b"rf_svc_"), (b"whsec_",)
_KEYS_64, _SECRETS_64 = (tuple(form for text in texts for form in in_base64(text)) for texts in (_KEYS, _SECRETS))
_KEYS_32, _SECRETS_32 = (tuple(form for text in texts for form in (*in_base32(text), text.hex().encode())) for texts in (_KEYS, _SECRETS))
# Whoever makes a webhook says there with which secret it is signed.
_WEBHOOKS = "/v1/webhooks"


def keeps_key_from_files(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether signed addresses are used without the key."""
    for exchange in _signed(exchanges):
        is_sent = exchange.request_header("authorization") is not None or exchange.request_header("x-api-key") is not None
        told = "with a credential" if is_sent else "without a credential"
        yield Observation(not is_sent, (exchange.id,), f"{exchange.method} {exchange.path[:120]} was sent {told}")


def keeps_key_from_addresses(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether the key stays out of paths and queries, and out of what ends in logs as they do: bodies and other headers.

    Of the headers that credentials belong into, and of an Idempotency-Key, the journal keeps whether they hold the one of the
    Authorization header.
    """
    for exchange in exchanges:
        places = {
            "address": (exchange.target.encode(errors="surrogatepass"),),
            "body": (exchange.request_body,),
            "headers": (value for _, value in exchange.request_headers),
        }
        shown = [place for place, parts in places.items() if any(_holds_key(part, exchange, place) for part in parts)]
        told = f"{exchange.method} {exchange.path[:120]} holds a key in its {' and '.join(shown)}" if shown else "the address holds no key"
        yield Observation(not shown, (exchange.id,), told)


def _holds_key(part: bytes, exchange: Exchange, place: str) -> bool:
    if part == SENT_TWICE or part.endswith(HOLDS_BEARER):
        return True
    # Lowered once: of long digits each search costs as much.
    lowered = part.lower()
    if (b"rf" in part and _KEY.search(part)) or any(map(part.__contains__, _KEYS_64)) or any(map(lowered.__contains__, _KEYS_32)):
        return True
    if place == "body" and exchange.path.startswith(_WEBHOOKS):
        return False
    is_shown = b"whsec_" in part and _SECRET.search(part) is not None
    return is_shown or any(map(part.__contains__, _SECRETS_64)) or any(map(lowered.__contains__, _SECRETS_32))


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

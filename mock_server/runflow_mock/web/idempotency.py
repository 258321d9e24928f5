"""Idempotency: the answer to a POST with an Idempotency-Key is replayed to whoever repeats it.

A request is open for as long as the API itself holds its answer back: in sync mode, or for callbacks that go ahead of it. What a rule does
to an answer that was given is the network's doing, and whoever asks again then gets what was lost.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

from runflow_mock.domain.commands import RememberAnswer
from runflow_mock.domain.errors import KeyReused
from runflow_mock.domain.exchanges import digest_of_key
from runflow_mock.domain.idempotency import KEY_CHARACTERS_MAX, RETENTION, Remembered
from runflow_mock.web.calls import Answer, Call
from runflow_mock.wire.problems import conflict, invalid_field

VISIBLE = re.compile(r"[!-~]+")


def place_of(call: Call) -> str | None:
    """Returns where the answer to a POST is remembered, or nothing when it asks for no such thing.

    Raises:
        Problem: 422 for a key that is too long, or has other characters than visible ASCII.
    """
    key = call.header(b"idempotency-key")
    if not key:
        return None
    if len(key) > KEY_CHARACTERS_MAX:
        raise invalid_field(("header", "Idempotency-Key"), f"Input should have at most {KEY_CHARACTERS_MAX} characters", "string_too_long")
    if not VISIBLE.fullmatch(key):
        raise invalid_field(("header", "Idempotency-Key"), "Input should have visible ASCII characters only", "string_pattern_mismatch")
    # A digest, as in the journal: nobody reads a client's key out of a snapshot.
    return f"{call.principal.org_id} POST {call.path} {digest_of_key(key)}"


def recall(call: Call, place: str) -> Answer | None:
    """Returns the remembered answer to the same request, if there is one.

    Raises:
        KeyReused: it was another body.
        Problem: 409 while the first request is open.
    """
    if place in call.caller.places_open:
        raise conflict("The first request with this Idempotency-Key is not answered yet: wait for its answer, or ask again.")
    remembered = call.store.remembered.get(place)
    if remembered is None or remembered.expires_at <= call.caller.world.now:
        return None
    if remembered.fingerprint != _fingerprint(call):
        raise KeyReused(place.rpartition(" ")[2])
    return Answer(remembered.status, remembered.body)


def leave_open(call: Call, place: str, given: Answer) -> None:
    """Refuses whoever repeats the request from now on, where its answer will be held back, and for as long as somebody is to give it."""
    if given.waits_for_run is not None or given.callbacks_before:
        call.caller.places_open[place] = call


@contextmanager
def closed_afterwards(call: Call) -> Iterator[None]:
    """Refuses whoever repeats the request for as long as the context lasts, if its answer was left open, and no longer."""
    try:
        yield
    finally:
        if call.place is not None:
            call.caller.places_open.pop(call.place, None)


def remember(call: Call, place: str, given: Answer) -> None:
    """Keeps a successful answer."""
    # Whoever mends what was refused may try again under the same key.
    if not 200 <= given.status < 300:
        return
    expires_at = call.caller.world.now + RETENTION
    remembered = Remembered(place=place, fingerprint=_fingerprint(call), status=given.status, body=given.body, expires_at=expires_at)
    call.execute(RememberAnswer(remembered))


def _fingerprint(call: Call) -> str:
    return blake2b(call.body, digest_size=16).hexdigest()

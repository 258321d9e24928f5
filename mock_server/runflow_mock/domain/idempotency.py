"""Remembered answers: what an Idempotency-Key replays.

Theory. A POST that carries a key and ends in a 2xx is remembered for 24 hours of the tenant's time. The same request again gets the
same answer and nothing happens; another body under the same key is a conflict.

Source: `idempotency.replay`, `idempotency.conflict`. Inferred: the scope (organization, method, path), the length and the retention.
"""

from datetime import datetime, timedelta

import msgspec

KEY_CHARACTERS_MAX = 255
RETENTION = timedelta(hours=24)


class Remembered(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The first answer to a key: `place` names organization, method, path and the digest of the key, `fingerprint` the body."""

    place: str
    fingerprint: str
    status: int
    body: bytes
    expires_at: datetime


class AnswerRemembered(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A POST with a key was answered."""

    remembered: Remembered


class AnswerForgotten(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The oldest remembered answer made room for a new one."""

    place: str


IdempotencyEvent = AnswerRemembered | AnswerForgotten

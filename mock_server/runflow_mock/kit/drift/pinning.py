"""Pins a newer document or catalog in the user's `runflow.lock`, on purpose, with a copy beside it to compare with the next time."""

from datetime import date
from pathlib import Path

from runflow_mock.kit.drift.comparing import Newer
from runflow_mock.kit.pins.digests import Pin, Status, canonical_digest, digest_of
from runflow_mock.kit.pins.documents import operation_digests
from runflow_mock.kit.pins.files import place_lock, seen_from, write_pin
from runflow_mock.openapi.parts import FILES
from runflow_mock.runtime.downloads import is_address
from runflow_mock.runtime.files import write_whole

REASON = "compared with runflow-mock drift"


def pin_newer(newer: Newer, start: Path, today: date, reason: str = REASON) -> Path:
    """Pins it, and returns the lock; a file inside the project is pinned where it is, anything else, a document in several files
    too, gets a copy beside the lock.

    Raises:
        LockError: the lock cannot be read.
        NotWritten: it cannot be written, or the copy cannot.
    """
    lock = place_lock(start)
    pin = Pin(
        url=_place(newer, lock),
        bytes=len(newer.raw),
        digest=digest_of(newer.raw),
        canonical_digest=canonical_digest(newer.values),
        status=Status.OFFICIAL,
        date=today,
        source=newer.source,
        reason=reason,
        operations={} if newer.form is None else operation_digests(newer.form.document),
    )
    write_pin(lock, newer.kind, pin)
    return lock


def _place(newer: Newer, lock: Path) -> str:
    """Returns where the pinned bytes are, seen from the lock; they are written there if they are nowhere in the project."""
    is_whole = newer.form is None or FILES not in newer.form.document
    kept = seen_from(lock, Path(newer.source)) if is_whole and not is_address(newer.source) else None
    if kept is not None:
        return kept
    suffix = "json" if newer.raw.lstrip()[:1] in (b"{", b"[") else "yaml"
    copy = lock.parent / f"runflow.{newer.kind}.{suffix}"
    write_whole(copy, newer.raw)
    return copy.name

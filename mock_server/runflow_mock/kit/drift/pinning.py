"""Pins a newer document or catalog in the user's `runflow.lock`, on purpose, with a copy beside it to compare with the next time."""

from datetime import date
from pathlib import Path

from runflow_mock.kit.drift.comparing import DOCUMENT, Newer
from runflow_mock.kit.pins.digests import Pin, Status, canonical_digest, digest_of
from runflow_mock.kit.pins.documents import operation_digests
from runflow_mock.kit.pins.files import place_lock, seen_from, write_pin
from runflow_mock.runtime.downloads import is_address
from runflow_mock.runtime.files import NotWritten, write_whole
from runflow_mock.runtime.foreign_documents import DocumentError, in_form

REASON = "compared with runflow-mock drift"


def pin_newer(newer: Newer, start: Path, today: date, reason: str = REASON) -> Path:
    """Pins it, and returns the lock; a file inside the project is pinned where it is, anything else gets a copy beside the lock.

    Raises:
        DocumentError: the copy cannot be written.
        LockError: the lock cannot be read or written.
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
        operations=operation_digests(in_form(newer.values, newer.source)) if newer.kind == DOCUMENT else {},
    )
    write_pin(lock, newer.kind, pin)
    return lock


def _place(newer: Newer, lock: Path) -> str:
    """Returns where the pinned bytes are, seen from the lock; they are written there if they are nowhere in the project."""
    kept = None if is_address(newer.source) else seen_from(lock, Path(newer.source))
    if kept is not None:
        return kept
    suffix = "json" if newer.raw.lstrip()[:1] in (b"{", b"[") else "yaml"
    copy = lock.parent / f"runflow.{newer.kind}.{suffix}"
    try:
        write_whole(copy, newer.raw)
    except NotWritten as error:
        raise DocumentError(f"{error}; --pin keeps a copy beside {lock.name}") from None
    return copy.name

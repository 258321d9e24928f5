"""Snapshots on the wire: one JSON document that holds all of a tenant, and from which it can be made again, here or elsewhere.

Records are encoded as they are, bytes as base64. Secrets stand in it as they are: without them the restored world could not sign. So a
snapshot is for the eyes of those who may have the tenant's key, and no other document shows as much.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

import msgspec

from runflow_mock.domain.documents import NOT_JSON
from runflow_mock.domain.fault_kinds import Succeed
from runflow_mock.domain.objections import SEQUENCE_MAX, objections
from runflow_mock.domain.snapshots import Snapshot, Timer
from runflow_mock.version import __version__
from runflow_mock.wire.catalog import check_model
from runflow_mock.wire.control import ControlError
from runflow_mock.wire.document_parts import read_record
from runflow_mock.wire.faults import check_rule
from runflow_mock.wire.seals import Form, Unreadable, check_seal, seal
from runflow_mock.wire.tenants import check_settings

SNAPSHOT = Form("snapshot", 1, "GET /_mock/snapshot")
RATE_MAX = 1_000_000


class SavedTenant(msgspec.Struct, frozen=True, kw_only=True):
    """A world and what stands beside it: how fast its clock passes, how many requests have got an id, and the bytes of its assets."""

    rate: float
    changes: int
    reads: int
    world: Snapshot
    files: tuple[bytes, ...]


def represent_snapshot(saved: SavedTenant, timers: Iterable[Timer]) -> bytes:
    """Returns the document of a tenant with these timers."""
    world = msgspec.structs.replace(saved.world, timers=tuple(timers))
    return seal(SNAPSHOT, {"made_by": f"runflow-mock {__version__}", **msgspec.structs.asdict(saved), "world": world})


def decode_snapshot(raw: bytes) -> SavedTenant:
    """Returns the tenant in a document.

    Raises:
        Unreadable: it cannot be restored; the message says why.
    """
    check_seal(raw, SNAPSHOT)
    try:
        saved = read_record(raw, SavedTenant)
        check_settings(saved.world.settings)
    except (*NOT_JSON, ControlError) as error:
        raise Unreadable(f"the snapshot cannot be restored: {error}") from None
    _refuse(objections(saved.world))
    _refuse(list(_odd_settings(saved)))
    return saved


def _odd_settings(saved: SavedTenant) -> Iterator[str]:
    world = saved.world
    if not (0 <= saved.rate <= RATE_MAX and 0 <= saved.changes <= SEQUENCE_MAX and 0 <= saved.reads <= SEQUENCE_MAX):
        yield f"rate {saved.rate}, changes {saved.changes} and reads {saved.reads} must not be negative, the rate at most {RATE_MAX}"
    there = {sha256(data).hexdigest(): len(data) for data in saved.files}
    given = [file for run in world.runs for file in run.files]
    given += [file for rule in world.rules if isinstance(rule.what, Succeed) for file in rule.what.files]
    wanted = {file.sha256: file.size_bytes for file in given} | {each.sha256: each.size_bytes for each in world.kept}
    yield from (f"there are no {size} bytes with SHA-256 {digest}" for digest, size in wanted.items() if there.get(digest) != size)
    for model in world.settings.models:
        try:
            check_model(model)
        except ValueError as error:
            yield f"model {model.id}: {error}"
    for rule in world.rules:
        try:
            check_rule(rule)
        except (ControlError, msgspec.ValidationError) as error:
            yield f"rule {rule.id}: {error}"


def _refuse(found: Sequence[str]) -> None:
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise Unreadable(f"the snapshot contradicts itself: {found[0]}{more}")

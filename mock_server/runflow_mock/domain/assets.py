"""Assets: stored files, and the uploads by which they come.

Theory. An upload is opened (`pending`), its bytes arrive at a presigned address (`uploaded`), and its confirmation makes the asset
(`confirmed`). Bytes and confirmation may both come again, because clients repeat steps after a time-out: neither is a transition. An asset
also comes from a `data:` URI in the body of a run or batch. Deletion is soft: the record stays and can no longer be read or referred to.

The bytes themselves are no fact of the world. A record knows them by `Content`, their hash, length and type; whoever runs the world keeps
them beside it. Addresses are signed and stop working at an instant of the tenant's clock.

Source: `assets.upload`, `assets.same-id`, `assets.record`, `assets.url-lifetime`, `media.data-uris`. Inferred: the names of the states, the
lifetime of an upload address, and that later bytes replace earlier ones even after the confirmation.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.identity import AssetId, OrganizationId, UserId, part_uuid
from runflow_mock.domain.machine import Table, step
from runflow_mock.domain.mime import EXTENSION_OF, sniff
from runflow_mock.domain.outputs import media_signature
from runflow_mock.domain.seeds import Seed

FILE_BYTES_MAX = 52_428_800
FILENAME_CHARACTERS_MAX = 500
REFERENCE_PREFIX = "runflow://assets/"
ASSET_URL_LIFETIME = timedelta(days=7)
UPLOAD_URL_LIFETIME = timedelta(hours=1)

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_EXTENSION = re.compile(r"[a-z0-9]{1,12}")
_SLUG_CHARACTERS_MAX = 80


class UploadStatus(StrEnum):
    """How far an upload has come; the words never appear on the wire."""

    PENDING = "pending"
    UPLOADED = "uploaded"
    CONFIRMED = "confirmed"


class Content(msgspec.Struct, frozen=True, gc=False):
    """What is known of stored bytes: their hash, by which they are found, their length and their media type."""

    sha256: str
    size_bytes: int
    mime_type: str


class Folder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A folder of the organization; folders are a part of how a tenant is set up, because no route is known that makes them."""

    id: str
    org_id: OrganizationId
    name: str
    created_at: datetime


class AssetUpload(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One upload; `mime_type` is what was declared, `content` what has arrived."""

    id: AssetId
    org_id: OrganizationId
    filename: str
    mime_type: str
    created_by: UserId
    created_at: datetime
    status: UploadStatus = UploadStatus.PENDING
    content: Content | None = None


class Asset(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One stored file. An asset of an upload counts as created when its session was opened, which is also what its id says."""

    id: AssetId
    org_id: OrganizationId
    folder_id: str | None = None
    name: str
    content: Content
    source_type: str
    source_id: str | None = None
    created_by: UserId
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    deleted_by: UserId | None = None


class Attachment(msgspec.Struct, frozen=True, gc=False):
    """A file that came inside a request: the id that the request already refers to, a name, and its content."""

    id: AssetId
    name: str
    content: Content


class UploadOpened(msgspec.Struct, frozen=True, gc=False, tag=True):
    """An upload may begin."""

    upload: AssetUpload


class BytesArrived(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The bytes of an upload were put."""

    upload_id: AssetId
    at: datetime
    content: Content


class BytesReplaced(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Other bytes were put in the place of the first; the state does not change."""

    upload_id: AssetId
    at: datetime
    content: Content


class UploadConfirmed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The upload became an asset."""

    upload_id: AssetId
    at: datetime
    asset: Asset


class AssetStored(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A file that came inside a request became an asset."""

    asset: Asset


class AssetDeleted(msgspec.Struct, frozen=True, gc=False, tag=True):
    """An asset was marked as deleted."""

    asset_id: AssetId
    at: datetime
    by: UserId


UploadMoved = BytesArrived | UploadConfirmed
AssetEvent = UploadOpened | UploadMoved | BytesReplaced | AssetStored | AssetDeleted

UPLOAD_TRANSITIONS: Table[UploadStatus] = {
    UploadStatus.PENDING: {BytesArrived: UploadStatus.UPLOADED},
    UploadStatus.UPLOADED: {UploadConfirmed: UploadStatus.CONFIRMED},
    UploadStatus.CONFIRMED: {},
}


def evolve(upload: AssetUpload, event: UploadMoved) -> AssetUpload:
    """Returns the upload after the event.

    Raises:
        IllegalTransition: `UPLOAD_TRANSITIONS` has no arrow for it.
    """
    status = step(UPLOAD_TRANSITIONS, upload.status, type(event), machine=f"upload {upload.id}")
    if isinstance(event, BytesArrived):
        return replace(upload, status=status, content=event.content)
    return replace(upload, status=status)


def folders_of(names: Sequence[str], org_id: OrganizationId, since: datetime) -> tuple[Folder, ...]:
    """Returns the folders of an organization, by their names; their ids follow from organization and place."""
    return tuple(
        Folder(id=part_uuid(org_id, "folder", number), org_id=org_id, name=name, created_at=since) for number, name in enumerate(names)
    )


def content_of(data: bytes, declared: str) -> Content:
    """Returns what is to be known of bytes; what they show goes before what was declared."""
    return Content(sha256(data).hexdigest(), len(data), sniff(data) or declared)


def asset_of(upload: AssetUpload, content: Content, folder_id: str | None, at: datetime) -> Asset:
    """Returns the asset that an upload becomes."""
    return Asset(
        id=upload.id,
        org_id=upload.org_id,
        folder_id=folder_id,
        name=upload.filename,
        content=content,
        source_type="upload",
        created_by=upload.created_by,
        created_at=upload.created_at,
        updated_at=at,
    )


def file_name(asset: Asset) -> str:
    """Returns the last segment of the asset's address: its name in characters that need no quoting, with the extension of its type.

    A type without an extension of its own keeps the one that the file came with.
    """
    stem, dot, suffix = asset.name.rpartition("/")[2].rpartition(".")
    slug = _UNSAFE.sub("_", stem or suffix)[:_SLUG_CHARACTERS_MAX].strip("._") or "file"
    own = suffix.lower() if dot and _EXTENSION.fullmatch(suffix.lower()) else "bin"
    return f"{slug}.{EXTENSION_OF.get(asset.content.mime_type, own)}"


def asset_url(asset: Asset, tenant: str, base_url: str, now: datetime, key: Seed) -> str:
    """Returns a fresh signed address of an asset's bytes."""
    return _signed(base_url, f"/files/{tenant}/{asset.id}/{file_name(asset)}", now + ASSET_URL_LIFETIME, key)


def asset_addresses(tenant: str) -> re.Pattern[str]:
    """Returns the form of references and addresses of a tenant's assets; its one group is the asset's id."""
    return re.compile(rf"(?:{REFERENCE_PREFIX}|https?://[^/]+/files/{tenant}/)([0-9a-f-]{{36}})")


def upload_url(upload: AssetUpload, tenant: str, base_url: str, key: Seed) -> str:
    """Returns the signed address that takes an upload's bytes."""
    return _signed(base_url, f"/_upload/{tenant}/{upload.id}", upload.created_at + UPLOAD_URL_LIFETIME, key)


def _signed(base_url: str, path: str, expires_at: datetime, key: Seed) -> str:
    expires = int(expires_at.timestamp())
    return f"{base_url}{path}?expires={expires}&signature={media_signature(path, expires, key)}"

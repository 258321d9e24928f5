"""What happens to uploads and assets: a session, its bytes, its confirmation, deletion, and the files inside other requests."""

from collections.abc import Iterable, Sequence

from runflow_mock.domain.assets import (
    Asset,
    AssetDeleted,
    AssetStored,
    AssetUpload,
    Attachment,
    BytesArrived,
    BytesReplaced,
    Content,
    UploadConfirmed,
    UploadOpened,
    UploadStatus,
    asset_of,
    folders_of,
)
from runflow_mock.domain.commands import ConfirmUpload, DeleteAsset, OpenUpload, RecordBytes
from runflow_mock.domain.errors import BytesMissing, LimitReached, NotFound
from runflow_mock.domain.events import Event
from runflow_mock.domain.identity import AssetId
from runflow_mock.domain.records import ASSETS, UPLOADS
from runflow_mock.engine.moment import Moment


def open_upload(moment: Moment, command: OpenUpload) -> tuple[Event, ...]:
    """Makes an upload that waits for its bytes."""
    moment.admit(UPLOADS)
    upload = AssetUpload(
        id=AssetId(moment.issue_id()),
        org_id=moment.org_id,
        filename=command.filename,
        mime_type=command.mime_type,
        created_by=moment.user_id,
        created_at=moment.now,
    )
    return (UploadOpened(upload),)


def record_bytes(moment: Moment, command: RecordBytes) -> tuple[Event, ...]:
    """Takes note of an upload's bytes; the same bytes once more give no events."""
    upload = moment.store.upload(command.upload_id)
    if upload.content == command.content:
        return ()
    admit_bytes(moment, (command.content,))
    happened = BytesArrived if upload.status is UploadStatus.PENDING else BytesReplaced
    return (happened(upload.id, moment.now, command.content),)


def confirm_upload(moment: Moment, command: ConfirmUpload) -> tuple[Event, ...]:
    """Makes the asset of an upload; a repeated confirmation gives no events."""
    upload = moment.store.upload(command.upload_id)
    if upload.content is None:
        raise BytesMissing(upload.id)
    known = {folder.id for folder in folders_of(moment.settings.folders, moment.org_id, moment.now)}
    if command.folder_id is not None and command.folder_id not in known:
        raise NotFound("asset folder", command.folder_id)
    if upload.status is UploadStatus.CONFIRMED:
        return ()
    moment.admit(ASSETS)
    return (UploadConfirmed(upload.id, moment.now, asset_of(upload, upload.content, command.folder_id, moment.now)),)


def delete_asset(moment: Moment, command: DeleteAsset) -> tuple[Event, ...]:
    """Marks an asset as deleted."""
    asset = moment.store.asset(command.asset_id)
    return (AssetDeleted(asset.id, moment.now, moment.user_id),)


def store_attachments(moment: Moment, attachments: Sequence[Attachment], source_type: str, source_id: str) -> tuple[Event, ...]:
    """Returns the events by which the files inside a request become assets of what the request has created."""
    if not attachments:
        return ()
    moment.admit(ASSETS, len(attachments))
    admit_bytes(moment, (attachment.content for attachment in attachments))
    return tuple(
        AssetStored(
            Asset(
                id=attachment.id,
                org_id=moment.org_id,
                name=attachment.name,
                content=attachment.content,
                source_type=source_type,
                source_id=source_id,
                created_by=moment.user_id,
                created_at=moment.now,
                updated_at=moment.now,
            )
        )
        for attachment in attachments
    )


def admit_bytes(moment: Moment, contents: Iterable[Content]) -> None:
    """Raises `LimitReached` when bytes that are not kept yet do not fit."""
    kept = moment.store.kept_bytes
    fresh = {content.sha256: content.size_bytes for content in contents if content.sha256 not in kept}
    limit = moment.settings.limits.asset_bytes_max
    if moment.store.kept_total + sum(fresh.values()) > limit:
        raise LimitReached("asset_bytes_max", limit)

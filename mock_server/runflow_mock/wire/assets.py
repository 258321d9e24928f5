"""Assets on the wire: the bodies of an upload's steps, and the records that are read.

Source: `assets.upload`, `assets.any-type`, `assets.record`, `assets.types`, `assets.folders`. Inferred: `thumbnail_url` is always null,
`r2_key`, the words of `source_type`.
"""

import re
from typing import cast

import msgspec

from runflow_mock.domain.assets import FILE_BYTES_MAX, FILENAME_CHARACTERS_MAX, Asset, AssetUpload, Folder
from runflow_mock.domain.commands import ConfirmUpload, OpenUpload
from runflow_mock.domain.dialects import Dialect
from runflow_mock.domain.documents import Json
from runflow_mock.domain.filters import Field
from runflow_mock.domain.identity import AssetId, is_uuid
from runflow_mock.domain.mime import EXTENSION_OF, essence, kind_of
from runflow_mock.wire.fields import Checker
from runflow_mock.wire.listing import number_field, text_field, text_fields, time_fields
from runflow_mock.wire.problems import invalid_field
from runflow_mock.wire.times import write_instant, write_optional

EMBEDS = ("created_by_user",)
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
MIME_TYPE_CHARACTERS_MAX = 255

_open = Checker(
    {
        "type": "object",
        "required": ["filename", "mime_type", "size_bytes"],
        "properties": {
            "filename": {"type": "string", "minLength": 1, "maxLength": FILENAME_CHARACTERS_MAX},
            "mime_type": {"type": "string", "minLength": 1, "maxLength": MIME_TYPE_CHARACTERS_MAX},
            "size_bytes": {"type": "integer", "minimum": 1, "maximum": FILE_BYTES_MAX},
        },
    }
)
_confirm = Checker({"type": "object", "properties": {"folder_id": {"type": ["string", "null"]}}})


class AssetType(msgspec.Struct, frozen=True):
    """A media type that can be uploaded, as a record that can be listed."""

    id: str


ASSET_TYPES = tuple(AssetType(code) for code in EXTENSION_OF)


def decode_open_upload(body: dict[str, Json], dialect: Dialect) -> OpenUpload:
    """Returns the command in a body; which media types it may name is a switch of the dialect."""
    _open.check(body)
    declared = cast(str, body["mime_type"])
    mime_type = essence(declared)
    if _MEDIA_TYPE.fullmatch(mime_type) is None:
        raise invalid_field(("body", "mime_type"), f"{declared[:80]!r} is no media type", "unsupported_mime_type")
    if dialect.upload_types == "listed" and mime_type not in EXTENSION_OF:
        raise invalid_field(("body", "mime_type"), f"{mime_type!r} is not accepted; see GET /v1/assets/types", "unsupported_mime_type")
    return OpenUpload(cast(str, body["filename"]), mime_type)


def decode_confirm_upload(body: dict[str, Json], upload_id: str) -> ConfirmUpload:
    """Returns the command in a body that may be empty.

    Raises:
        Problem: 422 for a folder that is no UUID.
    """
    _confirm.check(body)
    folder_id = cast("str | None", body.get("folder_id"))
    if folder_id is not None and not is_uuid(folder_id.lower()):
        raise invalid_field(("body", "folder_id"), "Input should be a valid UUID", "uuid_parsing")
    return ConfirmUpload(AssetId(upload_id), None if folder_id is None else folder_id.lower())


def represent_upload(upload: AssetUpload, url: str) -> dict[str, object]:
    """Returns an upload session."""
    return {"asset_id": upload.id, "upload_url": url}


def represent_asset(asset: Asset, url: str, created_by_user: dict[str, object] | None) -> dict[str, object]:
    """Returns the record of an asset with a fresh address of its bytes."""
    return {
        "id": asset.id,
        "org_id": asset.org_id,
        "folder_id": asset.folder_id,
        "name": asset.name,
        "r2_key": f"{asset.org_id}/{asset.id}/{asset.name}",
        "url": url,
        "thumbnail_url": None,
        "mime_type": asset.content.mime_type,
        "size_bytes": asset.content.size_bytes,
        "asset_type": kind_of(asset.content.mime_type),
        "source_type": asset.source_type,
        "source_id": asset.source_id,
        "created_by": asset.created_by,
        "created_at": write_instant(asset.created_at),
        "updated_at": write_instant(asset.updated_at),
        "deleted_at": write_optional(asset.deleted_at),
        "deleted_by": asset.deleted_by,
        "created_by_user": created_by_user,
    }


def represent_folder(folder: Folder) -> dict[str, object]:
    """Returns the record of a folder."""
    at = write_instant(folder.created_at)
    return {"id": folder.id, "org_id": folder.org_id, "name": folder.name, "created_at": at, "updated_at": at}


def represent_asset_type(entry: AssetType) -> dict[str, object]:
    """Returns a row of the table of media types."""
    kind = kind_of(entry.id)
    label = EXTENSION_OF[entry.id].upper()
    described = f"{label} {kind}" if kind != "file" else f"{label} file"
    return {"code": entry.id, "label": label, "description": described, "is_terminal": None}


ASSET_FIELDS: dict[str, Field[Asset]] = {
    **text_fields("id", "org_id", "folder_id", "name", "source_type", "source_id", "created_by"),
    **time_fields("created_at", "updated_at"),
    "mime_type": text_field(lambda asset: asset.content.mime_type),
    "asset_type": text_field(lambda asset: kind_of(asset.content.mime_type)),
    "size_bytes": number_field(lambda asset: asset.content.size_bytes),
}
FOLDER_FIELDS: dict[str, Field[Folder]] = {
    **text_fields("id", "org_id", "name"),
    **time_fields("created_at"),
}
ASSET_TYPE_FIELDS: dict[str, Field[AssetType]] = {
    "code": text_field(lambda entry: entry.id),
    "label": text_field(lambda entry: EXTENSION_OF[entry.id].upper()),
}

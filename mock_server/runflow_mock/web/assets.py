"""Assets and uploads: open, confirm, list, read, delete. The bytes come and go through `web.storage`."""

from typing import cast

from runflow_mock.domain.assets import Asset, UploadOpened, asset_url, folders_of, upload_url
from runflow_mock.domain.commands import DeleteAsset
from runflow_mock.domain.identity import AssetId
from runflow_mock.web.calls import Answer, Call, Handler, answer, no_content
from runflow_mock.web.lists import answer_list
from runflow_mock.web.routing import Operation
from runflow_mock.wire.accounts import decode_embed, represent_user
from runflow_mock.wire.assets import (
    ASSET_FIELDS,
    ASSET_TYPE_FIELDS,
    ASSET_TYPES,
    EMBEDS,
    FOLDER_FIELDS,
    decode_confirm_upload,
    decode_open_upload,
    represent_asset,
    represent_asset_type,
    represent_folder,
    represent_upload,
)


def create_asset_upload(call: Call) -> Answer:
    """POST /v1/asset-uploads"""
    opened = cast(UploadOpened, call.execute(decode_open_upload(call.read_body(), call.dialect)).events[0])
    tenant = call.caller
    return answer(represent_upload(opened.upload, upload_url(opened.upload, tenant.settings.name, call.base_url, tenant.world.seed)), 201)


def confirm_asset_upload(call: Call) -> Answer:
    """POST /v1/asset-uploads/{asset_upload_id}/confirmations: a repeated confirmation answers the same again."""
    upload_id = call.uuid("asset_upload_id")
    call.store.upload(upload_id)
    call.execute(decode_confirm_upload(call.read_optional_body(), upload_id))
    return answer(_body(call, call.store.asset(upload_id)), 201)


def list_assets(call: Call) -> Answer:
    """GET /v1/assets: in the order of their ids, because uploads are not confirmed in the order in which they were opened."""
    embed = decode_embed(call.parameters.get("embed"), EMBEDS)
    live = sorted((asset for asset in call.store.assets.values() if asset.deleted_at is None), key=lambda asset: asset.id)
    return answer_list(call, live, ASSET_FIELDS, lambda asset: _body(call, asset, embed))


def list_asset_folders(call: Call) -> Answer:
    """GET /v1/asset-folders"""
    world = call.caller.world
    folders = folders_of(call.caller.settings.folders, world.org_id, world.started_at)
    return answer_list(call, sorted(folders, key=lambda folder: folder.id), FOLDER_FIELDS, represent_folder)


def list_asset_types(call: Call) -> Answer:
    """GET /v1/assets/types"""
    return answer_list(call, ASSET_TYPES, ASSET_TYPE_FIELDS, represent_asset_type, order="code")


def get_asset(call: Call) -> Answer:
    """GET /v1/assets/{id}"""
    embed = decode_embed(call.parameters.get("embed"), EMBEDS)
    return answer(_body(call, call.store.asset(call.uuid("id")), embed))


def delete_asset(call: Call) -> Answer:
    """DELETE /v1/assets/{id}"""
    call.execute(DeleteAsset(AssetId(call.uuid("id"))))
    return no_content()


def _body(call: Call, asset: Asset, embed: frozenset[str] = frozenset()) -> dict[str, object]:
    tenant, world = call.caller, call.caller.world
    url = asset_url(asset, tenant.settings.name, call.base_url, world.now, world.seed)
    user = represent_user(asset.created_by, tenant.settings.name) if "created_by_user" in embed else None
    return represent_asset(asset, url, user)


_UPLOADS, _FOLDERS, _COLLECTION, _ONE = "/v1/asset-uploads", "/v1/asset-folders", "/v1/assets", "/v1/assets/{id}"

OPERATIONS: tuple[Operation[Handler], ...] = (
    Operation("POST", _UPLOADS, create_asset_upload, scope="assets:create"),
    Operation("POST", f"{_UPLOADS}/{{asset_upload_id}}/confirmations", confirm_asset_upload, scope="assets:create"),
    Operation("GET", _FOLDERS, list_asset_folders, scope="assets:read", evidence="named"),
    Operation("GET", _COLLECTION, list_assets, scope="assets:read", evidence="named"),
    Operation("GET", f"{_COLLECTION}/types", list_asset_types, scope="assets:read", evidence="named"),
    Operation("GET", _ONE, get_asset, scope="assets:read"),
    Operation("DELETE", _ONE, delete_asset, scope="assets:delete", evidence="named"),
)

"""Flows of files: what stands behind an address, until when, and what becomes of the bytes that somebody brings."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from runflow_mock.kit.suite import scenes
from runflow_mock.kit.suite.files import address_is_signed, file_is_there, output_is_there, signed_otherwise
from runflow_mock.kit.suite.flows import Flow, Needs
from runflow_mock.kit.suite.flows_of_runs import create_batch, create_run, ended
from runflow_mock.kit.suite.offers import INPUT, RUNS
from runflow_mock.kit.suite.readings import expect
from runflow_mock.kit.suite.seeds import ABSENT, FILENAME, PICTURE, open_upload, upload
from runflow_mock.kit.suite.suite_tenants import SuiteTenant

# So long before its end an address still leads somewhere.
LAST_SECONDS = 60.0
# No address is signed for so long.
LONGER_THAN_ANY = "30d"
ANNOUNCED = {"filename": "late.png", "mime_type": "image/png", "size_bytes": len(PICTURE)}


def _files_are_there(tenant: SuiteTenant) -> Iterator[str]:
    made = [
        f"/v1/runs/{create_run(tenant)['id']}",
        f"/v1/runs/{expect(tenant.post(scenes.NODES, {'input': {**INPUT, 'config': {'elements': ['tag_removal']}}}), 201)['id']}",
        f"/v1/batches/{create_batch(tenant, 2)['id']}",
    ]
    for path in made:
        output = ended(tenant, path)["output"]
        items = output.get("items")
        for each in [item.get("output") for item in items if isinstance(item, dict)] if isinstance(items, list) else [output]:
            yield from output_is_there(tenant, each)


def _expired_files_are_gone(tenant: SuiteTenant) -> Iterator[str]:
    run = ended(tenant, f"/v1/runs/{create_run(tenant)['id']}")
    urls = [file["url"] for file in run["output"].get("outputs") or ()] + list(run["output"].get("image_urls") or ())
    lifetime = float(tenant.settings.get("output_lifetime") or 0)
    if lifetime > LAST_SECONDS:
        tenant.control.advance(lifetime - LAST_SECONDS)
        yield from output_is_there(tenant, run["output"])
        yield from (says for url in urls[:1] for says in address_is_signed(tenant, url))
    tenant.control.advance(min(lifetime, LAST_SECONDS) + 1)
    for url in urls:
        answer = tenant.fetch(str(url))
        # How storage says that is its own: 400, 401, 403, 404 and 410 are all seen.
        if answer is not None and not 400 <= answer.status < 500:
            yield f"an address that has expired is answered {answer.status}"
    again = expect(tenant.get(f"/v1/runs/{run['id']}?add_signature=true"), 200)
    yield from output_is_there(tenant, again["output"])
    yield from _addresses_of_assets_expire(tenant)


def _addresses_of_assets_expire(tenant: SuiteTenant) -> Iterator[str]:
    """An asset is told with an address that leads to it now, whenever it is read; bytes are brought as it was signed, and not for ever."""
    asset_id = upload(tenant)
    for _ in range(2):
        asset = expect(tenant.get(f"/v1/assets/{asset_id}"), 200)
        yield from file_is_there(tenant, asset["url"], asset)
        yield from address_is_signed(tenant, asset["url"])
        tenant.control.advance(LONGER_THAN_ANY)
    address = str(expect(tenant.post("/v1/asset-uploads", ANNOUNCED), 201)["upload_url"])
    yield from _is_closed(tenant, signed_otherwise(address), "that was signed otherwise")
    tenant.control.advance(LONGER_THAN_ANY)
    yield from _is_closed(tenant, address, f"that is older than {LONGER_THAN_ANY}")


def _is_closed(tenant: SuiteTenant, address: str | None, which: str) -> Iterator[str]:
    target = None if address is None else tenant.target.target_of(address)
    answer = None if target is None else tenant.send("PUT", target, raw=PICTURE, key=None)
    if answer is not None and answer.status < 400:
        yield f"bytes are taken at an address {which}: {answer.evidence}"


def _uploads_are_kept(tenant: SuiteTenant) -> Iterator[str]:
    asset_id = open_upload(tenant)
    early = [item["id"] for item in tenant.items("/v1/assets")]
    if asset_id in early or tenant.get(f"/v1/assets/{asset_id}").status != 404:
        yield f"an upload that nobody has confirmed is {'listed among' if asset_id in early else 'found as one of'} the assets"
    asset = expect(tenant.post(f"/v1/asset-uploads/{asset_id}/confirmations", {}), 201)
    told = {"name": FILENAME, "mime_type": "image/png", "size_bytes": 100, "asset_type": "image", "id": asset_id}
    for name, value in told.items():
        if asset.get(name, value) != value:
            yield f"an upload of {told} becomes an asset with {name} {asset.get(name)!r}"
    for record in (asset, expect(tenant.get(f"/v1/assets/{asset_id}"), 200)):
        yield from file_is_there(tenant, record["url"], record)
        kept = tenant.fetch(str(record["url"]))
        if kept is not None and kept.body != PICTURE:
            yield f"{len(PICTURE)} bytes were brought, and {len(kept.body)} others come back"
    yield from _is_another_one(tenant, asset)
    for reference in (f"runflow://assets/{asset_id}", asset_id, f"data:image/png;base64,{b64encode(PICTURE).decode()}"):
        run = expect(tenant.post(RUNS, {"input": {"image_url": reference}}), 201)
        if ended(tenant, f"/v1/runs/{run['id']}")["status_code"] != "succeeded":
            yield f"a run on the picture {str(reference)[:60]} fails"
    yield from _nothing_is_no_asset(tenant, str(asset_id))


def _is_another_one(tenant: SuiteTenant, asset: Any) -> Iterator[str]:
    """What is brought next is another asset, of as many bytes as came, whatever was announced; the one before stays what it was."""
    brought = PICTURE[:-1] + b"."
    other = tenant.post(f"/v1/asset-uploads/{open_upload(tenant, brought, size=len(brought) + 1)}/confirmations", {})
    # A server may hold it against the announcement.
    if other.status >= 300:
        return
    told = expect(other, 201)
    yield from file_is_there(tenant, told["url"], told)
    for record, content in ((told, brought), (expect(tenant.get(f"/v1/assets/{asset['id']}"), 200), PICTURE)):
        kept = tenant.fetch(str(record["url"]))
        if kept is not None and kept.body != content:
            yield f"{len(content)} bytes were brought, and {len(kept.body)} others come back, after something else was brought"


def _nothing_is_no_asset(tenant: SuiteTenant, asset_id: str) -> Iterator[str]:
    """What was deleted can no longer be referred to, and what was never brought is not confirmed."""
    if tenant.send("DELETE", f"/v1/assets/{asset_id}").status == 204:
        run = tenant.post(RUNS, {"input": {"image_url": f"runflow://assets/{asset_id}"}})
        if run.status < 300 and ended(tenant, f"/v1/runs/{expect(run, run.status)['id']}")["status_code"] == "succeeded":
            yield f"a run succeeds on an asset that was deleted: {run.evidence}"
    announced = expect(tenant.post("/v1/asset-uploads", ANNOUNCED), 201)
    early = tenant.post(f"/v1/asset-uploads/{announced['asset_id']}/confirmations", {})
    if early.status < 300:
        yield f"an upload is confirmed before its bytes arrived: {early.evidence}"


def _foreign_folder_is_refused(tenant: SuiteTenant) -> Iterator[str]:
    """A folder that is not there takes nothing, and the upload can still be confirmed without it."""
    path = f"/v1/asset-uploads/{open_upload(tenant)}/confirmations"
    answer = tenant.post(path, {"folder_id": ABSENT})
    if answer.status != 404:
        yield f"a folder that is not there is answered {answer.status}"
    expect(tenant.post(path, {"folder_id": None}), 201)


FLOWS: tuple[Flow, ...] = (
    Flow("file_is_there", "an address answers with the file of which the record tells", Needs.CREATING, _files_are_there, 4),
    Flow(
        "file_expires",
        "an address leads somewhere as it was signed, until it expires, and a new one can be asked for",
        Needs.CONTROL,
        _expired_files_are_gone,
    ),
    Flow("upload_is_kept", "what was brought is kept as it came, and models take it", Needs.CONTROL, _uploads_are_kept),
    Flow("foreign_folder_is_refused", "a folder that is not there takes nothing", Needs.CONTROL, _foreign_folder_is_refused),
)

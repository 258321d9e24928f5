"""Previews: what an address in a record shows, for whoever looks at the record: no request of the client, no rule, and no expiry."""

from urllib.parse import urlsplit

from runflow_mock.domain.errors import NotFound
from runflow_mock.domain.identity import AssetId
from runflow_mock.domain.outputs import MEDIA_PREFIX
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.web.calls import Answer, Call
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.files import SANDBOXED, File, answer_file
from runflow_mock.web.media import Media
from runflow_mock.web.routing import Operation
from runflow_mock.web.storage import FILES
from runflow_mock.wire.control import refused


async def preview(call: Call) -> Answer:
    """GET /_mock/media?url=: the file behind an address of this tenant that stands in a record; nothing is fetched from elsewhere."""
    tenant = tenant_of(call)
    url = call.parameters.get("url", "")
    try:
        path = urlsplit(url).path
    except ValueError:
        raise refused(f"url {url[:80]!r} is no address") from None
    given = answer_file(call, await _file(call, tenant, path))
    return Answer(given.status, given.body, (*given.headers, *SANDBOXED))


async def _file(call: Call, tenant: Tenant, path: str) -> File:
    parts = path.split("/")
    is_own = len(parts) == 5 and parts[2] == tenant.settings.name
    if is_own and path.startswith(MEDIA_PREFIX):
        return await Media(call.runtime).file_of(call, tenant.world.store.run(parts[3]), parts[4])
    data = None
    if is_own and path.startswith(FILES):
        asset = tenant.world.store.asset(AssetId(parts[3]))
        data = tenant.blobs.get(asset.content.sha256)
    if data is None:
        raise NotFound("file of this tenant at", path)
    return File(data, asset.content.mime_type, asset.content.sha256)


OPERATIONS: tuple[Operation[ControlHandler], ...] = (Operation("GET", "/_mock/media", preview),)

"""Uploads for tests: small files of several types, and the steps by which they become assets."""

import base64
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
from doors import BASE_URL, Door
from steps import Body, ok

UPLOADS = "/v1/asset-uploads"
ASSETS = "/v1/assets"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(92))
JPEG = b"\xff\xd8\xff\xe0" + bytes(96)
DATA_URI = "data:image/png;base64," + base64.b64encode(PNG).decode()


def open_upload(door: Door, **changes: Any) -> Body:
    """Opens a session for a PNG, unless told otherwise."""
    return ok(door.post(UPLOADS, {"filename": "shoe photo.png", "mime_type": "image/png", "size_bytes": 100, **changes}), 201)


def at(door: Door, url: str, method: str = "GET", **kwargs: Any) -> httpx.Response:
    """The answer at an absolute address of the storage, which is asked without a key."""
    assert url.startswith(BASE_URL)
    return door.request(method, url.removeprefix(BASE_URL), key=None, **kwargs)


def put(door: Door, session: Body, data: bytes = PNG, **kwargs: Any) -> httpx.Response:
    """Puts the bytes of an upload."""
    return at(door, session["upload_url"], "PUT", content=data, **kwargs)


def confirm(door: Door, session: Body, **body: Any) -> Body:
    """Confirms an upload and returns the asset."""
    return ok(door.post(f"{UPLOADS}/{session['asset_id']}/confirmations", body), 201)


def upload(door: Door, data: bytes = PNG, **changes: Any) -> Body:
    """Uploads a file and returns its asset."""
    session = open_upload(door, **changes)
    assert put(door, session, data).status_code == 200
    return confirm(door, session)


def assets(door: Door, **params: Any) -> list[Body]:
    """A page of assets, newest first."""
    return cast(list[Body], ok(door.get(ASSETS, params=params))["items"])


def path_of(url: str) -> str:
    """The path of an address."""
    return urlsplit(url).path


def reference(asset: Body) -> str:
    """The lasting reference of an asset."""
    return f"runflow://assets/{asset['id']}"

"""Files that are served as they are packaged: the OpenAPI document, the viewer that shows it, and the inspector."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256

import msgspec

from runflow_mock.decoders import json_decoder
from runflow_mock.resources import data_folder

VIEWER_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the viewer may load: this server's files, and its own inline styles and pictures."""

INSPECTOR_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; media-src blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
"""What the inspector may load: this server's files, and pictures and sounds that it asked for with a key."""

_INSPECTOR_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}

VIEWER_FILES = {
    "index.html": "text/html; charset=utf-8",
    "init.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
}


class Packaged(msgspec.Struct, frozen=True):
    """One file: its bytes, their type, and the tag that changes with them."""

    body: bytes
    media_type: str
    etag: str


class Endpoint(msgspec.Struct, frozen=True):
    """One operation of the contract as texts name it, with the evidence that there is for it."""

    method: str
    path: str
    summary: str
    tags: tuple[str, ...]
    evidence: str


class _Operation(msgspec.Struct, rename={"id": "operationId", "evidence": "x-evidence"}):
    id: str
    summary: str = ""
    tags: tuple[str, ...] = ()
    evidence: str = "documented"


class _Path(msgspec.Struct):
    get: _Operation | None = None
    put: _Operation | None = None
    post: _Operation | None = None
    patch: _Operation | None = None
    delete: _Operation | None = None


class _Document(msgspec.Struct):
    paths: dict[str, _Path]


class _Info(msgspec.Struct):
    version: str


class _Titled(msgspec.Struct):
    info: _Info


@cache
def openapi_document() -> Packaged:
    """Returns the contract, byte for byte as it ships; it is read once."""
    return _packed((data_folder("contracts") / "openapi.json").read_bytes(), "application/json")


@cache
def contract_date() -> str:
    """Returns the day until which the contract's sources were read, as the document's version says it: `2026-11-22`."""
    return json_decoder(_Titled).decode(openapi_document().body).info.version.replace(".", "-")


@cache
def operation_ids() -> frozenset[str]:
    """Returns the ids of all operations of the contract."""
    paths = json_decoder(_Document).decode(openapi_document().body).paths.values()
    return frozenset(found.id for path in paths for found in (path.get, path.put, path.post, path.patch, path.delete) if found is not None)


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """Returns all operations of the contract, in its order."""
    found = []
    for path, item in json_decoder(_Document).decode(openapi_document().body).paths.items():
        for method in ("get", "put", "post", "patch", "delete"):
            operation: _Operation | None = getattr(item, method)
            if operation is not None:
                found.append(Endpoint(method.upper(), path, operation.summary, operation.tags, operation.evidence))
    return tuple(found)


@cache
def viewer_file(name: str) -> Packaged | None:
    """Returns a file of the viewer, or nothing for a name that it does not have."""
    media_type = VIEWER_FILES.get(name)
    return None if media_type is None else _packed((data_folder("fixtures") / "viewer" / name).read_bytes(), media_type)


@cache
def inspector_files() -> Mapping[str, Packaged]:
    """Returns what a browser may load of the inspector, by paths below its folder; it is read once."""
    folder = data_folder("fixtures") / "inspector"
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix in _INSPECTOR_TYPES]
    return {path.relative_to(folder).as_posix(): _packed(path.read_bytes(), _INSPECTOR_TYPES[path.suffix]) for path in paths}


def etag_of(body: bytes) -> str:
    """Returns a strong entity tag for exactly these bytes."""
    return f'"{sha256(body).hexdigest()[:32]}"'


def _packed(body: bytes, media_type: str) -> Packaged:
    return Packaged(body, media_type, etag_of(body))

"""Documents: the OpenAPI document that judges, the packaged one or a user's own, from a file or an address."""

from pathlib import Path
from typing import Any, cast

import msgspec
import urllib3
import yaml

from runflow_mock.wire.packaged import openapi_document

BYTES_MAX = 32 * 1024 * 1024
SECONDS_MAX = 30.0


class DocumentError(ValueError):
    """A document that cannot be used; the message names it, what is wrong and the way out."""


def load_document(source: str | None) -> dict[str, Any]:
    """Returns an OpenAPI document: the packaged one, or that of a file or address.

    Raises:
        DocumentError: it cannot be read, or is no OpenAPI 3 document.
    """
    if source is None:
        return cast("dict[str, Any]", msgspec.json.decode(openapi_document().body))
    document = _parsed(_fetched(source) if source.startswith(("http://", "https://")) else _read(source), source)
    version = str(document.get("openapi", "")) if isinstance(document, dict) else ""
    if not isinstance(document, dict) or not version.startswith("3."):
        raise DocumentError(f"{source} is no OpenAPI 3 document: it says openapi: {version or 'nothing'}; give one with openapi: 3.1.0")
    if not isinstance(document.get("paths"), dict) or not document["paths"]:
        raise DocumentError(f"{source} declares no paths; give a document with at least one operation")
    return document


def _read(source: str) -> bytes:
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise DocumentError(f"{source} cannot be read: {error.strerror}; --openapi takes a file or an address") from None


def _fetched(source: str) -> bytes:
    try:
        with urllib3.PoolManager(timeout=SECONDS_MAX, retries=2) as pool:
            response = pool.request("GET", source)
    except urllib3.exceptions.HTTPError as error:
        raise DocumentError(f"{source} does not answer: {error}; give a file instead") from None
    if response.status != 200:
        raise DocumentError(f"{source} answers {response.status}; give an address that answers 200, or a file")
    return response.data


def _parsed(raw: bytes, source: str) -> Any:
    if len(raw) > BYTES_MAX:
        raise DocumentError(f"{source} has {len(raw)} bytes; a document may have {BYTES_MAX}")
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        try:
            return yaml.safe_load(raw)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise DocumentError(f"{source} is neither JSON nor YAML: {str(error)[:200]}") from None

"""Documents: the OpenAPI document that judges, the packaged one or a user's own, from a file or an address."""

from pathlib import Path
from typing import Any, cast

import msgspec
import yaml

from runflow_mock.domain.documents import DEPTH_MAX, Json, check_shape
from runflow_mock.openapi.contracts import Contract, ContractError, packaged_contract
from runflow_mock.openapi.foreign_documents import as_json, in_our_form
from runflow_mock.openapi.shapes import contract_of
from runflow_mock.packaged import openapi_document
from runflow_mock.runtime.downloads import Unreachable, download, is_address

BYTES_MAX = 32 * 1024 * 1024


class DocumentError(ValueError):
    """A document that cannot be used; the message names it, what is wrong and the way out."""


class UnreachableError(DocumentError):
    """An address at which nobody answers."""


def load_document(source: str | None) -> dict[str, Any]:
    """Returns an OpenAPI document: the packaged one, or that of a file or address.

    Raises:
        DocumentError: it cannot be read, or is no OpenAPI 3 document.
    """
    if source is None:
        return cast("dict[str, Any]", msgspec.json.decode(openapi_document().body))
    return read_openapi(fetch(source), source)


def load_contract(source: str | None) -> Contract:
    """Returns a document by which exchanges can be judged: the packaged one, or that of a file or address.

    Raises:
        DocumentError: it cannot be read, is no OpenAPI 3 document, or has schemas that are none.
    """
    if source is None:
        return packaged_contract()
    return judging(load_document(source), source)


def judging(document: dict[str, Any], source: str) -> Contract:
    """Returns an OpenAPI document as a contract; `source` is what messages call it.

    Raises:
        DocumentError: it has schemas that are none.
    """
    try:
        return contract_of(document, source)
    except ContractError as error:
        raise DocumentError(f"{source} cannot judge: {error}; mend the document") from None


def fetch(source: str) -> bytes:
    """Returns the bytes of a file or address.

    Raises:
        DocumentError: it cannot be read.
        UnreachableError: nobody answers at the address.
    """
    return _fetched(source) if is_address(source) else _read(source)


def read_openapi(raw: bytes, source: str) -> dict[str, Any]:
    """Returns the OpenAPI document that bytes hold; `source` is what messages call it.

    Raises:
        DocumentError: they hold none.
    """
    return in_form(read_values(raw, source), source)


def in_form(document: Json, source: str) -> dict[str, Any]:
    """Returns the OpenAPI document that values are, in the one form that everything here reads.

    Raises:
        DocumentError: they are none.
    """
    version = str(document.get("openapi", "")) if isinstance(document, dict) else ""
    if not isinstance(document, dict) or not version.startswith("3."):
        raise DocumentError(f"{source} is no OpenAPI 3 document: it says openapi: {version or 'nothing'}; give one with openapi: 3.1.0")
    paths = document.get("paths")
    if not isinstance(paths, dict) or not paths:
        raise DocumentError(f"{source} declares no paths; give a document with at least one operation")
    wrong = next((path for path, item in paths.items() if not isinstance(item, dict)), None)
    if wrong is not None:
        raise DocumentError(f"{source}: the path {wrong} holds no operations; write an object with methods such as get")
    return in_our_form(document)


def read_values(raw: bytes, source: str) -> Json:
    """Returns the values of JSON or YAML; names are texts.

    Raises:
        DocumentError: the bytes are neither.
    """
    if len(raw) > BYTES_MAX:
        raise DocumentError(f"{source} has {len(raw)} bytes; a document may have {BYTES_MAX}")
    try:
        values = _decoded(raw)
        check_shape(values)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DocumentError(f"{source} is neither JSON nor YAML: {' '.join(str(error).split())[:200]}") from None
    except RecursionError:
        raise DocumentError(f"{source} cannot be used: it is nested deeper than {DEPTH_MAX} levels") from None
    except ValueError as error:
        raise DocumentError(f"{source} cannot be used: {error}") from None
    return as_json(values)


def _decoded(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return yaml.safe_load(raw)


def _read(source: str) -> bytes:
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise DocumentError(f"{source} cannot be read: {error.strerror}; give a file or an address") from None


def _fetched(source: str) -> bytes:
    try:
        return download(source, bytes_max=BYTES_MAX).body
    except Unreachable as error:
        raise UnreachableError(f"{error}; or give a file") from None

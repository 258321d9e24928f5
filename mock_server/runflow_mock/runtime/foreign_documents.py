"""Documents: the OpenAPI document that judges, the packaged one or a user's own, from a file or an address, with the files beside it.

A document at an address and the files beside it come by the same `Downloads`: the name of its host is looked up once, so that it cannot
lead elsewhere, or nearer, by the time the files are read.
"""

import posixpath
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from urllib.parse import urldefrag, urlsplit

import msgspec

from runflow_mock.domain.documents import Json
from runflow_mock.openapi.contracts import Contract, packaged_contract
from runflow_mock.openapi.foreign_documents import DocumentError, Foreign, in_our_form
from runflow_mock.openapi.messages import Messages
from runflow_mock.openapi.problems import told
from runflow_mock.openapi.references import SourceError
from runflow_mock.openapi.shapes import contract_of, known_shapes
from runflow_mock.openapi.texts import TextError, ignore, read_text
from runflow_mock.packaged import openapi_document
from runflow_mock.runtime.downloads import Downloads, Unreachable, is_address, joined
from runflow_mock.user_files import FILE_BYTES_MAX, OutsideFolderError, read_file, read_found_file

LARGE_BYTES = 768 * 1024
"""What takes so long to read that it is told."""

Tell = Callable[[str], None]


class UnreachableError(DocumentError):
    """An address at which nobody answers."""


def load_document(source: str | None, tell: Tell = ignore) -> dict[str, Any]:
    """Returns an OpenAPI document: the packaged one, or that of a file or address; `tell` gets lines for people.

    Raises:
        DocumentError: it cannot be read, or is no OpenAPI 3 document.
    """
    if source is None:
        return cast("dict[str, Any]", msgspec.json.decode(openapi_document().body))
    downloads = Downloads()
    return in_form(read_values(fetch(source, downloads), source, tell), source, tell, downloads=downloads).document


def load_contract(source: str | None, tell: Tell = ignore, downloads: Downloads | None = None) -> Contract:
    """Returns a document by which exchanges can be judged: the packaged one, or that of a file or address; `tell` gets lines for people.

    Raises:
        DocumentError: it cannot be read, is no OpenAPI 3 document, or nothing of it can be used.
    """
    if source is None:
        return packaged_contract()
    downloads = downloads or Downloads()
    return judging(read_values(fetch(source, downloads), source, tell), source, tell, downloads=downloads)


def load_messages(source: str | None, tell: Tell) -> Messages | None:
    """Returns what the document of a file or address says of callbacks, if one is named; one that has webhooks and no paths will do.

    Raises:
        DocumentError: it cannot be read, is no OpenAPI 3 document, or describes no callback.
    """
    if source is None:
        return None
    downloads = Downloads()
    values = read_values(fetch(source, downloads), source, tell)
    messages = Messages(judging(values, source, tell, may_lack_paths=True, downloads=downloads))
    if not messages.described:
        raise DocumentError(f"{source} describes no callback; give a document with webhooks, or with callbacks of an operation")
    return messages


def judging(
    values: Json, source: str, tell: Tell = ignore, *, may_lack_paths: bool = False, downloads: Downloads | None = None
) -> Contract:
    """Returns the values of an OpenAPI document as a contract; `source` is where they are from, and what messages call it.

    Raises:
        DocumentError: they are no OpenAPI 3 document, or nothing of it can be used.
    """
    form = _in_form(values, source, tell, may_lack_paths=may_lack_paths, downloads=downloads)
    contract = contract_of(form, source)
    for line in told(contract.problems):
        tell(line)
    return contract


def in_form(values: Json, source: str, tell: Tell = ignore, *, downloads: Downloads | None = None) -> Foreign:
    """Returns the OpenAPI document that values are, in the one form that everything here reads, with what its references lead to.

    Raises:
        DocumentError: they are none, or nothing of it can be used.
    """
    form = _in_form(values, source, tell, downloads=downloads)
    for line in told(form.problems):
        tell(line)
    return form


def _in_form(values: Json, source: str, tell: Tell, *, may_lack_paths: bool = False, downloads: Downloads | None) -> Foreign:
    around = Addresses(source, tell, downloads) if is_address(source) else Folder(Path(source), tell)
    return in_our_form(values, source, around, known=known_shapes(), may_lack_paths=may_lack_paths)


def fetch(source: str, downloads: Downloads | None = None) -> bytes:
    """Returns the bytes of a file or address.

    Raises:
        DocumentError: it cannot be read.
        UnreachableError: nobody answers at the address.
    """
    if not is_address(source):
        try:
            return read_file(Path(source))
        except (OSError, ValueError) as error:
            told = error.strerror if isinstance(error, OSError) else error
            raise DocumentError(f"{source} cannot be read: {told}; give a file or an address") from None
    try:
        return (downloads or Downloads()).get(source, bytes_max=FILE_BYTES_MAX).body
    except Unreachable as error:
        raise UnreachableError(f"{error}; or give a file") from None


def read_values(raw: bytes, source: str, tell: Tell = ignore) -> Json:
    """Returns the values of JSON or YAML; names are texts.

    Raises:
        DocumentError: the bytes are neither.
    """
    if len(raw) > LARGE_BYTES:
        tell(f"{source}: reading {len(raw) / 1_000_000:.1f} MB; this can take some seconds")
    try:
        return read_text(raw, _of(source, tell))
    except TextError as error:
        raise DocumentError(f"{source}: {error}") from None


def _of(name: str, tell: Tell) -> Tell:
    """Returns what tells of one file."""
    return tell if tell is ignore else lambda line: tell(f"{name}: {line}")


class Folder:
    """The files beside a document that is a file: those in its folder, and below it."""

    def __init__(self, document: Path, tell: Tell = ignore) -> None:
        self._folder = document.parent
        self._own = document.name
        self._tell = tell
        self._bytes = 0

    def name_of(self, reference: str, base: str) -> str:
        """Returns the path of a file, seen from the folder; the document itself has no name."""
        if reference.startswith("//") or ":" in reference.partition("/")[0]:
            raise SourceError("it is at an address; of a document that is a file only the files beside it are read")
        name = posixpath.normpath(posixpath.join(posixpath.dirname(base), reference.replace("\\", "/")))
        return "" if name == self._own else name

    def read(self, name: str) -> Json:
        """Returns the values of a file."""
        try:
            raw = read_found_file(self._folder / name, self._folder)
        except OutsideFolderError:
            raise SourceError("it is outside the folder of the document; only files in and below that are read") from None
        except (OSError, ValueError) as error:
            raise SourceError(f"{name[:200]} cannot be read: {error.strerror if isinstance(error, OSError) else error}") from None
        self._bytes += len(raw)
        return _read_beside(raw, name, self._bytes, self._tell)


class Addresses:
    """The files beside a document that the user gave by address: those of the same host."""

    def __init__(self, url: str, tell: Tell = ignore, downloads: Downloads | None = None) -> None:
        """Takes what the document itself came by."""
        self._url = url
        self._tell = tell
        self._bytes = 0
        self._downloads = downloads or Downloads()

    def name_of(self, reference: str, base: str) -> str:
        """Returns the address of a file; the document itself has none."""
        try:
            url = urldefrag(joined(base or self._url, reference)).url
        except Unreachable as error:
            raise SourceError(str(error)) from None
        if urlsplit(url)[:2] != urlsplit(self._url)[:2]:
            raise SourceError("it is on another host; only files of the host of the document are read")
        return "" if url == urldefrag(self._url).url else url

    def read(self, name: str) -> Json:
        """Returns the values of a file."""
        try:
            found = self._downloads.get(name, bytes_max=FILE_BYTES_MAX, led_by=self._url)
        except Unreachable as error:
            raise SourceError(str(error)) from None
        if urlsplit(found.url)[:2] != urlsplit(self._url)[:2]:
            raise SourceError("it leads to another host; only files of the host of the document are read")
        self._bytes += len(found.body)
        return _read_beside(found.body, name, self._bytes, self._tell)


def _read_beside(raw: bytes, name: str, total: int, tell: Tell) -> Json:
    if total > FILE_BYTES_MAX:
        raise SourceError(f"the files beside the document have more than {FILE_BYTES_MAX} bytes")
    try:
        return read_text(raw, _of(name, tell))
    except TextError as error:
        raise SourceError(f"{name[:200]}: {error}") from None

"""Files inside requests: `data:` URIs become assets, and references to assets are checked on the way in and signed on the way out.

A `data:` URI in `input` or `metadata` is replaced by `runflow://assets/{uuid}` before the command is carried out, with an id that follows
from the request's; its bytes are handed on beside the command. A reference in `input` must name an asset that can be read. Whoever reads
the run sees a fresh signed address in its place, and in the place of an asset's address that was signed before; callbacks carry documents
as they are stored. A document without any of these words is never looked into.

Source: `media.data-uris`, `media.asset-refs`, `media.asset-not-found`, `media.data-uris-in-callbacks`. Inferred: that evaluations
are treated like runs, that metadata and evaluations may refer to what does not exist, and that text such as `data: none`, which is no
URI with a media type, stays text.
"""

import base64
import binascii
import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.assets import FILE_BYTES_MAX, REFERENCE_PREFIX, Attachment, content_of
from runflow_mock.domain.commands import CreateBatch, CreateRun, SubmitEvaluation
from runflow_mock.domain.documents import Document, Json, mentions, read_document, write_document
from runflow_mock.domain.identity import AssetId, part_uuid
from runflow_mock.domain.mime import EXTENSION_OF
from runflow_mock.wire.problems import FieldError, Location, invalid

Knows = Callable[[str], bool]
Address = Callable[[str], str | None]
Show = Callable[[Document], msgspec.Raw]

ATTACHMENTS_MAX = 1000

_SCHEME = "runflow://"
_HEAD = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[\w.+-]+=[\w.+-]*)*(;base64)?", re.ASCII)
_HEAD_CHARACTERS_MAX = 255
_TAKEN = (b"data:", b"runflow:")
_MARKS = (REFERENCE_PREFIX.encode(), b"/files/")
# A reference or a signed address of an asset, as a whole value of a stored document and not as a key.
_STORED_REFERENCE = re.compile(
    rb'"(?:runflow://assets/([0-9a-f-]{36})|https?://[^"/]+/files/\w+/([0-9a-f-]{36})/[\w.-]+\?expires=\d+&signature=[0-9a-f]+)"(?!:)'
)


def take_run_files(command: CreateRun, knows: Knows) -> tuple[CreateRun, tuple[bytes, ...]]:
    """Returns the command with its files taken out, and their bytes in the order of its attachments.

    Raises:
        Problem: 422 for a reference to an asset that is not known, or a `data:` URI that cannot be read.
    """
    if not (mentions(command.input, *_TAKEN) or (command.metadata is not None and mentions(command.metadata, *_TAKEN))):
        # Nearly every run: there is nothing to take.
        return command, ()
    intake = Intake(command.origin.request_id, knows)
    taken = replace(command, input=intake.take_input(command.input, ("body", "input")), metadata=intake.take_metadata(command.metadata))
    attachments, files = intake.finish()
    return (replace(taken, attachments=attachments) if attachments else taken), files


def take_batch_files(command: CreateBatch, key: str, knows: Knows) -> tuple[CreateBatch, tuple[bytes, ...]]:
    """Returns the same for a batch; `key` is the caller's own word for the list of items."""
    intake = Intake(command.origin.request_id, knows)
    tail = ("input",) if key == "items" else ()
    items = tuple(
        replace(item, input=intake.take_input(item.input, ("body", key, index, *tail))) if mentions(item.input, *_TAKEN) else item
        for index, item in enumerate(command.items)
    )
    taken = replace(command, items=items, metadata=intake.take_metadata(command.metadata))
    attachments, files = intake.finish()
    return (replace(taken, attachments=attachments) if attachments else taken), files


def take_evaluation_files(command: SubmitEvaluation, request_id: str, knows: Knows) -> tuple[SubmitEvaluation, tuple[bytes, ...]]:
    """Returns the same for an evaluation, whose references are looked at when it is carried out."""
    intake, given = Intake(request_id, knows), command.assignment
    taken = replace(
        given,
        image_url=intake.take_text(given.image_url, ("body", "generated_image_url")),
        reference_images=intake.take_document(given.reference_images, ("body", "reference_images")),
        input_attributes=intake.take_document(given.input_attributes, ("body", "input_attributes")),
    )
    attachments, files = intake.finish()
    return (replace(command, assignment=taken, attachments=attachments) if attachments else command), files


def mentions_assets(document: Document | None) -> bool:
    """Tells whether a stored document may show assets, so that it reads differently at different times."""
    return document is not None and mentions(document, *_MARKS)


def show_references(document: Document, address: Address) -> msgspec.Raw:
    """Returns a stored document with every reference to a readable asset, and every signed address of one, replaced by a fresh address."""
    if not mentions_assets(document):
        return msgspec.Raw(document)

    def sign(found: re.Match[bytes]) -> bytes:
        url = address((found[1] or found[2]).decode())
        return found[0] if url is None else msgspec.json.encode(url)

    return msgspec.Raw(_STORED_REFERENCE.sub(sign, document))


class Intake:
    """Takes the files out of the documents of one request; equal files are stored once."""

    def __init__(self, request_id: str, knows: Knows) -> None:
        self._request_id = request_id
        self._knows = knows
        self._attachments: list[Attachment] = []
        self._files: list[bytes] = []
        self._references: dict[str, str] = {}
        self._errors: list[FieldError] = []

    def take_input(self, document: Document, loc: Location) -> Document:
        """Returns an input with references in the place of files; every reference in it is checked."""
        if not mentions(document, *_TAKEN):
            return document
        return write_document(self._replace(read_document(document), loc, checks=True))

    def take_metadata(self, document: Document | None) -> Document | None:
        """Returns metadata with references in the place of files."""
        return self.take_document(document, ("body", "metadata"))

    def take_document(self, document: Document | None, loc: Location) -> Document | None:
        """Returns a document with references in the place of files; what it refers to itself is not checked."""
        if document is None or not mentions(document, b"data:"):
            return document
        return write_document(self._replace(read_document(document), loc, checks=False))

    def take_text(self, text: str, loc: Location) -> str:
        """Returns a text, or the reference in its place if it is a file."""
        return self._attach(text, loc) if text.startswith("data:") else text

    def finish(self) -> tuple[tuple[Attachment, ...], tuple[bytes, ...]]:
        """Returns what was taken, or raises the 422 that lists what could not be."""
        if self._errors:
            raise invalid(*self._errors)
        return tuple(self._attachments), tuple(self._files)

    def _replace(self, value: Json, loc: Location, *, checks: bool) -> Json:
        if isinstance(value, dict):
            return {name: self._replace(part, (*loc, name), checks=checks) for name, part in value.items()}
        if isinstance(value, list):
            return [self._replace(part, (*loc, index), checks=checks) for index, part in enumerate(value)]
        if isinstance(value, str) and value.startswith("data:"):
            return self._attach(value, loc)
        if checks and isinstance(value, str) and value.startswith(_SCHEME):
            asset_id = value.removeprefix(REFERENCE_PREFIX).lower()
            if not (value.startswith(REFERENCE_PREFIX) and self._knows(asset_id)):
                self._errors.append(FieldError(loc, f"asset not found or expired: {value[:200]}", "asset_not_found"))
            return REFERENCE_PREFIX + asset_id
        return value

    def _attach(self, uri: str, loc: Location) -> str:
        known = self._references.get(uri)
        if known is not None:
            return known
        head, comma, payload = uri.partition(",")
        found = _HEAD.fullmatch(head) if comma and len(head) <= _HEAD_CHARACTERS_MAX else None
        if found is None:
            return uri
        data = _read_payload(payload, is_base64=found[2] is not None)
        objection = self._objection(data)
        if data is None or objection is not None:
            self._errors.append(FieldError(loc, objection or "", "value_error"))
            return uri
        number = len(self._files) + 1
        content = content_of(data, found[1].lower())
        asset_id = AssetId(part_uuid(self._request_id, "attachment", number))
        self._attachments.append(Attachment(asset_id, f"inline-{number}.{EXTENSION_OF.get(content.mime_type, 'bin')}", content))
        self._files.append(data)
        self._references[uri] = REFERENCE_PREFIX + asset_id
        return self._references[uri]

    def _objection(self, data: bytes | None) -> str | None:
        if data is None:
            return "Input should be a data URI with valid base64"
        if len(data) > FILE_BYTES_MAX:
            return f"the file is larger than {FILE_BYTES_MAX} bytes"
        if len(self._files) >= ATTACHMENTS_MAX:
            return f"runflow-mock takes at most {ATTACHMENTS_MAX} files in one request"
        return None


def _read_payload(payload: str, *, is_base64: bool) -> bytes | None:
    if not is_base64:
        return unquote_to_bytes(payload)
    try:
        # Clients percent-encode the padding or leave it away.
        text = payload.replace("%3D", "=").replace("%3d", "=") if "%" in payload else payload
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None

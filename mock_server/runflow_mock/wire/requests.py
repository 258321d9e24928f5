"""What create-run and create-batch have in common: the checks of `callback_url`, `metadata` and `client_ref`."""

from datetime import datetime
from typing import cast

import msgspec

from runflow_mock.domain.callback_policy import URL_CHARACTERS_MAX, CallbackPolicy, objection
from runflow_mock.domain.documents import Document, Json, write_document
from runflow_mock.wire.fields import Checker, Schema
from runflow_mock.wire.inputs import InputChecks
from runflow_mock.wire.problems import FieldError, Location
from runflow_mock.wire.times import read_instant

CLIENT_REF_CHARACTERS_MAX = 255
METADATA_BYTES_MAX = 16 * 1024

CLIENT_REF: Schema = {"type": ["string", "null"], "maxLength": CLIENT_REF_CHARACTERS_MAX}
COMMON_PROPERTIES: Schema = {
    "callback_url": {"type": ["string", "null"], "maxLength": URL_CHARACTERS_MAX},
    "metadata": {"type": ["object", "null"]},
}

_client_ref = Checker(CLIENT_REF)


class Rules(msgspec.Struct, frozen=True):
    """What the decoders need to know besides the body: compiled inputs, where callbacks may go, how long a batch may be, magic or not."""

    inputs: InputChecks
    callbacks: CallbackPolicy
    batch_items_max: int
    knows_magic: bool = True


def read_metadata(body: dict[str, Json], rules: Rules) -> tuple[Document | None, list[FieldError]]:
    """Returns the stored form of `metadata`, and what a schema cannot say about it and about `callback_url`."""
    value = body.get("metadata")
    stored = None if value is None else write_document(value)
    errors = url_errors(body, "callback_url", rules) if "callback_url" in body else []
    if stored is not None and len(stored) > METADATA_BYTES_MAX and isinstance(value, dict):
        errors.append(FieldError(("body", "metadata"), f"metadata is larger than {METADATA_BYTES_MAX} bytes", "too_long"))
    return stored, errors


def url_errors(body: dict[str, Json], name: str, rules: Rules) -> list[FieldError]:
    """Returns what a schema cannot say about the address of a receiver; there need not be one."""
    url = body.get(name)
    refused = objection(rules.callbacks, url, name) if isinstance(url, str) and len(url) <= URL_CHARACTERS_MAX else None
    return [] if refused is None else [FieldError(("body", name), refused, "url_scheme" if "HTTPS" in refused else "url_parsing")]


def label_errors(label: Json, loc: Location, sent_bytes: float) -> list[FieldError]:
    """Returns what is wrong with a `client_ref` in a body of so many bytes that no schema has looked at; there need not be one."""
    return [] if label is None else _client_ref.errors(label, (*loc, "client_ref"), sent_bytes)


def optional_text(body: dict[str, Json], name: str) -> str | None:
    """Returns an optional text that was checked before."""
    return cast("str | None", body.get(name))


def optional_instant(body: dict[str, Json], name: str, errors: list[FieldError]) -> datetime | None:
    """Returns the instant that an optional text says; what is no instant is added to the errors. That it is a text a schema says."""
    value = body.get(name)
    if isinstance(value, str):
        try:
            return read_instant(value)
        except ValueError as error:
            errors.append(FieldError(("body", name), str(error), "datetime_parsing"))
    return None

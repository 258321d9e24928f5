"""Deliveries that a test carries itself, on the wire of the control API."""

from base64 import b64encode
from collections.abc import Mapping

import msgspec

from runflow_mock.wire.control import decode, refused


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    status: int


def represent_pulled(delivery_id: str, number: int, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, object]:
    """Returns one attempt with the exact bytes and headers that are to reach the receiver."""
    return {"delivery_id": delivery_id, "number": number, "url": url, "headers": dict(headers), "base64": b64encode(body).decode()}


def decode_pull_answer(raw: bytes) -> int:
    """Returns the status of `{"status": 500}`."""
    status = decode(raw, _Answer).status
    if not 200 <= status <= 599:
        raise refused(f"status {status} must be from 200 to 599")
    return status

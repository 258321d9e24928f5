"""Locks as JSON, `runflow.lock` of users and `contracts/lock.json` alike, and the digests of an OpenAPI document's operations."""

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from runflow_mock.decoders import json_decoder
from runflow_mock.domain.documents import NOT_JSON, Json, object_of, parts_of
from runflow_mock.kit.pins.digests import Artefact, Lock, Pin, canonical_digest, is_digest, is_pin_name
from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.parts import METHODS

VERSION = 1
INDENT = 2


class LockError(ValueError):
    """A lock that cannot be used; the message names it, what is wrong and the way out."""


class _WireLock(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    version: int
    pins: Mapping[str, Pin] = {}
    artefacts: tuple[Artefact, ...] = ()


def decode_lock(name: str, body: bytes) -> Lock:
    """Returns the lock in the bytes of a file, whose name is only used to tell what is wrong.

    Raises:
        LockError: it is no lock, or one of another version.
    """
    try:
        found = json_decoder(_WireLock).decode(body)
    except NOT_JSON as error:
        raise LockError(f"{name} is no lock: {error}; mend it, or pin anew with `runflow-mock skill pin`") from None
    if found.version != VERSION:
        raise LockError(f"{name} has version {found.version}, and this runflow-mock reads version {VERSION} alone")
    for pinned, pin in found.pins.items():
        if not is_pin_name(pinned):
            raise LockError(f"{name}: {pinned[:80]!r} cannot name a pin; names are words of a-z and 0-9, such as skill")
        if not is_digest(pin.digest):
            raise LockError(f"{name}: the digest {pin.digest[:80]!r} of {pinned} must be sha256: and 64 lower-case hexadecimal digits")
    return Lock(pins=found.pins, artefacts=found.artefacts)


def represent_lock(lock: Lock) -> bytes:
    """Returns a lock as it is written into a file: the same lock is always the same bytes."""
    pins = {name: replace(pin, operations=dict(sorted(pin.operations.items()))) for name, pin in sorted(lock.pins.items())}
    written = _WireLock(version=VERSION, pins=pins, artefacts=lock.artefacts)
    return msgspec.json.format(msgspec.json.encode(written), indent=INDENT) + b"\n"


def operation_digests(document: Mapping[str, Json]) -> dict[str, str]:
    """Returns a canonical digest of each operation, with everything in it that the document keeps elsewhere.

    A change in a component changes the digests of the operations that lead to it, and no other. Operations are named by their
    `operationId`, or by method and path where they have none.
    """
    contract = Contract(dict(document))
    found = {}
    for path in contract.paths:
        for method in METHODS:
            operation = contract.at(("paths", path, method))
            if operation:
                shared = {name: part for name, part in contract.at(("paths", path)).items() if name not in METHODS}
                whole: dict[str, Json] = {"path": path, "method": method, "operation": operation, "shared": shared}
                name = str(operation.get("operationId") or f"{method.upper()} {path}")
                found[name] = canonical_digest({**whole, "parts": _parts(contract, whole)})
    return found


def _parts(contract: Contract, whole: Json) -> dict[str, Json]:
    """Returns every part of the document that a value leads to, by reference."""
    parts: dict[str, Json] = {}
    waiting = _references(whole)
    while waiting:
        reference = waiting.pop()
        if reference not in parts:
            part = contract.resolve(reference)
            parts[reference] = part
            waiting.extend(_references(part))
    return parts


def _references(value: Json) -> list[str]:
    found = (object_of(part).get("$ref") for part in parts_of(value))
    return [reference for reference in found if isinstance(reference, str) and reference.startswith("#/")]

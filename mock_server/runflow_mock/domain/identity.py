"""Identifiers: UUIDv7 text that sorts by virtual time and replays under the seed.

Layout (RFC 9562, section 5.7, with the fixed-length counter of section 6.2, method 1): 48 bits of milliseconds, the version, 26 bits
of the world's sequence around the variant, 48 bits of hash. Two ids of one millisecond keep the order in which they were made.

Source: ids are lower-case hyphenated UUIDs, run ids are version 7; provenance `identity.uuid7`.
"""

import re
import uuid
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import NewType

from runflow_mock.domain.seeds import Seed

RunId = NewType("RunId", str)
BatchId = NewType("BatchId", str)
ItemId = NewType("ItemId", str)
DeliveryId = NewType("DeliveryId", str)
AttemptId = NewType("AttemptId", str)
EvaluationId = NewType("EvaluationId", str)
WebhookId = NewType("WebhookId", str)
WorkflowId = NewType("WorkflowId", str)
AssetId = NewType("AssetId", str)
SecretId = NewType("SecretId", str)
RuleId = NewType("RuleId", str)
OrganizationId = NewType("OrganizationId", str)
UserId = NewType("UserId", str)

IDENTIFIERS = (
    *(RunId, BatchId, ItemId, DeliveryId, AttemptId, EvaluationId, WebhookId, WorkflowId, AssetId, SecretId, RuleId, OrganizationId),
    UserId,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
SEQUENCE_SPAN = 1 << 26
"""After so many ids their places in the sequence begin anew."""

# Where the hash begins: twelve digits after the last hyphen.
_TAIL = 24
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "runflow-mock.invalid")


def uuid7(now: datetime, sequence: int, seed: Seed) -> str:
    """Returns the id with the given place in the world's sequence; ids grow with `now` and, within a millisecond, with `sequence`."""
    head = (_head(now) | (sequence >> 14 & 0xFFF) << 16 | sequence & 0x3FFF).to_bytes(10, "big").hex("-", 2)
    return f"{head[:4]}{head[5:]}-{blake2b(sequence.to_bytes(8, 'big'), key=seed.key, digest_size=6).hexdigest()}"


def uuid7s(now: datetime, sequences: range, seed: Seed) -> list[str]:
    """Returns the ids with these places in the world's sequence, as `uuid7` makes each: thousands of a batch have one instant."""
    instant, key, ids = _head(now), seed.key, list[str]()
    for sequence in sequences:
        head = (instant | (sequence >> 14 & 0xFFF) << 16 | sequence & 0x3FFF).to_bytes(10, "big").hex("-", 2)
        ids.append(f"{head[:4]}{head[5:]}-{blake2b(sequence.to_bytes(8, 'big'), key=key, digest_size=6).hexdigest()}")
    return ids


def _head(now: datetime) -> int:
    """Returns the first ten bytes of the ids of an instant, where the places in the sequence are put into them."""
    return (now - EPOCH) // MILLISECOND << 32 | 0x7000_8000


def fraction_in(identifier: str, part: int) -> float:
    """Returns the number in [0, 1) that stands in one of the three parts, 0 to 2, of the hash with which an id of `uuid7` ends."""
    begin = _TAIL + 4 * part
    return int(identifier[begin : begin + 4], 16) / 0x1_0000


def sequence_of(identifier: str) -> int:
    """Returns which place in its world's sequence an id has, beyond `SEQUENCE_SPAN` that number's remainder."""
    return (int(identifier[15:18], 16) << 14) | (int(identifier[19:23], 16) & 0x3FFF)


def is_uuid(text: str) -> bool:
    """Tells whether the text is a hyphenated UUID in lower case, the only form in which the API issues them."""
    return _UUID.fullmatch(text) is not None


def named_uuid(*names: str) -> str:
    """Returns the fixed id of a thing that exists in every world, such as a model of the catalog."""
    return str(uuid.uuid5(_NAMESPACE, "\n".join(names)))


def part_uuid(owner: str, kind: str, number: int) -> str:
    """Returns the id of the n-th part of a kind that is derived from its owner, such as a log line of a run; ids grow with `number`."""
    tail = blake2b(f"{kind} {number}".encode(), key=owner.encode(), digest_size=8).hexdigest()
    return f"{owner[:13]}-7{number:03x}-8{tail[:3]}-{tail[3:15]}"

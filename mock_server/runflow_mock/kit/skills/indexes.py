"""The index of Agent Skills Discovery, as somebody else serves it: which skills there are, and the digest of each.

Source: `www.skills`. Version 0.2.0 is read. An index of another version, or of none, is told and not processed; entries of unknown types
are skipped; fields that nobody documented are ignored.
"""

import msgspec

from runflow_mock.decoders import json_decoder
from runflow_mock.domain.documents import NOT_JSON
from runflow_mock.kit.pins.digests import is_digest
from runflow_mock.wire.skills import SKILLS_SCHEMA

TYPES = ("skill-md", "archive")


class Entry(msgspec.Struct, frozen=True):
    """One skill of an index; `url` may be relative to the index."""

    name: str
    type: str
    url: str
    digest: str


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """What an index lists and can be used, and what there is to be told of the rest."""

    entries: tuple[Entry, ...] = ()
    warnings: tuple[str, ...] = ()


class _WireIndex(msgspec.Struct, rename={"schema": "$schema"}):
    skills: list[msgspec.Raw]
    schema: str | None = None


def read_index(name: str, body: bytes) -> Index | None:
    """Returns what can be used of an index, or nothing for bytes that are no index; the name is only used to tell what is wrong."""
    try:
        found = json_decoder(_WireIndex).decode(body)
    except NOT_JSON:
        return None
    if found.schema != SKILLS_SCHEMA:
        told = "no $schema" if found.schema is None else f"the $schema {found.schema[:120]!r}"
        return Index(warnings=(f"{name} has {told} and is not processed; known is {SKILLS_SCHEMA}",))
    entries, warnings = [], []
    for number, raw in enumerate(found.skills):
        try:
            entry = json_decoder(Entry).decode(raw)
        except NOT_JSON as error:
            warnings.append(f"skill {number} of {name} is skipped: {error}")
            continue
        if entry.type not in TYPES:
            warnings.append(f"skill {entry.name!r} of {name} is skipped: its type {entry.type[:40]!r} is none of {', '.join(TYPES)}")
            continue
        if not is_digest(entry.digest):
            warnings.append(f"skill {entry.name!r} of {name}: the digest {entry.digest[:80]!r} is none that bytes can have")
        entries.append(entry)
    return Index(entries=tuple(entries), warnings=tuple(warnings))

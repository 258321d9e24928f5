"""Pin every artefact that ships: write `contracts/lock.json`, and `contracts/SHA256SUMS` for people without Python.

Bytes are pinned as they are; of JSON and YAML the values are pinned too, so that indentation is no drift, and of the OpenAPI document
each operation. Run it after every change of a pinned file, and after `contracts/openapi/bundle.py`.

    python contracts/lock.py            write both files
    python contracts/lock.py --check    fail if they are not what the artefacts say
    sha256sum -c --strict contracts/SHA256SUMS
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import yaml

from runflow_mock.domain.documents import Json
from runflow_mock.kit.pins.digests import Artefact, Lock, Pin, Status, canonical_digest, digest_of
from runflow_mock.kit.pins.documents import operation_digests, represent_lock

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "contracts" / "lock.json"
SUMS = ROOT / "contracts" / "SHA256SUMS"
DOCUMENT = "contracts/openapi.json"
PUBLISHED_SKILL = "https://www.runflow.io/.well-known/agent-skills/runflow/SKILL.md"
READ_UNTIL = date(2026, 11, 22)


class Kind(NamedTuple):
    """Files of one role: whose word they are, and what there is to know about them."""

    pattern: str
    role: str
    status: Status
    notes: str = ""


KINDS = (
    Kind(DOCUMENT, "OpenAPI document of the API", Status.RECONSTRUCTED, "Built by contracts/openapi/bundle.py from its parts."),
    Kind("contracts/control.yaml", "OpenAPI document of the control API", Status.OURS),
    Kind("contracts/state_machines.json", "state machines", Status.RECONSTRUCTED),
    Kind("contracts/errors.json", "error catalogue", Status.RECONSTRUCTED),
    Kind("contracts/provenance.json", "source of every claim", Status.OURS),
    Kind("fixtures/catalog/*.json", "catalog of models", Status.RECONSTRUCTED),
    Kind("fixtures/flows.json", "flows", Status.RECONSTRUCTED),
    Kind("fixtures/solutions.json", "Solutions", Status.RECONSTRUCTED),
    Kind("fixtures/workflows.json", "ComfyUI workflows", Status.RECONSTRUCTED),
    Kind("fixtures/scenario.schema.json", "JSON Schema of scenarios", Status.OURS),
    Kind("fixtures/scenarios/*.yaml", "scenario", Status.OURS),
    Kind(
        "fixtures/skill/SKILL.md", "skill of the sandbox", Status.OURS, "Not the skill that Runflow publishes; that one is among the pins."
    ),
)

# The skill as Runflow publishes it. Its text does not ship: a copy that somebody has is compared with this.
SKILL = Pin(
    url=PUBLISHED_SKILL,
    bytes=5429,
    digest="sha256:382178171466d04e4f4dab8791019d0b77068e8e960376fa66490043ed87bcca",
    date=READ_UNTIL,
    source="captured copy, not compared with the live host",
    reason="what runflow-mock was written to; a new version of the skill has another digest",
)


def artefacts() -> Iterator[Artefact]:
    """Yields every artefact as it is on disk, in the order of the table."""
    for kind in KINDS:
        found = sorted(ROOT.glob(kind.pattern))
        if not found:
            raise FileNotFoundError(f"nothing ships as {kind.pattern}; mend the table in {Path(__file__).name}")
        for file in found:
            body = file.read_bytes()
            yield Artefact(
                path=file.relative_to(ROOT).as_posix(),
                role=kind.role,
                bytes=len(body),
                digest=digest_of(body),
                canonical_digest=_canonical(file, body),
                status=kind.status,
                notes=kind.notes,
            )


def lock() -> Lock:
    """Returns the lock of what is on disk."""
    found = tuple(artefacts())
    document = next(artefact for artefact in found if artefact.path == DOCUMENT)
    openapi = Pin(
        url=DOCUMENT.removeprefix("contracts/"),
        bytes=document.bytes,
        digest=document.digest,
        canonical_digest=document.canonical_digest,
        status=document.status,
        date=READ_UNTIL,
        source="written down from public pages; the published document was not available",
        reason="what the fake is held to",
        operations=operation_digests(json.loads((ROOT / DOCUMENT).read_bytes())),
    )
    return Lock(pins={"openapi": openapi, "skill": SKILL}, artefacts=found)


def outcome() -> dict[Path, bytes]:
    """Returns what both files have to be."""
    made = lock()
    body = represent_lock(made)
    lines = [f"{artefact.digest.removeprefix('sha256:')}  {artefact.path}" for artefact in made.artefacts]
    lines.append(f"{digest_of(body).removeprefix('sha256:')}  {LOCK.relative_to(ROOT).as_posix()}")
    return {LOCK: body, SUMS: ("\n".join(lines) + "\n").encode()}


def _canonical(file: Path, body: bytes) -> str | None:
    """Returns the digest of the values in a file, or nothing where it is a text."""
    if file.suffix == ".json":
        value: Json = json.loads(body)
        return canonical_digest(value)
    # Dates in YAML become texts of one spelling.
    return canonical_digest(json.loads(json.dumps(yaml.safe_load(body), default=str))) if file.suffix == ".yaml" else None


def main() -> int:
    """Writes the files, or with `--check` compares them; returns the exit status."""
    parser = argparse.ArgumentParser(description="Pin every artefact that ships.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    is_check = parser.parse_args().check
    stale = [file for file, body in outcome().items() if not file.is_file() or file.read_bytes() != body]
    for file in stale:
        if is_check:
            print(f"{file} is not what the artefacts say; run {Path(__file__).name}", file=sys.stderr)
        else:
            file.write_bytes(outcome()[file])
    return 1 if stale and is_check else 0


if __name__ == "__main__":
    sys.exit(main())

import json
from datetime import date
from typing import Any

import pytest

from runflow_mock.kit.pins.digests import Artefact, Lock, Pin, Status, digest_of
from runflow_mock.kit.pins.documents import LockError, decode_lock, operation_digests, represent_lock

DIGEST = digest_of(b"x")
PIN = Pin(
    url="https://skills.example/SKILL.md",
    bytes=1,
    digest=DIGEST,
    date=date(2026, 1, 2),
    source="downloaded",
    reason="reviewed",
    status=Status.OFFICIAL,
    canonical_digest=DIGEST,
    operations={"b": DIGEST, "a": DIGEST},
)
ARTEFACT = Artefact(path="contracts/openapi.json", role="document", bytes=1, digest=DIGEST, status=Status.OURS, notes="built")
LOCK = Lock(pins={"skill": PIN, "catalog": PIN}, artefacts=(ARTEFACT,))


def document() -> dict[str, Any]:
    """Two operations that share a component, which leads to another, and one that stands alone."""
    answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Run"}}}}
    return {
        "openapi": "3.1.0",
        "paths": {
            "/runs": {
                "get": {"operationId": "list_runs", "responses": {"200": answer}},
                "post": {"operationId": "create_run", "responses": {"201": answer}},
            },
            "/health": {"get": {"responses": {"204": {"description": "up"}}}},
        },
        "components": {
            "schemas": {
                "Run": {"properties": {"status": {"$ref": "#/components/schemas/Status"}, "parent": {"$ref": "#/components/schemas/Run"}}},
                "Status": {"enum": ["queued"]},
                "Unused": {"type": "string"},
            }
        },
    }


def test_lock_that_is_written_is_the_one_that_is_read() -> None:
    assert decode_lock("runflow.lock", represent_lock(LOCK)) == LOCK


def test_same_lock_is_the_same_bytes_in_whatever_order_it_was_made() -> None:
    other = Lock(pins={"catalog": PIN, "skill": PIN}, artefacts=(ARTEFACT,))
    assert represent_lock(other) == represent_lock(LOCK)
    assert list(json.loads(represent_lock(LOCK))["pins"]["skill"]["operations"]) == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"version": 2}, "runflow.lock has version 2, and this runflow-mock reads version 1 alone"),
        ({"pins": {"My Skill": {}}}, "is no lock: Object missing required field"),
        ({"more": 1}, "is no lock: Object contains unknown field `more`"),
    ],
)
def test_lock_that_cannot_be_used_is_told(change: dict[str, Any], told: str) -> None:
    with pytest.raises(LockError, match=told):
        decode_lock("runflow.lock", json.dumps({"version": 1, **change}).encode())


def test_digest_and_name_are_checked() -> None:
    written = json.loads(represent_lock(LOCK))
    written["pins"]["skill"]["digest"] = "sha256:abc"
    with pytest.raises(LockError, match="the digest 'sha256:abc' of skill must be sha256:"):
        decode_lock("runflow.lock", json.dumps(written).encode())
    named = represent_lock(LOCK).replace(b'"skill"', b'"My Skill"')
    with pytest.raises(LockError, match="'My Skill' cannot name a pin"):
        decode_lock("runflow.lock", named)


@pytest.mark.parametrize("body", [b"skill = 1", b'{"version": 1, "pins": {"\xff": 1}}', b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"])
def test_text_that_is_no_json_is_told(body: bytes) -> None:
    with pytest.raises(LockError, match=r"runflow\.lock is no lock: "):
        decode_lock("runflow.lock", body)


def test_every_operation_has_a_digest_by_its_id_or_its_place() -> None:
    assert list(operation_digests(document())) == ["list_runs", "create_run", "GET /health"]


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    old, new = operation_digests(before), operation_digests(after)
    return {name for name in old if old[name] != new[name]}


def test_change_far_down_changes_the_operations_that_lead_there() -> None:
    other = document()
    other["components"]["schemas"]["Status"]["enum"].append("paused")
    assert changed(document(), other) == {"list_runs", "create_run"}


def test_change_of_one_operation_changes_no_other() -> None:
    other = document()
    other["paths"]["/runs"]["post"]["responses"]["402"] = {"description": "poor"}
    assert changed(document(), other) == {"create_run"}


def test_change_of_what_operations_share_changes_them() -> None:
    other = document()
    other["paths"]["/runs"]["parameters"] = [{"name": "limit", "in": "query"}]
    assert changed(document(), other) == {"list_runs", "create_run"}


def test_what_no_operation_uses_and_formatting_change_nothing() -> None:
    other = json.loads(json.dumps(document(), sort_keys=True, indent=4))
    other["components"]["schemas"]["Unused"]["type"] = "integer"
    assert changed(document(), other) == set()

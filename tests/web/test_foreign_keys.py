"""The key of one tenant changes nothing of another's: each operation of both APIs is asked for each record of another tenant."""

import json
import re
from collections.abc import Iterator

import pytest
from contract import document
from doors import Door
from steps import INPUT, RUNS, ok

from runflow_mock.wire.control_document import control_document

METHODS = ("get", "put", "post", "patch", "delete")
PLACE = re.compile(r"\{[a-z_]+\}")
# Server-wide verbs, which on loopback anybody may use.
OPEN = "/_mock/tenants/{tenant}"
WEBHOOK = {"url": "http://127.0.0.1:9/w", "secret": "s" * 32, "event_subscriptions": [{"event_type_code": "run.completed"}]}
BODY = b'{"label": "x", "reason": "x", "status": 200, "is_positive": true, "is_current": true, "disabled_at": null, "updated_at": null}'


def _operations() -> Iterator[tuple[str, str]]:
    for known in (document(), json.loads(control_document())):
        for path, item in known["paths"].items():
            yield from ((method.upper(), path) for method in METHODS if method in item and PLACE.search(path) and path != OPEN)


def _owned(door: Door) -> tuple[str, ...]:
    """Lets the tenant of the door have one record of each kind, and returns their ids."""
    run = {"input": INPUT, "callback_url": "http://127.0.0.1:9/x"}
    made = [
        ok(door.post(RUNS, run), 201),
        ok(door.post(f"{RUNS.removesuffix('runs')}batches", {"input": [INPUT]}), 201),
        ok(door.post("/v1/callback-secrets", {}), 201),
        ok(door.post("/v1/webhooks", WEBHOOK, key=door.admin_key), 201),
        ok(door.post("/v1/asset-uploads", {"filename": "a.txt", "mime_type": "text/plain", "size_bytes": 4}), 201),
        ok(door.post("/_mock/faults", {"what": {"kind": "fail"}, "where": {"client_ref": "nobody"}}), 201),
    ]
    door.settle()
    made += [ok(door.post(RUNS, run), 201), *(ok(door.get(f"/_mock/{each}"))["items"][0] for each in ("deliveries", "journal"))]
    return tuple(record.get("id") or record["asset_id"] for record in made)


@pytest.mark.slow
def test_no_operation_changes_what_belongs_to_another_tenant(door: Door) -> None:
    owned = _owned(door)
    tenant = door.runtime.tenants.get("test")
    assert tenant is not None
    before = (tenant, tenant.world.history.encoded(), tenant.settings, tenant.journal.total, tenant.clock.rate, len(tuple(tenant.parked)))
    asked = 0
    for method, path in _operations():
        for known in owned:
            # A key of all scopes: what is refused to it is refused because of whose it is.
            place = PLACE.sub(known, path)
            # Many verbs take nothing that they do not know: with nothing they would do what they do.
            for body in (BODY, b"{}"):
                door.request(method, place, key="rf_svc_mock_other", headers={"Content-Type": "application/json"}, content=body)
                asked += 1
        now = door.runtime.tenants.get("test")
        assert now is not None
        after = (now, now.world.history.encoded(), now.settings, now.journal.total, now.clock.rate, len(tuple(now.parked)))
        assert after == before, f"{method} {path}"
    assert asked > 1_000

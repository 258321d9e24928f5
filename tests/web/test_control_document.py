"""The control API against its own OpenAPI document: every verb is in it, and every verb answers as it says."""

import json
from typing import Any

import jsonschema
import pytest
from doors import Door
from referencing import Registry, Resource
from steps import MODEL, finished_batch, finished_run, post_run
from worlds import CALLBACK_URL

from runflow_mock.domain.fault_kinds import KINDS
from runflow_mock.web.control.operations import CONTROL_OPERATIONS
from runflow_mock.wire.control_document import control_document
from runflow_mock.wire.tenants import WireTenant

DOCUMENT: dict[str, Any] = json.loads(control_document())
ROOT = Registry().with_resource(
    "urn:control", Resource.from_contents({**DOCUMENT, "$schema": "https://json-schema.org/draft/2020-12/schema"})
)


def described() -> set[tuple[str, str, str]]:
    return {
        (operation["operationId"], method.upper(), path)
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


@pytest.mark.slow(is_covering=True)
def test_document_is_valid() -> None:
    from openapi_spec_validator import validate

    validate(DOCUMENT)


def test_document_describes_exactly_the_verbs_that_there_are() -> None:
    assert described() == {(verb.id, verb.method, verb.path.replace("...}", "}")) for verb in CONTROL_OPERATIONS}


def test_document_lists_every_kind_of_fault() -> None:
    kinds = [kind["properties"]["kind"]["const"] for kind in DOCUMENT["components"]["schemas"]["What"]["oneOf"]]
    assert kinds == [kind.name for kind in KINDS]


def test_document_describes_exactly_the_settings_that_make_a_tenant() -> None:
    assert set(DOCUMENT["components"]["schemas"]["NewTenant"]["properties"]) == set(WireTenant.__struct_fields__)


def test_document_is_served(door: Door) -> None:
    served = door.get("/_mock/openapi.json", key=None)
    assert (served.status_code, served.json()) == (200, DOCUMENT)


class Walker:
    """Calls verbs and holds each answer against the document."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.called: set[str] = set()

    def call(self, method: str, path: str, body: Any = None, template: str | None = None, key: str = "") -> Any:
        response = self.door.request(method, path, key=key, **({} if body is None else {"json": body}))
        operation = DOCUMENT["paths"][(template or path).partition("?")[0]][method.lower()]
        declared = operation["responses"].get(str(response.status_code)) or operation["responses"].get("default")
        assert declared is not None, (method, path, response.status_code, response.text)
        self.called.add(operation["operationId"])
        answer = _resolved(declared)
        if "content" not in answer:
            assert response.content == b"", (method, path)
            return None
        media = response.headers["content-type"].partition(";")[0]
        if media != "application/json":
            assert media in answer["content"], (method, path, media)
            return response.text
        schema = _absolute(answer["content"]["application/json"]["schema"])
        jsonschema.Draft202012Validator(schema, registry=ROOT).validate(response.json())
        return response.json()


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    found: Any = DOCUMENT
    for part in node["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def _absolute(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: f"urn:control{value}" if key == "$ref" and value.startswith("#") else _absolute(value) for key, value in node.items()}
    return [_absolute(part) for part in node] if isinstance(node, list) else node


@pytest.fixture
def pulling() -> Any:
    with Door() as opened:
        made = opened.post("/_mock/tenants", {"name": "pulling", "clock": "manual", "deliveries": "pull"}).json()
        opened.key = made["key"]
        yield opened


def _call_for_the_inspector(call: Any, ids: dict[str, str]) -> None:
    for noun, record_id in ids.items():
        call("GET", f"/_mock/{noun}?limit=5")
        call("GET", f"/_mock/{noun}/{record_id}", template=f"/_mock/{noun}/{{id}}")
    for window in ("tenants?limit=5", "scenarios", "timeline?limit=5", "ledger?limit=5", "journal?limit=5&offset=0"):
        call("GET", f"/_mock/{window}")
    exchange = call("GET", "/_mock/journal?limit=1")["items"][0]
    call("GET", f"/_mock/journal/{exchange['id']}", template="/_mock/journal/{id}")
    call("GET", "/_mock/media?url=https://cdn.example.com/a.png")
    call("GET", "/_mock/inspector/app.js", template="/_mock/inspector/{name}")
    call("GET", "/_mock/events", key="nobody")  # how it streams stands in test_control_events.py


@pytest.mark.slow(is_covering=True)
def test_every_verb_answers_as_the_document_says(door: Door, pulling: Door) -> None:
    walker = Walker(door)
    call = walker.call
    run, batch = finished_run(door, callback_url=CALLBACK_URL), finished_batch(door)
    waiting = post_run(door)
    call("GET", "/_mock/metrics")
    for path in ("/_mock/health", "/_mock/version", "/_mock/ca.pem", "/_mock/openapi.json", "/_mock/", "/_mock/tenants", "/_mock/clock",
                 "/_mock/runs", "/_mock/batches", "/_mock/ledger", "/_mock/journal?limit=5", "/_mock/journal.har", "/_mock/report",
                 "/_mock/timeline", "/_mock/history"):  # fmt: skip
        call("GET", path)
    call("POST", "/_mock/tenants", {"name": "another", "clock": {"scale": 2}, "quota": {"requests": 5, "window": "1m"}})
    call("POST", "/_mock/tenants", {"name": "another"})
    call("GET", "/_mock/tenants/another", template="/_mock/tenants/{tenant}")
    call("DELETE", "/_mock/tenants/another", template="/_mock/tenants/{tenant}")
    for faults, brief in (([], ""), ([], "&brief=true"), ([{"what": {"kind": "fail"}}], "")):
        call("POST", "/_mock/tenants", {"name": "third", "scenario": {"name": "third", "story": "s", "faults": faults}})
        call("DELETE", f"/_mock/tenants/third?tell=true{brief}", template="/_mock/tenants/{tenant}")
    call("POST", "/_mock/callback-secret")
    (delivery,) = call("GET", "/_mock/deliveries")["items"]
    call("POST", f"/_mock/deliveries/{delivery['id']}/resend", template="/_mock/deliveries/{id}/resend")
    call("POST", f"/_mock/runs/{waiting['id']}/cancel", {"reason": "no longer wanted"}, template="/_mock/runs/{id}/cancel")
    call("POST", f"/_mock/batches/{batch['id']}/cancel", template="/_mock/batches/{id}/cancel")
    _call_for_the_inspector(call, {"runs": run["id"], "batches": batch["id"], "deliveries": delivery["id"]})
    call("POST", "/_mock/ledger/credits", {"amount": "5.00"})
    rule = call("POST", "/_mock/faults", {"what": {"kind": "fail"}, "where": {"model": MODEL}, "when": {"times": 1}, "label": "once"})
    call("POST", "/_mock/faults", {"what": {"kind": "explode"}})
    call("GET", "/_mock/faults")
    call("GET", f"/_mock/faults/{rule['id']}", template="/_mock/faults/{id}")
    call("DELETE", f"/_mock/faults/{rule['id']}", template="/_mock/faults/{id}")
    call("DELETE", "/_mock/faults")
    stub = call("POST", "/_mock/stubs", {"model": MODEL, "output": {"text": "x"}, "times": 2})
    call("GET", "/_mock/stubs")
    call("GET", f"/_mock/stubs/{stub['id']}", template="/_mock/stubs/{id}")
    call("DELETE", f"/_mock/stubs/{stub['id']}", template="/_mock/stubs/{id}")
    call("DELETE", "/_mock/stubs")
    call("PUT", "/_mock/quota", {"requests": 100, "window": "1m"})
    call("GET", "/_mock/quota")
    call("DELETE", "/_mock/quota")
    for verb, body in (("advance", {"by": "1s"}), ("advance-to", {"to": "2026-01-01T12:00:00Z"}), ("next", None), ("run-until-idle", {}),
                       ("scale", {"factor": 2}), ("resume", None), ("freeze", None)):  # fmt: skip
        call("POST", f"/_mock/clock/{verb}", body)
    call("POST", "/_mock/verify", {"operation": "create_run", "at_least": 1})
    call("POST", "/_mock/verify", {"operation": "create_run", "count": 99})
    call("POST", "/_mock/wait", {"for": {"run": run["id"]}, "timeout": 1})
    snapshot = call("GET", "/_mock/snapshot")
    call("PUT", "/_mock/snapshot", snapshot)
    call("PUT", "/_mock/scenario", {"name": "happy-path"})
    call("GET", "/_mock/scenario")
    call("GET", "/_mock/scenario/export")
    call("GET", "/_mock/scenario/export?format=json")
    call("DELETE", "/_mock/journal")
    call("POST", "/_mock/reset")
    puller = Walker(pulling)
    finished_run(pulling, callback_url="https://shop.example/hooks")
    (pulled,) = puller.call("POST", "/_mock/deliveries/pull")["items"]
    puller.call("POST", f"/_mock/deliveries/{pulled['delivery_id']}/answer", {"status": 200}, template="/_mock/deliveries/{id}/answer")
    assert walker.called | puller.called == {verb.id for verb in CONTROL_OPERATIONS}


def test_resent_delivery_is_one_of_its_own(door: Door) -> None:
    run = finished_run(door, callback_url=CALLBACK_URL)
    (first,) = door.get("/_mock/deliveries").json()["items"]
    again = door.post(f"/_mock/deliveries/{first['id']}/resend").json()
    assert (again["run_id"], again["is_automatic"]) == (run["id"], False)
    assert again["id"] != first["id"]

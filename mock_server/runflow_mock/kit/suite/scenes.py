"""Scenes: what a flow makes in its tenant first, so that there is something of every kind in every state.

Whatever is made is read again at once: in the same moment both answers tell of the same world.
"""

from typing import Any

from runflow_mock.domain.documents import Json
from runflow_mock.kit.suite.offers import BATCHES, IMAGE, INPUT, RUNS
from runflow_mock.kit.suite.readings import Unexpected, expect
from runflow_mock.kit.suite.seeds import ABSENT, PUBLISHED, WORKFLOWS, upload
from runflow_mock.kit.suite.suite_tenants import FAIL, SuiteTenant

OTHER_IMAGE = "https://cdn.example.com/shoe.jpg"
METADATA: dict[str, Json] = {"sku": "123", "nested": {"list": [1, "two", None, {"three": 3.0625}], "nothing": None}}
# What somebody writes: other alphabets, signs that some server writes otherwise, and more than a column for names holds.
WRITTEN = 'Ærøskøbing 日本語 🎨 "quoted" & more'
AT_LENGTH = f"{WRITTEN}: {', '.join(f'line {number}' for number in range(100))}."
OFF = "2025-12-31T09:30:15.250Z"
NODES = "/v1/models/runflow/dyver-removal/runs"


def make(tenant: SuiteTenant, path: str, body: dict[str, Any], read: str, status: int = 201) -> Any:
    """Returns what was made with a POST, and reads it in the same moment where `read` says."""
    made = expect(tenant.post(path, body), status)
    expect(tenant.get(f"{read}/{made['id']}"), 200)
    return made


def change(tenant: SuiteTenant, path: str, body: dict[str, Any], read: str | None = None) -> Any:
    """Returns what was changed with a PATCH, and reads it in the same moment."""
    changed = expect(tenant.send("PATCH", path, body), 200)
    told = expect(tenant.get(read or path), 200)
    if told.get("id") != changed.get("id"):
        raise Unexpected(f"{path} is {changed.get('id')!r} when it is changed, and {told.get('id')!r} when it is read")
    return changed


def later(tenant: SuiteTenant) -> None:
    """Lets time pass where it can be moved, so that what is made next is younger, and told so."""
    if tenant.has_control:
        tenant.control.advance("2s")


def _odd_hook(tenant: SuiteTenant) -> str:
    """An address that some server writes otherwise: capitals, a slash at the end of its path, a query, and what is encoded in it."""
    return f"{tenant.hook}/Suite/?a=B&c=%2F"


def fill_secrets(tenant: SuiteTenant) -> None:
    """Four signing secrets, the last of which signs and was used."""
    for label in ("first", "beside", "behind"):
        make(tenant, "/v1/callback-secrets", {"label": label}, "/v1/callback-secrets")
        later(tenant)
    second = make(tenant, "/v1/callback-secrets", {"label": "second"}, "/v1/callback-secrets")
    change(tenant, f"/v1/callback-secrets/{second['id']}", {"label": f"the current one, {WRITTEN}", "is_current": True})
    make(tenant, RUNS, {"input": INPUT, "callback_url": tenant.hook}, "/v1/runs")
    tenant.settle()


def fill_runs(tenant: SuiteTenant) -> None:
    """Runs that succeeded, failed, were cancelled and still wait, with callbacks, feedback and evaluations."""
    made = [
        make(tenant, RUNS, {"input": INPUT, "client_ref": "suite-a", "metadata": METADATA, "callback_url": _odd_hook(tenant)}, "/v1/runs"),
        make(tenant, NODES, {"input": {**INPUT, "config": {"elements": ["tag_removal"]}}, "callback_url": tenant.hook}, "/v1/runs"),
        make(tenant, RUNS, {"input": INPUT, "client_ref": FAIL, "callback_url": tenant.hook}, "/v1/runs"),
        make(tenant, f"{PUBLISHED}/runs", {"input": {"primary_design_ref": IMAGE}, "client_ref": "suite-b"}, "/v1/runs"),
    ]
    cancelled = make(tenant, RUNS, {"input": INPUT, "callback_url": tenant.hook, "metadata": METADATA}, "/v1/runs")
    tenant.control.cancel_run(cancelled["id"])
    while tenant.control.next():
        for run in made[:2]:
            expect(tenant.get(f"/v1/runs/{run['id']}"), 200)
        _carry(tenant)
    for run, is_positive, reason in ((made[0], True, f"Clean edges. {WRITTEN}"), (made[2], False, "It failed.")):
        change(tenant, f"/v1/runs/{run['id']}/feedback", {"is_positive": is_positive, "reason": reason}, f"/v1/runs/{run['id']}")
    for opinion in ({"is_positive": True, "reason": "Sharp."}, {"is_positive": None}):
        change(tenant, f"/v1/runs/{made[1]['id']}/feedback", opinion, f"/v1/runs/{made[1]['id']}")
    expect(tenant.post(f"/v1/runs/{made[0]['id']}/callback-redeliveries", {}), 201)
    expect(tenant.get(f"/v1/runs/{made[0]['id']}/callback"), 200)
    tenant.settle()
    make(tenant, RUNS, {"input": {"image_url": OTHER_IMAGE}}, "/v1/runs")


def fill_batches(tenant: SuiteTenant) -> None:
    """Batches of both forms: one ended with a failed item, one was cancelled, one has just begun."""
    items: list[Json] = [
        {"input": INPUT, "client_ref": "suite-0"},
        {"input": {"image_url": OTHER_IMAGE}, "client_ref": FAIL},
        {"input": INPUT, "client_ref": "suite-2"},
    ]
    first = make(tenant, BATCHES, {"items": items, "callback_url": _odd_hook(tenant), "metadata": METADATA}, "/v1/batches")
    flat = make(tenant, BATCHES, {"input": [INPUT, {"image_url": OTHER_IMAGE}], "callback_url": tenant.hook}, "/v1/batches")
    while tenant.control.next():
        expect(tenant.get(f"/v1/batches/{first['id']}"), 200)
        _carry(tenant)
    expect(tenant.post(f"/v1/batches/{flat['id']}/callback-redeliveries", {}), 201)
    expect(tenant.get(f"/v1/batches/{flat['id']}/callback"), 200)
    tenant.settle()
    cancelled = make(tenant, BATCHES, {"input": [INPUT, INPUT]}, "/v1/batches")
    tenant.control.cancel_batch(cancelled["id"])
    tenant.settle()
    make(tenant, BATCHES, {"input": [INPUT, INPUT]}, "/v1/batches")
    tenant.control.next()


def fill_assets(tenant: SuiteTenant) -> None:
    """Four pictures that were brought."""
    for _ in range(4):
        expect(tenant.get(f"/v1/assets/{upload(tenant)}"), 200)
        later(tenant)


def fill_evaluations(tenant: SuiteTenant) -> None:
    """Evaluations that were asked for and that came by themselves."""
    body = {
        "generated_image_url": IMAGE,
        "task_type": "headshot",
        "task_description": f"A portrait. {AT_LENGTH}",
        "generation_prompt": f"A portrait in soft light. {AT_LENGTH}",
        "evaluation_instructions": f"Look at the hands. {AT_LENGTH}",
        "input_attributes": METADATA,
        "reference_images": [{"url": OTHER_IMAGE, "kind": "identity", "description": "The person"}],
        "client_ref": "suite-e",
        "job_class": "standard",
        "callback_url": tenant.hook,
    }
    asked = make(tenant, "/v1/evaluations", body, "/v1/evaluations", 202)
    run = make(tenant, f"{PUBLISHED}/runs", {"input": {"primary_design_ref": IMAGE}}, "/v1/runs")
    while tenant.control.next():
        expect(tenant.get(f"/v1/evaluations/{asked['id']}"), 200)
        _carry(tenant)
    feedback = {"is_positive": True, "reason": "Agreed."}
    change(tenant, f"/v1/evaluations/{asked['id']}/feedback", feedback, f"/v1/evaluations/{asked['id']}")
    make(tenant, "/v1/evaluations", {**body, "run_id": run["id"]}, "/v1/evaluations", 202)
    tenant.settle()
    own = expect(tenant.get(f"/v1/runs/{run['id']}/evaluations"), 200)["items"]
    for each in own[:1]:
        place = f"/v1/runs/{run['id']}/evaluations/{each['id']}/feedback"
        change(tenant, place, {"is_positive": False, "reason": "The hands."}, f"/v1/evaluations/{each['id']}")
    # An opinion on one evaluation is none on another one.
    expect(tenant.get(f"/v1/evaluations/{asked['id']}"), 200)
    expect(tenant.get(f"/v1/evaluations/{ABSENT}"), 404)


def fill_webhooks(tenant: SuiteTenant) -> None:
    """Webhooks, one of them off, and what they were sent of runs that succeeded, failed and were cancelled."""
    events = ["run.completed", "run.failed", "run.cancelled"]
    for number, chosen in enumerate((events, events[:1])):
        body = {
            "url": f"{_odd_hook(tenant)}&number={number}",
            "secret": f"suite-secret-{number}",
            "event_subscriptions": [{"event_type_code": e} for e in chosen],
        }
        make(tenant, "/v1/webhooks", body, "/v1/webhooks")
        later(tenant)
    make(tenant, "/v1/webhooks", {"url": f"{tenant.hook}/silent", "secret": "suite-silent"}, "/v1/webhooks")
    off = make(tenant, "/v1/webhooks", {"url": tenant.hook, "secret": "suite-off", "event_subscriptions": []}, "/v1/webhooks")
    change(tenant, f"/v1/webhooks/{off['id']}", {"disabled_at": OFF, "url": f"{tenant.hook}/off"})
    tenant.control.advance("1m")
    runs = [make(tenant, RUNS, {"input": INPUT, "client_ref": ref, "metadata": METADATA}, "/v1/runs") for ref in ("fine", FAIL, "gone")]
    tenant.control.cancel_run(runs[2]["id"])
    tenant.settle()
    for run in runs:
        expect(tenant.get(f"/v1/runs/{run['id']}"), 200)


def fill_workflows(tenant: SuiteTenant) -> None:
    """Workflows with inputs and outputs, and runs of a published one."""
    for name in ("first", "second", "third", "fourth"):
        body = {
            "name": f"suite {name}",
            "slug": f"suite-{name}",
            "description": "A workflow of the suite",
            "workflow_json": {"1": {"class_type": "LoadImage", "inputs": METADATA}},
            "inputs": [
                {"name": "logo", "variable_type_code": "image"},
                {"name": "text", "variable_type_code": "string", "is_required": True},
            ],
            "outputs": [{"name": "picture", "variable_type_code": "image"}],
        }
        made = make(tenant, WORKFLOWS, body, WORKFLOWS)
        expect(tenant.get(f"{WORKFLOWS}/{made['id']}/inputs"), 200)
        expect(
            tenant.post(f"{WORKFLOWS}/{made['id']}/inputs", {"name": "size", "variable_type_code": "integer", "description": "Pixels"}), 201
        )
        expect(tenant.get(f"{WORKFLOWS}/{made['id']}/inputs"), 200)
        for description in ("", AT_LENGTH):
            change(tenant, f"{WORKFLOWS}/{made['id']}", {"name": f"suite {name} {WRITTEN}", "description": description})
        later(tenant)
    for number in range(2):
        make(tenant, f"{PUBLISHED}/runs", {"input": {"primary_design_ref": IMAGE}, "client_ref": f"suite-{number}"}, "/v1/runs")
    tenant.settle()


def fill_account(tenant: SuiteTenant) -> None:
    """An account that has spent something and wants to be warned."""
    make(tenant, RUNS, {"input": INPUT}, "/v1/runs")
    tenant.settle()
    for threshold in (4.25, None, 0, 5):
        change(tenant, "/v1/billing/balance", {"low_balance_threshold": threshold})


def _carry(tenant: SuiteTenant) -> None:
    """Takes what waits to be carried as received."""
    for attempt in tenant.pull():
        tenant.control.answer_delivery(attempt.delivery_id, 200)

"""Requests: for every operation of the contract one that is right, made of what stands in a tenant."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from runflow_mock.domain.documents import Json
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.crawls import is_served
from runflow_mock.kit.suite.offers import BATCHES, IMAGE, INPUT, MODEL, RUNS
from runflow_mock.kit.suite.readings import expect
from runflow_mock.kit.suite.seeds import PUBLISHED, WORKFLOWS, open_upload, seed, upload
from runflow_mock.kit.suite.suite_tenants import SuiteTenant
from runflow_mock.openapi.contracts import Declared, packaged_contract


class Request(msgspec.Struct, frozen=True):
    """A request that a right server accepts, and the operation that it addresses."""

    operation: Declared
    path: str
    body: Any = None

    def send(self, tenant: SuiteTenant, **options: Any) -> Answer:
        """Sends it, or a variation of it."""
        body = options.pop("body", self.body)
        key = options.pop("key", tenant.admin_key if "/admin/" in self.path else "")
        path = options.pop("path", self.path)
        return tenant.send(options.pop("method", self.operation.method), path, body, key=key, **options)


Make = Callable[[SuiteTenant], tuple[str, Any]]


def noun_of(path: str) -> str:
    """Returns the noun under which an operation stands."""
    return path.split("/")[2]


def right_requests(tenant: SuiteTenant, noun: str) -> Iterator[Request]:
    """Returns a request for each operation of a noun, what it needs made in the tenant before it is sent."""
    contract = packaged_contract()
    paths = seed(tenant)
    standing: dict[str, str] = {}
    for path in paths:
        addressed = contract.address(path)
        if addressed is not None:
            standing.setdefault(addressed.path, path)
    for declared in contract.operations:
        if noun_of(declared.path) != noun or not is_served(declared, tenant):
            continue
        made = WRITES.get(declared.id)
        if made is not None:
            path, body = made(tenant)
            yield Request(declared, path, body)
        elif "{" not in declared.path:
            yield Request(declared, declared.path)
        elif declared.path in standing:
            yield Request(declared, standing[declared.path])


def _ended(tenant: SuiteTenant, noun: str) -> str:
    """The path of a run or batch that has ended and sent a callback that was received."""
    path, given = (RUNS, INPUT) if noun == "runs" else (BATCHES, [INPUT])
    made = expect(tenant.post(path, {"input": given, "callback_url": tenant.hook}), 201)
    tenant.settle()
    return f"/v1/{noun}/{made['id']}"


def _evaluation(tenant: SuiteTenant) -> str:
    body = {"generated_image_url": IMAGE, "task_type": "headshot"}
    made = expect(tenant.post("/v1/evaluations", body), 202)["id"]
    tenant.settle()
    return str(made)


def _evaluation_of_run(tenant: SuiteTenant) -> str:
    run = expect(tenant.post(f"{PUBLISHED}/runs", {"input": {"primary_design_ref": IMAGE}}), 201)["id"]
    tenant.settle()
    made = expect(tenant.get(f"/v1/runs/{run}/evaluations"), 200)["items"][0]["id"]
    # The laws hold what the list says of it against what it says of itself.
    expect(tenant.get(f"/v1/evaluations/{made}"), 200)
    return f"/v1/runs/{run}/evaluations/{made}"


def _secret(tenant: SuiteTenant) -> str:
    """The path of a secret that does not sign, so that it can be deleted."""
    expect(tenant.post("/v1/callback-secrets", {"label": "signs"}), 201)
    return f"/v1/callback-secrets/{expect(tenant.post('/v1/callback-secrets', {'label': 'suite'}), 201)['id']}"


def _webhook_body(tenant: SuiteTenant) -> dict[str, Json]:
    return {"url": tenant.hook, "secret": "suite-secret", "event_subscriptions": [{"event_type_code": "run.completed"}]}


def _webhook(tenant: SuiteTenant) -> str:
    return f"/v1/webhooks/{expect(tenant.post('/v1/webhooks', _webhook_body(tenant)), 201)['id']}"


def _workflow_body(tenant: SuiteTenant) -> dict[str, Json]:
    return {
        "name": f"suite {next(tenant.target.numbers)}",
        "workflow_json": {},
        "inputs": [{"name": "logo", "variable_type_code": "image"}],
        "outputs": [{"name": "picture", "variable_type_code": "image"}],
    }


def _workflow(tenant: SuiteTenant) -> str:
    return f"{WORKFLOWS}/{expect(tenant.post(WORKFLOWS, _workflow_body(tenant)), 201)['id']}"


def _run(tenant: SuiteTenant) -> str:
    return str(expect(tenant.post(RUNS, {"input": INPUT}), 201)["id"])


_PICTURE: dict[str, Json] = {"filename": "a.png", "mime_type": "image/png", "size_bytes": 100}
_CALLED: dict[str, Json] = {"client_ref": "suite", "metadata": {"sku": "1"}}
_EVALUATION: dict[str, Json] = {
    "generated_image_url": IMAGE,
    "task_type": "headshot",
    "reference_images": [{"url": IMAGE, "kind": "identity"}, {"url": IMAGE, "kind": "style"}],
    "job_class": "standard",
    "client_ref": "suite",
}
WRITES: Mapping[str, Make] = {
    "update_balance": lambda tenant: ("/v1/billing/balance", {"low_balance_threshold": 5}),
    "create_run": lambda tenant: (RUNS, {"input": INPUT, **_CALLED, "callback_url": tenant.hook}),
    "create_model_batch": lambda tenant: (BATCHES, {"input": [INPUT, INPUT], "callback_url": tenant.hook, "metadata": {"sku": "1"}}),
    "create_batch": lambda tenant: (
        "/v1/batches",
        {"model": MODEL, "input": [INPUT, INPUT], "callback_url": tenant.hook, "metadata": {"sku": "1"}},
    ),
    "redeliver_run_callback": lambda tenant: (f"{_ended(tenant, 'runs')}/callback-redeliveries", {}),
    "redeliver_batch_callback": lambda tenant: (f"{_ended(tenant, 'batches')}/callback-redeliveries", {}),
    "set_run_feedback": lambda tenant: (f"{_ended(tenant, 'runs')}/feedback", {"is_positive": True, "reason": "Clean."}),
    "set_run_evaluation_feedback": lambda tenant: (f"{_evaluation_of_run(tenant)}/feedback", {"is_positive": True, "reason": "Right."}),
    "set_evaluation_feedback": lambda tenant: (
        f"/v1/evaluations/{_evaluation(tenant)}/feedback",
        {"is_positive": True, "reason": "Right."},
    ),
    "create_callback_secret": lambda tenant: ("/v1/callback-secrets", {"label": "suite"}),
    "update_callback_secret": lambda tenant: (_secret(tenant), {"label": "again", "is_current": True}),
    "delete_callback_secret": lambda tenant: (_secret(tenant), None),
    "create_asset_upload": lambda tenant: ("/v1/asset-uploads", dict(_PICTURE)),
    "confirm_asset_upload": lambda tenant: (f"/v1/asset-uploads/{open_upload(tenant)}/confirmations", {}),
    "delete_asset": lambda tenant: (f"/v1/assets/{upload(tenant)}", None),
    "create_evaluation": lambda tenant: ("/v1/evaluations", {**_EVALUATION, "callback_url": tenant.hook}),
    "create_webhook": lambda tenant: ("/v1/webhooks", _webhook_body(tenant)),
    "update_webhook": lambda tenant: (
        _webhook(tenant),
        {**_webhook_body(tenant), "url": f"{tenant.hook}/again", "event_subscriptions": [{"event_type_code": "run.failed"}]},
    ),
    "delete_webhook": lambda tenant: (_webhook(tenant), None),
    "create_comfyui_workflow": lambda tenant: (WORKFLOWS, _workflow_body(tenant)),
    "update_comfyui_workflow": lambda tenant: (_workflow(tenant), {"name": "changed", "description": "Changed"}),
    "delete_comfyui_workflow": lambda tenant: (_workflow(tenant), None),
    "create_comfyui_workflow_input": lambda tenant: (f"{_workflow(tenant)}/inputs", {"name": "size", "variable_type_code": "integer"}),
    "create_comfyui_run": lambda tenant: (
        f"{PUBLISHED}/runs",
        {"input": {"primary_design_ref": IMAGE}, **_CALLED, "callback_url": tenant.hook},
    ),
    "cancel_run": lambda tenant: (f"/v1/admin/runs/{_run(tenant)}/cancellation", {"reason": "suite"}),
}
# Written out: a module that is imported reads no document.
NOUNS = (
    *("health", "readiness", "openapi.json", "docs", "auth", "billing", "credit-balances", "models", "public", "model-creators", "runs"),
    *("batches", "callback-secrets", "asset-uploads", "assets", "asset-folders", "evaluations", "webhooks", "comfyui-workflows", "flows"),
    *("flow-summaries", "flow-nodes", "solutions", "admin"),
)

"""Requests: for every operation of the contract one that is right, made of what stands on a stage."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from runflow_mock.domain.documents import Json
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.crawls import is_served
from runflow_mock.kit.suite.offers import BATCHES, IMAGE, INPUT, MODEL, RUNS
from runflow_mock.kit.suite.readings import expect
from runflow_mock.kit.suite.seeds import PUBLISHED, WORKFLOWS, open_upload, seed, upload
from runflow_mock.kit.suite.stages import SuiteTenant
from runflow_mock.openapi.contracts import Declared, packaged_contract


class Request(msgspec.Struct, frozen=True):
    """A request that a right server accepts, and the operation that it addresses."""

    operation: Declared
    path: str
    body: Any = None

    def send(self, stage: SuiteTenant, **options: Any) -> Answer:
        """Sends it, or a variation of it."""
        body = options.pop("body", self.body)
        key = options.pop("key", stage.admin_key if "/admin/" in self.path else "")
        path = options.pop("path", self.path)
        return stage.send(options.pop("method", self.operation.method), path, body, key=key, **options)


Make = Callable[[SuiteTenant], tuple[str, Any]]


def noun_of(path: str) -> str:
    """Returns the noun under which an operation stands."""
    return path.split("/")[2]


def right_requests(stage: SuiteTenant, noun: str) -> Iterator[Request]:
    """Returns a request for each operation of a noun, what it needs made on the stage before it is sent."""
    contract = packaged_contract()
    paths = seed(stage)
    standing: dict[str, str] = {}
    for path in paths:
        addressed = contract.address(path)
        if addressed is not None:
            standing.setdefault(addressed.path, path)
    for declared in contract.operations:
        if noun_of(declared.path) != noun or not is_served(declared, stage):
            continue
        made = WRITES.get(declared.id)
        if made is not None:
            path, body = made(stage)
            yield Request(declared, path, body)
        elif "{" not in declared.path:
            yield Request(declared, declared.path)
        elif declared.path in standing:
            yield Request(declared, standing[declared.path])


def _ended(stage: SuiteTenant, noun: str) -> str:
    """The path of a run or batch that has ended and sent a callback that was received."""
    path, given = (RUNS, INPUT) if noun == "runs" else (BATCHES, [INPUT])
    made = expect(stage.post(path, {"input": given, "callback_url": stage.hook}), 201)
    stage.settle()
    return f"/v1/{noun}/{made['id']}"


def _evaluation(stage: SuiteTenant) -> str:
    body = {"generated_image_url": IMAGE, "task_type": "headshot"}
    made = expect(stage.post("/v1/evaluations", body), 202)["id"]
    stage.settle()
    return str(made)


def _evaluation_of_run(stage: SuiteTenant) -> str:
    run = expect(stage.post(f"{PUBLISHED}/runs", {"input": {"primary_design_ref": IMAGE}}), 201)["id"]
    stage.settle()
    made = expect(stage.get(f"/v1/runs/{run}/evaluations"), 200)["items"][0]["id"]
    # The laws hold what the list says of it against what it says of itself.
    expect(stage.get(f"/v1/evaluations/{made}"), 200)
    return f"/v1/runs/{run}/evaluations/{made}"


def _secret(stage: SuiteTenant) -> str:
    """The path of a secret that does not sign, so that it can be deleted."""
    expect(stage.post("/v1/callback-secrets", {"label": "signs"}), 201)
    return f"/v1/callback-secrets/{expect(stage.post('/v1/callback-secrets', {'label': 'suite'}), 201)['id']}"


def _webhook_body(stage: SuiteTenant) -> dict[str, Json]:
    return {"url": stage.hook, "secret": "suite-secret", "event_subscriptions": [{"event_type_code": "run.completed"}]}


def _webhook(stage: SuiteTenant) -> str:
    return f"/v1/webhooks/{expect(stage.post('/v1/webhooks', _webhook_body(stage)), 201)['id']}"


def _workflow_body(stage: SuiteTenant) -> dict[str, Json]:
    return {
        "name": f"suite {next(stage.target.numbers)}",
        "workflow_json": {},
        "inputs": [{"name": "logo", "variable_type_code": "image"}],
        "outputs": [{"name": "picture", "variable_type_code": "image"}],
    }


def _workflow(stage: SuiteTenant) -> str:
    return f"{WORKFLOWS}/{expect(stage.post(WORKFLOWS, _workflow_body(stage)), 201)['id']}"


def _run(stage: SuiteTenant) -> str:
    return str(expect(stage.post(RUNS, {"input": INPUT}), 201)["id"])


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
    "update_balance": lambda stage: ("/v1/billing/balance", {"low_balance_threshold": 5}),
    "create_run": lambda stage: (RUNS, {"input": INPUT, **_CALLED, "callback_url": stage.hook}),
    "create_model_batch": lambda stage: (BATCHES, {"input": [INPUT, INPUT], "callback_url": stage.hook, "metadata": {"sku": "1"}}),
    "create_batch": lambda stage: (
        "/v1/batches",
        {"model": MODEL, "input": [INPUT, INPUT], "callback_url": stage.hook, "metadata": {"sku": "1"}},
    ),
    "redeliver_run_callback": lambda stage: (f"{_ended(stage, 'runs')}/callback-redeliveries", {}),
    "redeliver_batch_callback": lambda stage: (f"{_ended(stage, 'batches')}/callback-redeliveries", {}),
    "set_run_feedback": lambda stage: (f"{_ended(stage, 'runs')}/feedback", {"is_positive": True, "reason": "Clean."}),
    "set_run_evaluation_feedback": lambda stage: (f"{_evaluation_of_run(stage)}/feedback", {"is_positive": True, "reason": "Right."}),
    "set_evaluation_feedback": lambda stage: (f"/v1/evaluations/{_evaluation(stage)}/feedback", {"is_positive": True, "reason": "Right."}),
    "create_callback_secret": lambda stage: ("/v1/callback-secrets", {"label": "suite"}),
    "update_callback_secret": lambda stage: (_secret(stage), {"label": "again", "is_current": True}),
    "delete_callback_secret": lambda stage: (_secret(stage), None),
    "create_asset_upload": lambda stage: ("/v1/asset-uploads", dict(_PICTURE)),
    "confirm_asset_upload": lambda stage: (f"/v1/asset-uploads/{open_upload(stage)}/confirmations", {}),
    "delete_asset": lambda stage: (f"/v1/assets/{upload(stage)}", None),
    "create_evaluation": lambda stage: ("/v1/evaluations", {**_EVALUATION, "callback_url": stage.hook}),
    "create_webhook": lambda stage: ("/v1/webhooks", _webhook_body(stage)),
    "update_webhook": lambda stage: (_webhook(stage), _webhook_body(stage)),
    "delete_webhook": lambda stage: (_webhook(stage), None),
    "create_comfyui_workflow": lambda stage: (WORKFLOWS, _workflow_body(stage)),
    "update_comfyui_workflow": lambda stage: (_workflow(stage), {"name": "changed", "description": "Changed"}),
    "delete_comfyui_workflow": lambda stage: (_workflow(stage), None),
    "create_comfyui_workflow_input": lambda stage: (f"{_workflow(stage)}/inputs", {"name": "size", "variable_type_code": "integer"}),
    "create_comfyui_run": lambda stage: (
        f"{PUBLISHED}/runs",
        {"input": {"primary_design_ref": IMAGE}, **_CALLED, "callback_url": stage.hook},
    ),
    "cancel_run": lambda stage: (f"/v1/admin/runs/{_run(stage)}/cancellation", {"reason": "suite"}),
}
# Written out: a module that is imported reads no document.
NOUNS = (
    *("health", "readiness", "openapi.json", "docs", "auth", "billing", "credit-balances", "models", "public", "model-creators", "runs"),
    *("batches", "callback-secrets", "asset-uploads", "assets", "asset-folders", "evaluations", "webhooks", "comfyui-workflows", "flows"),
    *("flow-summaries", "flow-nodes", "solutions", "admin"),
)

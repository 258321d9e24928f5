"""Walks: for every operation of the contract a call that succeeds, and for every error what spoils such a call.

A tour is a door with one of everything behind it. Calls that change or use up what they address make their own.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import httpx
from doors import Door
from steps import BATCHES, INPUT, MODEL, Body, finished_batch, finished_run, ok, post_run
from uploads import UPLOADS, open_upload, put, upload
from webhooks import CREATED, WEBHOOKS, subscriptions
from worlds import CALLBACK_URL, catalog

from runflow_mock.domain.model_parts import examples_of, inputs_of
from runflow_mock.domain.models import creator_id
from runflow_mock.domain.solutions import flows_on, models_on
from runflow_mock.wire.flows import packaged_flows
from runflow_mock.wire.solutions import packaged_solutions

SECRETS = "/v1/callback-secrets"
EVALUATIONS = "/v1/evaluations"
WORKFLOWS = "/v1/comfyui-workflows"
PUBLISHED = f"{WORKFLOWS}/runflow-access/brand-locked-variant-nux"
STAGED = "/v1/models/runflow/dyver-removal/runs"
DESIGN = "https://cdn.example.com/design.png"
RUN: Body = {"input": INPUT}
BATCH: Body = {"input": [INPUT]}
WORKFLOW_RUN: Body = {"input": {"primary_design_ref": DESIGN}}
EVALUATION: Body = {"generated_image_url": DESIGN, "task_type": "headshot"}
WORKFLOW: Body = {"workflow_json": {}, "inputs": [{"name": "logo", "variable_type_code": "image"}]}
RATING: Body = {"is_positive": True}


class Call(NamedTuple):
    """One request: how, where, and with which body."""

    method: str
    path: str
    body: Body | None = None
    key: str | None = ""

    def send(self, door: Door, **changes: Any) -> httpx.Response:
        """The answer of a door; a changed body, key or header takes the place of the call's own."""
        sent: dict[str, Any] = {"key": self.key, **({} if self.body is None else {"json": self.body}), **changes}
        if "content" in sent:
            sent.pop("json", None)
        return door.request(self.method, self.path, **sent)


class Tour:
    """A door, and the addresses of what was made behind it."""

    def __init__(self, door: Door, *, scheme: str = "http") -> None:
        self.door = door
        self.callback_url = CALLBACK_URL.replace("http", scheme, 1)
        self.hook = {**CREATED, "url": str(CREATED["url"]).replace("http", scheme, 1)}
        self._names = 0
        webhook = ok(door.post(WEBHOOKS, {**self.hook, "event_subscriptions": subscriptions("run.completed")}), 201)
        run = finished_run(door, callback_url=self.callback_url)
        staged = ok(door.post(STAGED, {"input": {**INPUT, "config": {"elements": ["tag_removal", "background_removal"]}}}), 201)
        batch = finished_batch(door, callback_url=self.callback_url)
        judged = ok(door.post(f"{PUBLISHED}/runs", WORKFLOW_RUN), 201)
        door.settle()
        self.run = f"/v1/runs/{run['id']}"
        self.staged = f"/v1/runs/{staged['id']}"
        self.judged = f"/v1/runs/{judged['id']}"
        self.batch = f"/v1/batches/{batch['id']}"
        self.webhook = f"{WEBHOOKS}/{webhook['id']}"
        self.delivery = self.first(f"{self.webhook}/deliveries")
        self.evaluation = f"{EVALUATIONS}/{self.made('POST', EVALUATIONS, EVALUATION, 202)['id']}"
        self.asset = f"/v1/assets/{upload(door)['id']}"
        self.workflow = self.deployed()

    def first(self, path: str) -> str:
        """The address of the first item of a list."""
        return f"{path}/{ok(self.door.get(path))['items'][0]['id']}"

    def made(self, method: str, path: str, body: Body | None = None, status: int = 201) -> Body:
        """What a request has made."""
        return ok(Call(method, path, body).send(self.door), status)

    def name(self) -> str:
        """A name that nobody has yet."""
        self._names += 1
        return f"own-{self._names}"

    def secret(self) -> str:
        """The address of a secret of its own."""
        return f"{SECRETS}/{self.made('POST', SECRETS)['id']}"

    def deployed(self) -> str:
        """The address of a workflow of its own."""
        return f"{WORKFLOWS}/{self.made('POST', WORKFLOWS, {**WORKFLOW, 'name': self.name()})['id']}"

    def subscribed(self) -> str:
        """The address of a webhook of its own."""
        return f"{WEBHOOKS}/{self.made('POST', WEBHOOKS, self.hook)['id']}"

    def uploaded(self) -> str:
        """The address of an upload whose bytes have arrived."""
        session = open_upload(self.door)
        assert put(self.door, session).status_code == 200
        return f"{UPLOADS}/{session['asset_id']}"

    def cancellation(self, run: Body) -> Call:
        """The call that cancels a run, with the key that may."""
        return Call("POST", f"/v1/admin/runs/{run['id']}/cancellation", {"reason": "no longer wanted"}, self.door.admin_key)


Story = Callable[[Tour], Call]


def _reads(path: Callable[[Tour], str]) -> Story:
    return lambda tour: Call("GET", path(tour))


def fixed_reads() -> Mapping[str, str]:
    """A path for each read of what is there in every world, by operation."""
    model, flow, solution = catalog().get("google/nano-banana-pro/edit"), packaged_flows()[0], packaged_solutions()[0]
    under = f"/v1/models/{model.id}"
    return {
        "get_health": "/v1/health",
        "get_readiness": "/v1/readiness",
        "get_openapi": "/v1/openapi.json",
        "get_docs": "/v1/docs",
        "get_current_user": "/v1/auth/me",
        "get_balance": "/v1/billing/balance",
        "list_credit_balances": "/v1/credit-balances",
        "list_models": "/v1/models",
        "list_public_models": "/v1/public/models",
        "get_model": under,
        "get_model_input": f"{under}/inputs/{inputs_of(model)[0].id}",
        "list_model_examples": f"{under}/examples",
        "get_model_example": f"{under}/examples/{examples_of(model)[0].id}",
        "list_model_pricing": f"{under}/pricing",
        "list_model_creators": "/v1/model-creators",
        "get_model_creator": f"/v1/model-creators/{creator_id(model.owner)}",
        "list_runs": "/v1/runs",
        "list_run_statuses": "/v1/runs/statuses",
        "list_batches": "/v1/batches",
        "list_callback_secrets": SECRETS,
        "list_asset_folders": "/v1/asset-folders",
        "list_assets": "/v1/assets",
        "list_asset_types": "/v1/assets/types",
        "list_evaluation_statuses": f"{EVALUATIONS}/statuses",
        "list_evaluation_job_classes": f"{EVALUATIONS}/job-classes",
        "list_webhooks": WEBHOOKS,
        "list_webhook_event_types": f"{WEBHOOKS}/event-types",
        "get_webhook_event_type": f"{WEBHOOKS}/event-types/run.completed",
        "list_comfyui_workflows": WORKFLOWS,
        "get_comfyui_workflow_by_slug": PUBLISHED,
        "list_comfyui_runs": f"{PUBLISHED}/runs",
        "list_flows": "/v1/flows",
        "list_flow_summaries": "/v1/flow-summaries",
        "list_flow_inputs": f"/v1/flows/{flow.id}/inputs",
        "list_flow_nodes": f"/v1/flows/{flow.id}/nodes",
        "get_flow_node": f"/v1/flows/{flow.id}/nodes/{flow.nodes[0].id}",
        "get_flow_node_by_id": f"/v1/flow-nodes/{flow.nodes[0].id}",
        "list_solutions": "/v1/solutions",
        "get_solution": f"/v1/solutions/{solution.id}",
        "list_solution_flows": f"/v1/solutions/{solution.id}/flows",
        "get_solution_flow": f"/v1/solutions/{solution.id}/flows/{flows_on(solution)[0].id}",
        "list_solution_models": f"/v1/solutions/{solution.id}/models",
        "get_solution_model": f"/v1/solutions/{solution.id}/models/{models_on(solution)[0].id}",
    }


_READS: Mapping[str, Callable[[Tour], str]] = {
    "get_run": lambda tour: tour.run,
    "list_run_logs": lambda tour: f"{tour.run}/logs",
    "get_run_log": lambda tour: tour.first(f"{tour.run}/logs"),
    "list_node_runs": lambda tour: f"{tour.staged}/node-runs",
    "get_node_run": lambda tour: tour.first(f"{tour.staged}/node-runs"),
    "list_run_deliveries": lambda tour: f"{tour.run}/callback",
    "list_run_evaluations": lambda tour: f"{tour.judged}/evaluations",
    "get_batch": lambda tour: tour.batch,
    "list_batch_items": lambda tour: f"{tour.batch}/items",
    "get_batch_item": lambda tour: tour.first(f"{tour.batch}/items"),
    "list_batch_deliveries": lambda tour: f"{tour.batch}/callback",
    "get_callback_secret": lambda tour: tour.secret(),
    "get_asset": lambda tour: tour.asset,
    "get_evaluation": lambda tour: tour.evaluation,
    "get_webhook": lambda tour: tour.webhook,
    "list_webhook_deliveries": lambda tour: f"{tour.webhook}/deliveries",
    "get_webhook_delivery": lambda tour: tour.delivery,
    "list_webhook_delivery_attempts": lambda tour: f"{tour.delivery}/attempts",
    "get_webhook_delivery_attempt": lambda tour: tour.first(f"{tour.delivery}/attempts"),
    "get_comfyui_workflow": lambda tour: tour.workflow,
    "list_comfyui_workflow_inputs": lambda tour: f"{tour.workflow}/inputs",
}

_CHANGES: Mapping[str, Story] = {
    "update_balance": lambda tour: Call("PATCH", "/v1/billing/balance", {"low_balance_threshold": "2.50"}),
    "create_run": lambda tour: Call("POST", f"/v1/models/{MODEL}/runs", RUN),
    "create_model_batch": lambda tour: Call("POST", BATCHES, BATCH),
    "redeliver_run_callback": lambda tour: Call("POST", f"{_redeliverable(tour)}/callback-redeliveries"),
    "set_run_feedback": lambda tour: Call("PATCH", f"{tour.run}/feedback", RATING),
    "set_run_evaluation_feedback": lambda tour: Call("PATCH", f"{tour.first(f'{tour.judged}/evaluations')}/feedback", RATING),
    "create_batch": lambda tour: Call("POST", "/v1/batches", {**BATCH, "model": MODEL}),
    "redeliver_batch_callback": lambda tour: Call("POST", f"{_redeliverable_batch(tour)}/callback-redeliveries"),
    "create_callback_secret": lambda tour: Call("POST", SECRETS, {"label": "web"}),
    "update_callback_secret": lambda tour: Call("PATCH", tour.secret(), {"label": "web"}),
    "delete_callback_secret": lambda tour: Call("DELETE", tour.secret()),
    "create_asset_upload": lambda tour: Call("POST", UPLOADS, {"filename": "a.png", "mime_type": "image/png", "size_bytes": 100}),
    "confirm_asset_upload": lambda tour: Call("POST", f"{tour.uploaded()}/confirmations", {}),
    "delete_asset": lambda tour: Call("DELETE", f"/v1/assets/{upload(tour.door)['id']}"),
    "create_evaluation": lambda tour: Call("POST", EVALUATIONS, EVALUATION),
    "set_evaluation_feedback": lambda tour: Call("PATCH", f"{tour.evaluation}/feedback", RATING),
    "create_webhook": lambda tour: Call("POST", WEBHOOKS, tour.hook),
    "update_webhook": lambda tour: Call("PATCH", tour.subscribed(), {"url": f"{tour.hook['url']}/other"}),
    "delete_webhook": lambda tour: Call("DELETE", tour.subscribed()),
    "create_comfyui_workflow": lambda tour: Call("POST", WORKFLOWS, {**WORKFLOW, "name": tour.name()}),
    "update_comfyui_workflow": lambda tour: Call("PATCH", tour.deployed(), {"description": "better"}),
    "delete_comfyui_workflow": lambda tour: Call("DELETE", tour.deployed()),
    "create_comfyui_run": lambda tour: Call("POST", f"{PUBLISHED}/runs", WORKFLOW_RUN),
    "create_comfyui_workflow_input": lambda tour: Call(
        "POST", f"{tour.workflow}/inputs", {"name": tour.name(), "variable_type_code": "string"}
    ),
    "cancel_run": lambda tour: tour.cancellation(post_run(tour.door)),
}

GOOD: Mapping[str, Story] = {
    **{operation: _reads(lambda tour, path=path: path) for operation, path in fixed_reads().items()},  # type: ignore[misc]
    **{operation: _reads(path) for operation, path in _READS.items()},
    **_CHANGES,
}


def _redeliverable(tour: Tour) -> str:
    return f"/v1/runs/{finished_run(tour.door, callback_url=tour.callback_url)['id']}"


def _redeliverable_batch(tour: Tour) -> str:
    return f"/v1/batches/{finished_batch(tour.door, callback_url=tour.callback_url)['id']}"

"""Seeds: what is on a stage before requests are generated, told as the paths at which it stands.

A generator can only reach what exists. Each state of a run and of a batch is there once; what lies below them is found by reading lists.
"""

from collections.abc import Mapping

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.offers import BATCHES, IMAGE, INPUT, MODEL, RUNS
from runflow_mock.kit.suite.stages import FAIL, SuiteTenant

# Models of different depth that take one image and nothing else.
MODELS = (MODEL, "runflow/tag-removal", "bria/background/remove")
WORKFLOWS = "/v1/comfyui-workflows"
PUBLISHED = f"{WORKFLOWS}/runflow-access/brand-locked-variant-nux"
# What stands on every stage.
FIXED = (
    *(f"/v1/models/{model}{rest}" for model in MODELS for rest in ("", "/runs", "/batches", "/pricing", "/examples")),
    *(PUBLISHED, f"{PUBLISHED}/runs", "/v1/webhooks/event-types/run.completed"),
)
# It begins as a picture does; nobody looks further.
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(92)
ABSENT = "019b76da-a800-7000-8000-00000000dead"

# Lists whose first items are worth visiting, and what lies below an item; every {} is the id of an item.
LISTS: Mapping[str, tuple[str, ...]] = {
    "/v1/runs": ("", "/logs", "/node-runs", "/callback", "/callback-redeliveries", "/feedback", "/evaluations"),
    "/v1/batches": ("", "/items", "/callback", "/callback-redeliveries"),
    "/v1/callback-secrets": ("",),
    "/v1/assets": ("",),
    "/v1/webhooks": ("", "/deliveries"),
    "/v1/webhooks/event-types": (),
    WORKFLOWS: ("", "/inputs"),
    "/v1/flows": ("/inputs", "/nodes"),
    "/v1/solutions": ("", "/flows", "/models"),
    "/v1/model-creators": ("",),
    f"/v1/models/{MODEL}/examples": ("",),
}
ITEMS_MAX = 8
CHILDREN_MAX = 2
# Where a list stands below an item, what is made of its items.
CHILDREN: Mapping[str, tuple[str, ...]] = {
    "/logs": ("",),
    "/node-runs": ("",),
    "/evaluations": ("/feedback",),
    "/items": ("",),
    "/deliveries": ("", "/attempts"),
    "/flows": ("",),
    "/models": ("",),
    "/nodes": ("",),
}


def seed(stage: SuiteTenant) -> tuple[str, ...]:
    """Puts one of everything on the stage, as far as the target allows, and returns the paths at which something stands."""
    made = _make(stage) if stage.target.may_create else []
    return tuple(dict.fromkeys((*FIXED, *made, *_visited(stage))))


def _make(stage: SuiteTenant) -> list[str]:
    """One of everything; returns the paths of what no list shows."""
    stage.post("/v1/callback-secrets", {"label": "suite"})
    stage.post("/v1/webhooks", {"url": stage.hook, "secret": "suite-secret", "event_subscriptions": [{"event_type_code": "run.completed"}]})
    stage.post(WORKFLOWS, {"name": "suite", "workflow_json": {}, "inputs": [{"name": "logo", "variable_type_code": "image"}]})
    upload(stage)
    made = [f"/v1/asset-uploads/{open_upload(stage)}/confirmations"]
    stage.post(stage.offer.runs, {"input": stage.offer.input, "callback_url": stage.hook})
    stage.post(stage.offer.batches, {"input": [stage.offer.input], "callback_url": stage.hook})
    if not stage.has_control:
        return made
    stage.post("/v1/models/runflow/dyver-removal/runs", {"input": {**INPUT, "config": {"elements": ["tag_removal"]}}})
    stage.post(RUNS, {"input": INPUT, "client_ref": FAIL, "callback_url": stage.hook})
    stage.post(f"{PUBLISHED}/runs", {"input": {"primary_design_ref": IMAGE}})
    stage.post("/v1/evaluations", {"generated_image_url": IMAGE, "task_type": "headshot"})
    stage.settle()
    # A server that is wrong here is still asked for the rest.
    cancelled = _id_of(stage.post(RUNS, {"input": INPUT, "callback_url": stage.hook}))
    if cancelled is not None:
        stage.control.cancel_run(cancelled)
    cancelled = _id_of(stage.post(BATCHES, {"input": [INPUT]}))
    if cancelled is not None:
        stage.control.cancel_batch(cancelled)
    stage.settle()
    stage.post(RUNS, {"input": INPUT})
    stage.post(BATCHES, {"input": [INPUT, INPUT]})
    stage.control.next()
    run = _id_of(stage.post(RUNS, {"input": INPUT}))
    return made if run is None else [*made, f"/v1/admin/runs/{run}/cancellation"]


def _id_of(answer: Answer) -> str | None:
    """What was made, if an answer says so."""
    return str(answer.json["id"]) if isinstance(answer.json, dict) and "id" in answer.json else None


def open_upload(stage: SuiteTenant) -> str | None:
    """Brings the bytes of a small picture and returns the id of the upload, or nothing when a step is refused."""
    opened = stage.post("/v1/asset-uploads", {"filename": "a.png", "mime_type": "image/png", "size_bytes": len(PICTURE)})
    session = opened.json
    if opened.status != 201 or not isinstance(session, dict):
        return None
    target = stage.target.target_of(str(session.get("upload_url", "")))
    # An address of another host is somebody's storage: the suite speaks to the target alone.
    if target is not None:
        stage.send("PUT", target, raw=PICTURE, key=None, headers={"Content-Type": "image/png"})
    return str(session.get("asset_id"))


def upload(stage: SuiteTenant) -> str | None:
    """Uploads a small picture and returns the id of the asset, or nothing when a step is refused."""
    confirmed = stage.post(f"/v1/asset-uploads/{open_upload(stage)}/confirmations", {})
    return _id_of(confirmed) if confirmed.status == 201 else None


def _visited(stage: SuiteTenant) -> list[str]:
    found = []
    for path, rests in LISTS.items():
        for item in _ids(stage, path)[:ITEMS_MAX]:
            found += [f"{path}/{item}{rest}" for rest in rests]
    deeper = [path for path in found if path[path.rfind("/") :] in CHILDREN]
    for path in deeper:
        rests = CHILDREN[path[path.rfind("/") :]]
        found += [f"{path}/{item}{rest}" for item in _ids(stage, path)[:CHILDREN_MAX] for rest in rests]
    for path in [path for path in found if path.endswith("/attempts")][:CHILDREN_MAX]:
        found += [f"{path}/{item}" for item in _ids(stage, path)[:CHILDREN_MAX]]
    found += [f"/v1/flow-nodes/{path.rpartition('/')[2]}" for path in found if "/nodes/" in path][:CHILDREN_MAX]
    found += _evaluations(found)
    inputs = stage.get(f"{stage.offer.path}?embed=inputs").json
    if isinstance(inputs, dict):
        found += [f"{stage.offer.path}/inputs/{each['id']}" for each in inputs.get("inputs") or () if "id" in each][:CHILDREN_MAX]
    return found


def _evaluations(found: list[str]) -> list[str]:
    """The evaluations of runs also stand at a path of their own."""
    ids = [path.split("/")[5] for path in found if path.startswith("/v1/runs/") and path.endswith("/feedback") and "/evaluations/" in path]
    return [f"/v1/evaluations/{each}{rest}" for each in ids[:CHILDREN_MAX] for rest in ("", "/feedback")]


def _ids(stage: SuiteTenant, path: str) -> list[str]:
    content = stage.get(path).json
    items = content.get("items") if isinstance(content, dict) else None
    return [str(item["id"]) for item in items if isinstance(item, dict) and "id" in item] if isinstance(items, list) else []

"""Seeds: what is in a tenant before requests are generated, told as the paths at which it stands.

A generator can only reach what exists. Each state of a run and of a batch is there once; what lies below them is found by reading lists.
"""

from base64 import b64decode
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.offers import BATCHES, IMAGE, INPUT, MODEL, RUNS
from runflow_mock.kit.suite.readings import OutOfReach
from runflow_mock.kit.suite.suite_tenants import FAIL, SuiteTenant

FINE = "bria/background/remove"
"""The model whose price has a fraction of a cent."""
# Models of different depth that take one image and nothing else.
MODELS = (MODEL, "runflow/tag-removal", FINE)
WORKFLOWS = "/v1/comfyui-workflows"
PUBLISHED = f"{WORKFLOWS}/runflow-access/brand-locked-variant-nux"
# What stands in every tenant.
FIXED = (
    *(f"/v1/models/{model}{rest}" for model in MODELS for rest in ("", "/runs", "/batches", "/pricing", "/examples")),
    *(PUBLISHED, f"{PUBLISHED}/runs", "/v1/webhooks/event-types/run.completed"),
)
# A picture of one pixel, and as many bytes behind its end as make a hundred.
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PICTURE = b64decode(_PIXEL).ljust(100, b"\0")
# The contract says that a name may contain blanks.
FILENAME = "a picture.png"
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


def seed(tenant: SuiteTenant) -> tuple[str, ...]:
    """Makes one of everything in the tenant, as far as the target allows, and returns the paths at which something stands."""
    made = _make(tenant) if tenant.target.may_create else []
    return tuple(dict.fromkeys((*FIXED, *made, *_visited(tenant))))


def _make(tenant: SuiteTenant) -> list[str]:
    """One of everything; returns the paths of what no list shows."""
    tenant.post("/v1/callback-secrets", {"label": "suite"})
    tenant.post(
        "/v1/webhooks", {"url": tenant.hook, "secret": "suite-secret", "event_subscriptions": [{"event_type_code": "run.completed"}]}
    )
    tenant.post(WORKFLOWS, {"name": "suite", "workflow_json": {}, "inputs": [{"name": "logo", "variable_type_code": "image"}]})
    made = []
    with suppress(OutOfReach):
        upload(tenant)
        made.append(f"/v1/asset-uploads/{open_upload(tenant)}/confirmations")
    tenant.post(tenant.offer.runs, {"input": tenant.offer.input, "callback_url": tenant.hook})
    tenant.post(tenant.offer.batches, {"input": [tenant.offer.input], "callback_url": tenant.hook})
    if not tenant.has_control:
        return made
    tenant.post("/v1/models/runflow/dyver-removal/runs", {"input": {**INPUT, "config": {"elements": ["tag_removal"]}}})
    tenant.post(RUNS, {"input": INPUT, "client_ref": FAIL, "callback_url": tenant.hook})
    tenant.post(f"{PUBLISHED}/runs", {"input": {"primary_design_ref": IMAGE}})
    tenant.post("/v1/evaluations", {"generated_image_url": IMAGE, "task_type": "headshot"})
    tenant.settle()
    # A server that is wrong here is still asked for the rest.
    cancelled = _id_of(tenant.post(RUNS, {"input": INPUT, "callback_url": tenant.hook}))
    if cancelled is not None:
        tenant.control.cancel_run(cancelled)
    cancelled = _id_of(tenant.post(BATCHES, {"input": [INPUT]}))
    if cancelled is not None:
        tenant.control.cancel_batch(cancelled)
    tenant.settle()
    tenant.post(RUNS, {"input": INPUT})
    tenant.post(BATCHES, {"input": [INPUT, INPUT]})
    tenant.control.next()
    run = _id_of(tenant.post(RUNS, {"input": INPUT}))
    return made if run is None else [*made, f"/v1/admin/runs/{run}/cancellation"]


def _id_of(answer: Answer) -> str | None:
    """What was made, if an answer says so."""
    return str(answer.json["id"]) if isinstance(answer.json, dict) and "id" in answer.json else None


def open_upload(tenant: SuiteTenant, picture: bytes = PICTURE, *, size: int = len(PICTURE)) -> str | None:
    """Brings a small picture, of which `size` bytes are announced, and returns the id of the upload, or nothing when a step is refused.

    Raises:
        OutOfReach: the address leads to another host, which is somebody's storage.
    """
    opened = tenant.post("/v1/asset-uploads", {"filename": FILENAME, "mime_type": "image/png", "size_bytes": size})
    session = opened.json
    if opened.status != 201 or not isinstance(session, dict):
        return None
    address = str(session.get("upload_url", ""))
    target = tenant.target.target_of(address)
    if target is None:
        raise OutOfReach(
            f"uploads are brought to {urlsplit(address).netloc[:80] or address[:80]}, and the suite speaks to the server alone"
        )
    tenant.send("PUT", target, raw=picture, key=None, headers={"Content-Type": "image/png"})
    return str(session.get("asset_id"))


def upload(tenant: SuiteTenant) -> str | None:
    """Uploads a small picture and returns the id of the asset, or nothing when a step is refused."""
    confirmed = tenant.post(f"/v1/asset-uploads/{open_upload(tenant)}/confirmations", {})
    return _id_of(confirmed) if confirmed.status == 201 else None


def _visited(tenant: SuiteTenant) -> list[str]:
    found = []
    for path, rests in LISTS.items():
        for item in _ids(tenant, path)[:ITEMS_MAX]:
            found += [f"{path}/{item}{rest}" for rest in rests]
    deeper = [path for path in found if path[path.rfind("/") :] in CHILDREN]
    for path in deeper:
        rests = CHILDREN[path[path.rfind("/") :]]
        found += [f"{path}/{item}{rest}" for item in _ids(tenant, path)[:CHILDREN_MAX] for rest in rests]
    for path in [path for path in found if path.endswith("/attempts")][:CHILDREN_MAX]:
        found += [f"{path}/{item}" for item in _ids(tenant, path)[:CHILDREN_MAX]]
    found += [f"/v1/flow-nodes/{path.rpartition('/')[2]}" for path in found if "/nodes/" in path][:CHILDREN_MAX]
    # The evaluations of runs also stand at a path of their own.
    ids = [path.split("/")[5] for path in found if path.startswith("/v1/runs/") and path.endswith("/feedback") and "/evaluations/" in path]
    found += [f"/v1/evaluations/{each}{rest}" for each in ids[:CHILDREN_MAX] for rest in ("", "/feedback")]
    inputs = tenant.get(f"{tenant.offer.path}?embed=inputs").json
    if isinstance(inputs, dict):
        found += [f"{tenant.offer.path}/inputs/{each['id']}" for each in inputs.get("inputs") or () if "id" in each][:CHILDREN_MAX]
    return found


def _ids(tenant: SuiteTenant, path: str) -> list[str]:
    content = tenant.get(path).json
    items = content.get("items") if isinstance(content, dict) else None
    return [str(item["id"]) for item in items if isinstance(item, dict) and "id" in item] if isinstance(items, list) else []

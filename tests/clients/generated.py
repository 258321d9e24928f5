"""A run and a batch through the client that openapi-python-client generates from the contract; see tests/test_generated_client.py.

Started with the address of a sandbox and a key; ends with what it saw, as JSON. It is type-checked against the generated client.
"""

import json
import sys
from typing import TypeVar

from runflow_client import AuthenticatedClient
from runflow_client.api.batches import get_batch, list_batch_items
from runflow_client.api.models import create_model_batch, create_run
from runflow_client.api.runs import get_run
from runflow_client.models import (
    Batch,
    BatchInputItem,
    BatchItemList,
    ErrorResponse,
    ModelBatchCreate,
    ModelRunCreate,
    ModelRunCreateInput,
    Run,
)

MODEL = "runflow/background-removal"
TERMINAL = ("succeeded", "partial_succeeded", "failed", "cancelled", "canceled")
T = TypeVar("T")


def as_kind(kind: type[T], value: object) -> T:
    """The value, which must be of this kind."""
    assert isinstance(value, kind), value
    return value


def run_once(client: AuthenticatedClient, image_url: str) -> Run:
    """A run that has ended."""
    body = ModelRunCreate(input_=ModelRunCreateInput.from_dict({"image_url": image_url}), client_ref="typed")
    run = as_kind(Run, create_run.sync(MODEL, client=client, body=body))
    while run.status_code not in TERMINAL:
        run = as_kind(Run, get_run.sync(run.id, client=client))
    return run


def run_batch(client: AuthenticatedClient, image_urls: list[str]) -> Batch:
    """A batch that has ended."""
    body = ModelBatchCreate(input_=[BatchInputItem.from_dict({"image_url": url}) for url in image_urls])
    batch = as_kind(Batch, create_model_batch.sync(MODEL, client=client, body=body))
    while batch.status_code not in TERMINAL:
        batch = as_kind(Batch, get_batch.sync(batch.id, client=client))
    return batch


def main(url: str, key: str) -> None:
    """Tells what a run, a batch and a refusal came to."""
    with AuthenticatedClient(base_url=url, token=key, raise_on_unexpected_status=True) as client:
        run = run_once(client, "https://cdn.example.com/shirt.jpg")
        batch = run_batch(client, ["https://cdn.example.com/a.jpg", "https://cdn.example.com/b.jpg"])
        items = as_kind(BatchItemList, list_batch_items.sync(batch.id, client=client)).items
        absent = create_run.sync("no/such-model", client=client, body=ModelRunCreate(input_=ModelRunCreateInput()))
    seen = {
        "run": [run.status_code, run.client_ref, str(run.cost), len(run.to_dict()["output"]["image_urls"])],
        "batch": [batch.status_code, batch.items_succeeded, [item.sequence_index for item in batch.items]],
        "items": [item.status_code for item in items],
        "absent": as_kind(ErrorResponse, absent).code,
    }
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])

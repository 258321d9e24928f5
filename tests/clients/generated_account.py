"""What else an application does, through the client that openapi-python-client generates; see tests/test_generated_client.py.

Webhooks, secrets, an upload, an evaluation, callbacks, flows, a model and the account. Started with the address of a sandbox and a key;
ends with what it saw, as JSON. Fields that are always there are used as they come: it is type-checked, and nothing is asserted of them.
"""

import json
import sys
from typing import TypeVar

import httpx
from runflow_client import AuthenticatedClient
from runflow_client.api.account import get_balance, get_current_user
from runflow_client.api.evaluations import create_evaluation, get_evaluation, set_evaluation_feedback
from runflow_client.api.flows import list_flow_nodes, list_flows
from runflow_client.api.media import confirm_asset_upload, create_asset_upload, get_asset
from runflow_client.api.models import create_run, get_model
from runflow_client.api.runs import get_run, list_run_deliveries, list_run_logs, list_runs
from runflow_client.api.webhooks import create_callback_secret, create_webhook, get_callback_secret, get_webhook
from runflow_client.models import (
    Asset,
    AssetUploadConfirm,
    AssetUploadCreate,
    AssetUploadSession,
    CallbackSecret,
    CallbackSecretCreate,
    CallbackSecretCreated,
    CreditBalance,
    CurrentUser,
    ErrorResponse,
    Evaluation,
    EvaluationCreate,
    EventSubscription,
    EventSubscriptionEventTypeCode,
    FeedbackUpdate,
    FlowList,
    FlowNodeList,
    Model,
    ModelRunCreate,
    ModelRunCreateInput,
    Run,
    RunList,
    RunLogList,
    Webhook,
    WebhookCreate,
)

MODEL = "runflow/background-removal"
PICTURE = "https://cdn.example.com/shirt.jpg"
TERMINAL = ("succeeded", "failed", "cancelled", "canceled")
T = TypeVar("T")


def as_kind(kind: type[T], value: object) -> T:
    """The answer, which must be of this kind and no refusal."""
    if not isinstance(value, kind):
        raise SystemExit(f"{kind.__name__} was due: {value.message if isinstance(value, ErrorResponse) else value}")
    return value


def webhooks(client: AuthenticatedClient) -> list[object]:
    """A webhook and a secret, made and read again."""
    wanted = [EventSubscription(event_type_code=EventSubscriptionEventTypeCode.RUN_COMPLETED)]
    body = WebhookCreate(url="https://app.example/hooks", secret="example_not_a_real_secret", event_subscriptions=wanted)
    made = as_kind(Webhook, create_webhook.sync(client=client, body=body))
    webhook = as_kind(Webhook, get_webhook.sync(made.id, client=client))
    created = as_kind(CallbackSecretCreated, create_callback_secret.sync(client=client, body=CallbackSecretCreate(label="typed")))
    secret = as_kind(CallbackSecret, get_callback_secret.sync(created.id, client=client))
    events = [each.event_type_code.value for each in webhook.event_subscriptions]
    return [httpx.URL(webhook.url).host, events, created.plain_secret.startswith(secret.key_prefix), secret.updated_at >= secret.created_at]


def upload(client: AuthenticatedClient) -> list[object]:
    """A file that is uploaded, and what is known of it then."""
    content = b"\x89PNG\r\n\x1a\n" + bytes(16)
    body = AssetUploadCreate(filename="shirt.png", mime_type="image/png", size_bytes=len(content))
    session = as_kind(AssetUploadSession, create_asset_upload.sync(client=client, body=body))
    put = httpx.put(session.upload_url, content=content, headers={"Content-Type": "image/png"})
    made = as_kind(Asset, confirm_asset_upload.sync(session.asset_id, client=client, body=AssetUploadConfirm()))
    asset = as_kind(Asset, get_asset.sync(made.id, client=client))
    return [put.is_success, asset.id == session.asset_id, asset.name.upper(), asset.size_bytes + 0, asset.created_at.tzinfo is not None]


def evaluation(client: AuthenticatedClient) -> list[object]:
    """An evaluation that has ended, and what somebody thinks of it."""
    body = EvaluationCreate(generated_image_url=PICTURE, task_type="background-removal", client_ref="typed")
    found = as_kind(Evaluation, create_evaluation.sync(client=client, body=body))
    while found.completed_at is None:
        found = as_kind(Evaluation, get_evaluation.sync(found.id, client=client))
    judged = as_kind(Evaluation, set_evaluation_feedback.sync(found.id, client=client, body=FeedbackUpdate(is_positive=True)))
    return [
        judged.status_code.value,
        judged.task_type.upper(),
        judged.attempt_number + 1,
        judged.feedback_is_positive,
        len(judged.reference_images),
    ]


def callbacks(client: AuthenticatedClient) -> list[object]:
    """A run with a callback, its deliveries and its log."""
    body = ModelRunCreate(input_=ModelRunCreateInput.from_dict({"image_url": PICTURE}), callback_url="https://app.example/callbacks")
    run = as_kind(Run, create_run.sync(MODEL, client=client, body=body))
    while run.status_code not in TERMINAL:
        run = as_kind(Run, get_run.sync(run.id, client=client))
    deliveries = as_kind(list, list_run_deliveries.sync(run.id, client=client))
    logs = as_kind(RunLogList, list_run_logs.sync(run.id, client=client)).items
    runs = as_kind(RunList, list_runs.sync(client=client, limit=1))
    return [[each.callback_url for each in deliveries], len(logs) > 0, len(runs.items), runs.previous]


def catalog(client: AuthenticatedClient) -> list[object]:
    """A model, the flows, and the account."""
    model = as_kind(Model, get_model.sync(MODEL, client=client))
    flows = as_kind(FlowList, list_flows.sync(client=client, limit=2, embed="inputs"))
    inputs = [each.display_name.strip() != "" for flow in flows.items for each in flow.inputs or []]
    nodes = as_kind(FlowNodeList, list_flow_nodes.sync("any", client=client, limit=2))
    user = as_kind(CurrentUser, get_current_user.sync(client=client))
    balance = as_kind(CreditBalance, get_balance.sync(client=client))
    names = [each.org.name.strip() != "" for each in user.memberships]
    return [model.slug.upper(), len(flows.items), all(inputs), len(nodes.items), names, "@" in user.email, float(balance.balance) > 0]


def main(url: str, key: str) -> None:
    """Tells what each of them came to."""
    with AuthenticatedClient(base_url=url, token=key, raise_on_unexpected_status=True) as client:
        seen = {each.__name__: each(client) for each in (webhooks, upload, evaluation, callbacks, catalog)}
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])

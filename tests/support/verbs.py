"""The verbs of stories: which command each stands for, in the present state of a store and for a number that picks among what is there."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

from worlds import CALLBACK_URL, ORIGIN, create_batch, create_run

from runflow_mock.domain.assets import Attachment, Content, content_of
from runflow_mock.domain.commands import (
    AddCredit,
    AddRule,
    AddWorkflowInput,
    CancelBatch,
    CancelRun,
    Command,
    ConfirmUpload,
    CreateRun,
    CreateSecret,
    CreateWebhook,
    CreateWorkflow,
    DeleteAsset,
    DeleteSecret,
    DeleteWebhook,
    DeleteWorkflow,
    GiveFeedback,
    HandOverOutput,
    MeetRules,
    OpenUpload,
    RateEvaluation,
    RecordAttempt,
    RecordBytes,
    RedeliverBatchCallback,
    RedeliverRunCallback,
    RememberAnswer,
    RemoveRule,
    ResendDelivery,
    SeePoll,
    SetThreshold,
    SubmitEvaluation,
    UpdateSecret,
    UpdateWebhook,
    UpdateWorkflow,
)
from runflow_mock.domain.deliveries import AttemptResult, DeliveryStatus
from runflow_mock.domain.documents import Json, write_document
from runflow_mock.domain.evaluations import Assignment
from runflow_mock.domain.fault_kinds import (
    AfterPolls,
    BeforeResponse,
    Delay,
    DelayCallback,
    Drop,
    Fail,
    LateAfterCancel,
    PreviousSecret,
    Reorder,
    Succeed,
    SucceedPartially,
    WrongSecret,
)
from runflow_mock.domain.faults import When
from runflow_mock.domain.idempotency import Remembered
from runflow_mock.domain.identity import AssetId, BatchId, DeliveryId, EvaluationId, RuleId, RunId, SecretId, WebhookId, WorkflowId
from runflow_mock.domain.money import Money
from runflow_mock.domain.places import DISPATCH_EDGE, START_EDGE, Where
from runflow_mock.domain.webhooks import EVENT_TYPES
from runflow_mock.domain.workflows import Changes, Declaration, Definition
from runflow_mock.engine.store import Store

ABSENT = "019b76da-a800-7000-8000-000000000000"
MODELS: tuple[tuple[str, Json], ...] = (
    ("runflow/background-removal", {"image_url": "https://cdn.example.com/shirt.jpg"}),
    (
        "runflow/dyver-removal",
        {"image_url": "https://cdn.example.com/a.jpg", "config": {"elements": ["tag_removal", "background_removal"]}},
    ),
    ("google/veo3.1/fast", {"prompt": "a paper boat", "duration": "4s"}),
    ("no/such-model", {}),
)
RULES = (
    AddRule(where=Where(), what=Fail(), when=When(every=2)),
    AddRule(where=Where(edge=DISPATCH_EDGE), what=Fail(), when=When(times=1)),
    AddRule(where=Where(edge=START_EDGE), what=Fail(), when=When(probability=0.5)),
    AddRule(where=Where(edge="batch.item[1]"), what=Fail()),
    AddRule(where=Where(), what=Succeed(duration=timedelta(seconds=3), cost=Money(1_000), output=write_document({"mine": True}))),
    AddRule(where=Where(), what=Delay(timedelta(seconds=2)), when=When(every=3)),
    AddRule(where=Where(), what=SucceedPartially(), when=When(probability=0.5)),
    AddRule(where=Where(), what=BeforeResponse(), when=When(every=4)),
    AddRule(where=Where(), what=Reorder(timedelta(seconds=20))),
    AddRule(where=Where(callback="run.*"), what=DelayCallback(timedelta(seconds=5)), when=When(every=2)),
    AddRule(where=Where(), what=LateAfterCancel(timedelta(seconds=30))),
    AddRule(where=Where(callback="batch.*"), what=Drop(), when=When(probability=0.5)),
    AddRule(where=Where(), what=PreviousSecret(), when=When(every=2)),
    AddRule(where=Where(), what=WrongSecret(), when=When(times=2)),
    AddRule(where=Where(), what=AfterPolls(2), when=When(every=2)),
)
GRAPH: Json = {"1": {"class_type": "RunflowInputImage", "inputs": {"input_id": "logo"}}}
RESULTS = (
    AttemptResult(status_code=200, response_time_ms=2),
    AttemptResult(status_code=500, reason="http_error"),
    AttemptResult(error="connection refused", reason="connection_error"),
    AttemptResult(error="not sent", reason="host_not_allowed", refused=True),
)
T = TypeVar("T")


def _pick(found: Sequence[T], number: int, absent: T) -> T:
    """One of what is there, or sometimes, and when there is none, what is not there."""
    return found[number % len(found)] if found and number % 11 else absent


def _run(store: Store, number: int) -> RunId:
    return _pick(store.run_order, number, RunId(ABSENT))


def _batch(store: Store, number: int) -> BatchId:
    return _pick(list(store.batches), number, BatchId(ABSENT))


def _secret(store: Store, number: int) -> SecretId:
    return _pick(list(store.secrets), number, SecretId(ABSENT))


def _create_run(store: Store, number: int) -> Command:
    model, inputs = MODELS[number % len(MODELS)]
    return create_run(model, inputs, callback_url=CALLBACK_URL if number % 3 else None)


def _create_batch(store: Store, number: int) -> Command:
    return create_batch(1 + number % 4, callback_url=CALLBACK_URL if number % 3 else None)


def _answer(store: Store, number: int) -> Command:
    waiting = [delivery for delivery in store.deliveries.values() if delivery.status is DeliveryStatus.DELIVERING]
    chosen = _pick(waiting or list(store.deliveries.values()), number, None)
    return RecordAttempt(chosen.id, RESULTS[number % len(RESULTS)]) if chosen else AddCredit(Money(0))


def _resend(store: Store, number: int) -> Command:
    chosen = _pick(list(store.deliveries), number, DeliveryId(ABSENT))
    return ResendDelivery(
        delivery_id=chosen, url=CALLBACK_URL + "/again" if number % 2 else None, payload=b'{"mine": true}' if number % 3 else None
    )


def _remember(store: Store, number: int) -> Command:
    expires_at = store.ledger.updated_at
    assert expires_at is not None
    place = f"POST /v1/x key-{number % 5}"
    return RememberAnswer(Remembered(place=place, fingerprint=str(number), status=201, body=b"{}", expires_at=expires_at))


def _threshold(store: Store, number: int) -> Command:
    read_at = store.ledger.updated_at
    outdated = read_at is not None and number % 3 == 0
    return SetThreshold(Money(number), read_at - timedelta(seconds=1) if outdated and read_at else None)


def _evaluation(store: Store, number: int) -> EvaluationId:
    return _pick(list(store.evaluations), number, EvaluationId(ABSENT))


def _webhook(store: Store, number: int) -> WebhookId:
    return _pick(list(store.webhooks), number, WebhookId(ABSENT))


def _upload(store: Store, number: int) -> AssetId:
    return _pick(list(store.uploads), number, AssetId(ABSENT))


def _workflow(store: Store, number: int) -> WorkflowId:
    return _pick(list(store.workflows), number, WorkflowId(ABSENT))


def bytes_of(number: int) -> bytes:
    """The bytes of one of seven files."""
    return (number % 7).to_bytes(2, "big") * 50


def _content(number: int) -> Content:
    return content_of(bytes_of(number), "image/png")


def _run_with_file(store: Store, number: int) -> Command:
    attachment = Attachment(AssetId(f"019b76da-a800-7000-8000-{len(store.assets):012x}"), "inline-1.png", _content(number))
    return CreateRun(model=MODELS[0][0], input=write_document(MODELS[0][1]), attachments=(attachment,), origin=ORIGIN)


def _run_workflow(store: Store, number: int) -> Command:
    workflow_id = _workflow(store, number)
    path = store.workflows[workflow_id].path if workflow_id in store.workflows else "no/workflow"
    return CreateRun(model=path, workflow_id=workflow_id, input=write_document({"logo": "https://cdn.example.com/l.png"}), origin=ORIGIN)


def _submit(store: Store, number: int) -> Command:
    image_url = f"runflow://assets/{_upload(store, number)}" if number % 2 else "https://cdn.example.com/a.png"
    run_id = _run(store, number) if number % 3 else None
    return SubmitEvaluation(
        Assignment(image_url=image_url, task_type="headshot", run_id=run_id, callback_url=CALLBACK_URL if number % 4 else None)
    )


def _create_webhook(store: Store, number: int) -> Command:
    return CreateWebhook(url=CALLBACK_URL, secret=f"example_{number}", event_types=tuple(EVENT_TYPES)[number % 3 :])


def _update_webhook(store: Store, number: int) -> Command:
    webhook_id = _webhook(store, number)
    disabled_at = store.ledger.updated_at if number % 3 == 0 else None
    return UpdateWebhook(webhook_id=webhook_id, secret="example_new" if number % 2 else None, switches=True, disabled_at=disabled_at)


def _create_workflow(store: Store, number: int) -> Command:
    definition = Definition(name="n", workflow_json=write_document(GRAPH if number % 2 else {}))
    return CreateWorkflow(slug=f"w{number % 4}", definition=definition)


def _update_workflow(store: Store, number: int) -> Command:
    changes = Changes(name=f"n{number}", description=None, workflow_json=write_document({} if number % 2 else GRAPH))
    return UpdateWorkflow(workflow_id=_workflow(store, number), changes=changes)


def _add_input(store: Store, number: int) -> Command:
    return AddWorkflowInput(_workflow(store, number), Declaration(name=f"input {number % 5}", variable_type="string"))


COMMANDS: Mapping[str, Callable[[Store, int], Command]] = {
    "create run": _create_run,
    "create batch": _create_batch,
    "answer": _answer,
    "cancel run": lambda store, number: CancelRun(_run(store, number), "audit"),
    "cancel batch": lambda store, number: CancelBatch(_batch(store, number)),
    "redeliver run": lambda store, number: RedeliverRunCallback(_run(store, number)),
    "resend delivery": _resend,
    "redeliver batch": lambda store, number: RedeliverBatchCallback(_batch(store, number)),
    "give feedback": lambda store, number: GiveFeedback(_run(store, number), bool(number % 2), None),
    "create secret": lambda store, number: CreateSecret(f"secret {number}"),
    "promote secret": lambda store, number: UpdateSecret(secret_id=_secret(store, number), is_current=bool(number % 4)),
    "rename secret": lambda store, number: UpdateSecret(secret_id=_secret(store, number), renames=True, label=str(number)),
    "delete secret": lambda store, number: DeleteSecret(_secret(store, number)),
    "add rule": lambda store, number: RULES[number % len(RULES)],
    "remove rule": lambda store, number: RemoveRule(_pick(list(store.rules), number, RuleId(ABSENT))),
    "meet rule": lambda store, number: MeetRules({_pick(list(store.rules), number, RuleId(ABSENT)): bool(number % 2)}),
    "add credit": lambda store, number: AddCredit(Money((number - 100) * 10_000)),
    "set threshold": _threshold,
    "remember answer": _remember,
    "hand over output": lambda store, number: HandOverOutput(_run(store, number)),
    "run with file": _run_with_file,
    "submit evaluation": _submit,
    "rate evaluation": lambda store, number: RateEvaluation(_evaluation(store, number), bool(number % 2), None),
    "create webhook": _create_webhook,
    "update webhook": _update_webhook,
    "delete webhook": lambda store, number: DeleteWebhook(_webhook(store, number)),
    "open upload": lambda store, number: OpenUpload(f"shoe {number}.png", "image/png"),
    "put bytes": lambda store, number: RecordBytes(_upload(store, number), _content(number)),
    "confirm upload": lambda store, number: ConfirmUpload(_upload(store, number)),
    "delete asset": lambda store, number: DeleteAsset(_pick(list(store.assets), number, AssetId(ABSENT))),
    "create workflow": _create_workflow,
    "run workflow": _run_workflow,
    "update workflow": _update_workflow,
    "add workflow input": _add_input,
    "delete workflow": lambda store, number: DeleteWorkflow(_workflow(store, number)),
    "see poll of a run": lambda store, number: SeePoll(_run(store, number)),
    "see poll of a batch": lambda store, number: SeePoll(_batch(store, number)),
}

"""Records for tests of the domain: each function returns a plain one, with the changes that a test is about."""

from datetime import timedelta
from typing import Any

from msgspec.structs import replace
from worlds import CALLBACK_URL, ORIGIN, SHIRT, START

from runflow_mock.domain.batches import Batch, BatchStatus, Item, Tally
from runflow_mock.domain.deliveries import Attempt, AttemptResult, Delivery, DeliveryStatus
from runflow_mock.domain.documents import write_document
from runflow_mock.domain.identity import AttemptId, BatchId, DeliveryId, ItemId, OrganizationId, RunId, SecretId, UserId, uuid7
from runflow_mock.domain.money import Money
from runflow_mock.domain.runs import Run, RunStatus
from runflow_mock.domain.secrets import CallbackSecret
from runflow_mock.domain.seeds import Seed

SEED = Seed.from_text("0")
LATER = START + timedelta(seconds=1)
RUN_ENDS = frozenset((RunStatus.SUCCEEDED, RunStatus.PARTIAL_SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED))
ORG = OrganizationId(uuid7(START, 1, SEED.child("organization")))
USER = UserId(uuid7(START, 1, SEED.child("user")))


def nth_id(number: int) -> str:
    """The id of the n-th thing made at the start."""
    return uuid7(START, number, SEED)


def a_run(status: RunStatus = RunStatus.QUEUED, *, number: int = 1, **changes: Any) -> Run:
    """A run in a status, as consistent as its transitions would have left it."""
    ended = status in RUN_ENDS
    run = Run(
        id=RunId(nth_id(number)),
        org_id=ORG,
        model="runflow/background-removal",
        model_id="model",
        status=status,
        input=write_document(SHIRT),
        request_id=ORIGIN.request_id,
        created_by=USER,
        base_url=ORIGIN.base_url,
        held=Money(270_000),
        created_at=START,
        completed_at=LATER if ended else None,
        due_at=None if ended else LATER,
    )
    return replace(run, **changes)


def a_batch(status: BatchStatus = BatchStatus.QUEUED, *, items: int = 2, **changes: Any) -> Batch:
    """A batch in a status, with members that are given by number only."""
    handles = tuple(Item(ItemId(nth_id(100 + index)), index, RunId(nth_id(200 + index))) for index in range(items))
    batch = Batch(
        id=BatchId(nth_id(99)),
        org_id=ORG,
        model="runflow/background-removal",
        model_id="model",
        status=status,
        items=handles,
        tally=Tally(total=items, waiting=items),
        created_by=USER,
        created_at=START,
    )
    return replace(batch, **changes)


def an_attempt(number: int = 1, result: AttemptResult | None = None) -> Attempt:
    """An attempt at the start, under way unless it has a result."""
    return Attempt(id=AttemptId(nth_id(300 + number)), number=number, secret_id=None, at=START, result=result)


def a_delivery(status: DeliveryStatus = DeliveryStatus.PENDING, *, attempts: int | tuple[Attempt, ...] = 0, **changes: Any) -> Delivery:
    """A delivery about a run, with these attempts, or with a number of attempts without result."""
    delivery = Delivery(
        id=DeliveryId(nth_id(50)),
        run_id=RunId(nth_id(1)),
        url=CALLBACK_URL,
        payload=b'{"event":"run.completed"}',
        is_automatic=True,
        status=status,
        attempts=attempts if isinstance(attempts, tuple) else tuple(map(an_attempt, range(1, attempts + 1))),
        attempts_max=5,
        next_attempt_at=START,
        created_at=START,
        updated_at=START,
    )
    return replace(delivery, **changes)


def a_secret(number: int = 1, *, is_current: bool = False, **changes: Any) -> CallbackSecret:
    """The n-th secret of an organization."""
    secret = CallbackSecret(
        id=SecretId(nth_id(400 + number)),
        org_id=ORG,
        material=f"rf_whsec_{number}",
        label=None,
        is_current=is_current,
        created_at=START,
        updated_at=START,
    )
    return replace(secret, **changes)

"""All facts of a world, as one closed set: what the history holds and the store is folded from."""

from runflow_mock.domain.assets import AssetEvent
from runflow_mock.domain.batches import BatchEvent
from runflow_mock.domain.deliveries import DeliveryEvent
from runflow_mock.domain.evaluations import EvaluationEvent
from runflow_mock.domain.faults import RuleEvent
from runflow_mock.domain.idempotency import IdempotencyEvent
from runflow_mock.domain.ledger import LedgerEvent
from runflow_mock.domain.records import RecordEvent
from runflow_mock.domain.runs import RunEvent
from runflow_mock.domain.secrets import SecretEvent
from runflow_mock.domain.workflows import WorkflowEvent

Event = (
    RunEvent
    | BatchEvent
    | EvaluationEvent
    | AssetEvent
    | DeliveryEvent
    | RecordEvent
    | WorkflowEvent
    | SecretEvent
    | LedgerEvent
    | RuleEvent
    | IdempotencyEvent
)

"""All operations of the API that the fake answers, in the order of the contract."""

from runflow_mock.web import accounts, batches, deliveries, model_parts, models, run_parts, runs, secrets, status
from runflow_mock.web.calls import Handler
from runflow_mock.web.routing import Operation

API_OPERATIONS: tuple[Operation[Handler], ...] = (
    *status.OPERATIONS,
    *accounts.OPERATIONS,
    *models.OPERATIONS,
    *model_parts.OPERATIONS,
    *runs.OPERATIONS,
    *run_parts.OPERATIONS,
    *batches.OPERATIONS,
    *deliveries.OPERATIONS,
    *secrets.OPERATIONS,
)

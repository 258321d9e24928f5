"""All operations of the API that the fake answers, in the order of the contract."""

from runflow_mock.web import accounts, assets, batches, deliveries, flows, model_parts, models, run_parts, runs, secrets, solutions, status
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
    *assets.OPERATIONS,
    *deliveries.OPERATIONS,
    *secrets.OPERATIONS,
    *flows.OPERATIONS,
    *solutions.OPERATIONS,
)

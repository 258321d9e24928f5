"""All operations of the API that the fake answers, in the order of the contract; and the pages beside it, which are no part of that."""

from runflow_mock.web import (
    accounts,
    assets,
    batches,
    deliveries,
    documents,
    evaluations,
    flows,
    model_parts,
    models,
    run_parts,
    runs,
    secrets,
    site,
    solutions,
    status,
    webhook_parts,
    webhooks,
    workflows,
)
from runflow_mock.web.calls import Handler
from runflow_mock.web.routing import Operation

API_OPERATIONS: tuple[Operation[Handler], ...] = (
    *status.OPERATIONS,
    *documents.OPERATIONS,
    *accounts.OPERATIONS,
    *models.OPERATIONS,
    *model_parts.OPERATIONS,
    *runs.OPERATIONS,
    *run_parts.OPERATIONS,
    *batches.OPERATIONS,
    *assets.OPERATIONS,
    *evaluations.OPERATIONS,
    *deliveries.OPERATIONS,
    *secrets.OPERATIONS,
    *webhooks.OPERATIONS,
    *webhook_parts.OPERATIONS,
    *workflows.OPERATIONS,
    *flows.OPERATIONS,
    *solutions.OPERATIONS,
)

SITE_OPERATIONS: tuple[Operation[Handler], ...] = site.OPERATIONS
OPERATION_IDS = frozenset(operation.id for operation in API_OPERATIONS)

"""All verbs of the control API, and the page that lists them."""

from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.control import (
    clock,
    deliveries,
    events,
    faults,
    history,
    inspector,
    journal,
    media,
    metrics,
    pulls,
    quotas,
    records,
    report,
    resources,
    scenarios,
    secrets,
    server,
    snapshots,
    stubs,
    tenants,
    timeline,
    verify,
    wait,
)
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.routing import Operation

_VERBS: tuple[Operation[ControlHandler], ...] = (
    *server.OPERATIONS,
    *metrics.OPERATIONS,
    *tenants.OPERATIONS,
    *clock.OPERATIONS,
    *events.OPERATIONS,
    *faults.OPERATIONS,
    *quotas.OPERATIONS,
    *stubs.OPERATIONS,
    *scenarios.OPERATIONS,
    *records.OPERATIONS,
    *media.OPERATIONS,
    *deliveries.OPERATIONS,
    *journal.OPERATIONS,
    *verify.OPERATIONS,
    *wait.OPERATIONS,
    *report.OPERATIONS,
    *secrets.OPERATIONS,
    *pulls.OPERATIONS,
    *resources.OPERATIONS,
    *timeline.OPERATIONS,
    *history.OPERATIONS,
    *snapshots.OPERATIONS,
    *inspector.OPERATIONS,
)


async def list_verbs(call: Call) -> Answer:
    """GET /_mock/: this list; a browser gets the inspector."""
    if inspector.wants_page(call):
        return inspector.answer_file(call, "index.html")
    summaries = ((verb, (verb.handler.__doc__ or "").strip().partition("\n")[0]) for verb in CONTROL_OPERATIONS)
    return answer({"verbs": [{"method": verb.method, "path": verb.path, "what": summary} for verb, summary in summaries]})


CONTROL_OPERATIONS: tuple[Operation[ControlHandler], ...] = (
    *_VERBS,
    Operation("GET", "/_mock/", list_verbs),
)

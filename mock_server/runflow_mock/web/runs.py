"""Runs: create, list, read, rate, cancel."""

from typing import cast

from msgspec.structs import replace

from runflow_mock.domain.commands import CancelRun, Origin
from runflow_mock.domain.identity import RunId
from runflow_mock.domain.models import Model
from runflow_mock.domain.node_runs import count_nodes
from runflow_mock.domain.outputs import sign_again
from runflow_mock.domain.runs import Run, RunCreated
from runflow_mock.domain.sync_mode import is_synchronous
from runflow_mock.engine.targets import Target, find_target, model_of_run
from runflow_mock.engine.views import InOrder
from runflow_mock.web.attachments import execute_with_files, show_in
from runflow_mock.web.authentication import admit_to_beta
from runflow_mock.web.calls import Answer, Call, Handler, answer
from runflow_mock.web.lists import answer_list
from runflow_mock.web.routing import Operation
from runflow_mock.wire.attachments import mentions_assets
from runflow_mock.wire.evaluations import represent_summary
from runflow_mock.wire.listing import decode_flag
from runflow_mock.wire.new_runs import write_new_run
from runflow_mock.wire.runs import RUN_FIELDS, decode_create_run, decode_feedback, decode_reason, represent_run
from runflow_mock.wire.statuses import RUN_STATUS_ENTRIES, STATUS_FIELDS, represent_run_status

RENDERED_MAX = 2_000
RENDERED_BYTES_MAX = 64 * 1024
"""How many bodies of runs a tenant keeps, and how long each may be: what clients have sent is counted once, as it is stored."""


def create_run(call: Call) -> Answer:
    """POST /v1/models/{model_id}/runs"""
    world = call.caller.world
    target = find_target(world.catalog, world.store, call.params["model_id"])
    if target.workflow_id is not None:
        admit_to_beta(call.caller.settings)
    return start_run(call, target)


def list_runs(call: Call) -> Answer:
    """GET /v1/runs"""
    runs = InOrder(call.store.run_order, call.store.runs)
    return answer_list(call, runs, RUN_FIELDS, lambda run: run_body(call, run), waits=lambda run: not run.is_terminal)


def get_run(call: Call) -> Answer:
    """GET /v1/runs/{id}: with `add_signature` the addresses in its output are signed anew."""
    run = call.store.run(call.uuid("id"))
    is_signed_again = decode_flag(call.parameters, "add_signature")
    if not run.is_terminal:
        call.wait_for(run.id)
    elif is_signed_again and run.output is not None:
        tenant, world = call.caller.settings, call.caller.world
        output = sign_again(run.output, run, tenant.name, world.now + tenant.output_lifetime, world.seed)
        return answer(run_body(call, replace(run, output=output)))
    return Answer(200, _rendered(call, run))


def list_run_statuses(call: Call) -> Answer:
    """GET /v1/runs/statuses"""
    spell = call.caller.dialect.status
    return answer_list(call, RUN_STATUS_ENTRIES, STATUS_FIELDS, lambda entry: represent_run_status(entry, spell), order="sort_order")


def set_run_feedback(call: Call) -> Answer:
    """PATCH /v1/runs/{run_id}/feedback"""
    run_id = call.uuid("run_id")
    call.store.run(run_id)
    call.execute(decode_feedback(call.read_body(), run_id))
    return answer(run_body(call, call.store.run(run_id)))


def cancel_run(call: Call) -> Answer:
    """POST /v1/admin/runs/{run_id}/cancellation: 201 when the run was stopped by it, 200 when it had ended before."""
    run_id = call.uuid("run_id")
    call.store.run(run_id)
    outcome = call.execute(CancelRun(RunId(run_id), decode_reason(call.read_optional_body())))
    return answer(run_body(call, call.store.run(run_id)), 201 if outcome.events else 200)


def start_run(call: Call, target: Target) -> Answer:
    """Returns the answer to a request to run a model or a workflow."""
    command = decode_create_run(call.read_body(), len(call.body), target.model, call.caller.rules, Origin(call.base_url, call.request_id))
    if target.workflow_id is not None:
        command = replace(command, workflow_id=target.workflow_id)
    # The run comes first, whatever else its creation has led to.
    run = cast(RunCreated, execute_with_files(call, command).events[0]).run
    is_special = run.workflow_id is not None or target.model.output.stages or call.store.assets
    given = Answer(201, answer(run_body(call, run, target.model)).body if is_special else write_new_run(run, call.caller.dialect))
    if run.ends_at_once:
        given = replace(given, callbacks_before=(run.id,))
    return replace(given, waits_for_run=run.id) if is_synchronous(target.model, run) else given


def run_body(call: Call, run: Run, model: Model | None = None) -> dict[str, object]:
    """Returns the record of a run as this call's tenant sees it; whoever knows its `model` saves the search for it."""
    tenant = call.caller
    world = tenant.world
    model = model or model_of_run(world.catalog, world.store, run)
    body = represent_run(run, count_nodes(model, run, world.now), tenant.dialect, show_in(call))
    if run.id in world.store.evaluations_of:
        body["current_evaluation_summary"] = represent_summary(world.store.evaluations_about(run.id)[-1])
    return body


def _rendered(call: Call, run: Run) -> bytes:
    """Returns the body of a run, which is written once for as long as nothing that it shows can change."""
    rendered = call.caller.rendered
    # What was judged or is asked for in a special form is written anew each time, and so is what shows addresses of assets.
    is_special = run.id in call.store.evaluations_of or call.query
    # Records are replaced and never changed: the same object shows the same.
    known = rendered.get(run.id)
    if known is not None and known[0] is run and not is_special:
        return known[1]
    world = call.caller.world
    model = model_of_run(world.catalog, world.store, run)
    body = answer(run_body(call, run, model)).body
    # Where there are stages, time alone brings a run on that has not ended.
    is_moving = not run.is_terminal and bool(model.output.stages)
    is_kept = len(body) <= RENDERED_BYTES_MAX and not (is_special or is_moving)
    if is_kept and not (mentions_assets(run.input) or mentions_assets(run.metadata)):
        if len(rendered) >= RENDERED_MAX:
            rendered.clear()
        rendered[run.id] = (run, body)
    return body


OPERATIONS: tuple[Operation[Handler], ...] = (
    Operation("POST", "/v1/models/{model_id...}/runs", create_run, spans_min=1, scope="runs:create"),
    Operation("GET", "/v1/runs", list_runs, scope="runs:read"),
    Operation("GET", "/v1/runs/statuses", list_run_statuses, scope="runs:read"),
    Operation("GET", "/v1/runs/{id}", get_run, scope="runs:read"),
    Operation("PATCH", "/v1/runs/{run_id}/feedback", set_run_feedback, scope="runs:execute"),
    Operation("POST", "/v1/admin/runs/{run_id}/cancellation", cancel_run, scope="admin"),
)

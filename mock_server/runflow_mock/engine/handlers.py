"""The tables that lead from a command, a timer or an event to what decides about it."""

from collections.abc import Callable, Mapping
from typing import cast

from runflow_mock.domain import batches, commands, deliveries, evaluations, runs
from runflow_mock.domain.commands import Command
from runflow_mock.domain.deliveries import Delivery
from runflow_mock.domain.events import Event
from runflow_mock.domain.identity import DeliveryId, EvaluationId, RunId
from runflow_mock.engine.assets import confirm_upload, delete_asset, open_upload, record_bytes
from runflow_mock.engine.batches import cancel_batch, create_batch, follow_member
from runflow_mock.engine.callback_faults import let_go, postpone
from runflow_mock.engine.deliveries import (
    continue_delivery,
    record_attempt,
    redeliver_batch,
    redeliver_run,
    resend,
    tell_about_batch,
    tell_about_evaluation,
    tell_about_run,
    tell_webhooks,
)
from runflow_mock.engine.evaluations import continue_evaluation, evaluate_workflow_run, rate_evaluation, submit_evaluation
from runflow_mock.engine.faults import add_rule, meet_rules, remove_rule
from runflow_mock.engine.idempotency import remember_answer
from runflow_mock.engine.ledger import add_credit, set_threshold
from runflow_mock.engine.moment import Moment
from runflow_mock.engine.polls import see_poll
from runflow_mock.engine.runs import cancel_run, continue_run, create_run, give_feedback, hand_over_output
from runflow_mock.engine.secrets import create_secret, delete_secret, update_secret
from runflow_mock.engine.slots import pass_slot_on
from runflow_mock.engine.webhooks import create_webhook, delete_webhook, update_webhook
from runflow_mock.engine.workflows import add_workflow_input, create_workflow, delete_workflow, update_workflow

COMMAND_HANDLERS = cast(
    Mapping[type, Callable[[Moment, Command], tuple[Event, ...]]],
    {
        commands.CreateRun: create_run,
        commands.CreateBatch: create_batch,
        commands.CancelRun: cancel_run,
        commands.CancelBatch: cancel_batch,
        commands.HandOverOutput: hand_over_output,
        commands.GiveFeedback: give_feedback,
        commands.RedeliverRunCallback: redeliver_run,
        commands.RedeliverBatchCallback: redeliver_batch,
        commands.ResendDelivery: resend,
        commands.RecordAttempt: record_attempt,
        commands.CreateSecret: create_secret,
        commands.UpdateSecret: update_secret,
        commands.DeleteSecret: delete_secret,
        commands.SubmitEvaluation: submit_evaluation,
        commands.RateEvaluation: rate_evaluation,
        commands.CreateWebhook: create_webhook,
        commands.UpdateWebhook: update_webhook,
        commands.DeleteWebhook: delete_webhook,
        commands.OpenUpload: open_upload,
        commands.RecordBytes: record_bytes,
        commands.ConfirmUpload: confirm_upload,
        commands.DeleteAsset: delete_asset,
        commands.CreateWorkflow: create_workflow,
        commands.UpdateWorkflow: update_workflow,
        commands.AddWorkflowInput: add_workflow_input,
        commands.DeleteWorkflow: delete_workflow,
        commands.SetThreshold: set_threshold,
        commands.AddCredit: add_credit,
        commands.AddRule: add_rule,
        commands.RemoveRule: remove_rule,
        commands.MeetRules: meet_rules,
        commands.SeePoll: see_poll,
        commands.RememberAnswer: remember_answer,
    },
)


def _run_ended(moment: Moment, event: runs.RunMoved) -> tuple[Event, ...]:
    # The order of the history: the batch is right before anybody is told, and whoever gets the slot comes last.
    return (
        *follow_member(moment, event),
        *tell_about_run(moment, event),
        *tell_webhooks(moment, event),
        *pass_slot_on(moment, event),
    )


def _run_succeeded(moment: Moment, event: runs.RunSucceeded) -> tuple[Event, ...]:
    return (*_run_ended(moment, event), *evaluate_workflow_run(moment, event))


# What follows from an event at once. A reaction sees the store after the event, cannot fail, and may cause further reactions.
REACTIONS = cast(
    Mapping[type, Callable[[Moment, Event], tuple[Event, ...]]],
    {
        runs.RunDispatched: follow_member,
        runs.RunSucceeded: _run_succeeded,
        runs.RunPartiallySucceeded: _run_ended,
        runs.RunFailed: _run_ended,
        runs.RunCancelled: _run_ended,
        deliveries.DeliveryCreated: postpone,
        deliveries.AttemptSucceeded: let_go,
        deliveries.AttemptFailed: let_go,
        deliveries.DeliveryExhausted: let_go,
        batches.BatchSucceeded: tell_about_batch,
        batches.BatchPartiallySucceeded: tell_about_batch,
        batches.BatchFailed: tell_about_batch,
        batches.BatchCancelled: tell_about_batch,
        evaluations.EvaluationCompleted: tell_about_evaluation,
        evaluations.EvaluationFailed: tell_about_evaluation,
    },
)


def continue_owner(moment: Moment, owner: str) -> tuple[Event, ...]:
    """Returns what happens when the timer of a run, an evaluation or a delivery fires."""
    # Ids of all three come from one sequence, so that an owner is in one of these tables and in no other.
    run = moment.store.runs.get(RunId(owner))
    if run is not None:
        return continue_run(moment, run)
    evaluation = moment.store.evaluations.get(EvaluationId(owner))
    if evaluation is not None:
        return continue_evaluation(moment, evaluation)
    delivery: Delivery = moment.store.deliveries[DeliveryId(owner)]
    return continue_delivery(moment, delivery)

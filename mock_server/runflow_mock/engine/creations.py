"""What fault rules and magic values do to a creation: the run or batch may end at once, so that its callback overtakes the answer."""

from msgspec.structs import replace

from runflow_mock.domain.batches import Batch
from runflow_mock.domain.fault_kinds import BeforeResponse
from runflow_mock.domain.faults import AT_CREATION, NO_DECISION, Decision, choose
from runflow_mock.domain.places import ADMISSION_EDGE
from runflow_mock.domain.runs import Run
from runflow_mock.domain.subjects import record_subject
from runflow_mock.engine.magic import with_magic
from runflow_mock.engine.moment import Moment
from runflow_mock.engine.slots import has_free_slot


def decide_creation(moment: Moment, created: Run | Batch, magic: str | None) -> Decision:
    """Returns what happens to a run or batch that is about to be created, by the rules or by the magic value that it spells.

    Only what tells somebody about its end can overtake its answer, and only what need not wait for a slot.
    """
    rules = moment.store.rules
    if not rules and magic is None:
        return NO_DECISION
    is_told = created.callback_url is not None or any(webhook.is_enabled for webhook in moment.store.webhooks.values())
    if not is_told or not has_free_slot(moment, created.model):
        return NO_DECISION
    subject = record_subject(created, ADMISSION_EDGE)
    decision = choose(rules.values(), AT_CREATION, subject, moment.now, moment.seed)
    return decision if magic is None or decision.what is not None else with_magic(moment, decision, magic, AT_CREATION, subject)


def ending_at_once(moment: Moment, run: Run, decision: Decision) -> Run:
    """Returns a run whose transitions take no time, if that was decided."""
    if type(decision.what) is not BeforeResponse:
        return run
    return replace(run, ends_at_once=True, due_at=None if run.due_at is None else moment.now)

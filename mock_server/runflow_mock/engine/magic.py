"""Magic inputs at work: what the values that a record spells do to it, where no rule did anything before."""

from collections.abc import Set

from runflow_mock.domain.batches import Batch
from runflow_mock.domain.faults import Decision
from runflow_mock.domain.magic import MagicMet, effect_of, spelled
from runflow_mock.domain.places import Subject
from runflow_mock.domain.runs import Run
from runflow_mock.engine.moment import Moment


def magic_of(moment: Moment, record: Run | Batch) -> str | None:
    """Returns the value that decides about a run or batch, if one does; nothing where magic is off."""
    if isinstance(record, Run):
        return record.magic
    return spelled(None, record.metadata, None) if moment.knows_magic else None


def with_magic(moment: Moment, decision: Decision, name: str, kinds: Set[type], subject: Subject) -> Decision:
    """Returns a decision in which no rule had an effect, with what the value does to the run or batch in their place."""
    what = effect_of(name, kinds, subject)
    if what is None:
        return decision
    return Decision((*decision.met, MagicMet(subject.run_id or subject.batch_id or "", moment.now, name)), what)

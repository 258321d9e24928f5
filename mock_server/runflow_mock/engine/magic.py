"""Magic inputs at work: what the values that a record spells do to it, where no rule did anything before."""

from collections.abc import Set

from runflow_mock.domain.batches import Batch
from runflow_mock.domain.faults import Decision
from runflow_mock.domain.magic import MagicMet, effect_of, spelled
from runflow_mock.domain.places import Subject
from runflow_mock.domain.runs import Run
from runflow_mock.engine.moment import Moment


def magic_of(moment: Moment, record: Run | Batch) -> str | None:
    """Returns the value that a run or batch spells, or that its batch spells for an item; nothing where magic is off."""
    if not moment.settings.knows_magic:
        return None
    if isinstance(record, Batch):
        return spelled(None, record.metadata, None)
    own = spelled(record.client_ref, record.metadata, record.input)
    if own is not None or record.batch_id is None:
        return own
    return spelled(None, moment.store.batches[record.batch_id].metadata, None)


def with_magic(moment: Moment, decision: Decision, name: str, kinds: Set[type], subject: Subject) -> Decision:
    """Returns a decision in which no rule had an effect, with what the value does to the run or batch in their place."""
    what = effect_of(name, kinds, subject)
    if what is None:
        return decision
    return Decision((*decision.met, MagicMet(subject.run_id or subject.batch_id or "", moment.now, name)), what)

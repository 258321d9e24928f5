"""What happens to the ledger besides the holds and charges that follow from runs."""

from runflow_mock.domain.commands import AddCredit, SetThreshold
from runflow_mock.domain.errors import Outdated
from runflow_mock.domain.events import Event
from runflow_mock.domain.ledger import CreditAdded, ThresholdSet
from runflow_mock.engine.moment import Moment


def add_credit(moment: Moment, command: AddCredit) -> tuple[Event, ...]:
    """Raises or lowers the balance from outside."""
    return (CreditAdded(moment.now, command.amount),)


def set_threshold(moment: Moment, command: SetThreshold) -> tuple[Event, ...]:
    """Keeps the threshold of the low-balance warning, unless the record has changed since the caller read it."""
    if command.updated_at is not None and command.updated_at != moment.store.ledger.updated_at:
        raise Outdated("balance")
    return (ThresholdSet(moment.now, command.threshold),)

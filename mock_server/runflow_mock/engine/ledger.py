"""What happens to the ledger besides the holds and charges that follow from runs."""

from runflow_mock.domain.commands import AddCredit, SetThreshold
from runflow_mock.domain.errors import LimitReached
from runflow_mock.domain.events import Event
from runflow_mock.domain.ledger import CreditAdded, ThresholdSet
from runflow_mock.domain.money import BALANCE_MAX
from runflow_mock.engine.moment import Moment


def add_credit(moment: Moment, command: AddCredit) -> tuple[Event, ...]:
    """Raises or lowers the balance from outside."""
    if abs(moment.store.ledger.balance + command.amount) > BALANCE_MAX:
        raise LimitReached("balance_micros_max", BALANCE_MAX)
    return (CreditAdded(moment.now, command.amount),)


def set_threshold(moment: Moment, command: SetThreshold) -> tuple[Event, ...]:
    """Keeps the threshold of the low-balance warning, unless the record has changed since the caller read it."""
    moment.check_unchanged("balance", moment.store.ledger.updated_at, command.updated_at)
    return (ThresholdSet(moment.now, command.threshold),)

"""What happens to remembered answers."""

from runflow_mock.domain.commands import RememberAnswer
from runflow_mock.domain.events import Event
from runflow_mock.domain.idempotency import AnswerForgotten, AnswerRemembered
from runflow_mock.engine.moment import Moment


def remember_answer(moment: Moment, command: RememberAnswer) -> tuple[Event, ...]:
    """Keeps an answer; the oldest makes room when there are too many."""
    remembered = moment.store.remembered
    full = len(remembered) >= moment.settings.limits.remembered_max and command.remembered.place not in remembered
    forgotten: tuple[Event, ...] = (AnswerForgotten(next(iter(remembered))),) if full else ()
    return (*forgotten, AnswerRemembered(command.remembered))

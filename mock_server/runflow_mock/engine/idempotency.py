"""What happens to remembered answers."""

from runflow_mock.domain.commands import RememberAnswer
from runflow_mock.domain.events import Event
from runflow_mock.domain.idempotency import AnswerForgotten, AnswerRemembered
from runflow_mock.engine.moment import Moment


def remember_answer(moment: Moment, command: RememberAnswer) -> tuple[Event, ...]:
    """Keeps an answer; the oldest make room when there are too many, or too many bytes of them. The new one is kept in any case."""
    remembered, limits, place = moment.store.remembered, moment.settings.limits, command.remembered.place
    known = remembered.get(place)
    answers = len(remembered) + (known is None)
    size = moment.store.remembered_bytes + len(command.remembered.body) - (0 if known is None else len(known.body))
    forgotten: list[Event] = []
    for oldest in remembered.values():
        if answers <= limits.remembered_max and size <= limits.remembered_bytes_max:
            break
        if oldest.place != place:
            forgotten.append(AnswerForgotten(oldest.place))
            answers, size = answers - 1, size - len(oldest.body)
    return (*forgotten, AnswerRemembered(command.remembered))

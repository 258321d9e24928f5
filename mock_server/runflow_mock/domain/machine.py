"""State machines as literal tables: state → event class → state.

Every state is a key; a terminal state maps to nothing, so that the negative space can be read as well.
"""

from collections.abc import Mapping
from typing import TypeVar

StateT = TypeVar("StateT", bound=str)
Table = Mapping[StateT, Mapping[type, StateT]]


class IllegalTransition(AssertionError):
    """A bug of ours: an event reached a state that has no arrow for it."""

    def __init__(self, machine: str, state: str, event: type) -> None:
        super().__init__(f"{machine}: {event.__name__} is not possible in state {state!r}")
        self.machine = machine
        self.state = state
        self.event = event


def step(table: Table[StateT], state: StateT, event: type, *, machine: str) -> StateT:
    """Returns the state that follows.

    Raises:
        IllegalTransition: the table has no arrow for this event.
    """
    following = table[state].get(event)
    if following is None:
        raise IllegalTransition(machine, state, event)
    return following


def is_terminal(table: Table[StateT], state: StateT) -> bool:
    """Tells whether nothing leads out of the state."""
    return not table[state]

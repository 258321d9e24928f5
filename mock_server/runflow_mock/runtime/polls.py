"""Polls under `auto`: each brings time on until what is polled has changed, which may take more than one step of the event loop.

They stand in no history: with a tenant that is let go, or taken back to what was written of it, what they have still to bring about goes
too, and the client's next poll brings it.
"""

from runflow_mock.engine.polls import counts_poll
from runflow_mock.engine.store import Store


class Poll:
    """What one poll has still to bring about: the next change of a resource, or the next timer where none is named.

    It begins at the status of the moment in which it was made, which is what a client was told: the change that others have brought about
    since is the one that it waits for. A wait `is_client` no more than the server itself is: rules do not count its polls.
    """

    __slots__ = ("_fired", "_is_new", "_told", "is_client", "resource_id")

    def __init__(self, store: Store, resource_id: str | None, *, is_client: bool = True) -> None:
        self.resource_id = resource_id
        self.is_client = is_client
        self._told = store.status_of(resource_id)
        self._fired = 0
        self._is_new = True

    def begins(self) -> bool:
        """Tells whether nothing was done for it yet, once."""
        is_new, self._is_new = self._is_new, False
        return is_new

    def counted(self, store: Store) -> str | None:
        """Returns the id under which a rule wants the poll of a client counted, if one does."""
        is_asked = self.is_client and self.resource_id is not None and (store.rules or store.polls_awaited_by)
        return self.resource_id if is_asked and self.resource_id is not None and counts_poll(store, self.resource_id) else None

    def wants_more(self, store: Store, steps_max: int) -> bool:
        """Tells whether another timer is to be fired for it, and counts that."""
        if self._fired >= (steps_max if self.resource_id is not None else 1) or store.status_of(self.resource_id) != self._told:
            return False
        self._fired += 1
        return True

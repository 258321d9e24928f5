"""Polls under `auto`: each brings time on until what is polled has changed, which may take more than one step of the event loop."""

from runflow_mock.engine.store import Store


class Poll:
    """What one poll has still to bring about: the next change of a resource, or the next timer where none is named."""

    __slots__ = ("_began_at", "_steps_left", "resource_id")

    def __init__(self, resource_id: str | None, steps_max: int) -> None:
        self.resource_id = resource_id
        self._began_at: tuple[str | None] | None = None
        self._steps_left = steps_max

    def wants_more(self, store: Store) -> bool:
        """Tells whether another timer is to be fired for it, and counts that."""
        status = store.status_of(self.resource_id)
        if self._began_at is None:
            # Others that came before it may have changed the resource: it waits for the change after theirs.
            self._began_at = (status,)
        if self._began_at != (status,) or not self._steps_left:
            return False
        self._steps_left -= 1
        return True

"""Turns of the event loop: how often somebody else is let in while a request is answered, and how much is looked through in between."""

import asyncio

from doors import Door

from runflow_mock.domain.scrubbing import Scrubber


class Watched(Scrubber):
    """Notes how much is looked through at once."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        super().__init__()

    def scrub(self, data: bytes) -> bytes:
        """Looks through some bytes."""
        self.seen.append(len(data))
        return super().scrub(data)


def turns_while(door: Door, method: str, path: str, *, content: bytes = b"", status: int = 200, key: str = "") -> int:
    """Returns how often somebody else had a turn while a request was answered; no figure where a thread works meanwhile."""
    # The first verb of all is imported in a thread.
    door.get("/_mock/health")

    async def count() -> int:
        asking = asyncio.ensure_future(door.fetch(path, method, content, key))
        turns = 0
        while not asking.done():
            turns += 1
            await asyncio.sleep(0)
        assert (await asking).status_code == status
        return turns

    return door.run(count())

"""Turns of long answers: how many are made at once, since each may take many times the bytes of what it tells.

Whoever waits for a turn has begun nothing, and holds nothing but its request. Turns come in the order of the requests; of the places one
tenant has only a share, so that whoever reads much holds up nobody else.
"""

import asyncio

from runflow_mock.runtime.bounds import Bounds


class Turn:
    """The turn of one request, from `begin` to `end`."""

    def __init__(self, turns: "AnswerTurns") -> None:
        self.whose = ""
        self.coming: asyncio.Future[None] | None = None
        self._turns = turns

    def begin(self, whose: str) -> bool:
        """Lines up as a request of a tenant, and tells whether its turn has come at once."""
        self.whose = whose
        self.coming = asyncio.get_running_loop().create_future()
        self._turns.line_up(self)
        return self.coming.done()

    async def until_come(self) -> None:
        """Returns when the turn has come."""
        assert self.coming is not None
        await self.coming

    def end(self) -> None:
        """Gives the place to the next one; whoever was still waiting waits no more, and who never wanted a turn had none."""
        if self.coming is not None:
            self._turns.leave(self)
            self.coming = None


class AnswerTurns:
    """Gives out the places."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._waiting: dict[Turn, None] = {}
        self._under_way: set[Turn] = set()

    def line_up(self, turn: Turn) -> None:
        """Takes a place at once where there is one, or waits for it."""
        self._waiting[turn] = None
        self._begin_next()
        if turn in self._waiting:
            whole, share = self._bounds.long_answers, self._bounds.long_answers_of(turn.whose)
            (whole if whole.used >= whole.maximum else share).meet()

    def leave(self, turn: Turn) -> None:
        """Ends a turn, or the waiting for it."""
        self._waiting.pop(turn, None)
        if turn in self._under_way:
            self._under_way.remove(turn)
            self._bounds.long_answers.give()
            self._bounds.long_answers_of(turn.whose).give()
            self._begin_next()

    def _begin_next(self) -> None:
        whole = self._bounds.long_answers
        for turn in tuple(self._waiting):
            if whole.used >= whole.maximum:
                return
            share = self._bounds.long_answers_of(turn.whose)
            if share.used < share.maximum:
                share.take()
                whole.take()
                del self._waiting[turn]
                self._under_way.add(turn)
                assert turn.coming is not None
                if not turn.coming.done():
                    turn.coming.set_result(None)

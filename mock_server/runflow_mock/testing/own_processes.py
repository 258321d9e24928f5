"""The process in which a fake runs: one that was forked from it has the fake's memory, and no thread that would answer."""

import os


class OwnProcess:
    """The process in which this was made."""

    def __init__(self) -> None:
        self._id = os.getpid()

    def is_here(self) -> bool:
        """Tells whether the caller is in it."""
        return os.getpid() == self._id

    def check(self) -> None:
        """Accepts callers within it.

        Raises:
            RuntimeError: this process was forked from the one in which the fake runs.
        """
        if not self.is_here():
            raise RuntimeError(
                "runflow-mock: the fake runs in the process from which this one was forked, and no thread goes along with a fork; a client "
                "there asks runflow.base_url of the fixture runflow, over loopback; verbs are for the process of the test, or for a server "
                "of its own, with --runflow-url"
            )

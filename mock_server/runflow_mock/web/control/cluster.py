"""What workers tell each other, for the verbs that answer for all of them."""

from runflow_mock.runtime.runtime import Runtime


async def answer_peer(runtime: Runtime, question: str) -> bytes:
    """Returns what this worker has to say to another one."""
    return b"{}"

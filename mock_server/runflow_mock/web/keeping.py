"""Answers that wait until what led to them is written down, where the tenant is kept."""

from runflow_mock.runtime.keepers import KeepError, Keeping, OnWritten
from runflow_mock.web.authentication import not_kept
from runflow_mock.web.calls import Answer, Call, refusal
from runflow_mock.wire.error_forms import ErrorForm

# Whatever the answer to any other request is, counters and clocks have moved.
_READINGS = ("GET", "HEAD")


async def until_written(call: Call) -> None:
    """Returns once everything is written that the tenant of a call has gone through.

    Raises:
        KeepError: it cannot be written, and was taken back.
    """
    kept = _kept(call)
    if kept is not None:
        await kept.written()


async def written_first(call: Call, given: Answer, form: ErrorForm = ErrorForm.JSON) -> Answer:
    """Returns an answer once it may leave, or the 507 in its place."""
    kept = _kept(call)
    if kept is not None:
        try:
            await kept.written()
        except KeepError as error:
            return refusal(not_kept(error), form)
    return given


def once_written(call: Call, go_on: OnWritten) -> bool:
    """Has somebody called when all is written that the tenant of a call has gone through; returns False where that can take longer."""
    kept = None if call.tenant is None else call.tenant.kept
    return kept is not None and kept.call_once_written(go_on, is_touched=call.method not in _READINGS)


def _kept(call: Call) -> Keeping | None:
    """Returns what is still to be written of the tenant of a call."""
    kept = None if call.tenant is None else call.tenant.kept
    if kept is not None and call.method not in _READINGS:
        kept.touch()
    return kept

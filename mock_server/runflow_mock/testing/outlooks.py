"""What a tenant's world has to say to somebody who waits for its callbacks."""

import re
from collections.abc import Mapping

from runflow_mock.testing.control import Control
from runflow_mock.testing.diagnosis import Finding, diagnose

LISTED_MAX = 5
# What the ways out of `doctor` are in a test.
_VERBS: Mapping[str, str] = {
    r"POST /_mock/clock/run-until-idle": "runflow.clock.run_until_idle()",
    r"POST /_mock/clock/resume": "runflow.clock.resume()",
    r"POST /_mock/deliveries/pull, and tell": "carry what runflow.deliveries.pull() returns, and tell by answer()",
    r"DELETE /_mock/faults/(\S+)": r'runflow.faults.remove("\1")',
    r"GET /_mock/faults\b(?!/)": "runflow.faults",
    r"POST /v1/callback-secrets, or serve --callback-secret": "read runflow.callback_secret before the run is created",
}
_ONCE = (
    "A run or a batch is told once, when it has ended, and again where the receiver did not answer 2xx, a rule doubles it, or somebody "
    "asks for it at callback-redeliveries: create another one with callback_url, or let the first answer fail with "
    "runflow_receiver.reply_with(500)"
)


class TenantOutlook:
    """Looks at the clock, the callbacks and the requests of one tenant; nothing moves by that."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def signs_of_life(self) -> object | None:
        """Returns nothing where something is due by itself or under way, and otherwise how many requests there were."""
        clock = self._control.clock()
        comes_by_itself = clock.rate and clock.next_due is not None
        is_busy = clock.in_flight or clock.is_moving or clock.requests.under_way
        return None if comes_by_itself or is_busy else clock.requests.total

    def reason(self) -> str:
        """Returns what `runflow-mock doctor` would say, with the verbs of a test as ways out."""
        return ". ".join(map(_told, _problems(self._control))) or self._all_delivered()

    def _all_delivered(self) -> str:
        """Returns which callbacks have come, and which of the records have none to send."""
        sent = [delivery for delivery in self._control.deliveries() if delivery.attempts]
        told = [f"of {_owner(delivery.run_id, delivery.batch_id)} (answered {delivery.attempts[-1].status_code})" for delivery in sent]
        silent = [
            f"{noun} {record['id']}"
            for noun, records in (("run", self._control.runs()), ("batch", self._control.batches()))
            for record in records
            if record["callback_url"] is None and record.get("batch_id") is None
        ]
        mute = f". {_counted(len(silent))} created without callback_url: {_listed(silent)}" if silent else ""
        return f"all that were due have been delivered: {_listed(told)}. {_ONCE}{mute}"


def missing_callbacks(control: Control) -> str:
    """Returns what `runflow-mock doctor` would say of callbacks that have not come, a line each, with the verbs of a test as ways out.

    A tenant whose client asked for none has none missing.
    """
    found = [_told(finding) for finding in _problems(control) if finding.about != "tenant"]
    more = [f"and {len(found) - LISTED_MAX} more"] if len(found) > LISTED_MAX else []
    return "\n".join([*found[:LISTED_MAX], *more])


def _problems(control: Control) -> list[Finding]:
    return [finding for finding in diagnose(control.client) if finding.is_problem]


def _told(finding: Finding) -> str:
    way_out = finding.way_out or ""
    for pattern, verb in _VERBS.items():
        way_out = re.sub(pattern, verb, way_out)
    return f"{finding.about}: {finding.says}" + (f"; {way_out}" if way_out else "")


def _owner(run_id: str | None, batch_id: str | None) -> str:
    return f"run {run_id}" if run_id else f"batch {batch_id}" if batch_id else "an evaluation"


def _counted(number: int) -> str:
    return "1 record was" if number == 1 else f"{number} records were"


def _listed(told: list[str]) -> str:
    more = len(told) - LISTED_MAX
    return ", ".join(told[:LISTED_MAX]) + (f" and {more} more" if more > 0 else "")

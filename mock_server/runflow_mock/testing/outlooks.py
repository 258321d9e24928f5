"""What a tenant's world has to say to somebody who waits for its callbacks."""

from runflow_mock.testing.control import Control
from runflow_mock.testing.diagnosis import diagnose


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
        """Returns what `runflow-mock doctor` would say."""
        found = [finding for finding in diagnose(self._control.client) if finding.is_problem]
        said = (f"{finding.about}: {finding.says}" + (f"; {finding.way_out}" if finding.way_out else "") for finding in found)
        return ". ".join(said) or "every callback of this tenant was delivered, and none is due"

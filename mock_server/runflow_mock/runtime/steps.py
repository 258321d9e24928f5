"""Steps of a timeline that leave the server: made when somebody reads them, without secrets, many at once, while others have their turn."""

from asyncio import sleep
from collections.abc import Iterable, Mapping
from itertools import chain, islice

from runflow_mock.domain.faults import FaultRule
from runflow_mock.domain.identity import RuleId
from runflow_mock.domain.scrubbing import Scrubber
from runflow_mock.engine.world import Outcome
from runflow_mock.wire.timeline import Step, represent_commits, scrubbed_steps

STEPS_AT_ONCE = 1_000


class Timeline:
    """What happens in a world from now on: kept as events, because not everybody who moves a clock reads what came of it."""

    def __init__(self, rules: Mapping[RuleId, FaultRule]) -> None:
        """Begins where these rules are in force."""
        self._rules = dict(rules)
        self._outcomes: list[Outcome] = []

    def add(self, outcome: Outcome) -> None:
        """Adds what a commit has led to."""
        self._outcomes.append(outcome)

    async def tell(self, scrubber: Scrubber) -> list[Step]:
        """Returns the steps without secrets."""
        commits = ((outcome.events, outcome.before) for outcome in self._outcomes)
        return await without_secrets(chain.from_iterable(represent_commits(commits, self._rules)), scrubber)


async def without_secrets(steps: Iterable[Step], scrubber: Scrubber) -> list[Step]:
    """Returns steps without secrets; to look through each by itself would cost as much as what led to it."""
    told, coming = list[Step](), iter(steps)
    while some := list(islice(coming, STEPS_AT_ONCE)):
        if told:
            await sleep(0)
        told += scrubbed_steps(some, scrubber)
    return told

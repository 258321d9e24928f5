"""State machines: sequences that hypothesis makes up, against a model that is stated independently of any server.

The arrows come from the contract's `state_machines.json` (the laws hold every answer against them); the model here knows what was
created, how each run must end, and what that costs. Time is moved where the target has a clock, and waited for elsewhere.
"""

from decimal import Decimal
from typing import Any

import msgspec

from runflow_mock.kit.suite.balances import balance, is_rounded
from runflow_mock.kit.suite.flows import CRASHED, ODD, STOPPED_BY_DEPTH
from runflow_mock.kit.suite.flows_of_runs import CANCELLED, TERMINAL, ended
from runflow_mock.kit.suite.generating import MISSING, Effort
from runflow_mock.kit.suite.laws import Watch
from runflow_mock.kit.suite.readings import Unexpected, expect
from runflow_mock.kit.suite.suite_tenants import FAIL, SuiteTenant, Target, TargetError
from runflow_mock.kit.suite.tallies import Breach, Tally
from runflow_mock.openapi.contracts import Contract
from runflow_mock.testing.client import ClientError

CHECK = "state_machine"
UNSTEADY = "the same steps were answered otherwise the second time"
STEPS = 20
ITEMS_MAX = 3
# Where nobody moves a clock the suite waits for every run in real time.
EXAMPLES_WITHOUT_CLOCK = 1
STEPS_WITHOUT_CLOCK = 6


class Broken(AssertionError):
    """What the server did is not what the model says."""


class Model(msgspec.Struct):
    """What was asked of the server in one tenant: how each run must end, the items of each batch, and the balance at the start.

    `stopped_at_work` are the runs that were cancelled after a provider may have had them.
    """

    start: Decimal
    runs: dict[str, str] = {}
    batches: dict[str, list[str]] = {}
    stopped_at_work: set[str] = set()


class Play:
    """One sequence in one tenant; every step speaks to the server and to the model."""

    def __init__(self, target: Target, contract: Contract, tally: Tally) -> None:
        self.tenant: SuiteTenant = target.open()
        self._tally = tally
        self._told = tally.broken.total()
        watch = Watch(contract, tally, is_strict=self.tenant.is_strict)
        self.tenant.eyes.append(watch.see)
        self.tenant.ears.append(watch.hear)
        self.model = Model(start=self._balance())

    def create_run(self, *, fails: bool) -> None:
        """Creates a run that will succeed or fail."""
        offer = self.tenant.offer
        run = expect(self.tenant.post(offer.runs, {"input": offer.input, "client_ref": FAIL if fails else "fine"}), 201)
        self.model.runs[run["id"]] = "failed" if fails else "succeeded"

    def create_batch(self, fails: list[bool]) -> None:
        """Creates a batch whose items will succeed or fail."""
        offer = self.tenant.offer
        items: list[Any] = [{"input": offer.input, "client_ref": FAIL if each else "fine"} for each in fails]
        batch = expect(self.tenant.post(offer.batches, {"items": items}), 201)
        self.model.batches[batch["id"]] = ["failed" if each else "succeeded" for each in fails]

    def move_on(self) -> None:
        """Lets the next thing happen."""
        if self.tenant.has_control:
            self.tenant.control.next()

    def cancel(self, number: int) -> None:
        """Stops a run; one that has ended stays as it ended."""
        run_id = list(self.model.runs)[number % len(self.model.runs)]
        before = expect(self.tenant.get(f"/v1/runs/{run_id}"), 200)["status_code"]
        answer = self.tenant.post(f"/v1/admin/runs/{run_id}/cancellation", {}, key=self.tenant.admin_key)
        _must(answer.status == (200 if before in TERMINAL else 201), f"a {before} run is cancelled with {answer.status}")
        if before not in TERMINAL:
            self.model.runs[run_id] = "cancelled"
            self.model.stopped_at_work |= {run_id} if before != "queued" else set()

    def read(self) -> None:
        """Reads everything; the laws look at what comes."""
        ids = {item["id"] for item in expect(self.tenant.get("/v1/runs?limit=500"), 200)["items"]}
        _must(self.model.runs.keys() <= ids, "a run that was created is not in the list")
        for batch_id in self.model.batches:
            expect(self.tenant.get(f"/v1/batches/{batch_id}"), 200)

    def hold(self) -> None:
        """Raises when a law was broken on the way."""
        _must(self._tally.broken.total() == self._told, self._tally.breaches[-1].says if self._tally.breaches else "")

    def end(self) -> None:
        """Lets everything end, and holds it against the model."""
        spent = Decimal(0)
        for run_id, wanted in self.model.runs.items():
            run = ended(self.tenant, f"/v1/runs/{run_id}")
            state = "cancelled" if run["status_code"] in CANCELLED else run["status_code"]
            _must(state == wanted, f"a run that must have {wanted} is {state}")
            cost = run.amount("cost", nothing=Decimal(0))
            # Whether a run that a provider had already is charged is a switch; one that was still queued never is.
            _must(not cost or wanted == "succeeded" or run_id in self.model.stopped_at_work, f"a {wanted} run costs {cost}")
            spent += cost
        for batch_id, wanted_items in self.model.batches.items():
            batch = ended(self.tenant, f"/v1/batches/{batch_id}")
            counts = (batch["items_succeeded"], batch["items_failed"])
            wanted_counts = (wanted_items.count("succeeded"), wanted_items.count("failed"))
            _must(counts == wanted_counts, f"{wanted_counts} items must have succeeded and failed, and {counts} have")
            spent += batch.amount("cost")
        left = self._balance()
        _must(is_rounded(self.model.start - left, spent), f"{self.model.start} less {spent} is not {left}")
        if self.tenant.has_control:
            broken = [rule.name for rule in self.tenant.control.ledger().invariants if not rule.held]
            _must(not broken, f"the ledger breaks {broken}")
        self.hold()

    def close(self) -> None:
        """Drops the tenant."""
        self.tenant.close()

    def _balance(self) -> Decimal:
        return balance(self.tenant)


def run_machines(target: Target, contract: Contract, effort: Effort) -> Tally:
    """Returns what came of sequences of steps.

    Raises:
        TargetError: hypothesis is not installed.
    """
    tally = Tally()
    if not target.may_create:
        tally.notes.append(f"{CHECK} was not exercised: it needs --allow-spend")
        return tally
    try:
        from hypothesis import HealthCheck, Phase, settings
        from hypothesis.errors import Flaky
        from hypothesis.stateful import run_state_machine_as_test
    except ImportError:
        raise TargetError(MISSING) from None
    steps = STEPS if target.has_control else STEPS_WITHOUT_CLOCK
    examples = effort.sequences * effort.rounds if target.has_control else EXAMPLES_WITHOUT_CLOCK
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=not effort.is_random,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    tally.checks[CHECK] += examples
    try:
        run_state_machine_as_test(_machine(target, contract, tally), settings=chosen)
    except (Broken, Unexpected, ClientError) as error:
        tally.broke(Breach(CHECK, "sequence", str(error)))
    except Flaky as error:
        first = "; ".join(str(each) for each in getattr(error, "exceptions", ()))
        tally.broke(Breach(CHECK, "sequence", f"{UNSTEADY}{f'; the first time: {first}' if first else ''}"))
    except RecursionError:
        tally.broke(Breach(CHECK, "sequence", STOPPED_BY_DEPTH))
    except ODD as error:
        tally.broke(Breach(CHECK, "sequence", f"{CRASHED} ({type(error).__name__}: {error})"))
    return tally


def _machine(target: Target, contract: Contract, tally: Tally) -> Any:
    """The class that hypothesis drives; it is made here because hypothesis is an extra."""
    from hypothesis import strategies as st
    from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

    class Machine(RuleBasedStateMachine):
        """Runs and batches of one tenant."""

        play: Play

        @initialize()
        def open(self) -> None:
            self.play = Play(target, contract, tally)

        @rule(fails=st.booleans() if target.has_control else st.just(False))  # noqa: FBT003 - the value of a strategy
        def create_run(self, *, fails: bool) -> None:
            self.play.create_run(fails=fails)

        @rule(fails=st.lists(st.booleans() if target.has_control else st.just(False), min_size=1, max_size=ITEMS_MAX))  # noqa: FBT003
        def create_batch(self, fails: list[bool]) -> None:
            self.play.create_batch(fails)

        @rule()
        def move_on(self) -> None:
            self.play.move_on()

        @rule()
        def read(self) -> None:
            self.play.read()

        @precondition(lambda self: target.has_control and bool(self.play.model.runs))
        @rule(number=st.integers(0, 99))
        def cancel(self, number: int) -> None:
            self.play.cancel(number)

        @invariant()
        def hold(self) -> None:
            self.play.hold()

        def teardown(self) -> None:
            if hasattr(self, "play"):
                try:
                    self.play.end()
                finally:
                    self.play.close()

    return Machine


def _must(holds: object, says: str) -> None:
    if not holds:
        raise Broken(says)

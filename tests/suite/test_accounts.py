"""Without the control API the suite plays on the account of a key: it reads only, or spends what it was allowed to."""

from collections.abc import Iterator, Mapping

import pytest

from runflow_mock.domain.tenants import ClockMode
from runflow_mock.kit.suite.carriers import Answer, AppCarrier
from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import Needs, play_all
from runflow_mock.kit.suite.generating import Effort
from runflow_mock.kit.suite.requests import NOUNS, noun_of
from runflow_mock.kit.suite.runner import generated, parts, plan
from runflow_mock.kit.suite.suite_tenants import Pace, Target, TargetError
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.foreign_documents import load_document
from runflow_mock.testing.in_process import InProcess

AT_ONCE = Pace(1e9, 0.0)
KEY = "rf_live_mock_account"
FEW = Effort(examples=1, sequences=1)


class Closed(AppCarrier):
    """A fake whose control API nobody sees; it remembers how it was asked."""

    def __init__(self, app: InProcess) -> None:
        super().__init__(app)
        self.asked: list[str] = []

    def carry(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        if target.startswith("/_mock"):
            return Answer(method, target, 404, {}, b"")
        self.asked.append(method)
        return super().carry(method, target, headers, body)


@pytest.fixture
def carrier() -> Iterator[Closed]:
    app = InProcess(Config(clock=ClockMode.AUTO, speed=1.0), callbacks_open=False)
    yield Closed(app)
    app.stop()


@pytest.mark.slow(is_covering=True)
def test_everything_that_may_be_played_fits_into_ten_dollars_twice_the_same(carrier: Closed) -> None:
    target = Target(carrier, KEY, spend_usd=10, pace=AT_ONCE)
    tally = play_all(FLOWS, target, packaged_contract())
    assert (tally.breaches, tally.errors) == ([], [])
    assert all("control API" in note for note in tally.notes)
    balance = target.open().get("/v1/billing/balance").json["balance"]
    assert 0 < float(balance) < 10


@pytest.mark.slow
def test_without_leave_only_reads_are_sent(carrier: Closed) -> None:
    target = Target(carrier, KEY, pace=AT_ONCE)
    play_all((flow for flow in FLOWS if flow.id in ("catalog_is_complete", "organization_is_closed")), target, packaged_contract())
    generated(target, load_document(None), FEW, ("examples",), operations=("GET /v1/runs", "POST /v1/models/{model_id}/runs"))
    assert set(carrier.asked) == {"GET"}


def test_plan_beyond_what_was_allowed_is_refused(carrier: Closed) -> None:
    with pytest.raises(TargetError, match="raise --allow-spend"):
        list(plan(Target(carrier, KEY, spend_usd=1)))
    assert "about" in next(plan(Target(carrier, KEY, spend_usd=10)))


@pytest.mark.slow(is_covering=True)
def test_generated_requests_are_never_paid_for(carrier: Closed) -> None:
    names = [part.name for part in parts(Target(carrier, KEY, spend_usd=10), load_document(None), FEW)]
    assert names == ["flows", "state machines"]


def test_key_is_needed(carrier: Closed) -> None:
    with pytest.raises(TargetError, match="--api-key"):
        Target(carrier, None).open()


def test_flows_that_only_read_create_no_runs() -> None:
    assert [flow.id for flow in FLOWS if flow.needs is Needs.READING and flow.runs] == []


def test_nouns_of_the_flows_are_those_of_the_contract() -> None:
    assert set(NOUNS) == {noun_of(path) for path in packaged_contract().paths}

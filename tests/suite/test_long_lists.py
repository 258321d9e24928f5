"""Lists that are longer than what is read of them are held to what was read."""

import json
from collections.abc import Iterator, Mapping

import pytest

from runflow_mock.domain.money import parse_money
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.kit.suite.carriers import Answer, AppCarrier
from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import play_all
from runflow_mock.kit.suite.lists import PAGES_MAX
from runflow_mock.kit.suite.suite_tenants import Pace, Target
from runflow_mock.kit.suite.tallies import Tally
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.runtime.config import Config
from runflow_mock.testing.in_process import InProcess

KEY = "rf_live_mock_account"
AT_ONCE = Pace(1e9, 0.0)
# As many as do not fit on the pages that are read, whichever their size.
MANY = PAGES_MAX * 20 + 10
RUNS = PAGES_MAX * 2 + 10
MODEL = {
    "category": "editing",
    "input": {"type": "object", "required": ["image_url"], "properties": {"image_url": {"type": "string", "x-variable-type": "image"}}},
    "price": {"unit": "request", "amount": "0.05"},
    "output": {"media_type": "image/png", "file": "cut"},
    "run_seconds": [1, 2],
}
PLAYED = frozenset(
    (
        *("models_agree", "model_creators_agree", "public_models_agree", "catalog_is_complete"),
        *("flows_agree", "list_is_complete"),
    )
)


class Closed(AppCarrier):
    """A fake whose control API nobody sees, and whose pages may be told otherwise."""

    def carry(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        if target.startswith("/_mock"):
            return Answer(method, target, 404, {}, b"")
        return self.told(super().carry(method, target, headers, body))

    def told(self, answer: Answer) -> Answer:
        """Returns what this server says instead."""
        return answer


class Forgetful(Closed):
    """Leaves out the first record of every page after the first."""

    def told(self, answer: Answer) -> Answer:
        body = answer.json
        if "pq" not in answer.query or answer.status != 200 or not body["items"]:
            return answer
        return answer.with_body(json.dumps({**body, "items": body["items"][1:]}).encode())


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    file = tmp_path_factory.mktemp("catalog") / "own.json"
    file.write_text(json.dumps([{**MODEL, "id": f"maker-{number}/cutter", "name": f"Cutter {number}"} for number in range(MANY)]))
    app = InProcess(Config(clock=ClockMode.AUTO, speed=1.0, catalog=(file,), balance=parse_money("1000")), callbacks_open=False)
    yield app
    app.stop()


def played(carrier: AppCarrier, flows: frozenset[str]) -> Tally:
    target = Target(carrier, KEY, spend_usd=10, pace=AT_ONCE)
    return play_all([flow for flow in FLOWS if flow.id in flows], target, packaged_contract())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_server_with_more_records_than_are_read_is_not_accused(app: InProcess) -> None:
    carrier = Closed(app)
    tenant = Target(carrier, KEY, spend_usd=10, pace=AT_ONCE).open()
    for _ in range(RUNS):
        assert tenant.post(tenant.offer.runs, {"input": tenant.offer.input}).status == 201
    tally = played(carrier, PLAYED)
    assert ({(each.check, each.says[:150]) for each in tally.breaches}, tally.errors) == (set(), [])
    assert {each.split(maxsplit=1)[0] for each in tally.operations} >= {"list_models", "list_model_creators", "list_runs"}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_server_that_loses_records_of_a_long_list_is_told(app: InProcess) -> None:
    caught = frozenset(("models_agree", "catalog_is_complete"))
    assert {check for check, _ in played(Forgetful(app), caught).broken} >= caught

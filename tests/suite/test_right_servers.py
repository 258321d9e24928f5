"""Servers that do otherwise than the fake what the contract leaves open are accused of nothing."""

import pytest
from mutants import Bug, Mutant
from right_habits import HABITS, TELLS_CENTS
from right_orders import BUILT_OTHERWISE
from right_pages import PAGED_OTHERWISE
from right_servers import RIGHT
from right_words import SAID_OTHERWISE

from runflow_mock.kit.suite.carriers import AppCarrier
from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import play_all
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.kit.suite.tallies import Tally
from runflow_mock.openapi.contracts import Contract, packaged_contract
from runflow_mock.openapi.promises import documented_contract
from runflow_mock.testing.in_process import InProcess

# Flows that meet every law: reading and writing, pages, callbacks, files, repeats, refusals, methods and quotas.
PLAYED = frozenset(
    (
        *("key_is_needed", "list_is_complete", "run_lives", "batch_lives", "repeat_is_replayed", "callback_is_signed", "file_is_there"),
        *("models_agree", "runs_agree", "batches_agree", "callback_secrets_agree", "webhooks_agree", "account_agree", "solutions_agree"),
        *("redelivery_is_told", "stale_change_is_refused", "page_stays", "upload_is_kept", "statuses_of_runs", "statuses_of_billing"),
        *("attempts_are_told", "cancellation_is_told", "batch_is_cancelled", "change_is_dated", "page_has_room", "comparison_finds"),
        *("current_secret_signs", "webhook_is_signed", "input_is_ones_own", "keys_are_told_apart", "filter_finds", "rules_of_runs"),
        *(
            "statuses_of_openapi_json",
            "deleted_is_gone",
            "file_expires",
            "assets_agree",
            "repeats_of_asset_uploads",
        ),
        "repeats_of_evaluations",
        *("repeats_of_batches", "record_is_ones_own", "poverty_is_told", "evaluations_agree", "reading_is_free", "part_is_below_its_own"),
        *("failure_is_tried_again", "webhook_is_tried_again", "redelivery_waits", "public_models_agree"),
    )
)
# Flows that look at what an account has.
PAYING = frozenset(
    (
        *("success_costs", "price_is_charged", "evaluation_is_paid", "failed_item_is_free", "failure_is_free", "run_is_cancelled"),
        *("batch_is_cancelled", "poverty_is_told", "statuses_of_evaluations"),
    )
)
SERVERS = {**RIGHT, **PAGED_OTHERWISE, **BUILT_OTHERWISE, **SAID_OTHERWISE}


def test_flows_that_are_played_are_there() -> None:
    assert {flow.id for flow in FLOWS} >= PLAYED | PAYING


def accusations(app: InProcess, bug: Bug, dialect: str, contract: Contract, played: frozenset[str] = PLAYED) -> Tally:
    target = Target(Mutant(AppCarrier(app), bug), None, dialect=dialect)
    return play_all([flow for flow in FLOWS if flow.id in played], target, contract)


def assert_not_accused(app: InProcess, bug: Bug, dialect: str, contract: Contract) -> None:
    tally = accusations(app, bug, dialect, contract)
    assert (tally.breaches, tally.errors) == ([], [])
    assert tally.cases > 100


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["seed", "docs"])
@pytest.mark.parametrize("cent", TELLS_CENTS)
def test_server_that_tells_balances_to_the_cent_is_not_accused(app: InProcess, cent: str, dialect: str) -> None:
    tally = accusations(app, TELLS_CENTS[cent], dialect, documented_contract(), PAYING)
    assert (tally.breaches, tally.errors) == ([], [])
    assert tally.cases > 50


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("dialect", ["seed", "docs"])
@pytest.mark.parametrize("name", SERVERS)
def test_server_that_is_right_in_its_own_way_is_not_accused(app: InProcess, name: str, dialect: str) -> None:
    assert_not_accused(app, SERVERS[name], dialect, packaged_contract())


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("dialect", ["seed", "docs"])
@pytest.mark.parametrize("name", HABITS)
def test_server_that_is_right_by_the_sources_alone_is_not_accused(app: InProcess, name: str, dialect: str) -> None:
    assert_not_accused(app, HABITS[name], dialect, documented_contract())

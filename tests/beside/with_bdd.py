"""pytest-bdd: a step takes the fixtures as a test does, and hands them on."""

from pathlib import Path

from pytest_bdd import given, scenarios, then, when
from stories import tell

FEATURE = """
Feature: Photos
  Scenario: A run is told
    Given a tenant
    When a run is made
    Then it is charged
"""
Path(__file__).with_name("photos.feature").write_text(FEATURE, encoding="utf-8")
scenarios("photos.feature")


@given("a tenant", target_fixture="shop")
def shop(runflow):
    return runflow


@when("a run is made")
def make(shop, runflow_receiver):
    tell(shop, runflow_receiver)


@then("it is charged")
def is_charged(shop):
    assert shop.ledger.charged == "0.270000"

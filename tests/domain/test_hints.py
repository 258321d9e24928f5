"""Hints: a name that is nearly one that there is leads to it."""

import pytest

from runflow_mock.domain.hints import did_you_mean, with_all


def test_name_that_is_nearly_right_leads_to_the_one_that_is_meant() -> None:
    assert did_you_mean("balnce", ("balance", "seed")) == "; did you mean balance?"


@pytest.mark.parametrize("name", ["qqq", "models", "keep", "rules"])
def test_name_that_is_like_none_leads_nowhere(name: str) -> None:
    assert did_you_mean(name, ("balance", "folders", "keys", "seed", "speed")) == ""


def test_name_in_other_letters_is_meant() -> None:
    assert did_you_mean("RUN.COMPLETED", ["batch.failed", "run.completed"]) == "; did you mean run.completed?"
    assert did_you_mean("get_Thing", ["getThing", "other"]) == "; did you mean getThing?"


def test_all_names_are_told_behind_the_one_that_is_meant() -> None:
    assert with_all("balnce", ("balance", "seed")) == "; did you mean balance? Choose one of balance, seed"
    assert with_all("qqq", ("balance", "seed"), "it takes") == "; it takes balance, seed"

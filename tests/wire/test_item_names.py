from functools import partial

from runflow_mock.domain.dialects import BUNDLES, dialect_of
from runflow_mock.wire import item_names as names

item_names = partial(names.item_names, dialect=BUNDLES["seed"])


def test_names_are_those_of_the_schema_that_the_items_refer_to() -> None:
    assert item_names("/v1/assets/types") == {"code", "label", "description", "is_terminal"}


def test_names_of_schemas_that_are_made_of_others_come_together() -> None:
    assert {"balance", "balance_usd"} <= item_names("/v1/credit-balances")


def test_model_paths_of_any_depth_lead_to_their_list() -> None:
    assert "prompt" not in item_names("/v1/models/google/nano-banana-pro/edit/examples")
    assert "title" in item_names("/v1/models/google/nano-banana-pro/edit/examples")


def test_what_is_no_list_has_no_names() -> None:
    assert item_names("/v1/auth/me") == item_names("/v1/nothing") == item_names("/v1/docs") == frozenset()


def test_field_that_only_a_switch_adds_is_named_where_the_dialect_has_it() -> None:
    assert "error" not in item_names("/v1/runs")
    assert names.item_names("/v1/runs", dialect_of("docs", {"run_error": "present"})) == item_names("/v1/runs") | {"error"}

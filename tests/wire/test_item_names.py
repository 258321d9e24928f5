from runflow_mock.wire.item_names import item_names


def test_names_are_those_of_the_schema_that_the_items_refer_to() -> None:
    assert item_names("/v1/assets/types") == {"code", "label", "description", "is_terminal"}


def test_names_of_schemas_that_are_made_of_others_come_together() -> None:
    assert {"balance", "balance_usd"} <= item_names("/v1/credit-balances")


def test_model_paths_of_any_depth_lead_to_their_list() -> None:
    assert "prompt" not in item_names("/v1/models/google/nano-banana-pro/edit/examples")
    assert "title" in item_names("/v1/models/google/nano-banana-pro/edit/examples")


def test_what_is_no_list_has_no_names() -> None:
    assert item_names("/v1/auth/me") == item_names("/v1/nothing") == item_names("/v1/docs") == frozenset()

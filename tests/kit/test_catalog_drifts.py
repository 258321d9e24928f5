"""What moved in a catalog: each kind planted singly, in the published form and in ours."""

from copy import deepcopy
from typing import Any

import pytest
from worlds import catalog

from runflow_mock.kit.drift.catalog_drifts import catalog_drifts
from runflow_mock.kit.drift.drifts import Drift, Grade, Side
from runflow_mock.kit.drift.offers import is_catalog, offer_of, read_offers
from runflow_mock.web.pages.agents import represent_catalog
from runflow_mock.wire.catalog import CatalogError
from runflow_mock.wire.sites import Sites

BREAKING, RISKY, ADDITIVE = Grade
SHOE: dict[str, Any] = {
    "id": "acme/shoe",
    "name": "Shoe",
    "aliases": ["acme/old-shoe"],
    "input": {"type": "object", "required": ["image_url"], "properties": {"image_url": {"type": "string"}, "size": {"enum": ["s", "l"]}}},
    "price": {"unit": "image", "amount": "0.04", "label": "$0.04/image"},
    "output": {"media_type": "image/png", "file": "result"},
    "run_seconds": [2, 6],
    "evidence": "documented",
}
HAT = {**SHOE, "id": "acme/hat", "aliases": [], "evidence": "inferred"}
SITES = Sites(*(f"https://{name}.example.com" for name in ("api", "www", "docs", "app", "public")))
LISTED = {"provider_slug": "acme", "model_slug": "shoe", "model_name": "Shoe", "price_label": "$0.04/image", "active": True}


def moved(before: Any, after: Any) -> list[Drift]:
    return list(catalog_drifts(read_offers(before, "old.json"), read_offers(after, "new.json")))


def shoe(**parts: Any) -> dict[str, Any]:
    return {"models": [{**SHOE, **parts}, HAT]}


def inputs(**parts: Any) -> dict[str, Any]:
    return shoe(input={**deepcopy(SHOE["input"]), **parts})


def priced(**parts: Any) -> dict[str, Any]:
    return shoe(price={**SHOE["price"], **parts})


@pytest.mark.parametrize(
    ("after", "change", "grade", "place"),
    [
        ({"models": [HAT]}, "model-removed", BREAKING, (Side.MODEL, "")),
        (shoe(active=False), "model-deactivated", BREAKING, (Side.MODEL, "")),
        (shoe(aliases=[]), "alias-removed", BREAKING, (Side.MODEL, "aliases")),
        (shoe(aliases=["acme/old-shoe", "acme/boot"]), "alias-added", ADDITIVE, (Side.MODEL, "aliases")),
        (shoe(batch=False), "batches-removed", BREAKING, (Side.MODEL, "batch")),
        (shoe(output={"media_type": "image/webp", "file": "result"}), "output-changed", BREAKING, (Side.MODEL, "output")),
        (shoe(run_seconds=[2, 60]), "slower", RISKY, (Side.MODEL, "run_seconds")),
        (shoe(run_seconds=[1, 6]), "faster", ADDITIVE, (Side.MODEL, "run_seconds")),
        (priced(amount="0.05"), "price-raised", RISKY, (Side.MODEL, "price")),
        (priced(amount="0.03"), "price-lowered", ADDITIVE, (Side.MODEL, "price")),
        (priced(unit="second"), "price-changed", RISKY, (Side.MODEL, "price")),
        (inputs(required=["image_url", "size"]), "field-required", BREAKING, (Side.REQUEST, "input.size")),
        (inputs(properties={"image_url": {"type": "string"}}), "field-removed", RISKY, (Side.REQUEST, "input.size")),
        (
            inputs(properties={"image_url": {"type": "string"}, "size": {"enum": ["s"]}}),
            "value-removed",
            BREAKING,
            (Side.REQUEST, "input.size"),
        ),
    ],
)
def test_what_moved_of_a_model_is_found_and_graded(after: Any, change: str, grade: Grade, place: tuple[Side, str]) -> None:
    (drift,) = moved(shoe(), after)
    assert (drift.subject, drift.change, drift.grade, (drift.side, drift.where)) == ("acme/shoe", change, grade, place)


@pytest.mark.parametrize(
    ("after", "change", "grade"),
    [
        ([], "", None),
        ([LISTED, {**LISTED, "model_slug": "boot"}], "model-added", ADDITIVE),
        ([{**LISTED, "active": False}], "model-deactivated", BREAKING),
        ([{**LISTED, "price_label": "$0.05/image"}], "price-raised", RISKY),
        ([{**LISTED, "price_label": "$0.01/image"}], "price-lowered", ADDITIVE),
        ([{**LISTED, "price_label": "$0.04/second"}], "price-changed", RISKY),
        ([{**LISTED, "model_name": "A shoe", "category": "Feet"}], "", None),
    ],
)
def test_published_form_is_compared_as_far_as_it_goes(after: Any, change: str, grade: Grade | None) -> None:
    for before in ([LISTED], {"models": [SHOE]}):
        found = moved(before, after or [LISTED])
        assert [(drift.change, drift.grade) for drift in found] == ([] if grade is None else [(change, grade)])


def test_model_that_ours_only_inferred_is_not_told_as_removed_without_saying_so() -> None:
    (drift,) = moved(shoe(), {"models": [SHOE]})
    assert (drift.evidence, drift.says) == ("inferred", "it is gone; our catalog has it only inferred")


def test_what_comes_and_goes_mirrors() -> None:
    (gone,), (come,) = moved(shoe(), {"models": [HAT]}), moved({"models": [HAT]}, shoe())
    assert (gone.change, gone.grade, come.change, come.grade) == ("model-removed", BREAKING, "model-added", ADDITIVE)


def test_catalog_as_it_is_served_has_not_moved_from_the_packaged_one() -> None:
    ours = {model.id: offer_of(model) for model in catalog().models}
    served: Any = represent_catalog(catalog(), SITES)
    assert list(catalog_drifts(ours, ours)) == list(catalog_drifts(ours, read_offers(served, "models-catalog.json"))) == []


def test_what_was_taken_away_comes_back() -> None:
    (active,), (batches,) = moved(shoe(active=False), shoe()), moved(shoe(batch=False), shoe())
    assert [(drift.change, drift.grade) for drift in (active, batches)] == [("model-activated", ADDITIVE), ("batches-added", ADDITIVE)]


def test_model_that_is_none_is_told_with_its_file() -> None:
    with pytest.raises(CatalogError, match=r"^new.json, model .*'shoe'.*: "):
        read_offers([{"id": "shoe"}], "new.json")


@pytest.mark.parametrize("value", [None, {}, [], {"models": []}, ["a"], {"openapi": "3.1.0"}])
def test_what_lists_no_models_is_no_catalog(value: Any) -> None:
    assert not is_catalog(value)

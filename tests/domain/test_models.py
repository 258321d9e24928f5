import pytest
from msgspec.structs import replace
from worlds import catalog

from runflow_mock.domain.errors import ModelNotFound
from runflow_mock.domain.identity import named_uuid
from runflow_mock.domain.models import Catalog

KONTEXT = catalog().get("black-forest-labs/flux-pro/kontext")
RETIRED = replace(KONTEXT, id="black-forest-labs/flux-2-max", aliases=("flux-2-max",), is_active=False)
SMALL = Catalog((KONTEXT, RETIRED))


def test_model_is_found_by_id_and_by_alias() -> None:
    assert SMALL.get(KONTEXT.id) is KONTEXT
    assert SMALL.get("flux-pro/kontext") is KONTEXT


@pytest.mark.parametrize("model_id", ["black-forest-labs/flux-pro/kontxt", "FLUX-PRO/KONTEXT", "another/kontext"])
def test_unknown_model_is_refused_with_the_nearest_id(model_id: str) -> None:
    nearest = KONTEXT.id if model_id != "FLUX-PRO/KONTEXT" else None
    with pytest.raises(ModelNotFound) as caught:
        SMALL.get(model_id)
    assert (caught.value.model_id, caught.value.nearest) == (model_id, nearest)


@pytest.mark.parametrize("model_id", [RETIRED.id, "flux-2-max"])
def test_inactive_model_is_refused_and_never_suggested(model_id: str) -> None:
    with pytest.raises(ModelNotFound) as caught:
        SMALL.get(model_id)
    assert caught.value.nearest in {None, KONTEXT.id}


def test_very_long_id_is_answered_at_once() -> None:
    with pytest.raises(ModelNotFound):
        catalog().get("a/" * 50_000 + "b")


def test_generic_model_answers_for_any_other_id() -> None:
    lenient = Catalog((KONTEXT,), generic=RETIRED)
    assert lenient.get(KONTEXT.id) is KONTEXT
    assert lenient.get("some/thing") == replace(RETIRED, id="some/thing", uuid=named_uuid("model", "some/thing"))


def test_catalog_lists_active_and_inactive_models_in_order() -> None:
    assert SMALL.models == (KONTEXT, RETIRED)
    assert len(SMALL) == 2


def test_exactly_50_of_55_models_are_active() -> None:
    assert len(catalog()) == 65
    assert sum(model.is_active for model in catalog().models) == 50


def test_inactive_models_are_those_decided() -> None:
    assert {model.id for model in catalog().models if not model.is_offered} == {
        "black-forest-labs/flux-2-max",
        "black-forest-labs/flux-2-flex",
        "black-forest-labs/flux-2-turbo",
        "photalabs/phota",
        "alibaba/qwen-image-2/pro/text-to-image",
    }


@pytest.mark.parametrize("alias", ["flux-pro/kontext", "elevenlabs/tts", "ideogram/v3"])
def test_short_ids_of_the_skill_page_are_served(alias: str) -> None:
    assert catalog().get(alias).is_active

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runflow_mock.domain.documents import Json, write_document
from runflow_mock.domain.fault_kinds import KIND_OF, KINDS, Fail, Family, Reset, Respond, SucceedPartially
from runflow_mock.domain.faults import AT_EDGES, IN_EXCHANGES
from runflow_mock.domain.magic import HOST, MAGIC, METADATA_KEY, REF_PREFIX, effect_of, magic_what, spelled
from runflow_mock.domain.places import ADMISSION_EDGE, CREATED_EDGE, DISPATCH_EDGE, FINISH_EDGES, Subject, edge_name, is_edge

FINISH = Subject(edges=FINISH_EDGES)
ADMISSION = Subject(edges=(ADMISSION_EDGE,))


def _url(name: str) -> bytes:
    return write_document({"image_url": f"https://{HOST}/{name}/shoe.png"})


def _metadata(value: Json) -> bytes:
    return write_document({"shop": 1, METADATA_KEY: value})


@pytest.mark.parametrize("name", MAGIC)
def test_value_is_spelled_in_three_places(name: str) -> None:
    assert spelled(f"{REF_PREFIX}{name}", None, None) == name
    assert spelled(None, _metadata(name), None) == name
    assert spelled(None, None, _url(name)) == name


def test_first_place_counts() -> None:
    assert spelled("mock:fail", _metadata("slow"), _url("nsfw")) == "fail"
    assert spelled("sku-1", _metadata("slow"), _url("nsfw")) == "slow"
    assert spelled("sku-1", write_document({"shop": 1}), _url("nsfw")) == "nsfw"


@pytest.mark.parametrize(
    ("client_ref", "metadata", "inputs"),
    [
        (None, None, None),
        ("sku-1", b"{}", b"{}"),
        ("fail", write_document({"runflow_mocks": "fail"}), write_document({"image_url": "https://cdn.example.com/fail/x.png"})),
        ("amock:fail", _metadata(None), write_document({"prompt": "runflow.test/fail"})),
        (None, write_document({"note": METADATA_KEY, "in": {METADATA_KEY: "fail"}}), write_document({"text": f"see {HOST}/fail"})),
    ],
)
def test_what_is_no_magic_spells_nothing(client_ref: str | None, metadata: bytes | None, inputs: bytes | None) -> None:
    assert spelled(client_ref, metadata, inputs) is None


@pytest.mark.slow(is_covering=True)
@given(st.text(), st.dictionaries(st.text(), st.text()), st.dictionaries(st.text(), st.text()))
def test_ordinary_requests_spell_nothing(client_ref: str, metadata: dict[str, Json], inputs: dict[str, Json]) -> None:
    # Hypothesis draws on words of the code as well, this key among them.
    ordinary = {name: value for name, value in metadata.items() if name != METADATA_KEY}
    assert spelled(f"-{client_ref}", write_document(ordinary), write_document(inputs)) is None


@pytest.mark.parametrize(("value", "name"), [(5, "5"), (True, "True"), ("", ""), ("fial", "fial")])
def test_unknown_value_is_told_as_it_is_and_does_nothing(value: Json, name: str) -> None:
    assert spelled(None, _metadata(value), None) == name
    assert effect_of(name, AT_EDGES, FINISH) is None


def test_effect_comes_at_its_own_edge_alone() -> None:
    there = Subject(edges=(DISPATCH_EDGE,), is_usual=False)
    assert effect_of("fail", AT_EDGES, FINISH) == Fail()
    assert effect_of("fail", AT_EDGES, there) is None
    assert effect_of("fail:dispatch", AT_EDGES, FINISH) is None
    assert isinstance(effect_of("fail:dispatch", AT_EDGES, there), Fail)


def test_answer_is_lost_only_once_the_run_exists() -> None:
    assert effect_of("lost", IN_EXCHANGES, ADMISSION) is None
    assert effect_of("lost", IN_EXCHANGES, Subject(edges=(CREATED_EDGE,), is_usual=False)) == Reset()


def test_kinds_that_are_not_possible_now_have_no_effect() -> None:
    assert magic_what(Subject(client_ref="mock:402"), IN_EXCHANGES) == Respond(status=402)
    assert magic_what(Subject(client_ref="mock:402"), AT_EDGES) is None


def test_every_second_item_of_a_batch_fails_and_a_run_on_its_own_succeeds_in_part() -> None:
    items = [Subject(edges=(*FINISH_EDGES, f"batch.item[{index}]"), batch_id="b") for index in range(4)]
    assert [effect_of("partial", AT_EDGES, item) for item in items] == [None, Fail(), None, Fail()]
    assert effect_of("partial", AT_EDGES, FINISH) == SucceedPartially()


def test_every_fault_of_callbacks_has_a_value() -> None:
    provoked = {type(effect.what) for magic in MAGIC.values() for effect in magic.effects}
    assert {kind.record for kind in KINDS if kind.family is Family.CALLBACK} <= provoked


@pytest.mark.parametrize("name", MAGIC)
def test_value_is_explained_and_stands_where_its_kind_can_act(name: str) -> None:
    assert MAGIC[name].says.endswith(".")
    for effect in MAGIC[name].effects:
        edges = KIND_OF[type(effect.what)].edges
        assert effect.edge is None or (is_edge(effect.edge) and edge_name(effect.edge) in edges)

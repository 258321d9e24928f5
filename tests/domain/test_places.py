from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import a_run

from runflow_mock.domain.documents import write_document
from runflow_mock.domain.globs import matches_glob
from runflow_mock.domain.places import (
    CALLBACK_EDGES,
    EXCHANGE_EDGES,
    FINISH_EDGES,
    RUN_EDGES,
    START_EDGE,
    Subject,
    Where,
    edge_name,
    fits,
    is_edge,
    misses,
)
from runflow_mock.domain.subjects import run_subject

REQUEST = Subject(
    edges=("before_admission",),
    method="POST",
    path="/v1/models/runflow/dyver-removal/runs",
    operation="create_model_run",
    model="runflow/dyver-removal",
    client_ref="sku-1",
    input=write_document({"image_url": "https://cdn.example.com/a.jpg"}),
)


def _edges() -> Iterator[str]:
    for edge in (*RUN_EDGES, *EXCHANGE_EDGES, *CALLBACK_EDGES):
        yield edge.replace("[i]", "[0]").replace("[n]", "[1]")


@pytest.mark.parametrize("edge", [*_edges(), "batch.item[1]", "batch.item[9999]", "on_poll[12]"])
def test_edges_have_names(edge: str) -> None:
    assert is_edge(edge)
    assert edge_name(edge) in (*RUN_EDGES, *EXCHANGE_EDGES, *CALLBACK_EDGES)


@pytest.mark.parametrize(
    "edge",
    ["", "batch.item[i]", "batch.item[]", "batch.item[-1]", "batch.item[01]", "batch.item[\u0661]", "run.queued", "batch.item[1] ",
     "on_poll[0]", "on_poll[n]", "on_poll"],
)  # fmt: skip
def test_anything_else_names_no_edge(edge: str) -> None:
    assert not is_edge(edge)


@pytest.mark.parametrize(("index", "edges"), [(None, FINISH_EDGES), (0, (*FINISH_EDGES, "batch.item[0]"))])
def test_end_of_an_item_is_an_edge_of_its_own(index: int | None, edges: tuple[str, ...]) -> None:
    assert run_subject(a_run(sequence_index=index), FINISH_EDGES).edges == edges
    assert run_subject(a_run(sequence_index=index), (START_EDGE,)).edges == (START_EDGE,)


@pytest.mark.parametrize(
    ("pattern", "text", "fitting"),
    [
        ("/v1/runs/*", "/v1/runs/1", True),
        ("/v1/runs/*", "/v1/runs/1/logs", False),
        ("/v1/**", "/v1/runs/1/logs", True),
        ("/v1/models/**/runs", "/v1/models/a/b/c/runs", True),
        ("run.*", "run.succeeded", True),
        ("run.*", "batch.succeeded", False),
        ("run.?ailed", "run.failed", True),
        ("run.failed", "run.failed!", False),
        ("a.b", "axb", False),
    ],
)
def test_star_stays_in_a_segment_and_two_span_them(pattern: str, text: str, fitting: bool) -> None:
    assert matches_glob(pattern, text) is fitting


@given(st.text(max_size=40))
def test_text_without_wildcards_fits_itself_alone(text: str) -> None:
    plain = text.replace("*", "").replace("?", "")
    assert matches_glob(plain, plain)
    assert not matches_glob(plain, plain + "x")


@pytest.mark.parametrize(
    "where",
    [
        Where(),
        Where(method="post"),
        Where(path="/v1/models/**/runs", operation="create_model_run"),
        Where(edge="before_admission", model="runflow/dyver-removal", client_ref="sku-1"),
        Where(input=write_document({"image_url": "https://cdn.example.com/a.jpg"})),
    ],
)
def test_place_fits_when_every_field_that_is_set_does(where: Where) -> None:
    assert fits(where, REQUEST)


@pytest.mark.parametrize(
    ("where", "missed"),
    [
        (Where(method="GET"), ("method",)),
        (Where(path="/v1/models/*/runs"), ("path",)),
        (Where(callback="run.*"), ("callback",)),
        (Where(metadata=write_document({})), ("metadata",)),
        (Where(model="another/model", client_ref="sku-2", run_id="1"), ("model", "client_ref", "run_id")),
    ],
)
def test_place_that_does_not_fit_says_in_which_fields(where: Where, missed: tuple[str, ...]) -> None:
    assert not fits(where, REQUEST)
    assert misses(where, REQUEST) == missed


def test_place_at_another_edge_does_not_fit_although_nothing_else_differs() -> None:
    assert not fits(Where(edge="on_poll[1]"), REQUEST)
    assert misses(Where(edge="on_poll[1]"), REQUEST) == ()


def test_every_field_of_a_place_is_one_of_a_moment() -> None:
    assert {field.name for field in msgspec.structs.fields(Where)} - {"edge"} <= {field.name for field in msgspec.structs.fields(Subject)}

import pytest
from contract import fits
from doors import Door
from steps import ABSENT, Body, ok, places, problem
from worlds import catalog

from runflow_mock.wire.flows import packaged_flows
from runflow_mock.wire.solutions import packaged_solutions

SOLUTIONS = packaged_solutions()
CATEGORIES = {"People Imagery", "On-Model/Fashion", "Ad Creative", "Product Imagery"}


def items(door: Door, path: str, operation: str) -> list[Body]:
    found: list[Body] = ok(fits(door.get(path), operation))["items"]
    return found


def test_solutions_are_the_published_categories_in_their_order(door: Door) -> None:
    found = items(door, "/v1/solutions", "list_solutions")
    assert {item["title"] for item in found} == CATEGORIES
    assert [item["sort_order"] for item in found] == [0, 1, 2, 3]
    assert found[0]["solution_models"] is None


def test_solutions_hold_every_model_of_runflow_once_and_none_of_others() -> None:
    held = [path for solution in SOLUTIONS for path in solution.models]
    assert sorted(held) == sorted(model.id for model in catalog().models if model.owner == "runflow" and model.is_offered)


def test_model_of_a_solution_has_its_category() -> None:
    named = {solution.title: {catalog().read(path).category for path in solution.models} for solution in SOLUTIONS}
    assert named == {title: {title} for title in named}


def test_flows_of_solutions_exist_and_each_is_shown() -> None:
    assert sorted(slug for solution in SOLUTIONS for slug in solution.flows) == sorted(flow.slug for flow in packaged_flows())


def test_solution_is_read_with_its_entries(door: Door) -> None:
    solution = SOLUTIONS[0]
    body = ok(fits(door.get(f"/v1/solutions/{solution.id}"), "get_solution"))
    assert [entry["model_id"] for entry in body["solution_models"]] == [catalog().read(path).uuid for path in solution.models]
    (listed,) = items(door, f"/v1/solutions?q=slug:{solution.slug}&embed=solution_flows,solution_models", "list_solutions")
    assert listed == body


@pytest.mark.parametrize(("kind", "noun"), [("flows", "flow"), ("models", "model")])
def test_entries_are_read_of_one_solution_and_of_any(door: Door, kind: str, noun: str) -> None:
    solution = SOLUTIONS[0]
    entries = items(door, f"/v1/solutions/{solution.id}/{kind}", f"list_solution_{kind}")
    assert [entry["sort_order"] for entry in entries] == list(range(len(entries)))
    everywhere = items(door, f"/v1/solutions/any/{kind}?limit=500", f"list_solution_{kind}")
    assert [entry for entry in everywhere if entry["solution_id"] == solution.id] == entries
    assert {entry["solution_id"] for entry in everywhere} == {solution.id for solution in SOLUTIONS}
    alone = fits(door.get(f"/v1/solutions/any/{kind}/{entries[0]['id']}?embed=solution,{noun}"), f"get_solution_{noun}")
    assert ok(alone)["solution"]["id"] == solution.id
    assert ok(alone)[noun]["id"] == entries[0][f"{noun}_id"]
    assert (entries[0]["solution"], entries[0][noun]) == (None, None)


def test_absent_ones_are_404_and_malformed_ids_422(door: Door) -> None:
    for path in (ABSENT, f"{ABSENT}/flows", f"{ABSENT}/models", f"any/flows/{ABSENT}", f"any/models/{ABSENT}"):
        problem(door.get(f"/v1/solutions/{path}"), 404, "NOT_FOUND")
    assert places(door.get("/v1/solutions/x/models")) == [(["path", "solution_id"], "uuid_parsing")]
    assert places(door.get("/v1/solutions?embed=all")) == [(["query", "embed"], "value_error")]


def test_guessed_list_is_404_under_strict() -> None:
    with Door(strict=True) as door:
        problem(door.get("/v1/solutions"), 404, "NOT_FOUND")
        ok(door.get(f"/v1/solutions/{SOLUTIONS[0].id}"))

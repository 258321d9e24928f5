"""What is read under a name is one record, however the name is written in the path."""

import json
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.laws_of_belonging import one_name_is_one_record
from runflow_mock.kit.suite.memories import Memory

ID, OTHER = "917c8898-5662-559e-91bc-8cc7b0a713bd", "917c8898-5662-559e-91bc-8cc7b0a713be"
READ = "/v1/models/bria%2Fbackground%2Fremove"


def says(*answers: Answer) -> Iterator[str]:
    memory = Memory()
    for answer in answers:
        memory.look_at(answer)
        yield from one_name_is_one_record(answer, memory)


def answer(target: str, status: int, content: object, method: str = "GET") -> Answer:
    return Answer(method, target, status, {}, json.dumps(content).encode())


@pytest.mark.parametrize("path", [READ, "/v1/models/bria/background/remove"])
def test_model_with_slashes_in_its_slug_is_itself(path: str) -> None:
    record = {"id": ID, "slug": "background/remove", "model_creator_id": OTHER}
    runs = [answer(f"{path}/runs", 201, {"id": each, "model_id": ID}, "POST") for each in (ID, OTHER)]
    assert list(says(answer(path, 200, record), *runs)) == []


def test_another_record_under_a_name_is_told() -> None:
    record = {"id": ID, "slug": "remove", "model_creator_id": OTHER}
    assert list(says(answer(READ, 200, record))) == ["the model bria/background/remove has the slug 'remove'"]
    right = answer(READ, 200, {**record, "slug": "background/remove"})
    found = list(says(right, answer(f"{READ}/runs", 201, {"id": OTHER, "model_id": OTHER}, "POST")))
    assert found == [f"the model bria/background/remove is {OTHER} here, and was {ID}"]


@pytest.mark.parametrize(("moment", "told"), [(None, 0), (3, 1)])
def test_name_of_a_workflow_may_be_given_away_again_where_nobody_knows_what_was_asked_between(moment: int | None, told: int) -> None:
    made = [answer("/v1/comfyui-workflows", 201, {"id": each, "org_id": ID, "slug": "empty"}, "POST") for each in (ID, OTHER)]
    assert len(list(says(*(replace(each, moment=moment) for each in made)))) == told
